"""What a save demands of the latest version: If-Match and If-None-Match (RFC 9110, section 13)."""

from __future__ import annotations

import re
from typing import Final

from artifact_api.errors import InvalidHeader
from artifact_api.request import Request
from artifact_store import Precondition

__all__ = ["asked_precondition"]

IF_MATCH: Final = "If-Match"
IF_NONE_MATCH: Final = "If-None-Match"

_TAG: Final = r'(?:W/)?"[\x21\x23-\x7E]*"'
_TAGS = re.compile(rf"{_TAG}(?:[ \t]*,[ \t]*{_TAG})*")
_STRONG_TAG = re.compile(r'(W/)?("[\x21\x23-\x7E]*")')


def asked_precondition(request: Request) -> Precondition | None:
    """The condition of a save; None when it has none.

    Unlike a load's, a condition that cannot be read is refused: a save that ignored it could overwrite.

    Raises:
        InvalidHeader: `If-Match` is no list of entity tags, or `If-None-Match` is not `*`.
    """
    match, none_match = request.header(IF_MATCH), request.header(IF_NONE_MATCH)
    if match is None and none_match is None:
        return None
    if none_match not in {None, "*"}:
        raise InvalidHeader(f"a save takes {IF_NONE_MATCH}: * alone: there must be no artifact", field=IF_NONE_MATCH)
    return Precondition(etags=None if match is None else _read_tags(match), absent=none_match is not None)


def _read_tags(text: str) -> frozenset[str]:
    if text == "*":
        return frozenset({"*"})
    if not _TAGS.fullmatch(text):
        raise InvalidHeader(f'{IF_MATCH} must be entity tags, like "abc", "def", or *', field=IF_MATCH)
    # A weak tag stands for content that is as good, not for the very version, so it matches none.
    return frozenset(tag for weak, tag in _STRONG_TAG.findall(text) if not weak)
