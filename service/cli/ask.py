"""vifaq ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.output import note, print_json, print_table, say
from service.errors import BadInput

if TYPE_CHECKING:
    from service.domain import Candidate, Reply


def ask(
    question: Annotated[str, typer.Argument(help="As a student types it.")],
    set_name: Annotated[str | None, typer.Option("--set", help="FAQ set.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only FAQs with this tag.")] = None,
    rerank: Annotated[
        bool | None, typer.Option(help="Use the reranker.  [default: if one is set]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The reply as the API gives it.")] = False,
    explain: Annotated[bool, typer.Option(help="Show every candidate and why.")] = False,
    server: Annotated[
        str | None, typer.Option(help="Ask this running server; the key is VIFAQ_API_KEY.")
    ] = None,
) -> None:
    """Ask one question. The question is not logged.

    Example: vifaq ask "hp dong o dau a" --explain
    """
    if server and explain:
        raise BadInput("--explain looks into the index itself and does not work with --server.")
    body = {"question": question, "set": set_name, "tags": tag or [], "rerank": rerank}
    if server:
        from service.cli.remote import RemoteServer

        with RemoteServer(server) as remote:
            reply = remote.ask(body)
    else:
        found = _ask_here(question, set_name, tag or [], rerank)
        if explain:
            _explain(found)
        reply = reply_json(found)
    print_json(reply) if as_json else _print(reply)


def _ask_here(question: str, set_name: str | None, tags: list[str], rerank: bool | None) -> Reply:
    from service.cli.start import read_settings
    from service.runtime import open_runtime

    settings = read_settings()
    with open_runtime(settings, background=False) as runtime:
        runtime.sync(set_name or settings.faq_set)  # nobody else has taken edits in
        return runtime.ask(question, set_name=set_name, tags=tags, rerank=rerank, log=False)


def reply_json(reply: Reply) -> dict[str, Any]:
    """The reply in the shape that `POST /v1/ask` gives."""
    decision, timing = reply.decision, reply.timing
    return {
        "request_id": reply.request_id,
        "outcome": decision.outcome.value,
        "answer": _answer(decision.answer) if decision.answer else None,
        "suggestions": [_suggestion(candidate) for candidate in decision.suggestions],
        "index": {
            "set": reply.index.set_name,
            "generation": reply.index.generation,
            "encoder": reply.index.encoder,
        },
        "timing_ms": {
            "segment": timing.segment_ms,
            "encode": timing.encode_ms,
            "search": timing.search_ms,
            "rerank": timing.rerank_ms,
            "total": timing.total_ms,
        },
        "message": reply.small_talk,
    }


def _answer(candidate: Candidate) -> dict[str, Any]:
    return {
        "faq_id": candidate.faq.id,
        "question": candidate.faq.question,
        "answer": candidate.faq.answer,
        "confidence": candidate.confidence,
    }


def _suggestion(candidate: Candidate) -> dict[str, Any]:
    return {
        "faq_id": candidate.faq.id,
        "question": candidate.faq.question,
        "similarity": candidate.similarity,
        "confidence": candidate.confidence,
    }


def _print(reply: dict[str, Any]) -> None:
    if answer := reply["answer"]:
        note(f"{answer['question']}  [{answer['faq_id']}, confidence {answer['confidence']:.2f}]")
        say(answer["answer"])
        _print_suggestions("Asked as well:", reply["suggestions"])
    elif reply["suggestions"]:
        _print_suggestions("Not sure enough to answer. Nearest:", reply["suggestions"])
    elif reply["message"]:
        note("No FAQ is near enough. Said instead:")
        say(reply["message"])
    else:
        note("No FAQ is near enough: handed over.")


def _explain(reply: Reply) -> None:
    if reply.text:
        note(f"Read as: {reply.text.plain}")
    if reply.text and reply.text.left_out:
        note(f"Left out: {reply.text.left_out}")
    for part, nearest in reply.parts:
        note(f"Part: {part}  [{nearest.faq.id}, confidence {nearest.confidence:.2f}]")
    names = list(dict.fromkeys(name for c in reply.candidates for name in c.reasons))
    print_table(
        ("FAQ", "matched text", "confidence", *names),
        (
            (
                candidate.faq.id,
                candidate.matched_text,
                f"{candidate.confidence:.3f}",
                *(_shown(candidate.reasons.get(name)) for name in names),
            )
            for candidate in reply.candidates
        ),
    )


def _shown(reason: float | None) -> str:
    """Empty where there is none: a reranker reads only the best few."""
    return "" if reason is None else f"{reason:.3f}"


def _print_suggestions(title: str, suggestions: list[dict[str, Any]]) -> None:
    if suggestions:
        note(title)
    for one in suggestions:
        say(f"- {one['question']}  [{one['faq_id']}, confidence {one['confidence']:.2f}]")
