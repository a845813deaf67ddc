"""Sends the signed requests of the API's answers to the bucket in memory, as their holder would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from artifact_store import SignedRequest
from artifact_store.adapters.memory_transfers import MemoryTransfers
from tests.faults.interposed import World


@dataclass(frozen=True)
class Download:
    """What the bucket answers to the URL of a download."""

    status: int
    body: bytes
    content_type: str
    disposition: str
    seconds: float


def download(world: World, url: str) -> Download:
    """Follows a redirect; the bucket gets nothing but the URL."""
    request, facts = world.transfers._signed[url]
    status, body = world.transfers.send(request)
    return Download(
        status=status,
        body=body,
        content_type=facts["content_type"],
        disposition=facts["disposition"],
        seconds=request.expires_ms / 1000 - world.clock.now,
    )


def send(world: World, signed: Any, body: bytes = b"") -> tuple[int, bytes]:
    """Sends a signed request as an answer's JSON describes it; returns status and body."""
    return send_to(world.transfers, signed, body)


def send_to(transfers: MemoryTransfers, signed: Any, body: bytes = b"") -> tuple[int, bytes]:
    """As `send`, to the bucket of these transfers."""
    assert signed.keys() == {"method", "url", "headers", "expiresAt"}
    request = SignedRequest(
        method=signed["method"],
        url=signed["url"],
        headers=signed["headers"],
        expires_ms=round(signed["expiresAt"] * 1000),
    )
    return transfers.send(request, body)
