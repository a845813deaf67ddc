"""What tells encrypted content from plain: the kind and the MIME type it is stored with.

    saved as                stored as
    bytes, image/png        bytes, application/vnd.google-adk-aws.encrypted; type="image/png"
    text, text/plain        bytes, application/vnd.google-adk-aws.encrypted; kind=text; type="text/plain"

They are true of the bytes, so that nobody who does not know of it takes them for an image or for text: the API, which
looks whether text is text, a browser, an older client. They prove nothing: whoever can write to the store can write or
remove them. The context of the encryption does.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote

__all__ = ["STORED_KIND", "is_marked", "marked", "unmarked"]

STORED_KIND: Final = "bytes"
"""The kind of all encrypted content."""

_MARK: Final = "application/vnd.google-adk-aws.encrypted"
_MARKED: Final = re.compile(re.escape(_MARK) + r'(?:; kind=(?P<kind>[a-z]+))?(?:; type="(?P<type>[^"]*)")?')
_KEPT: Final = " !#$&'()*+,/:;<=>?@[]^`{|}"
"""What a quoted string may have as it is."""


def is_marked(mime_type: str | None) -> bool:
    """Whether a stored MIME type is that of encrypted content."""
    return mime_type is not None and mime_type.partition(";")[0].rstrip().lower() == _MARK


def marked(kind: str, mime_type: str | None) -> str:
    """The MIME type that encrypted content is stored with."""
    stored = _MARK if kind == STORED_KIND else f"{_MARK}; kind={kind}"
    return stored if mime_type is None else f'{stored}; type="{quote(mime_type, safe=_KEPT)}"'


def unmarked(kind: str, stored: str | None) -> tuple[str, str | None]:
    """The kind and the MIME type that were saved; the inverse of `marked`, and any other ones as they are."""
    if not is_marked(stored):
        return kind, stored
    match = _MARKED.fullmatch(stored or "")
    if match is None:
        return kind, None
    mime_type = match["type"]
    return match["kind"] or kind, None if mime_type is None else unquote(mime_type)
