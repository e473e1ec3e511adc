"""Short forms of a set's own names: `ktđtvt` is `kỹ thuật điện tử viễn thông` where FAQs say so.

People shorten the names of majors, offices and rules to the first letters of their syllables. No
lexicon can list them all, but a set's own questions spell them out. A name is what stands between
function words; it counts when two FAQs have it, or when one has it both ways.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from service.text.diacritics import fold, has_marks
from service.text.lexicon import Lexicon
from service.text.normalise import normalise
from service.text.syllables import plain_syllables

_WORD = re.compile(r"\w+")
_RUN = re.compile(r"[^\W\d_]+(?: [^\W\d_]+)*")
_SYLLABLES = range(3, 9)  # of a name
_SURE_SYLLABLES = 4  # below, three words that happen to follow each other are too often no name
_MOST_CHARS = 64
_BETWEEN_NAMES = frozenset(
    """
    em anh chị bạn mình tôi ad cho hỏi muốn biết được không chưa là gì nào ở đâu khi thì có của về
    với các những một này đó ạ nhé nhỉ vậy bao nhiêu mấy như thế cần phải sẽ đã đang hay hoặc để
    tại trong theo vì sao nếu mà cũng còn nên ngành
    """.split()  # noqa: SIM905 - a paragraph is easier to check
)


def initialisms(
    faqs: Iterable[Sequence[str]], lexicon: Lexicon, own: Mapping[str, str]
) -> dict[str, str]:
    """Short form → name, in lower case. Of two names for one short form the more frequent.

    faqs: the texts of each. Left out is what `lexicon` or the set's `own` short forms know, what
    is a syllable of Vietnamese, and what two names claim equally.
    """
    names: defaultdict[str, Counter[str]] = defaultdict(Counter)  # by short form without marks
    written: set[str] = set()  # beside the name, in one FAQ
    for texts in faqs:
        typed = [lexicon.expand(normalise(text)).lower() for text in texts]
        words = {fold(word) for text in typed for word in _WORD.findall(text)}
        for name in {name for text in typed if has_marks(text) for name in _names(text)}:
            short = fold(_initials(name))
            names[short][name] += 1
            if short in words:
                written.add(short)
    taken = {fold(word) for pair in own.items() for side in pair for word in side.lower().split()}
    found = {}
    for short, counts in names.items():
        (name, count), *others = counts.most_common(2)
        unsure = short not in written and (count < 2 or len(short) < _SURE_SYLLABLES)
        claimed = bool(others) and others[0][1] == count
        known = short in plain_syllables() or short in lexicon or short in taken
        if not (unsure or claimed or known):
            found[_initials(name)] = name
    shorts = set(map(fold, found))  # one that stands in a name again would go in circles
    return {short: n for short, n in found.items() if shorts.isdisjoint(map(fold, n.split()))}


def _names(text: str) -> Iterator[str]:
    for run in _RUN.finditer(text):
        words: list[str] = []
        for word in (*run[0].split(), ""):
            if word and word not in _BETWEEN_NAMES:
                words.append(word)
                continue
            name = " ".join(words)
            if len(words) in _SYLLABLES and len(name) <= _MOST_CHARS:
                yield name
            words = []


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split())
