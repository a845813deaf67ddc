from __future__ import annotations

import inspect
import json

import pytest

from artifact_api import errors as api_errors
from artifact_api.problems import CODES, code_of, problem_response
from artifact_store import ArtifactStoreError, InvalidName, InvalidUpload, StorageDenied
from artifact_store import errors as store_errors

ABSTRACT = {"ArtifactStoreError", "InvalidInput", "NotFound", "Unavailable", "ApiError"}


def concrete() -> list[type[ArtifactStoreError]]:
    members = {**vars(store_errors), **vars(api_errors)}.values()
    return [
        member
        for member in members
        if inspect.isclass(member) and issubclass(member, ArtifactStoreError) and member.__name__ not in ABSTRACT
    ]


@pytest.mark.parametrize("error", concrete(), ids=lambda error: error.__name__)
def test_every_error_has_a_meaning(error: type[ArtifactStoreError]) -> None:
    assert error.code in CODES or error in {StorageDenied, InvalidUpload}


def test_a_part_that_cannot_be_is_a_body_that_cannot_be() -> None:
    assert code_of(InvalidUpload("d", field="parts[0].size")) == "invalid_body"


def test_every_code_is_raised_somewhere() -> None:
    raised = {error.code for error in concrete()}
    assert CODES.keys() - raised == {"internal_error"}


@pytest.mark.parametrize("error", [ValueError("x"), StorageDenied("x"), ArtifactStoreError("x"), KeyError("x")])
def test_what_no_client_can_mend_is_an_internal_error(error: Exception) -> None:
    assert code_of(error) == "internal_error"
    response = problem_response(error, request_id="r")
    assert response.status_code == 500
    assert response.body is not None
    assert "x" not in json.loads(response.body)["detail"].split()


def test_optional_members_are_left_out() -> None:
    response = problem_response(InvalidName("d", field="user"), request_id="r")
    assert response.body is not None
    problem = json.loads(response.body)
    assert problem == {
        "type": "urn:artifact-api:problem:invalid_name",
        "title": "An id or filename cannot be one",
        "status": 400,
        "detail": "d",
        "code": "invalid_name",
        "field": "user",
        "requestId": "r",
    }


def test_a_lone_surrogate_in_a_detail_is_no_failure() -> None:
    response = problem_response(InvalidName("\ud800", field="\udfff"), request_id="r")
    assert response.body is not None
    assert response.body.encode()
