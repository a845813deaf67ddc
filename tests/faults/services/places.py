"""The services on the emulator, with the wire below them, and what must hold of each afterwards."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

import httpx

from artifact_store import ArtifactId, Scope
from artifact_store.adapters import aws
from artifact_store.adapters.time import InTurn
from google_adk_aws import HttpArtifactService, ResiliencePolicy, RetryPolicy, S3ArtifactService
from google_adk_aws._adk.service import AdkArtifactService
from google_adk_aws._direct import upload as direct_upload
from google_adk_aws._direct.opening import Opened
from google_adk_aws._transfer import upload as http_upload
from local import LocalApi
from tests.direct_services import on_bucket_of
from tests.endurance.killing_direct import new_bucket
from tests.endurance.storage import Storage
from tests.faults.services.operations import INLINE_BYTES, PUT_BYTES
from tests.faults.services.wires import AnyWire, DirectWire, HttpWire

__all__ = ["PLACES", "Place", "open_place"]

PLACES: Final = ("the API", "with the table", "without a table")

_QUICK: Final = {"base_delay": 0.001, "max_delay": 0.002}
_numbers: Final[Iterator[int]] = itertools.count()


class Place:
    """A service whose calls can be spoilt, beside one whose calls cannot.

    Attributes:
        name: One of `PLACES`.
        service: What is tried.
        sound: The same store by a service that nothing happens to; it judges.
        wire: What spoils calls.
    """

    def __init__(self, name: str, service: AdkArtifactService, sound: AdkArtifactService, wire: AnyWire) -> None:
        self.name, self.service, self.sound, self.wire = name, service, sound, wire

    def new_scope(self) -> dict[str, Any]:
        """A session of its own, as ADK names it."""
        return {"app_name": "app", "user_id": f"u{next(_numbers)}", "session_id": "s"}

    async def settle(self, scope: dict[str, Any]) -> None:
        """Lets what crashed calls have left be repaired."""
        if self.name == "without a table":
            assert isinstance(self.sound, S3ArtifactService)
            await self.sound.client.sweep(Scope(scope["app_name"], scope["user_id"], scope["session_id"]))

    def judge_all(self) -> None:
        """After everything: one reconcile repairs what is left, a second one finds nothing."""
        if self.name != "without a table":
            storage = Storage(_api())
            storage.reconcile()
            drift = storage.reconcile().drift
            assert drift == {}, drift


@cache
def _api() -> LocalApi:
    api = LocalApi()
    api.start()
    return api  # it ends with this process


def _policy(*, patient: bool) -> ResiliencePolicy:
    retry = RetryPolicy(attempts=4 if patient else 1, **_QUICK)  # type: ignore[arg-type]
    return ResiliencePolicy(retry=retry, budget=None, reads=None, writes=None)


class _Wired(S3ArtifactService):
    """Its clients pass the wire; one call comes after the other, so that each has its number."""

    wire: DirectWire

    def _open(self) -> Opened:
        in_turn = SimpleNamespace(InThreads=InTurn, ManyInThreads=lambda: _each)
        with patch.multiple(aws, InThreads=in_turn.InThreads, ManyInThreads=in_turn.ManyInThreads):
            opened = super()._open()
        self.wire.attach(opened.s3_client)
        if opened._dynamodb is not None:
            self.wire.attach(opened._dynamodb)
        return opened


def _each(do: Any, given: Any) -> list[Any]:
    return [do(one) for one in given]


def open_place(name: str, *, patient: bool) -> Place:
    """Opens a service.

    Args:
        name: One of `PLACES`.
        patient: Whether it repeats what fails.
    """
    api, policy = _api(), _policy(patient=patient)
    # In this process alone, which is one for trials. What takes megabytes to be large would take minutes to be tried.
    patch.object(direct_upload, "MAX_INLINE_BYTES", INLINE_BYTES).start()
    patch.object(http_upload, "MAX_CONTENT_BYTES", INLINE_BYTES).start()
    if name == "the API":
        over_http = HttpWire()
        service = HttpArtifactService(
            api.url,
            http_client=httpx.AsyncClient(transport=over_http),
            storage_client=httpx.AsyncClient(transport=over_http),
            resilience=policy,
            cache_bytes=0,
        )
        return Place(name, service, HttpArtifactService(api.url, cache_bytes=0), over_http)
    wire = DirectWire()
    wired = type("Wired", (_Wired,), {"wire": wire})
    where: dict[str, Any] = {"multipart_threshold": PUT_BYTES}
    if name == "without a table":
        where |= {"bucket_name": new_bucket(api), "table_name": None}
    with patch("tests.direct_services.S3ArtifactService", wired):
        direct = on_bucket_of(api, workers=1, resilience=policy, **where)
    return Place(name, direct, on_bucket_of(api, **where), wire)


def document(scope: dict[str, Any]) -> ArtifactId:
    """The artifact that operations are about."""
    return ArtifactId.of(app=scope["app_name"], user=scope["user_id"], session=scope["session_id"], filename="doc 1")
