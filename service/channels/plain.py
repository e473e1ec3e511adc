"""Markdown to plain text, for channels that show text alone; and long text in parts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

_GAPS = (  # where to cut, best first; what is matched stays with the part before
    re.compile(r"\n{2,}"),
    re.compile(r"\n"),
    re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+"),
    re.compile(r"\s+"),
)
_LEAST = 0.3  # of a part: a cut before that is too early, the next best gap is tried
_PARAGRAPH_ENDS = frozenset({"paragraph_close", "heading_close", "fence", "code_block"})
_MARKS = {
    "hr": "———\n\n",
    "td_close": " | ",
    "th_close": " | ",
    "tr_close": "\n",
    "table_close": "\n",
}


def plain_text(markdown: str) -> str:
    """What a reader of the rendered text would see; links keep their address, lists their marks."""
    tokens = MarkdownIt("commonmark", {"html": False}).enable("table").parse(markdown)
    text = "".join(_blocks(tokens)).replace(" | \n", "\n")
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _blocks(tokens: list[Token]) -> Iterator[str]:
    numbers: list[int | None] = []  # of the open lists: the next number; None: bullets
    for token in tokens:
        match token.type:
            case "ordered_list_open":
                numbers.append(int(token.attrGet("start") or 1))
            case "bullet_list_open":
                numbers.append(None)
            case "ordered_list_close" | "bullet_list_close":
                numbers.pop()
                yield "" if numbers else "\n"
            case "list_item_open":
                yield "  " * (len(numbers) - 1) + _mark(numbers)
            case "inline":
                yield _inline(token.children or [])
            case "fence" | "code_block":
                yield token.content.rstrip("\n")
        if token.type in _PARAGRAPH_ENDS:
            yield "\n" if numbers else "\n\n"
        yield _MARKS.get(token.type, "")


def _mark(numbers: list[int | None]) -> str:
    number = numbers[-1]
    if number is None:
        return "- "
    numbers[-1] = number + 1
    return f"{number}. "


def _inline(tokens: list[Token]) -> str:
    text = ""
    starts: list[tuple[int, str]] = []  # of the open links: where their label begins, address
    for token in tokens:
        match token.type:
            case "softbreak" | "hardbreak":
                text += "\n"
            case "link_open":
                starts.append((len(text), str(token.attrGet("href") or "")))
            case "link_close":
                start, address = starts.pop()
                text += _address_after(text[start:], address)
            case "image":
                text += f"{token.content} ({token.attrGet('src')})".strip()
            case _:
                text += token.content
    return text


def _address_after(label: str, address: str) -> str:
    shown = address.removeprefix("mailto:").removeprefix("tel:")
    return "" if not shown or shown == label else f" ({shown})"


def split_text(text: str, limit: int) -> list[str]:
    """Parts of at most `limit` characters, cut at paragraphs, lines, sentences or words."""
    parts = []
    rest = text.strip()
    while len(rest) > limit:
        cut = _cut(rest, limit)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*parts, rest] if rest else parts


def _cut(text: str, limit: int) -> int:
    for gap in _GAPS:
        # One character more than fits: white space at the very end is not part of the message.
        ends = [found.end() for found in gap.finditer(text, 0, limit + 1)]
        if ends and ends[-1] >= limit * _LEAST:
            return ends[-1]
    return limit
