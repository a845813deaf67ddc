"""Text that is no Unicode, numbers that are none, and JSON without a bottom crash the parser.

The answer is 400 with the name of what is wrong, never 500.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from artifact_api import body as body_module
from artifact_api import request as request_module
from artifact_store import model, names
from tests.contract.calls import DOC, SESSION, USER, Answer, call, packed, save
from tests.security.defence import Defence

TEXT_IS_CHECKED = Defence(13, "text must be Unicode", ((model, "_refuse_no_text", lambda *_: None),))
IDS_ARE_CHECKED = Defence(13, "ids hold no null byte", ((names, "_refuse_path_tricks", lambda *_: None),))
VERSIONS_ARE_CHECKED = Defence(13, "a version is a number of ten digits", ((request_module, "parse_version", int),))
NUMBERS_ARE_CHECKED = Defence(
    13,
    "NaN is no JSON number",
    (
        (body_module, "_refuse_constant", float),
        (body_module, "_finite", float),
        (model, "_check_metadata", lambda _: None),
    ),
)
DEPTH_IS_CHECKED = Defence(
    13,
    "JSON has a bottom",
    ((body_module, "_refuse_depth", lambda _: None), (model, "_check_depth", lambda _: None)),
)

BATCH = SESSION.replace("artifacts", "batch/save")


def saved_in_a_batch(**members: str) -> Answer:
    """A save of one item; its members are JSON already."""
    fields = {"filename": '"doc"', "content": '"YQ=="', "idempotencyKey": '"1"', **members}
    item = ",".join(f'"{name}":{value}' for name, value in fields.items())
    return call("POST", BATCH, body=f'{{"items":[{{{item}}}]}}'.encode())


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


REQUESTS: dict[str, tuple[Defence | None, Any]] = {
    "a lone surrogate in a display name": (
        TEXT_IS_CHECKED,
        lambda: save(DOC, Artifact_Part=packed({"displayName": "\ud800"})),
    ),
    "a null byte in a user": (IDS_ARE_CHECKED, lambda: save(USER.replace("/u/", "/u!00x/") + "/doc")),
    "a negative version": (VERSIONS_ARE_CHECKED, lambda: call("GET", f"{DOC}/versions/-1")),
    "a version of 5,000 digits": (VERSIONS_ARE_CHECKED, lambda: call("GET", f"{DOC}/versions/{'9' * 5000}")),
    "NaN in metadata": (NUMBERS_ARE_CHECKED, lambda: saved_in_a_batch(customMetadata='{"a":NaN}')),
    "Infinity in metadata": (NUMBERS_ARE_CHECKED, lambda: saved_in_a_batch(customMetadata='{"a":-Infinity}')),
    "a float without end": (NUMBERS_ARE_CHECKED, lambda: saved_in_a_batch(customMetadata='{"a":1e999}')),
    "JSON that is 50 deep": (DEPTH_IS_CHECKED, lambda: saved_in_a_batch(customMetadata=nested(50))),
    "JSON that is 500,000 deep": (None, lambda: saved_in_a_batch(customMetadata=nested(500_000))),
    "a lone surrogate in a name": (None, lambda: saved_in_a_batch(filename='"\\udfff"')),
    "a lone surrogate in metadata": (None, lambda: saved_in_a_batch(customMetadata='{"\\ud800":1}')),
    "an integer of 5,000 digits": (None, lambda: saved_in_a_batch(customMetadata=f'{{"a":{"9" * 5000}}}')),
    "an integer of 4,000 digits": (None, lambda: saved_in_a_batch(customMetadata=f'{{"a":{"9" * 4000}}}')),
    "a body that is no UTF-8": (None, lambda: call("POST", BATCH, body=b'{"items":"\xff"}')),
    "a body that is a number": (None, lambda: call("POST", BATCH, body=b"1e5")),
    "a negative size": (None, lambda: call("POST", f"{DOC}/uploads", body=b'{"size":-1}')),
    "a size that is no number": (None, lambda: call("POST", f"{DOC}/uploads", body=b'{"size":"7"}')),
    "a limit of 5,000 digits": (None, lambda: call("GET", SESSION, query={"limit": "9" * 5000})),
    "metadata that is no base64": (None, lambda: save(DOC, Artifact_Metadata="\N{SNOWMAN}")),
}
DEFENDED = [name for name, (defence, _) in REQUESTS.items() if defence is not None]


def crash(name: str) -> int | None:
    """The status of an answer that is other than 400 with the name of a field."""
    answer = REQUESTS[name][1]()
    problem = answer.json
    if answer.status == 200 and "results" in problem:
        (result,) = problem["results"]
        problem = result.get("problem", result)
    told = problem["status"] == 400 and isinstance(problem["field"], str) if "field" in problem else False
    return None if told else problem.get("status", answer.status)


@pytest.mark.parametrize("name", REQUESTS)
def test_what_cannot_be_is_refused(name: str) -> None:
    assert crash(name) is None


@pytest.mark.parametrize("name", DEFENDED)
def test_what_cannot_be_is_not_refused_without_its_check(name: str) -> None:
    defence = REQUESTS[name][0]
    assert defence is not None
    with defence.taken_out():
        assert crash(name) in {201, 404, 500}


def test_every_check_is_needed() -> None:
    """By name, so that no check is forgotten above."""
    for defence in (TEXT_IS_CHECKED, IDS_ARE_CHECKED, VERSIONS_ARE_CHECKED, NUMBERS_ARE_CHECKED, DEPTH_IS_CHECKED):
        assert any(used is defence for used, _ in REQUESTS.values()), json.dumps(defence.what)
