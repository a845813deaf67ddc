"""Checks beside those of schemathesis; it loads this file by SCHEMATHESIS_HOOKS."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, Final

import schemathesis
from schemathesis import Case, CheckContext, GenerationMode, Response

EXAMPLE: Final = f"sha-256=:{'A' * 43}=:"
DIGEST: Final = re.compile(r"sha-256=:[A-Za-z0-9+/]{43}=:")
BEYOND_SCHEMAS: Final = {
    ("digest_mismatch", "Content-Digest"),  # it is of other content than the body
    ("invalid_cursor", "cursor"),  # it was made for another list, or by nobody
    ("invalid_body", "partSize"),  # too small for the size: there may be 10,000 parts
    ("invalid_body", "size"),  # one put must have one
    ("invalid_content", "content"),  # a gateway rewrites text that is not UTF-8
    ("invalid_metadata", "Artifact-Metadata"),  # no base64url, or no JSON object in it
    ("invalid_part", "Artifact-Part"),  # the same
    ("invalid_ttl", "Artifact-Ttl"),  # nine digits, and more than ten years
    # Names: escapes that are no UTF-8, reserved ones, and what is too long together with others.
    *((code, name) for code in ("invalid_name", "key_too_long") for name in ("app", "user", "session", "filename")),
}
"""Codes and fields of refusals of what fits every schema."""


@schemathesis.check
def refused_for_no_reason_a_schema_has(_: CheckContext, response: Response, case: Case[Any]) -> None:
    """A request that fits the document may fail for what is stored, but not for how it is written."""
    made_to_fit = case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE
    # One phase gives this header a text that its pattern does not let through.
    made_to_fit &= DIGEST.fullmatch(case.headers.get("Content-Digest") or EXAMPLE) is not None
    if made_to_fit and response.status_code == HTTPStatus.BAD_REQUEST and case.method != "HEAD":
        problem = response.json()
        why = problem.get("code"), problem.get("field")
        assert why in BEYOND_SCHEMAS, f"a request that fits the document was refused: {problem}"


@schemathesis.check
def a_problem_says_what_to_do(_: CheckContext, response: Response, case: Case[Any]) -> None:
    """Every refusal of a function has a code, a sentence, and the request's id for whoever is asked about it."""
    type_ = response.headers.get("content-type", [""])[0]
    if case.method == "HEAD" or type_ != "application/problem+json":
        return
    problem = response.json()
    assert problem["code"]
    assert problem["detail"]
    assert problem["requestId"]
    assert "Traceback" not in problem["detail"]


@schemathesis.check
def nothing_succeeds(_: CheckContext, response: Response, case: Case[Any]) -> None:
    """Only for a run whose callers nobody knows."""
    assert response.status_code >= HTTPStatus.BAD_REQUEST, f"{case.method} {case.path} answered without a caller"
