"""What the edge itself can refuse; everything else is refused by the store (`artifact_store.errors`).

ArtifactStoreError (of artifact_store)
├── InvalidInput
│   ├── AnswerTooLarge       the answer to a batch has no room for an item
│   ├── InvalidBody          a JSON body that is not what its operation knows
│   ├── InvalidHeader        a request header that cannot be read
│   └── InvalidParameter     a query parameter that is unknown or cannot be read
└── ApiError
    ├── Unauthenticated      the gateway told nothing about the caller
    ├── Forbidden            the token lacks a scope
    ├── RouteNotFound        no such path
    ├── MethodNotAllowed     the path exists, with other methods
    └── RangeNotSatisfiable  the content ends before the range that was asked for
"""

from __future__ import annotations

from artifact_store import ArtifactStoreError, InvalidInput

__all__ = [
    "AnswerTooLarge",
    "ApiError",
    "Forbidden",
    "InvalidBody",
    "InvalidHeader",
    "InvalidParameter",
    "MethodNotAllowed",
    "RangeNotSatisfiable",
    "RouteNotFound",
    "Unauthenticated",
]


class AnswerTooLarge(InvalidInput):
    """The answer to a batch has no room for an item; `limit` is in bytes."""

    code = "answer_too_large"


class InvalidBody(InvalidInput):
    """A JSON body that is not what its operation knows; `field` is the member's path, e.g. `items[3].filename`."""

    code = "invalid_body"


class InvalidHeader(InvalidInput):
    """A request header that cannot be read; `field` is its name."""

    code = "invalid_header"


class InvalidParameter(InvalidInput):
    """A query parameter that is unknown or cannot be read; `field` is its name."""

    code = "invalid_parameter"


class ApiError(ArtifactStoreError):
    """Root of what only an HTTP API can refuse."""


class Unauthenticated(ApiError):
    """The gateway told nothing about the caller, so nobody is let in."""

    code = "unauthenticated"


class Forbidden(ApiError):
    """It is the caller's own, but the token is not good for this."""

    code = "forbidden"


class RouteNotFound(ApiError):
    """There is no such path."""

    code = "route_not_found"


class MethodNotAllowed(ApiError):
    """The path exists, with other methods.

    Attributes:
        allowed: Those methods, sorted.
    """

    code = "method_not_allowed"

    def __init__(self, detail: str, *, allowed: tuple[str, ...]) -> None:
        super().__init__(detail)
        self.allowed = allowed


class RangeNotSatisfiable(ApiError):
    """The content ends before the range that was asked for.

    Attributes:
        size: Bytes of the whole content.
    """

    code = "range_not_satisfiable"

    def __init__(self, detail: str, *, size: int) -> None:
        super().__init__(detail)
        self.size = size
