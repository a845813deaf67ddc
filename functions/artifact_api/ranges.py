"""Ranges of bytes: which part of the content a request asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from artifact_api.errors import RangeNotSatisfiable
from artifact_api.request import Request
from artifact_store import Version

__all__ = ["ByteRange", "asked_range"]

_ONE_RANGE = re.compile(r"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", re.ASCII | re.IGNORECASE)
_MAX_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A part of the content, never empty.

    Attributes:
        start: The first byte.
        stop: The byte after the last one.
        size: Bytes of the whole content.
    """

    start: int
    stop: int
    size: int

    def __str__(self) -> str:
        return f"bytes {self.start}-{self.stop - 1}/{self.size}"


def asked_range(request: Request, version: Version) -> ByteRange | None:
    """The range that a request asks for; None for the whole content.

    What cannot be read asks for nothing, several ranges neither, nor one that was meant for another version.

    Raises:
        RangeNotSatisfiable: The content ends before it.
    """
    match = _ONE_RANGE.fullmatch(request.headers.get("range", ""))
    if match is None or not _is_meant(request, version):
        return None
    first, last = match.groups()
    size = version.size
    if first:
        start, stop = _number(first), (_number(last) + 1 if last else size)
        if stop <= start and last:
            return None
    elif last and (size or not _number(last)):
        start, stop = max(0, size - _number(last)), size
    else:
        return None
    if start >= size:
        raise RangeNotSatisfiable(f"the content has {size:,} bytes", size=size)
    return ByteRange(start, min(stop, size), size)


def _is_meant(request: Request, version: Version) -> bool:
    """Whether `If-Range` lets the range count. A date never does: two versions may be of one second."""
    return request.headers.get("if-range", version.etag).strip() == version.etag


def _number(digits: str) -> int:
    return int(digits) if len(digits) <= _MAX_DIGITS else 10**_MAX_DIGITS
