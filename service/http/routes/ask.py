"""Asking, and the stored answer of a suggestion."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import ValidationError

from service.domain import Candidate, Reply
from service.errors import NotFound
from service.http.auth import AskAllowed, ChosenSet, StateDep, may_ask, sent_key
from service.http.errors import documented
from service.http.markdown import Markdown
from service.http.schemas import (
    Answer,
    AskRequest,
    AskResponse,
    FaqIdPath,
    IndexUsed,
    StageTimes,
    StoredAnswer,
    Suggestion,
)
from service.http.state import State, get_state

router = APIRouter(tags=["ask"], dependencies=[AskAllowed])
_VIETNAM = timezone(timedelta(hours=7))  # validity days are Vietnamese days


class _AskRoute(APIRoute):
    """Documented by its function, as every route, but reads key and body itself.

    What FastAPI does in general costs a question a quarter of a millisecond.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def handle(request: Request) -> Response:
            await may_ask(await sent_key(request), request)
            return await ask(_read(await request.body()), request)

        return handle


def _read(body: bytes) -> AskRequest:
    try:
        return AskRequest.model_validate_json(body)
    except ValidationError as error:
        issues = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError(
            [{**issue, "loc": ("body", *issue["loc"])} for issue in issues]
        ) from error


async def ask(body: AskRequest, request: Request) -> Response:
    """Answer a question, suggest up to `k` nearest FAQs, or hand over."""
    state = await get_state(request)
    answered = await state.gate.run(partial(_answer, body, state))
    return Response(answered, media_type="application/json")


def _answer(body: AskRequest, state: State) -> bytes:
    """The whole of it away from the event loop: a long answer takes a while to render."""
    reply = state.runtime.ask(
        body.question, set_name=body.set, k=body.k, tags=body.tags, rerank=body.rerank
    )
    response = _to_response(reply, state.markdown, state.runtime.settings.handover_text)
    return response.model_dump_json().encode()


router.add_api_route(
    "/v1/ask",
    ask,
    methods=["POST"],
    response_model=AskResponse,
    responses=documented(404, 503),
    route_class_override=_AskRoute,
)


@router.get("/v1/faqs/{faq_id}/answer", responses=documented(404))
def stored_answer(faq_id: FaqIdPath, state: StateDep, set_name: ChosenSet) -> StoredAnswer:
    """The answer of one FAQ, for a suggestion that was tapped."""
    runtime = state.runtime
    faq = runtime.faqs.get(set_name, faq_id)
    if not faq.is_valid_on(datetime.now(_VIETNAM).date()):
        raise NotFound(f"The FAQ {faq_id!r} is not valid today.")
    return StoredAnswer(
        faq_id=faq.id,
        question=faq.question,
        answer=faq.answer,
        answer_html=state.markdown.to_html(faq.answer),
    )


def _to_response(reply: Reply, markdown: Markdown, handover_text: str) -> AskResponse:
    timing = reply.timing
    decision = reply.decision
    return AskResponse(
        request_id=reply.request_id,
        outcome=decision.outcome,
        answer=_to_answer(decision.answer, markdown) if decision.answer else None,
        suggestions=[_to_suggestion(candidate) for candidate in decision.suggestions],
        index=IndexUsed(
            set=reply.index.set_name,
            generation=reply.index.generation,
            encoder=reply.index.encoder,
        ),
        timing_ms=StageTimes(
            segment=timing.segment_ms,
            encode=timing.encode_ms,
            search=timing.search_ms,
            rerank=timing.rerank_ms,
            total=timing.total_ms,
        ),
        message=reply.small_talk or (None if decision.answer else handover_text),
    )


def _to_answer(candidate: Candidate, markdown: Markdown) -> Answer:
    return Answer(
        faq_id=candidate.faq.id,
        question=candidate.faq.question,
        answer=candidate.faq.answer,
        answer_html=markdown.to_html(candidate.faq.answer),
        confidence=candidate.confidence,
    )


def _to_suggestion(candidate: Candidate) -> Suggestion:
    return Suggestion(
        faq_id=candidate.faq.id,
        question=candidate.faq.question,
        similarity=candidate.similarity,
        confidence=candidate.confidence,
    )
