"""Uploads, retries and lists are left, repeated and asked for without end.

What is abandoned is aborted and swept; pages, attempts and rates have caps.
"""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import httpx
import pytest
import tenacity

from artifact_api import request as request_module
from artifact_store.maintenance.blob_pass import BlobPass
from artifact_store.maintenance.upload_pass import UploadPass
from google_adk_aws import ArtifactError, RetryPolicy
from tests.contract.calls import DOC, SESSION, call, save
from tests.contract.transfers import send
from tests.contract.uploading import DAY, begin, post
from tests.faults.interposed import World
from tests.infrastructure import template
from tests.security.defence import Defence
from tests.unit.client.fake_api import ARTIFACT, FakeApi

pytestmark = pytest.mark.usefixtures("aws")

_stop_after = tenacity.stop_after_attempt

UPLOADS_ARE_ABORTED = Defence(15, "what is abandoned is aborted", ((UploadPass, "_abort", lambda *_: None),))
BLOBS_ARE_SWEPT = Defence(15, "blobs that nothing names are removed", ((BlobPass, "_compare", lambda *_: None),))


class _AnyLimit:
    def fullmatch(self, text: str) -> bool:
        return text.isdecimal()


PAGES_END = Defence(15, "pages end", ((request_module, "MAX_LIMIT", 10**9), (request_module, "_LIMIT", _AnyLimit())))
ATTEMPTS_END = Defence(
    15,
    "a client gives up",
    ((tenacity, "stop_after_attempt", lambda _: _stop_after(100)),),
)

UNBOUNDED = copy.deepcopy(template.DOCUMENT)
UNBOUNDED["Resources"]["ApiStage"]["Properties"].pop("DefaultRouteSettings")
UNBOUNDED["Resources"]["ArtifactBucket"]["Properties"].pop("LifecycleConfiguration")
THE_STACK_HAS_CAPS = Defence(
    15, "the gateway throttles, the bucket aborts by itself", ((template, "DOCUMENT", UNBOUNDED),)
)


def abandon_uploads(world: World) -> list[str]:
    """What is left of abandoned uploads after a month: multipart uploads, and blobs that nothing names."""
    for _ in range(3):
        begin()
        begun = post(f"{DOC}/uploads", {"size": 7, "method": "put"}).json
        assert send(world, begun["put"], b"content")[0] == 200
    world.clock.sleep(30 * DAY)
    world.maintenance().reconcile()
    pending, _ = world.transfers.pending("", after=None)
    return ["upload"] * len(pending) + ["blob"] * len(world.objects.refs())


def test_abandoned_uploads_are_cleared_away(world: World) -> None:
    assert abandon_uploads(world) == []


@pytest.mark.parametrize(
    ("defence", "left"), [(UPLOADS_ARE_ABORTED, "upload"), (BLOBS_ARE_SWEPT, "blob")], ids=["aborts", "sweep"]
)
def test_abandoned_uploads_are_left_without_their_pass(defence: Defence, left: str, world: World) -> None:
    with defence.taken_out():
        assert abandon_uploads(world) == [left] * 3


def flood_by_a_list(asked: str) -> int | None:
    """How many items came in one page that was asked to be larger than pages are."""
    for number in range(3):
        save(f"{SESSION}/{number}")
    answer = call("GET", SESSION, query={"limit": asked})
    if answer.status == 400:
        assert answer.json["limit"] == 1000
        return None
    return len(answer.json["artifacts"])


@pytest.mark.parametrize("asked", ["1001", "1000000", "0", "-1", "9" * 5000])
def test_a_page_without_end_is_refused(asked: str) -> None:
    assert flood_by_a_list(asked) is None


def test_a_page_without_end_is_given_without_the_cap() -> None:
    with PAGES_END.taken_out():
        assert flood_by_a_list("1000000") == 3


async def storm() -> int:
    """How many requests one call sends to an API that always fails."""
    api, asked = FakeApi(), []

    def fail(request: httpx.Request) -> Any:
        asked.append(request)
        return httpx.Response(503, headers={"retry-after": "0"})

    api.faults.append(fail)
    policy = dataclasses.replace(RetryPolicy(), base_delay=0, max_delay=0)
    with pytest.raises(ArtifactError):
        await api.client(retry=policy).load(ARTIFACT)
    return len(asked)


async def test_a_client_gives_up() -> None:
    assert await storm() == 10


async def test_a_client_storms_without_its_cap() -> None:
    with ATTEMPTS_END.taken_out():
        assert await storm() == 100


def find_missing_caps() -> set[str]:
    """What of the stack would let requests or abandoned parts grow without end."""
    stack = template.Stack()
    stage = stack.resources["ApiStage"]["Properties"].get("DefaultRouteSettings", {})
    bucket = stack.resources["ArtifactBucket"]["Properties"].get("LifecycleConfiguration", {"Rules": []})
    missing = {name for name in ("ThrottlingRateLimit", "ThrottlingBurstLimit") if stage.get(name, 0) < 1}
    if not any("AbortIncompleteMultipartUpload" in rule for rule in bucket["Rules"]):
        missing.add("AbortIncompleteMultipartUpload")
    return missing


def test_the_stack_has_caps() -> None:
    assert find_missing_caps() == set()


def test_the_stack_without_caps_is_noticed() -> None:
    with THE_STACK_HAS_CAPS.taken_out():
        assert len(find_missing_caps()) == 3
