"""Cursors: where a list goes on, signed, and bound to the list and the caller it was made for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from artifact_api.sealed import NotSealed, open_sealed, seal
from artifact_store import InvalidPosition

__all__ = ["open_cursor", "seal_cursor"]

_KIND: Final = "1"
_MAX_CHARACTERS: Final = 4096


def seal_cursor(position: str, *, bound_to: Sequence[str], key: bytes) -> str:
    """Writes a position so that only the same caller can use it, and only for the same list.

    Args:
        position: The store's position.
        bound_to: What the cursor is good for: caller, route, names of the path.
        key: The signing key.
    """
    return seal(position, kind=_KIND, bound_to=bound_to, key=key)


def open_cursor(cursor: str, *, bound_to: Sequence[str], keys: Iterable[bytes]) -> str:
    """Reads a position back.

    Args:
        cursor: What the client sent.
        bound_to: As it was sealed.
        keys: Every key that is still good; a rotated one stays for a while.

    Raises:
        InvalidPosition: Forged, damaged, or of another list or caller.
    """
    try:
        return open_sealed(cursor, kind=_KIND, bound_to=bound_to, keys=keys, longest=_MAX_CHARACTERS)
    except NotSealed:
        raise InvalidPosition("the cursor was not made for this list and this caller", field="cursor") from None
