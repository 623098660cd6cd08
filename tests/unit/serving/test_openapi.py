"""The document against the process: what it describes is answered as it says, and nothing that is sent fails us."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
import schemathesis
from hypothesis import given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import load_all_checks
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from mooring.serving.openapi import document
from tests.unit.serving.artifacts import manifest
from tests.unit.serving.conftest import Real, Running
from tests.unit.serving.talk import ask

EXAMPLES = 60
NOT_EXACT = ("/v2/models/shop/infer", "/v2/models/shop/feedback")
"""Shapes that fit their data, and ids that were signed, are beyond what a schema can say."""
load_all_checks()


@schemathesis.serializer("text/csv")
def as_it_is(_: object, value: object) -> bytes:
    return str(value).encode(errors="replace")


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as found:
        yield found


API = schemathesis.openapi.from_dict(document(model="shop", version="shop-v3", manifest=manifest(), keyed=False))
CASES = [
    pytest.param(operation, mode, id=f"{operation.label} {mode.value}")
    for operation in (found.ok() for found in API.get_all_operations())
    for mode in schemathesis.GenerationMode
    if operation.method == "post" or mode is schemathesis.GenerationMode.POSITIVE  # what has no body cannot be wrong
]


@pytest.mark.parametrize(("operation", "mode"), CASES)
def test_each_operation_answers_as_the_document_says(
    real: Real, session: requests.Session, operation: APIOperation, mode: schemathesis.GenerationMode
) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, derandomize=True, database=None, deadline=None)
    def each(case: schemathesis.Case) -> None:
        # Other forms of the same value than the described one are taken as well: 1 for true, 39.0 for 39.
        excluded = [negative_data_rejection]
        if operation.path in NOT_EXACT or case.media_type == "text/csv":
            excluded.append(positive_data_acceptance)
        case.call_and_validate(f"http://127.0.0.1:{real.port}", session, excluded_checks=excluded)

    each()


async def test_the_document_is_one_of_openapi(app: Running) -> None:
    OpenAPIV31SpecValidator((await ask(app.port, "GET", "/openapi.json")).json()).validate()
