"""Reads training data: FAQ files, paraphrases, pairs, triplets, scored and judged pairs.

A JSONL file holds lines of one or several of these kinds, or it is an FAQ file:

    {"family", "faq", "utterances", "negatives"?}   the paraphrase corpus, or what `mine` wrote
    {"anchor", "positive", "negative"? or "negatives"?, "family"?}
    {"text1", "text2", "score"}                      score from 0 to 1
    {"text1", "text2", "label"}                      label such as entailment

A TSV whose fifth column is a number and whose sixth and seventh are texts is STS-B, scores 0 to 5.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from service.errors import BadFile, RowProblem
from service.faq.drafts import Draft
from service.faq.folding import squash
from service.faq.parse import SUFFIXES, parse
from service.text.normalise import normalise
from service.train.examples import Examples, Group, Judged, Scored

Example = Group | Scored | Judged
Line = dict[str, object]

_STSB_MAX = 5.0
_YAML = (".yaml", ".yml")


def read_examples(sources: Sequence[Path]) -> Examples:
    """All examples of these files and folders.

    Raises BadFile with every problem of every line; then there are no examples.
    """
    examples: list[Example] = []
    problems: list[RowProblem] = []
    for source in sources:
        for path in _files(source):
            for item in _read(path):
                (problems if isinstance(item, RowProblem) else examples).append(item)  # type: ignore[arg-type]
    if problems:
        raise BadFile("There is something wrong with the training data:", problems)
    if not examples:
        raise BadFile(f"There is nothing to learn in {', '.join(map(str, sources))}.")
    return Examples(
        tuple(_merged(e for e in examples if isinstance(e, Group))),
        tuple(e for e in examples if isinstance(e, Scored)),
        tuple(e for e in examples if isinstance(e, Judged)),
    )


def _files(source: Path) -> list[Path]:
    """A folder's files by name; one with YAML stays whole: a Rasa project is several files."""
    if not source.is_dir():
        return [source]
    files = sorted(p for p in source.rglob("*") if p.is_file() and p.suffix.lower() in SUFFIXES)
    return [source] if any(p.suffix.lower() in _YAML for p in files) else files


def _read(path: Path) -> Iterator[Example | RowProblem]:
    if path.suffix.lower() in (".jsonl", ".ndjson") and _is_training_line(_first_line(path)):
        yield from _read_jsonl(path)
    elif path.suffix.lower() in (".tsv", ".txt") and _is_stsb(_first_line(path)):
        yield from _read_stsb(path)
    else:
        yield from _read_faqs(path)


def _read_faqs(path: Path) -> Iterator[Example | RowProblem]:
    for item in parse(path):
        if not isinstance(item, Draft):
            continue
        source = f"{path.name}/{item.source}" if item.source else path.name
        for problem in item.problems:
            yield RowProblem(problem.row, problem.column, problem.reason, source)
        if not item.problems:
            yield Group(f"{source}#{item.faq.id}", item.faq.texts)


def _read_jsonl(path: Path) -> Iterator[Example | RowProblem]:
    for number, text in _lines(path):
        try:
            yield _example(_object(text), f"{path.name}:{number}")
        except ValueError as error:
            yield RowProblem(number, None, str(error), path.name)


def _example(line: Line, place: str) -> Example:
    if "utterances" in line:
        question, asked = _text(line, "faq"), _texts(line, "utterances")
        family, negatives = _text(line, "family"), _negatives(line)
        return Group(family, tuple(dict.fromkeys((question, *asked))), negatives)
    if "anchor" in line:
        family = _text(line, "family") if "family" in line else place
        return Group(family, (_text(line, "positive"), _text(line, "anchor")), _negatives(line))
    if "text1" not in line:
        known = '"utterances", "anchor" or "text1"'
        raise ValueError(f"expected an object with {known}; it has {', '.join(line) or 'nothing'}")
    left, right = _text(line, "text1"), _text(line, "text2")
    if "score" in line:
        return Scored(left, right, _score(line["score"]))
    return Judged(left, right, _text(line, "label"))


def _read_stsb(path: Path) -> Iterator[Example | RowProblem]:
    for number, text in _lines(path):
        columns = text.split("\t")
        try:
            if len(columns) < 7:
                raise ValueError(f"expected 7 columns or more, it has {len(columns)}")
            named: Line = {"column 6": columns[5], "column 7": columns[6]}
            score = _score(columns[4], most=_STSB_MAX)
            yield Scored(_text(named, "column 6"), _text(named, "column 7"), score)
        except ValueError as error:
            yield RowProblem(number, None, str(error), path.name)


def _is_training_line(text: str) -> bool:
    try:
        line = json.loads(text)
    except ValueError:
        return False
    return isinstance(line, dict) and not {"utterances", "anchor", "text1"}.isdisjoint(line)


def _is_stsb(text: str) -> bool:
    columns = text.split("\t")
    return len(columns) >= 7 and columns[4].replace(".", "", 1).isdigit()


def _first_line(path: Path) -> str:
    return next((text for _, text in _lines(path)), "")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except OSError as error:
        raise BadFile(f"Cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadFile(f"Cannot read {path}: byte {error.start} is not UTF-8") from error


def _object(text: str) -> Line:
    try:
        line = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON ({error.msg} at {error.pos + 1})") from error
    if not isinstance(line, dict):
        raise ValueError("expected one JSON object")
    return line


def _text(line: Line, field: str) -> str:
    value = line.get(field)
    if not isinstance(value, str) or not normalise(value):
        raise ValueError(f'"{field}" must be a string that is not empty')
    return value


def _texts(line: Line, field: str) -> list[str]:
    values = line[field]
    if not isinstance(values, list):
        raise ValueError(f'"{field}" must be a list of strings')
    return [_text({field: value}, field) for value in values]


def _negatives(line: Line) -> tuple[str, ...]:
    if "negatives" in line:
        return tuple(_texts(line, "negatives"))
    return (_text(line, "negative"),) if "negative" in line else ()


def _score(value: object, most: float = 1.0) -> float:
    try:
        score = float(str(value))
    except ValueError:
        score = -1.0
    if not 0 <= score <= most:
        raise ValueError(f'"score" is {value!r}; it must be a number from 0 to {most:g}')
    return score / most


def _merged(groups: Iterable[Group]) -> Iterator[Group]:
    """Groups of one stored question are one group: pairs often share their positive."""
    together: dict[str, list[Group]] = {}
    for group in groups:
        together.setdefault(squash(group.question), []).append(group)
    for same in together.values():
        texts = dict.fromkeys(text for group in same for text in group.texts)
        negatives = dict.fromkeys(text for group in same for text in group.negatives)
        yield Group(same[0].family, tuple(texts), tuple(negatives))
