"""One request is made as large as can be: metadata, names, items, bodies, content.

The answer is 400 or 413 and names the limit.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from artifact_api import body, content
from artifact_api.batches import loading
from artifact_api.operations import batch_save
from artifact_store import model, names
from tests.contract.calls import DOC, SESSION, Answer, call, packed, save
from tests.faults.interposed import World
from tests.security.defence import Defence

HUGE = 10**9
NAMES_END = Defence(14, "names end", ((names, "MAX_FILENAME_BYTES", HUGE), (names, "MAX_KEY_BYTES", HUGE)))
METADATA_ENDS = Defence(14, "custom metadata ends", ((model, "MAX_METADATA_BYTES", HUGE),))
HEADERS_END = Defence(
    14, "metadata in headers ends", ((content, "MAX_METADATA_HEADER_BYTES", HUGE), (model, "MAX_METADATA_BYTES", HUGE))
)
BATCHES_END = Defence(14, "batches end", ((loading, "MAX_ITEMS", HUGE), (batch_save, "MAX_ITEMS", HUGE)))
BODIES_END = Defence(14, "JSON bodies end", ((body.read_body, "__kwdefaults__", {"limit": HUGE}),))
CONTENT_ENDS = Defence(14, "content ends", ((model, "MAX_INLINE_BYTES", HUGE),))

BATCH = SESSION.replace("artifacts", "batch/")


def posted(operation: str, *items: object, padding: int = 0) -> Answer:
    return call("POST", BATCH + operation, body=json.dumps({"items": items}).encode() + b" " * padding)


def saved_with(metadata: object) -> Answer:
    return posted("save", {"filename": "doc", "content": "YQ==", "idempotencyKey": "1", "customMetadata": metadata})


BOMBS: dict[str, tuple[Defence, Callable[[], Answer]]] = {
    "a name of 100 kB": (NAMES_END, lambda: save(f"{SESSION}/{'a' * 100_000}")),
    "a user of 100 kB": (NAMES_END, lambda: save(DOC.replace("/u/", f"/{'u' * 100_000}/"))),
    "metadata of 1 MB": (METADATA_ENDS, lambda: saved_with({"a": "x" * 1_000_000})),
    "metadata of 100,000 members": (METADATA_ENDS, lambda: saved_with({str(number): 0 for number in range(100_000)})),
    "metadata of 10 kB in headers": (HEADERS_END, lambda: save(DOC, Artifact_Metadata=packed({"a": "x" * 10_000}))),
    "10,000 items": (BATCHES_END, lambda: posted("describe", *[{"filename": "doc"}] * 10_000)),
    "a body of 5 MB": (BODIES_END, lambda: posted("describe", {"filename": "doc"}, padding=5_000_000)),
    "content of 4 MB": (CONTENT_ENDS, lambda: save(DOC, bytes(4_000_000))),
}


def get_through(bomb: str) -> int | None:
    """The status of an answer that is no refusal with a limit."""
    answer = BOMBS[bomb][1]()
    problem = answer.json
    if answer.status == 200 and len(problem["results"]) == 1:
        (result,) = problem["results"]
        problem = result.get("problem", {"status": result["status"]})
    refused = problem.get("status", answer.status) in {400, 413} and isinstance(problem.get("limit"), int)
    return None if refused else answer.status


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_is_too_large_is_refused(bomb: str, world: World) -> None:
    assert get_through(bomb) is None
    assert world.objects.refs() == []


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_is_too_large_gets_through_without_its_limit(bomb: str) -> None:
    with BOMBS[bomb][0].taken_out():
        assert get_through(bomb) in {200, 201, 500}
