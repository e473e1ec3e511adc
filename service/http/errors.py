"""Errors as the web sees them: the only place that knows status codes (RFC 9457)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from service import errors

PROBLEM_TYPE = "application/problem+json"


class StaleRevision(errors.Conflict):
    """If-Match names another revision than the stored one."""


class RevisionMissing(errors.BadInput):
    """A change without If-Match could overwrite somebody else's."""


# The first class that fits wins, so subclasses stand before their bases.
_STATUS: tuple[tuple[type[errors.VifaqError], int, str], ...] = (
    (StaleRevision, 412, "Somebody else changed it"),
    (RevisionMissing, 428, "If-Match is missing"),
    (errors.BadFile, 422, "The file has problems"),
    (errors.BadSetting, 500, "A setting is wrong"),
    (errors.BadInput, 422, "The request cannot be used"),
    (errors.NotFound, 404, "Not found"),
    (errors.Conflict, 409, "Conflict"),
    (errors.NotReady, 503, "No usable index"),
    (errors.ModelUnavailable, 503, "Model files are missing"),
    (errors.StoreLocked, 503, "The index is in use elsewhere"),
    (errors.NotAllowed, 401, "Not allowed"),
    (errors.Overloaded, 503, "Too busy"),
    (errors.TimedOut, 504, "Timed out"),
    (errors.VifaqError, 500, "Something went wrong"),
)


class FieldProblem(BaseModel):
    """One thing to mend: a field of a request, or a cell of an imported file."""

    model_config = ConfigDict(from_attributes=True)

    field: str | None = None
    source: str | None = Field(None, description="File or sheet, where there are several")
    row: int | None = Field(None, description="1-based, as the spreadsheet shows it")
    column: str | None = None
    reason: str


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    problems: list[FieldProblem] = []


def problem_response(
    status: int,
    title: str,
    detail: str,
    problems: list[FieldProblem] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A problem+json answer."""
    body = Problem(title=title, status=status, detail=detail, problems=problems or [])
    return JSONResponse(
        body.model_dump(exclude_none=True), status, headers, media_type=PROBLEM_TYPE
    )


def documented(*statuses: int) -> dict[int | str, dict[str, object]]:
    """The `responses` of a route, for OpenAPI."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status: {"description": _REASONS[status], "content": {PROBLEM_TYPE: schema}}
        for status in statuses
    }


_REASONS = {
    400: "The request cannot be read",
    401: "The API key is missing, unknown or revoked",
    403: "The API key lacks the scope",
    404: "There is no such thing",
    406: "Not available in that form",
    408: "The request arrived too slowly",
    409: "It collides with work in progress or newer data",
    412: "If-Match names an old revision",
    413: "The request is too large",
    415: "Send it with another Content-Type",
    422: "The request cannot be used; `problems` says why",
    428: "Send If-Match with the revision you have seen",
    429: "Too many requests; wait Retry-After seconds",
    503: "Too busy or not ready; wait Retry-After seconds",
}


def add_handlers(app: FastAPI) -> None:
    """Answer every error raised on purpose as problem+json."""
    app.add_exception_handler(errors.VifaqError, _vifaq_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_exception)


async def _vifaq_error(_request: Request, error: Exception) -> JSONResponse:
    status, title = next(
        (status, title) for kind, status, title in _STATUS if isinstance(error, kind)
    )
    match error:
        case errors.Overloaded():
            status = 429 if error.limited else 503
            headers = {"Retry-After": str(max(1, math.ceil(error.retry_after_s)))}
            return problem_response(status, title, str(error), headers=headers)
        case errors.NotAllowed(known=True):
            return problem_response(403, title, str(error))
        case errors.NotAllowed():
            return problem_response(401, title, str(error), headers={"WWW-Authenticate": "Bearer"})
        case errors.NotReady():
            return problem_response(status, title, str(error), headers={"Retry-After": "5"})
        case errors.BadFile():
            rows = [FieldProblem.model_validate(problem) for problem in error.problems]
            return problem_response(status, title, error.message, rows)
    if status >= 500:
        structlog.get_logger(__name__).error("request_failed", exc_info=error)
    return problem_response(status, title, str(error))


async def _invalid_request(_request: Request, error: Exception) -> JSONResponse:
    issues = cast(RequestValidationError, error).errors()
    problems = [
        FieldProblem(field=".".join(map(str, issue["loc"][1:])) or "body", reason=issue["msg"])
        for issue in issues
    ]
    detail = "; ".join(f"{problem.field}: {problem.reason}" for problem in problems)
    return problem_response(422, "The request cannot be used", detail, problems)


async def _http_exception(_request: Request, error: Exception) -> JSONResponse:
    error = cast(HTTPException, error)
    if error.status_code == 400:  # FastAPI's words for bytes that are neither UTF-8 nor a form
        return problem_response(400, "Bad Request", f"{_REASONS[400]}: {error.detail}.")
    title = HTTPStatus(error.status_code).phrase
    detail = _REASONS.get(error.status_code, title) if error.detail == title else error.detail
    return problem_response(error.status_code, title, detail, headers=error.headers)


def crash_response(error: Exception) -> JSONResponse:
    """For what nobody foresaw; the log has the details, the answer has none."""
    structlog.get_logger(__name__).error("request_crashed", exc_info=error)
    return problem_response(
        500,
        "Something went wrong",
        "This is a fault of the service. Its log has the details under this request's id.",
    )
