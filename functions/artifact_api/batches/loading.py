"""What loading and describing many versions have in common: the body, and what an item asks for."""

from __future__ import annotations

from dataclasses import dataclass

from artifact_api.batches.running import MAX_ITEMS
from artifact_api.body import MAX_BODY_BYTES, read_body
from artifact_api.request import Request
from artifact_store.names import MAX_VERSION

__all__ = ["Wanted", "read_wanted"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A version that is asked for.

    Attributes:
        filename: Decoded.
        number: None for the latest.
        unless: Entity tags that the caller has.
    """

    filename: str
    number: int | None
    unless: frozenset[str]


def read_wanted(request: Request) -> list[Wanted]:
    """Reads which versions are asked for.

    Raises:
        InvalidBody: The body is something else, or has too many items, or none.
    """
    body = read_body(request.body, known={"items"})
    wanted: list[Wanted] = []
    for item in body.objects("items", known={"filename", "version", "unless"}, most=MAX_ITEMS):
        unless = item.optional_text("unless")
        wanted.append(
            Wanted(
                # What is too long for a name is that item's problem.
                item.text("filename", longest=MAX_BODY_BYTES),
                item.optional_integer("version", least=0, most=MAX_VERSION),
                frozenset() if unless is None else frozenset({unless}),
            )
        )
    return wanted
