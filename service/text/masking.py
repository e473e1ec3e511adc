"""Masks personal data before a question is stored: phones, e-mails, papers, numbers of people."""

from __future__ import annotations

import re

# The order matters: what an earlier pattern takes a later one does not see.
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]++\s?@\s?[\w-]++(?:\.[\w-]++)++")
_PHONE = re.compile(
    r"(?<!\w)(?:\+\s?84|\(\+84\)|0084|84(?=[\s.-]?[35789])|0)[\s.-]?"
    r"(?:[35789](?:[\s.-]?\d){8}|2(?:[\s.-]?\d){8,9})(?!\w)"
)
_PAPER = re.compile(
    r"(?<![\w.,-])(?:\d{12}|\d{3}[ .]\d{3}[ .]\d{3}[ .]\d{3}|\d{9})(?![\w]|[.,-]\d)"
)
_STUDENT = re.compile(
    r"(?<![\w])(?:[A-Za-zĐđ]{1,4}\d{2}[A-Za-zĐđ]{2,5}\d{3,4}|[A-Za-zĐđ]{1,4}\d{6,10})(?![\w])"
)
_ACCOUNT = re.compile(r"(?<![\w.,-])(?:\d{7,19}|\d{4}(?: \d{4}){2,3}(?: \d{1,3})?)(?![\w]|[.,-]\d)")
# An amount keeps its digits: 12000000đ, 1 500 000 đồng, 12.000.000, 500k, $12000000. A space before
# k is none: in `20210001 k vào được` it stands for không.
_UNIT = r"\s?(?:₫|vnđ|vnd|đồng|dong|nghìn|ngàn|triệu|trieu|tỷ|tỉ|usd|đ)(?!\w)"
_AMOUNT = re.compile(
    rf"(?<![\w.,+])(?:[1-9]\d*(?:[ .,]\d{{3}})*{_UNIT}|[1-9]\d{{0,5}}(?:k|tr|d)(?!\w)"
    r"|[1-9]\d{0,2}(?:[.,]\d{3})+(?![\w]|[.,]?\d)|[1-9]\d{0,4}000(?!\w)|\$\s?[1-9]\d*(?!\w))",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?<!\d)(?:\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)\d{2}|(?:19|20)\d{2}[/.-]\d{1,2}[/.-]\d{1,2}"
    r"|(?:19|20)\d{2}\s?-\s?(?:19|20)\d{2})(?!\d)"
)
_MAJOR = r"ngành:?\s\d{7}(?!\w)"  # codes of majors are public
_KEEP = re.compile(f"{_DATE.pattern}|{_MAJOR}|{_AMOUNT.pattern}", re.IGNORECASE)
_MASKS = (
    (_EMAIL, "[email]"),
    (_PHONE, "[số điện thoại]"),
    (_PAPER, "[giấy tờ]"),
    (_STUDENT, "[mã số]"),
    (_ACCOUNT, "[mã số]"),
)


def mask_personal_data(text: str) -> str:
    """The text with personal data replaced by `[số điện thoại]`, `[email]`, `[giấy tờ]`, `[mã số]`.

    Identity papers have 9 or 12 digits; `[mã số]` stands for student numbers and bank accounts.
    Years, dates, scores, course codes and amounts of money stay. Idempotent.
    """
    pieces: list[str] = []
    copied = 0
    for kept in _KEEP.finditer(text):
        pieces += _mask(text[copied : kept.start()]), kept[0]
        copied = kept.end()
    return "".join([*pieces, _mask(text[copied:])])


def _mask(text: str) -> str:
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return text
