"""The attacks that the project must stand, by number; each is tried in this folder, with its defence and without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["ATTACKS"]

ATTACKS: Final[Mapping[int, str]] = {
    1: "a valid caller names another app or user in the path",
    2: "slashes in ids move the border between two ids",
    3: "a path climbs out by dot segments, escaped once, twice or with backslashes",
    4: "two names become one when they are made safe",
    5: "a session poses as the user's scope, or the user's scope as a session's file",
    6: "an HTTP client or proxy rewrites dot segments on the way",
    7: "a signed upload is used for something else than it was signed for",
    8: "a page or drawing that someone saved runs in the browser of someone who opens its link",
    9: "an idempotency key is used again by another caller, for another artifact or other content",
    10: "an old finalize or save is replayed to bring something back",
    11: "credentials, tokens or signed URLs are read out of logs, traces or errors",
    12: "line ends, direction marks and control characters in text become structure",
    13: "text that is no Unicode, numbers that are none, and JSON without a bottom crash the parser",
    14: "one request is made as large as can be",
    15: "uploads, retries and lists are left, repeated and asked for without end",
    16: "a cursor or an upload id is forged, or taken from someone else",
    17: "references lead in circles, to other sessions or to other users",
    18: "a notification of the bucket is forged",
    19: "content is other than its digest or its length says",
    20: "one function's role is used for another function's work",
    21: "a redirect carries credentials to another host",
    22: "someone is called like one of the store's own keys",
}
