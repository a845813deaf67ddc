"""Cursors: where a list goes on, signed, and bound to the list and the caller it was made for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from artifact_store import InvalidPosition
from artifact_store.model import canonical_json

__all__ = ["open_cursor", "seal_cursor"]

_LAYOUT: Final = "1"
_MAC_BYTES: Final = 16
_MAX_CHARACTERS: Final = 4096


def seal_cursor(position: str, *, bound_to: Sequence[str], key: bytes) -> str:
    """Writes a position so that only the same caller can use it, and only for the same list.

    Args:
        position: The store's position.
        bound_to: What the cursor is good for: caller, route, names of the path.
        key: The signing key.
    """
    text = position.encode()
    return _LAYOUT + _to_base64url(_mac(text, bound_to, key) + text)


def open_cursor(cursor: str, *, bound_to: Sequence[str], keys: Sequence[bytes]) -> str:
    """Reads a position back.

    Args:
        cursor: What the client sent.
        bound_to: As it was sealed.
        keys: Every key that is still good; a rotated one stays for a while.

    Raises:
        InvalidPosition: Forged, damaged, or of another list or caller.
    """
    refusal = InvalidPosition("the cursor was not made for this list and this caller", field="cursor")
    if len(cursor) > _MAX_CHARACTERS or not cursor.startswith(_LAYOUT):
        raise refusal
    try:
        sealed = base64.b64decode(cursor[1:] + "=" * (-len(cursor[1:]) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise refusal from None
    mac, text = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
    # Every spelling of a cursor but the one that was given out is refused, so base64's spare bits are checked too.
    genuine = any(hmac.compare_digest(mac, _mac(text, bound_to, key)) for key in keys)
    if not genuine or _LAYOUT + _to_base64url(sealed) != cursor:
        raise refusal
    return text.decode()


def _mac(text: bytes, bound_to: Sequence[str], key: bytes) -> bytes:
    message = canonical_json([_LAYOUT, *bound_to]).encode() + b"\0" + text
    return hmac.new(key, message, hashlib.sha256).digest()[:_MAC_BYTES]


def _to_base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
