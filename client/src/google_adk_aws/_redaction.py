"""Takes out of a message what must not be read by others."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["first_sentence", "redact"]

_REMOVED: Final = "[removed]"

# Order matters: a whole Authorization value before the pieces it is made of.
_SECRETS: Final = (
    # Headers that authenticate, up to the end of the line.
    re.compile(
        r"(?i)\b(?P<kept>(?:proxy-)?authorization|x-amz-security-token|x-amz-signature|cookie)"
        r"(?P<sign>[\"']?\s*[:=]\s*)[^\r\n]+"
    ),
    re.compile(r"(?i)\b(?P<kept>bearer|basic)(?P<sign>\s+)[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(?i)\b(?P<kept>(?:x-amz-)?(?:signature|credential|security-token))(?P<sign>=|%3D)[^\s,&]+"),
    # The query of any URL.
    re.compile(r"(?i)(?P<kept>\b[a-z][a-z0-9+.-]*://[^\s?\"'<>]*)(?P<sign>\?)[^\s\"'<>]+"),
)
# User and password in front of a host.
_USERINFO: Final = re.compile(r"(?i)(?P<scheme>\b[a-z][a-z0-9+.-]*://)[^\s/@\"'<>]+@")

_SENTENCE_LIMIT: Final = 200
_SENTENCE: Final = re.compile(r"[^\r\n]*?(?:[.](?=\s)|$)", re.MULTILINE)


def redact(text: str) -> str:
    """Removes credentials, signatures and URL queries; everything else stays."""
    for pattern in _SECRETS:
        text = pattern.sub(rf"\g<kept>\g<sign>{_REMOVED}", text)
    return _USERINFO.sub(rf"\g<scheme>{_REMOVED}@", text)


def first_sentence(text: str) -> str:
    """The first sentence of a gateway's message.

    What follows can be an echo of the request: AWS answers a wrong signature with the canonical
    request in full, security token included.
    """
    match = _SENTENCE.match(text.strip())
    return (match[0] if match else "")[:_SENTENCE_LIMIT]
