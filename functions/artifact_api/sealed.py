"""Sealed text: what the API hands out to get it back, signed, and bound to whom and what it was made for.

It can be read by whoever has it, so it holds no secrets. A word tells kinds of sealed text apart: it stands before
the text and is signed with it, so that no cursor is ever taken for an upload's id.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import Final

from artifact_store.model import canonical_json

__all__ = ["NotSealed", "open_sealed", "seal"]

_MAC_BYTES: Final = 16


class NotSealed(Exception):
    """Forged, damaged, of another kind, or bound to something else."""


def seal(text: str, *, kind: str, bound_to: Sequence[str], key: bytes) -> str:
    """Writes a text so that it is good for one purpose only.

    Args:
        text: What to seal.
        kind: The word for what it is.
        bound_to: Whom and what it is good for.
        key: The signing key.

    Returns:
        URL-safe text that begins with `kind`.
    """
    raw = text.encode()
    return kind + _to_base64url(_mac(raw, kind, bound_to, key) + raw)


def open_sealed(sealed: str, *, kind: str, bound_to: Sequence[str], keys: Iterable[bytes], longest: int) -> str:
    """Reads a text back.

    Args:
        sealed: What the client sent.
        kind: As it was sealed.
        bound_to: As it was sealed.
        keys: Every key that is still good; a rotated one stays for a while.
        longest: Characters that it may have.

    Raises:
        NotSealed: It was not sealed so.
    """
    if len(sealed) > longest or not sealed.startswith(kind):
        raise NotSealed
    encoded = sealed[len(kind) :]
    try:
        opened = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise NotSealed from None
    mac, raw = opened[:_MAC_BYTES], opened[_MAC_BYTES:]
    # Every spelling but the one that was given out is refused, so base64's spare bits are checked too.
    genuine = any(hmac.compare_digest(mac, _mac(raw, kind, bound_to, key)) for key in keys)
    if not genuine or _to_base64url(opened) != encoded:
        raise NotSealed
    return raw.decode()


def _mac(raw: bytes, kind: str, bound_to: Sequence[str], key: bytes) -> bytes:
    message = canonical_json([kind, *bound_to]).encode() + b"\0" + raw
    return hmac.new(key, message, hashlib.sha256).digest()[:_MAC_BYTES]


def _to_base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
