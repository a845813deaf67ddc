"""What tells encrypted content from plain: the MIME type it is stored with.

    saved as        image/png
    stored as       application/vnd.google-adk-aws.encrypted; type="image/png"

It is what the bytes are, so that nobody who does not know of it, a browser or an older client, takes them for an
image. It proves nothing: whoever can write to the store can write or remove it. The context of the encryption does.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote

__all__ = ["is_marked", "marked", "unmarked"]

_MARK: Final = "application/vnd.google-adk-aws.encrypted"
_TYPE: Final = re.compile(re.escape(_MARK) + r'; type="(?P<type>[^"]*)"')
_KEPT: Final = " !#$&'()*+,/:;<=>?@[]^`{|}"
"""What a quoted string may have as it is."""


def is_marked(mime_type: str | None) -> bool:
    """Whether a stored MIME type is that of encrypted content."""
    return mime_type is not None and mime_type.partition(";")[0].rstrip().lower() == _MARK


def marked(mime_type: str | None) -> str:
    """The MIME type that encrypted content is stored with."""
    return _MARK if mime_type is None else f'{_MARK}; type="{quote(mime_type, safe=_KEPT)}"'


def unmarked(stored: str | None) -> str | None:
    """The MIME type that was saved; the inverse of `marked`, and any other type as it is."""
    if not is_marked(stored):
        return stored
    match = _TYPE.fullmatch(stored or "")
    return None if match is None else unquote(match["type"])
