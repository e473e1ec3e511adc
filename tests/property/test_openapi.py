"""Whatever is sent, the answer is one that the OpenAPI document promises, and never a 5xx."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from service.http import create_app
from tests.fixtures.live import live_runtime

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


# A job's events last as long as the job; webhooks belong to the platforms' own formats.
EXCLUDED = r"/events$|^/v1/channels/"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[BaseSchema]:
    with live_runtime(tmp_path, rate_limit_per_minute=1_000_000) as runtime:
        key, _ = runtime.keys.create("fuzz", ["admin"])
        loaded = schemathesis.openapi.from_asgi("/openapi.json", create_app(runtime))
        loaded.config.headers = {"X-API-Key": key}
        yield loaded.exclude(path_regex=EXCLUDED)


@pytest.mark.parametrize("mode", GenerationMode)
def test_the_document_keeps_its_word(
    api: BaseSchema, subtests: pytest.Subtests, mode: GenerationMode
):
    if mode is GenerationMode.NEGATIVE:
        # These take nothing that could be wrong: at most a key, and any text for an id.
        api = api.exclude(path=["/healthz", "/readyz", "/metrics", "/v1/sets", "/v1/jobs/{job_id}"])
        api = api.exclude(path="/v1/keys", method="GET")
    for result in api.get_all_operations():
        operation = result.ok()

        @given(case=operation.as_strategy(generation_mode=mode), stored=st.booleans())
        @settings(
            max_examples=10,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        def keeps_its_word(case: schemathesis.Case, stored: bool) -> None:
            if stored and "faq_id" in case.path_parameters:  # chance would never hit it
                case.path_parameters["faq_id"] = "hoc-phi"
                case.headers["If-Match"] = "*"
            case.call_and_validate(checks=CHECKS)

        with subtests.test(operation.label):
            keeps_its_word()
