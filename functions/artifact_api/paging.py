"""Paging: the request's cursor as a position of the store, and back."""

from __future__ import annotations

from collections.abc import Sequence

from artifact_api import wiring
from artifact_api.cursor import open_cursor, seal_cursor
from artifact_api.request import Request

__all__ = ["next_cursor", "start_of"]


def start_of(request: Request, bound_to: Sequence[str]) -> str | None:
    """The position that the request's cursor stands for; None for the first page.

    Args:
        request: The request.
        bound_to: Names what is listed.

    Raises:
        InvalidPosition: The cursor is not of this list and this caller.
    """
    cursor = request.cursor
    if cursor is None:
        return None
    return open_cursor(cursor, bound_to=_bound_to(request, bound_to), keys=wiring.signing_keys())


def next_cursor(request: Request, bound_to: Sequence[str], position: str) -> str:
    """The cursor of a further page."""
    return seal_cursor(position, bound_to=_bound_to(request, bound_to), key=wiring.signing_keys().current())


def _bound_to(request: Request, bound_to: Sequence[str]) -> Sequence[str]:
    return [request.caller.id, request.route.name, *bound_to]
