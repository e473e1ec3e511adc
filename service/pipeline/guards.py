"""Facts that must agree: a question about 2024 is not answered by what is said of 2025.

A guard fires for an FAQ when question and FAQ both name a thing of one kind and none of what the
question names is anywhere in the FAQ. Texts are compared in lower case without marks, so that
"khoá 65", "khoa 65" and "K65" are one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType

from service.domain import Faq
from service.text.diacritics import fold

Named = Mapping[str, frozenset[str]]

# One row for each value: what it is of, its name, and how it is written. A pattern with a group
# names what the group caught.
_PATTERNS: tuple[tuple[str, str, str], ...] = (
    ("year", "", r"(?<!khoa )(?<!khoa tuyen sinh )\b(20[0-4]\d)\b(?!\s*[-–/]\s*20\d\d)"),
    ("year", "", r"\b(20[0-4]\d\s*[-–/]\s*20[0-4]\d)\b"),
    ("cohort", "", r"\bk(?:hoa)?\s?(\d\d)\b(?!\s*(?:diem|trieu|tin|mon|gio|nam|tiet|tuoi|%))"),
    ("cohort year", "", r"\bk(?:hoa)?\s?(20\d\d)\b"),
    ("programme", "standard", r"\b(?:dai tra|he chuan)\b"),
    ("programme", "high quality", r"\b(?:chat luong cao|clc)\b"),
    ("programme", "advanced", r"\b(?:chuong trinh|ct|he) tien tien\b"),
    ("programme", "joint", r"\b(?:chuong trinh|dao tao|he|lop) lien ket\b|\blien ket quoc te\b"),
    ("programme", "in-service", r"\b(?:vua (?:hoc vua lam|lam vua hoc)|vlvh|vhvl|tai chuc)\b"),
    ("programme", "distance", r"\b(?:dao tao|he|hoc) tu xa\b"),
    ("programme", "transfer", r"\b(?:he|hoc|thi|len|chuong trinh) lien thong\b"),
    ("programme", "second degree", r"\b(?:van bang (?:2|hai|thu hai)|vb2|bang (?:hai|thu hai))\b"),
    (
        "degree",
        "master",
        r"\b(?:thac si|thac sy|sau dai hoc|(?<!canh )(?<!bao )(?<!nang )(?<!quang )cao hoc)\b",
    ),
    ("degree", "doctor", r"\b(?:tien si|tien sy|sau dai hoc|nghien cuu sinh)\b"),
    ("city", "Hà Nội", r"\b(?:ha noi|hn)\b"),
    (
        "city",
        "TP.HCM",
        r"\b(?:sai gon|tp\.? ?hcm|hcm|(?:tp\.? ?|thanh pho )ho chi minh)\b",
    ),
    ("city", "Đà Nẵng", r"\bda nang\b"),
    ("city", "Cần Thơ", r"\bcan tho\b"),
    ("city", "Hải Phòng", r"\bhai phong\b"),
    ("city", "Hòa Lạc", r"\bhoa lac\b"),
    ("city", "Thủ Đức", r"\bthu duc\b"),
    ("campus", "", r"\b(?:co so|cs|phan hieu)\s?(\d)\b"),
    ("semester", "", r"\b(?:hoc ky|hoc ki|ky|ki|hk)\s?([12])\b"),
    ("semester", "1", r"\b(?:hoc ky|hoc ki|ky|ki|hk)\s?(?:i|mot|dau)\b"),
    ("semester", "2", r"\b(?:hoc ky|hoc ki|ky|ki|hk)\s?(?:ii|hai)\b"),
    ("semester", "summer", r"\b(?:hoc ky|hoc ki|ky|ki|hk)\s?(?:he|phu|3)\b"),
    ("year of study", "1", r"\b(?:nam (?:nhat|thu nhat|1)|tan sinh vien)\b(?! lan)"),
    ("year of study", "", r"\b(?:sinh vien|sv) nam (?:thu )?([2-6])\b"),
    ("year of study", "2", r"\b(?:sinh vien|sv) nam (?:thu )?hai\b"),
    ("year of study", "3", r"\b(?:sinh vien|sv) nam (?:thu )?ba\b"),
    ("year of study", "last", r"\b(?:sinh vien|sv) nam (?:cuoi)\b"),
    ("IELTS", "", r"\bielts (?:tu )?(\d(?:[.,]\d)?)\b"),
    ("TOEIC", "", r"\btoeic (?:tu )?(\d{3})\b"),
    ("level", "", r"\b([abc][12])\b"),
    ("money", "", r"\b(\d+(?:[.,]\d+)*\s?(?:k|nghin|ngan|trieu|dong|vnd))\b"),
    ("share", "", r"\b(\d+(?:[.,]\d+)?)\s?(?:%|phan tram)"),
    # Opposites. A text that names the second of "cancel" names a registration as well.
    ("register", "cancel", r"\b(?:huy|rut|bo)(?: bot)? (?:dang ky|hoc phan|mon|lop|tin chi)\b"),
    ("register", "do", r"(?<!huy )(?<!rut )(?<!bo )\bdang ky (?:hoc phan|mon|lop|tin chi|hoc)\b"),
    ("documents", "hand in", r"\bnop (?:lai |bo sung )?ho so\b"),
    ("documents", "take back", r"\brut (?:lai )?ho so\b"),
    ("books", "borrow", r"\bmuon (?:sach|tai lieu|giao trinh|duoc (?:may )?(?:bao nhieu )?cuon)\b"),
    ("books", "give back", r"\btra (?:sach|tai lieu|giao trinh|lai sach)\b"),
    # Allowed or not: of the same two syllables after "được".
    (
        "may {}",
        "yes",
        r"(?<!khong )(?<!chua )(?<!ko )(?<!k )\bduoc ((?!khong|ko|bao|may)[a-z]+ [a-z]+)",
    ),
    ("may {}", "no", r"\b(?:khong|chua|ko|k) duoc ([a-z]+ [a-z]+)"),
)
_STUDIES = r"\b(?:nganh|chuyen nganh|khoa|cu nhan|ky su|sv|sinh vien)\s(?:nganh\s)?"
_MAJOR = "major"
_NOTHING: frozenset[str] = frozenset()


def conflicts(question: str, faq: Faq, matched: str = "") -> tuple[str, ...]:
    """The kinds of things in which question and FAQ disagree.

    `question` is the prepared text. An FAQ names what its question names, and what its text that
    matched names unless that is but an example; its other texts and its answer can only excuse it.
    """
    told = dict.fromkeys((*named(faq.question), *named(matched)))
    return tuple(kind for kind in told if _disagree(kind, question, faq, matched))


@lru_cache(maxsize=65536)
def named(text: str) -> Named:
    """What a text names: kind → values."""
    found = {kind: of for family in _patterns() for kind, of in _of_family(text, family).items()}
    return MappingProxyType(found)


@lru_cache(maxsize=65536)
def _of_family(text: str, family: str) -> Named:
    """The same for the kinds of one family: a question is read for what FAQs name, and no more."""
    folded = fold(text.lower())
    found: dict[str, set[str]] = {}
    if family == _MAJOR:
        found[_MAJOR] = {_majors()[match[1]] for match in _studies().finditer(folded)}
    for kind, name, pattern in _patterns()[family]:
        for match in pattern.finditer(folded):
            value = name or re.sub(r"\s|[.,](?=\d{3})", "", match[1])
            found.setdefault(kind.format(*match.groups()), set()).add(value)
    return MappingProxyType({kind: frozenset(values) for kind, values in found.items() if values})


def _family(kind: str) -> str:
    """The first word of a kind: what is allowed, "may …", makes one family."""
    return kind.partition(" ")[0]


def _disagree(kind: str, question: str, faq: Faq, matched: str) -> bool:
    asked = _of_family(question, _family(kind)).get(kind)
    if not asked:
        return False
    told = named(faq.question).get(kind, _NOTHING) | named(matched).get(kind, _NOTHING)
    if _agree(asked, told):
        return False
    if any(_agree(asked, named(text).get(kind, _NOTHING)) for text in (*faq.texts, faq.answer)):
        return False
    return kind in named(faq.question) or not _is_example(kind, faq)


def _is_example(kind: str, faq: Faq) -> bool:
    """Whether a thing of this kind is only in an alternate or two: the FAQ is about any.

    Of "có chứng chỉ thì được miễn không", asked as "ielts 6.0 có phải học không".
    """
    naming = sum(kind in named(text) for text in faq.texts)
    return 2 * naming < len(faq.texts) and kind not in named(faq.answer)


def _agree(one: frozenset[str], other: frozenset[str]) -> bool:
    """2024 agrees with 2024-2025."""
    if one & other:
        return True
    parts = [
        {part for value in values for part in re.split("[-–/]", value)} for values in (one, other)
    ]
    whole = any("-" in v for v in one) != any("-" in v for v in other)
    return whole and bool(parts[0] & parts[1])


@cache
def _patterns() -> dict[str, list[tuple[str, str, re.Pattern[str]]]]:
    """The table, compiled, by family."""
    found: dict[str, list[tuple[str, str, re.Pattern[str]]]] = {_MAJOR: []}
    for kind, name, pattern in _PATTERNS:
        found.setdefault(_family(kind), []).append((kind, name, re.compile(pattern)))
    return found


@cache
def _majors() -> dict[str, str]:
    """Folded name → the one it goes by."""
    text = files("service.pipeline").joinpath("data/majors.txt").read_text(encoding="utf-8")
    lines = [line.split("|") for line in text.splitlines() if not line.startswith("#")]
    return {fold(name.strip().lower()): names[0].strip() for names in lines for name in names}


@cache
def _studies() -> re.Pattern[str]:
    """A field of study where it is named as one; of "luật kinh tế" and "luật" the longer."""
    names = "|".join(re.escape(name) for name in sorted(_majors(), key=len, reverse=True))
    return re.compile(rf"{_STUDIES}({names})\b")
