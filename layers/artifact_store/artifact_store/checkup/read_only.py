"""boto3 clients that can only read, and only so often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

__all__ = ["Allowance", "ReadOnly", "Spent", "WriteRefused"]

_READS: Final = frozenset(
    {"batch_get_item", "get_item", "get_object", "head_object", "list_object_versions", "query", "scan"}
)


class Spent(Exception):
    """The allowance is used up."""


class WriteRefused(Exception):
    """Something other than a read was asked for."""


class Allowance:
    """How many calls may still be made.

    Attributes:
        left: So many.
    """

    def __init__(self, calls: int) -> None:
        self.left = calls

    def take(self) -> None:
        """Uses one call.

        Raises:
            Spent: There is none left.
        """
        if self.left <= 0:
            raise Spent
        self.left -= 1


class ReadOnly:
    """A client's reads, each of which takes from the allowance; whatever else it can do is refused."""

    def __init__(self, client: Any, allowance: Allowance) -> None:
        self._client = client
        self._allowance = allowance

    @property
    def meta(self) -> Any:
        """The client's own: its events, its region."""
        return self._client.meta

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in _READS:
            raise WriteRefused(name)
        call = getattr(self._client, name)

        def counted(**arguments: Any) -> Any:
            self._allowance.take()
            return call(**arguments)

        return counted
