"""Every storage call of uploads, links and redirects fails once, before or after it was done; the same request is
repeated, and succeeds as if nothing had been."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from artifact_api import wiring
from artifact_store import StorageDenied, StorageUnavailable
from tests.contract.calls import DOC, Answer, call
from tests.contract.samples import BODIES, UPLOADED, uploaded
from tests.faults.interposed import Counted, World
from tests.faults.soundness import assert_sound

pytestmark = pytest.mark.usefixtures("aws")

Request = Callable[[], Answer]
OK = {200, 201, 204, 307}


def posted(path: str, body: Any) -> Answer:
    return call("POST", path, body=json.dumps(body))


def begin() -> Request:
    return lambda: posted(f"{DOC}/uploads", BODIES["begin_upload"])


def begin_put() -> Request:
    return lambda: posted(f"{DOC}/uploads", {"size": 5, "method": "put"})


def sign() -> Request:
    upload = f"{DOC}/uploads/{uploaded(DOC)}"
    return lambda: posted(f"{upload}/parts", BODIES["sign_upload_parts"])


def describe() -> Request:
    upload = f"{DOC}/uploads/{uploaded(DOC)}"
    return lambda: call("GET", upload)


def describe_finalized() -> Request:
    upload = f"{DOC}/uploads/{uploaded(DOC)}"
    assert posted(f"{upload}/finalize", BODIES["finalize_upload"]).status == 201
    return lambda: call("GET", upload)


def finalize() -> Request:
    upload = f"{DOC}/uploads/{uploaded(DOC)}"
    return lambda: posted(f"{upload}/finalize", BODIES["finalize_upload"])


def finalize_again() -> Request:
    request = finalize()
    assert request().status == 201
    return request


def abort() -> Request:
    upload = f"{DOC}/uploads/{uploaded(DOC)}"
    return lambda: call("DELETE", upload)


def link() -> Request:
    return lambda: posted(f"{DOC}/versions/latest/link", {})


def redirect() -> Request:
    return lambda: call("GET", DOC)


REQUESTS = [begin, begin_put, sign, describe, describe_finalized, finalize, finalize_again, abort, link, redirect]
SAVES = {finalize, finalize_again}


@pytest.fixture(autouse=True)
def _all_content_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INLINE_BYTES", "0")


def prepared(make: Callable[[], Request]) -> tuple[World, Request]:
    world = World()
    wiring.use(store=world.store())
    assert call("POST", DOC, body=b"old").status == 201
    return world, make()


def calls_of(make: Callable[[], Request]) -> int:
    world, request = prepared(make)
    counted = Counted()
    wiring.use(store=world.store(counted))
    assert request().status in OK
    return len(counted.calls)


class Failing:
    """A hook that fails one call, before or after it is done."""

    def __init__(self, number: int, phase: str, error: Exception) -> None:
        self._number = number
        self._phase = phase
        self._error = error
        self._made = 0

    def __call__(self, _name: str, phase: str) -> None:
        if phase == "before":
            self._made += 1
        if self._made == self._number and phase == self._phase:
            self._number = -1
            raise self._error


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("error", [StorageUnavailable("SECRET", retry_after=2), StorageDenied("SECRET")])
@pytest.mark.parametrize("make", REQUESTS)
def test_each_storage_call_fails(make: Callable[[], Request], error: Exception, phase: str, log: io.StringIO) -> None:
    for number in range(1, calls_of(make) + 1):
        world, request = prepared(make)
        wiring.use(store=world.store(Failing(number, phase, error)))
        answer = request()
        if answer.status not in OK:
            unavailable = isinstance(error, StorageUnavailable)
            assert (answer.status, answer.code) == (
                (503, "storage_unavailable") if unavailable else (500, "internal_error")
            )
            assert ("retry-after" in answer.headers) is unavailable
            assert type(error).__name__ in log.getvalue()
        assert b"SECRET" not in answer.body
        wiring.use(store=world.store())
        again = request()
        assert again.status in OK, (number, again)
        if make in SAVES:
            assert again.json["version"] == 1
            assert again.json["size"] == len(UPLOADED)
        versions = call("GET", f"{DOC}/versions").json["versions"]
        assert len(versions) == (2 if make in {*SAVES, describe_finalized} else 1)
        assert_sound(world)
    assert "SECRET" not in log.getvalue()
