"""FAQ files in and out."""

from __future__ import annotations

import shutil
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask
from starlette.datastructures import UploadFile

from service.errors import BadInput
from service.faq.export import export_faqs
from service.http.auth import Admin, ChosenSet, StateDep
from service.http.errors import FieldProblem, documented
from service.http.limits import IMPORT_PATH
from service.http.schemas import ImportOut

router = APIRouter(tags=["import and export"], responses=documented(401, 403))

_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


class ExportFormat(StrEnum):
    """The suffix of the file."""

    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"
    YAML = "yaml"


# The form is read by hand, so that nobody uploads a large file before showing a key.
@router.post(IMPORT_PATH, openapi_extra=_FORM, responses=documented(400, 409))
async def import_file(
    request: Request,
    admin: Admin,
    state: StateDep,
    set_name: ChosenSet,
    dry_run: Annotated[bool, Query(description="Change nothing, say what would happen")] = False,
    replace: Annotated[bool, Query(description="Remove FAQs that the file lacks")] = False,
    partial: Annotated[bool, Query(description="Leave out rows with problems")] = False,
) -> ImportOut:
    """Import CSV, XLSX, JSONL, YAML or a Rasa file; all of it or, with problems, nothing."""

    def store(upload: UploadFile) -> ImportOut:
        with tempfile.TemporaryDirectory(prefix="vifaq-import-") as folder:
            path = Path(folder, _file_name(upload))
            with path.open("wb") as target:
                shutil.copyfileobj(upload.file, target)
            report = state.runtime.import_file(
                path,
                set_name=set_name,
                replace=replace,
                partial=partial,
                dry_run=dry_run,
                actor=admin.name,
            )
        return ImportOut(
            dry_run=dry_run,
            added=report.added,
            changed=report.changed,
            removed=report.removed,
            unchanged=report.unchanged,
            problems=[FieldProblem.model_validate(one) for one in report.problems],
            ignored=list(report.ignored),
        )

    async with request.form(max_files=1, max_fields=0) as form:
        upload = form.get("file")
        if not isinstance(upload, UploadFile):
            raise BadInput("Send the file as the form field 'file'.")
        return await run_in_threadpool(store, upload)


@router.get(
    "/v1/exports",
    response_class=FileResponse,
    responses={
        200: {"content": {"*/*": {"schema": {"type": "string"}}}},
        **documented(404),
    },
)
def export_file(
    state: StateDep,
    admin: Admin,
    set_name: ChosenSet,
    format: ExportFormat = ExportFormat.XLSX,  # noqa: A002 - its name in the address
) -> FileResponse:
    """All FAQs of a set as a file that imports as exactly the same FAQs."""
    folder = tempfile.mkdtemp(prefix="vifaq-export-")
    path = Path(folder, f"{set_name}.{format.value}")
    clean_up = BackgroundTask(shutil.rmtree, folder)
    try:
        export_faqs(state.runtime.faqs.iterate(set_name), path)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return FileResponse(path, filename=path.name, background=clean_up)


def _file_name(upload: UploadFile) -> str:
    # Only the last part, whichever way its slashes lean, and never one that leaves the folder.
    name = (upload.filename or "").replace("\\", "/").rpartition("/")[2].replace("\0", "")
    return name[-100:] if name.strip(". ") else "upload"
