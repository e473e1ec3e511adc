"""FAQs: list, read, write, with the revision as ETag so that no edit is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Header, Query, Response

from service.domain import Faq
from service.http.auth import Admin, ChosenSet, StateDep
from service.http.errors import RevisionMissing, StaleRevision, documented
from service.http.schemas import (
    FaqContent,
    FaqIdPath,
    FaqOut,
    FaqPage,
    FaqRevision,
    NewAlternate,
    NewFaq,
    SetsOut,
)

router = APIRouter(tags=["faqs"], responses=documented(401, 403, 404))

IfMatch = Annotated[str | None, Header(description='The ETag you have seen, for example "3"')]


@router.get("/v1/sets")
def list_sets(state: StateDep, admin: Admin) -> SetsOut:
    """Names of all FAQ sets."""
    return SetsOut(sets=state.runtime.faqs.set_names(), default=state.runtime.settings.faq_set)


@router.get("/v1/faqs")
def list_faqs(
    state: StateDep,
    admin: Admin,
    set_name: ChosenSet,
    q: Annotated[str | None, Query(max_length=200, description="Marks and case are free")] = None,
    tag: Annotated[str | None, Query(max_length=64)] = None,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> FaqPage:
    """FAQs by id; `q` searches ids, questions, alternates and answers."""
    items, total = state.runtime.faqs.page(set_name, offset=offset, limit=limit, search=q, tag=tag)
    return FaqPage(items=[_out(faq) for faq in items], total=total, offset=offset)


@router.post("/v1/faqs", status_code=201, responses=documented(409))
def add_faq(
    body: NewFaq, state: StateDep, admin: Admin, response: Response, set_name: ChosenSet
) -> FaqOut:
    """Store a new FAQ. It can be found as soon as this returns."""
    stored = state.runtime.add_faq(set_name, _faq(body.id or uuid4().hex[:12], body), admin.name)
    response.headers["Location"] = f"/v1/faqs/{stored.id}?set={set_name}"
    return _with_etag(stored, response)


@router.get("/v1/faqs/{faq_id}")
def get_faq(
    faq_id: FaqIdPath, state: StateDep, admin: Admin, response: Response, set_name: ChosenSet
) -> FaqOut:
    """One FAQ; its revision is the ETag."""
    stored = state.runtime.faqs.get(set_name, faq_id)
    return _with_etag(stored, response)


@router.put("/v1/faqs/{faq_id}", responses=documented(409, 412, 428))
def update_faq(
    faq_id: FaqIdPath,
    body: FaqContent,
    state: StateDep,
    admin: Admin,
    response: Response,
    set_name: ChosenSet,
    if_match: IfMatch = None,
) -> FaqOut:
    """Replace an FAQ; If-Match must be its ETag. It can be found so as soon as this returns."""
    revision = _matching_revision(state.runtime.faqs.get(set_name, faq_id), if_match)
    changed = replace(_faq(faq_id, body), revision=revision)
    return _with_etag(state.runtime.update_faq(set_name, changed, admin.name), response)


@router.delete("/v1/faqs/{faq_id}", status_code=204, responses=documented(412))
def remove_faq(
    faq_id: FaqIdPath,
    state: StateDep,
    admin: Admin,
    set_name: ChosenSet,
    if_match: IfMatch = None,
) -> None:
    """Remove an FAQ; its history stays. With If-Match only when that is its ETag."""
    if if_match is not None:
        _matching_revision(state.runtime.faqs.get(set_name, faq_id), if_match)
    state.runtime.remove_faq(set_name, faq_id, admin.name)


@router.post("/v1/faqs/{faq_id}/alternates", responses=documented(409))
def add_alternate(
    faq_id: FaqIdPath,
    body: NewAlternate,
    state: StateDep,
    admin: Admin,
    response: Response,
    set_name: ChosenSet,
) -> FaqOut:
    """Add another way to ask this; one that is there already changes nothing."""
    stored = state.runtime.faqs.get(set_name, faq_id)
    changed = replace(stored, alternates=(*stored.alternates, body.text))
    return _with_etag(state.runtime.update_faq(set_name, changed, admin.name), response)


@router.get("/v1/faqs/{faq_id}/history")
def faq_history(
    faq_id: FaqIdPath, state: StateDep, admin: Admin, set_name: ChosenSet
) -> list[FaqRevision]:
    """Every edit, oldest first; of a removed FAQ, too."""
    changes = state.runtime.faqs.history(set_name, faq_id)
    return [FaqRevision.model_validate(change) for change in changes]


def _faq(faq_id: str, body: FaqContent) -> Faq:
    return Faq(
        id=faq_id,
        question=body.question,
        answer=body.answer,
        alternates=tuple(body.alternates),
        tags=tuple(body.tags),
        valid_from=body.valid_from,
        valid_to=body.valid_to,
    )


def _out(faq: Faq) -> FaqOut:
    return FaqOut.model_validate(faq)


def _with_etag(stored: Faq, response: Response) -> FaqOut:
    response.headers["ETag"] = f'"{stored.revision}"'
    return _out(stored)


def _matching_revision(stored: Faq, if_match: str | None) -> int:
    if if_match is None:
        raise RevisionMissing(
            f'Send If-Match: "{stored.revision}" to change the FAQ {stored.id!r} as it is now.'
        )
    if if_match.strip().strip('"') not in ("*", str(stored.revision)):
        raise StaleRevision(
            f"The FAQ {stored.id!r} is at revision {stored.revision}, not {if_match}. "
            "Load it again, then edit."
        )
    return stored.revision
