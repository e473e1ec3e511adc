"""The syllables of Vietnamese, from onsets and rimes, in one spelling.

Where the tone goes is the classic rule: hòa, thúy, khỏe, but hoàn, quý, giá. A syllable that ends
in a stop (c, ch, p, t) carries sắc or nặng only.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache

TONES = {"s": "\u0301", "f": "\u0300", "r": "\u0309", "x": "\u0303", "j": "\u0323", "": ""}
_STOP_TONES = ("s", "j")

_ONSETS = "b c ch d đ g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x".split()  # noqa: SIM905
_RIMES = """
a ai ao au ay âu ây e eo ê êu i ia iu iêu o oi oa oai oao oay oe oeo ô ôi ơ ơi u ua ui uê uơ uy
uya uyu uôi uây ư ưa ưi ưu ươi ươu y
am ăm âm em êm im iêm om ôm ơm um uôm ươm oam oăm
an ăn ân en ên in iên on ôn ơn un uôn ươn oan oăn oen uân uyên uyn
ang ăng âng eng ong ông ung ưng iêng uông ương oang oăng uâng
anh ênh inh oanh uênh uynh
ac ăc âc ec oc ôc uc ưc iêc uôc ươc oac oăc ach êch ich oach uêch uych
ap ăp âp ep êp ip iêp op ôp ơp up ươp oap
at ăt ât et êt it iêt ot ôt ơt ut ưt uôt ươt oat oăt oet uât uyêt uyt
""".split()  # noqa: SIM905 - a table is easier to check
_BARE_RIMES = [r for r in _RIMES if not r.startswith(("iê", "y"))]
_BARE_RIMES += ["y", "yêu", "yêm", "yên", "yêng", "yêt"]
_QU_RIMES = """
a ai ao au ay âu ây e eo ê i y ia ơ ơi an ăn ân en ên in yên ang ăng âng anh ênh inh ynh
ac ăc ôc ach êch ich ăp at ăt ât et êt it yt yêt ươu am ăm ơn ơt eng ap ep ip
""".split()  # noqa: SIM905
_GI_RIMES = [r for r in _RIMES if r[0] not in "iêy"]
_G_BEFORE_I = ["i", "in", "iêc", "iêng", "iêp", "iêt"]  # written with one i: gì, gìn, giếng
_LOANS = [("b", "oong"), ("g", "oong"), ("x", "oong"), ("m", "ooc")]
_FRONT = ("e", "ê", "i", "y")
_Y_ONSETS = ("h", "k", "l", "m", "s", "t", "v")  # kỳ, lý, mỹ; others write i


def _spelled(onset: str, rime: str) -> bool:
    """Whether spelling allows this rime after this onset (of the regular ones)."""
    if onset == "g" and rime in _G_BEFORE_I:
        return True
    front = rime.startswith(_FRONT)
    if onset in ("k", "gh", "ngh"):
        return front and (rime != "y" or onset == "k")
    if onset in ("c", "g", "ng") and front:
        return False
    return rime != "y" or onset in _Y_ONSETS


def _pairs() -> Iterator[tuple[str, str]]:
    yield from (("", rime) for rime in _BARE_RIMES)
    yield from (("qu", rime) for rime in _QU_RIMES)
    yield from (("gi", rime) for rime in _GI_RIMES)
    yield from _LOANS
    regular = [onset for onset in _ONSETS if onset not in ("qu", "gi")]
    yield from ((onset, rime) for onset in regular for rime in _RIMES if _spelled(onset, rime))


def _tone_index(rime: str) -> int:
    """Which letter of the rime carries the tone."""
    shaped = [i for i, letter in enumerate(rime) if letter in "ăâêôơư"]
    if shaped:
        return shaped[-1]
    vowels = [i for i, letter in enumerate(rime) if letter in "aeiouy"]
    if len(vowels) == 1 or len(vowels) < len(rime):
        return vowels[-1]
    return len(vowels) - 2


def _tones_of(rime: str) -> tuple[str, ...]:
    return _STOP_TONES if rime.endswith(("c", "ch", "p", "t")) else tuple(TONES)


def _with_tone(rime: str, tone: str, index: int) -> str:
    return unicodedata.normalize("NFC", f"{rime[: index + 1]}{TONES[tone]}{rime[index + 1 :]}")


@cache
def syllables() -> dict[tuple[str, str], str]:
    """(letters without tone, tone key as in Telex) → the syllable, about 17,000 of them."""
    return {
        (onset + rime, tone): onset + _with_tone(rime, tone, _tone_index(rime))
        for onset, rime in _pairs()
        for tone in _tones_of(rime)
    }


@cache
def plain_syllables() -> frozenset[str]:
    """Every syllable as it looks when typed without marks."""
    strip = str.maketrans("ăâêôơưđ", "aaeooud")
    return frozenset(letters.translate(strip) for letters, _ in syllables())


@cache
def misspelled() -> dict[str, str]:
    """A syllable with its tone on another vowel, or with uơ for ươ → the one spelling."""
    right = set(syllables().values())
    wrong: dict[str, str] = {}
    for onset, rime in _pairs():
        for tone in _tones_of(rime):
            syllable = onset + _with_tone(rime, tone, _tone_index(rime))
            for variant in _variants(onset, rime, tone):
                if variant not in right:
                    wrong.setdefault(variant, syllable)
    return wrong


def _variants(onset: str, rime: str, tone: str) -> Iterator[str]:
    lazy = [rime, rime.replace("ươ", "uơ")] if len(rime) > 2 and "ươ" in rime else [rime]
    for letters in (onset[-1:] + r if onset in ("qu", "gi") else r for r in lazy):
        start = onset[:-1] if onset in ("qu", "gi") else onset
        for index, letter in enumerate(letters):
            if letter in "aeiouyăâêôơư":
                yield start + _with_tone(letters, tone, index)
