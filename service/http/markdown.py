"""Answers as HTML that is safe to put into a page."""

from __future__ import annotations

from functools import lru_cache

import nh3
from markdown_it import MarkdownIt

_TAGS = {
    *("p", "br", "hr", "strong", "em", "del", "code", "pre", "blockquote"),
    *("ul", "ol", "li", "a", "img", "h1", "h2", "h3", "h4", "h5", "h6"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto", "tel"}


class Markdown:
    """Renders and remembers: the same answers are shown again and again."""

    def __init__(self, remember: int = 4096) -> None:
        # HTML in the source is shown as text; nh3 is the second lock on the same door.
        self._parser = MarkdownIt("commonmark", {"html": False, "breaks": True})
        self._parser.enable(["table", "strikethrough"])
        self.to_html = lru_cache(remember)(self._render)

    def _render(self, text: str) -> str:
        return nh3.clean(
            self._parser.render(text),
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            url_schemes=_SCHEMES,
            link_rel="noopener noreferrer nofollow",
            set_tag_attribute_values={"a": {"target": "_blank"}},
        )
