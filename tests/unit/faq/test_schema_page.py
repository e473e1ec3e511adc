import re
from pathlib import Path

import pytest

from service.faq.drafts import Draft
from service.faq.headings import ALIASES, field_of
from service.faq.parse import parse

PAGE = Path(__file__).parents[3] / "faq_data" / "README.md"
EXAMPLES = re.findall(r"```(csv|json|yaml)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES) - 1))  # the last is the paraphrase pool's
def test_the_examples_import(number: int, tmp_path: Path) -> None:
    kind, text = EXAMPLES[number]
    path = tmp_path / f"faq.{'jsonl' if kind == 'json' else kind}"
    path.write_text(text, "utf-8")
    (draft,) = [item for item in parse(path) if isinstance(item, Draft)]
    assert draft.problems == ()
    assert draft.faq.question == "Một tín chỉ đóng bao nhiêu tiền?"
    assert draft.faq.alternates[-1] == "hp một tín chỉ"


def test_there_is_an_example_of_each_format() -> None:
    assert [kind for kind, _ in EXAMPLES] == ["csv", "json", "yaml", "yaml", "json"]


def test_the_headings_named_are_understood() -> None:
    table = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert {field for field, _ in table} == set(ALIASES)
    for field, headings in table:
        assert {field_of(heading) for heading in headings.split(",")} == {field}
        assert field_of(field) == field
