"""Text is readable in both themes: WCAG 2 contrast, AA."""

import re
from pathlib import Path

import pytest

CSS = Path("service/http/web/base.css").read_text()
LIGHT, DARK = CSS.split("@media (prefers-color-scheme: dark)")
PAIRS = [
    (text, ground) for text in ("text", "muted") for ground in ("page", "surface", "sunken")
] + [
    ("accent", "surface"),
    ("accent", "page"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("accent-strong", "accent-soft"),
    ("danger", "surface"),
    ("danger", "danger-soft"),
    ("text", "danger-soft"),
    ("text", "warn-soft"),
    ("page", "text"),
    ("page", "danger"),
]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_stands_out(theme: str, text: str, ground: str):
    first, second = sorted((luminance(theme, text), luminance(theme, ground)), reverse=True)
    assert (first + 0.05) / (second + 0.05) >= 4.5


def luminance(theme: str, name: str) -> float:
    digits = re.search(rf"--{name}: #(\w{{6}})", theme).group(1)
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
