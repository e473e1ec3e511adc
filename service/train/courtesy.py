"""Trains what tells courtesy from question: `python -m service.train.courtesy`. Needs a checkout.

Questions are the project's paraphrases. Openings and closings of faq_data/courtesies are put around
them, so what each word is, is known. Paraphrases that seem to have courtesies of their own are left
out.
"""

from __future__ import annotations

import json
import random
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from service.text.courtesy import (
    WEIGHTS,
    Courtesies,
    clues_of,
    hashed,
    save_courtesies,
    tokens_of,
)
from service.text.crf import read_weights
from service.text.lexicon import Lexicon
from service.text.noise import NoiseKind, add_noise
from service.text.path import TextPath
from service.text.segment import PyviSegmenter
from service.text.spelling import Speller

_FAQ_DATA = Path(__file__).parents[2] / "faq_data"
_OUT = Path(__file__).parents[1] / "text" / WEIGHTS
_QUESTIONS = 100_000
_MAX_CHARS = 1000
_TYPED = (NoiseKind.NONE, NoiseKind.NONE, NoiseKind.NONE, NoiseKind.NO_MARKS, NoiseKind.TEENCODE)
_OPENED, _CLOSED, _BARE = 0.35, 0.35, 0.4  # shares
# "em muốn hỏi về ngành luật" asks about it, and does not only name it.
_ABOUT = ("về", "ve")
_SHORT = 5  # words
_PUNCTUATION = " ,.:;?!"
_CRF = {"c1": 0.3, "c2": 0.02, "max_iterations": 80, "feature.minfreq": 3}
_COURTEOUS = re.compile(
    r"\b(?:cho|muốn|cần|xin|định|nhờ) (?:\w+ )?hỏi\b|\bhỏi (?:chút|xíu|tí|ngu)\b|\bơi\b|\bchào\b"
    r"|\b(?:cảm|cám) ơn\b|\b(?:tks|thanks|hello|hi|alo|dạ|ad|admin)\b|\b(?:nhỉ|nha|nhé|với)$"
    r"|\b(?:chỉ|giúp|giùm|tư vấn) (?:em|mình|tôi|cháu|con)\b"
)
_ASKS, _COURTESY = "Q", "C"

Courtesy = tuple[list[str], list[str]]  # openings, closings
Labelled = tuple[list[str], list[str]]  # tokens, labels


def main() -> None:
    """Train, write, and say what there was to learn from."""
    pools = [read_courtesies(path) for path in sorted((_FAQ_DATA / "courtesies").glob("*.tsv"))]
    questions, mend = _questions()[:_QUESTIONS], _path_so_far()
    train([_composed(question, pools, mend) for question in questions], _OUT)
    count = sum(len(openings) + len(closings) for openings, closings in pools)
    sys.stdout.write(f"wrote {_OUT}, from {len(questions)} questions and {count} courtesies\n")


def read_courtesies(path: Path) -> Courtesy:
    """Openings and closings of a file: lines of `opening` or `closing`, tab, text."""
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    openings, closings = (
        [text for kind, text in lines if kind == wanted] for wanted in ("opening", "closing")
    )
    return openings, closings


def train(examples: Sequence[Labelled], out: Path) -> None:
    """Fit the CRF, and write its weights to `out`."""
    import pycrfsuite

    with tempfile.TemporaryDirectory() as folder:
        model = str(Path(folder) / "model")
        trainer = pycrfsuite.Trainer(params=_CRF, verbose=False)
        for tokens, labels in examples:
            trainer.append(list(clues_of(tokens)), labels)
        trainer.train(model)
        tagger = pycrfsuite.Tagger()
        tagger.open(model)
        weights, moves = read_weights(tagger, _COURTESY, _ASKS)
    save_courtesies(out, {hashed(clue): weight for clue, weight in weights.items()}, moves)


def _path_so_far() -> Callable[[str], str]:
    """The text path up to where courtesies are left out."""
    none = Courtesies({}, (0.0, 0.0, 0.0, 0.0), "none")
    path = TextPath(PyviSegmenter(), Lexicon.load(), Speller.load(), none, max_chars=_MAX_CHARS)
    return lambda text: path.prepare(text).plain


def _questions() -> list[str]:
    """Paraphrases that are nothing but questions, in a fixed random order."""
    found = []
    for path in sorted((_FAQ_DATA / "paraphrases").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            group = json.loads(line)
            if not group.get("small_talk"):
                found += [
                    text for text in group["utterances"] if not _COURTEOUS.search(text.lower())
                ]
    random.Random(0).shuffle(found)  # noqa: S311
    return found


def _composed(question: str, pools: Sequence[Courtesy], mend: Callable[[str], str]) -> Labelled:
    """The question as it may be typed, among courtesies or not; the same for the same question."""
    rng = random.Random(question)  # noqa: S311
    kind = rng.choice(_TYPED)
    parts = [(add_noise(question, kind, seed=1) or question, _ASKS)]
    while rng.random() < _OPENED:  # twice, now and then
        parts.insert(0, (_drawn(pools, 0, rng), _COURTESY))
    if rng.random() < _CLOSED:
        parts.append((_drawn(pools, 1, rng), _COURTESY))
    tokens, labels = [], []
    for text, label in parts:
        own = tokens_of(mend(text))
        tokens += own
        labels += [label] * len(own)
        if label == _COURTESY and own[-1] in _ABOUT:
            labels[-1] = _ASKS
    return tokens, labels


def _drawn(pools: Sequence[Courtesy], which: int, rng: random.Random) -> str:
    """Every pool as often, large or small; short ones also without their outer punctuation."""
    text = rng.choice(rng.choice(pools)[which])
    bare = text.strip(_PUNCTUATION)
    short = 0 < len(bare.split()) <= _SHORT
    return bare if short and rng.random() < _BARE else text


if __name__ == "__main__":
    main()
