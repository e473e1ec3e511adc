"""Restores questions typed while the Vietnamese keyboard was off: `hocj phis`, `ho5c phi1`.

A token is restored when its keys spell one Vietnamese syllable and it is no word that people type
on purpose (telex_keep.txt). Keys that only an input method explains are taken at their word; a
token that could be something else (`dot1`, `gias`) needs another one beside it.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from service.text.syllables import plain_syllables, syllables

_LETTERS = "a-zăâêôơưđ"
# A first look at the whole text: Vietnamese typed with or without marks has none of these.
_SUSPECT = re.compile(f"[aeiouyăâêôơư][{_LETTERS}]*?[sfrxjw]|aa|ee|oo|dd|[{_LETTERS}][1-9]")
_TOKEN = re.compile(
    rf"(?<![\w@./\\+#-])[{_LETTERS}][{_LETTERS}0-9]*(?![\w@/\\_+#]|[.:-]\w)", re.IGNORECASE
)
_VOWELS = "aeiouyăâêôơư"
_TONE_BEFORE_VOWEL = re.compile(f"[sfrxj][{_VOWELS}]")
_TELEX_SHAPES = {"aa": "â", "ee": "ê", "oo": "ô", "aw": "ă", "ow": "ơ", "uw": "ư", "dd": "đ"}
_VNI_TONES = dict(zip("12345", "sfrxj", strict=True))
_VNI_SHAPES = {
    "6": dict(zip("aeo", "âêô", strict=True)),
    "7": {"o": "ơ", "u": "ư"},
    "8": {"a": "ă"},
}
_ENOUGH = 2  # weight of a text's readings from which they are believed
_LONGEST = 9  # "ngh" + "ieeng" + tone


class _Reading(NamedTuple):
    """A token read as keystrokes."""

    syllable: str
    weight: int  # 2: nothing but an input method explains the keys; 1: likely; 0: in doubt


class _Keys:
    """The syllable under the cursor of an input method, letters and tone apart."""

    def __init__(self) -> None:
        self.letters: list[str] = []
        self.tone = ""
        self.used = 0  # modifier keys that took effect

    def set_tone(self, tone: str) -> bool:
        """False when there is no vowel to carry it, or a tone already."""
        if self.tone or not any(letter in _VOWELS for letter in self.letters):
            return False
        self.tone = tone
        self.used += 1
        return True

    def shape(self, shapes: dict[str, str]) -> bool:
        """Shape the last vowel that takes the mark; a horn on `uo` goes on both."""
        for i in range(len(self.letters) - 1, -1, -1):
            if self.letters[i] in shapes:
                self.letters[i] = shapes[self.letters[i]]
                if shapes.get("u") and self.letters[i] == "ơ" and self.letters[i - 1 : i] == ["u"]:
                    self.letters[i - 1] = "ư"
                self.used += 1
                return True
        return False

    def stroke(self) -> bool:
        """Turn the leading d into đ."""
        if self.letters[:1] != ["d"]:
            return False
        self.letters[0] = "đ"
        self.used += 1
        return True


def restore(text: str) -> str:
    """The text with Telex and VNI residue turned into marks; anything else is untouched."""
    if not _SUSPECT.search(text.lower()):
        return text
    readings = [_read(token) for token in _TOKEN.findall(text)]
    if sum(reading.weight for reading in readings if reading) < _ENOUGH:
        return text
    return _TOKEN.sub(_restored, text)


def _restored(match: re.Match[str]) -> str:
    reading = _read(match[0])
    return reading.syllable if reading else match[0]


@cache
def _listed() -> tuple[frozenset[str], frozenset[str]]:
    """Of telex_keep.txt: the words that always stay, and those that are as often Vietnamese."""
    lines = files("service.text").joinpath("telex_keep.txt").read_text(encoding="utf-8")
    rows = [line for line in lines.splitlines() if not line.startswith("#")]
    doubtful = {word for row in rows if row.startswith("?") for word in row[1:].split()}
    kept = {word for row in rows if not row.startswith("?") for word in row.split()}
    return frozenset(kept - doubtful), frozenset(doubtful)


@lru_cache(maxsize=32768)
def _read(token: str) -> _Reading | None:
    lower = token.lower()
    kept, doubtful = _listed()
    if not 1 < len(token) <= _LONGEST or lower in kept or lower in plain_syllables():
        return None
    keys = _vni(lower) if any(key.isdigit() for key in lower) else _telex(lower)
    if keys is None or not keys.used:
        return None
    syllable = syllables().get(("".join(keys.letters), keys.tone))
    acronym = token.isupper() and keys.used < 2 and keys.tone != "j"  # SOS, IMF, A1
    if syllable is None or acronym:
        return None
    weight = 0 if lower in doubtful else _weight(token, keys)
    return _Reading(_cased(syllable, token), weight)


def _weight(token: str, keys: _Keys) -> int:
    lower = token.lower()
    if any(key.isdigit() for key in lower):
        several = keys.used > 1 or not lower[-1].isdigit()
        return 2 if several and len(keys.letters) > 1 else 0  # not U17
    if keys.used > 1 or lower.startswith("dd"):
        return 2
    if _TONE_BEFORE_VOWEL.search(lower):  # Cafu, Haran
        return int(keys.tone in ("f", "j"))
    if keys.tone in ("f", "j"):
        return 2 if token == lower or lower[-2] not in _VOWELS else 1  # Raj
    return int(len(token) > 2 and token == lower)


def _cased(syllable: str, token: str) -> str:
    if token.isupper():
        return syllable.upper()
    return syllable.capitalize() if token[0].isupper() else syllable


def _telex(token: str) -> _Keys | None:
    keys = _Keys()
    for before, key in zip(" " + token, token, strict=False):
        pair = before + key
        if key == "w" and keys.letters:
            taken = keys.shape({"a": "ă", "o": "ơ", "u": "ư"})
        elif pair in _TELEX_SHAPES and not (pair == "dd" and len(keys.letters) > 1):
            keys.letters[-1] = _TELEX_SHAPES[pair]
            keys.used += 1
            taken = True
        elif key in "sfrxj" and any(letter in _VOWELS for letter in keys.letters):
            taken = keys.set_tone(key)
        else:
            keys.letters.append(key)
            taken = key not in "fjwz"
        if not taken:
            return None
    return keys


def _vni(token: str) -> _Keys | None:
    keys = _Keys()
    for key in token:
        if key in _VNI_TONES:
            taken = keys.set_tone(_VNI_TONES[key])
        elif key in _VNI_SHAPES:
            taken = keys.shape(_VNI_SHAPES[key])
        elif key == "9":
            taken = keys.stroke()
        else:
            keys.letters.append(key)
            taken = key != "0"
        if not taken:
            return None
    return keys
