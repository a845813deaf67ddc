"""Ids that sort by time, and the hash that an idempotency key is stored as."""

from __future__ import annotations

import hashlib
import secrets
import time

from artifact_store.names import ArtifactId

__all__ = ["new_id", "token_hash"]


def new_id() -> str:
    """Makes a unique id of 32 hex digits that sorts by the millisecond it was made in."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


def token_hash(*, caller: str, artifact: ArtifactId, idempotency_key: str) -> str:
    """What an idempotency key is stored as: bound to its caller and its artifact.

    Each part is preceded by its length, so that no two triples give the same text.
    """
    digest = hashlib.sha256()
    for part in (caller, artifact.key_prefix, idempotency_key):
        raw = part.encode(errors="surrogatepass")
        digest.update(f"{len(raw)}:".encode() + raw)
    return digest.hexdigest()
