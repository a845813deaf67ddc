"""One request: the event of API Gateway (payload format 2.0), read by the rules of the contract."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from artifact_api.caller import Caller
from artifact_api.errors import InvalidHeader, InvalidParameter
from artifact_api.routes import Route
from artifact_store import ArtifactId, InvalidContent, InvalidName, Scope
from artifact_store.names import USER_NAMESPACE, decode, encode, parse_version
from artifact_store.transfers import MAX_PARTS

__all__ = ["DEFAULT_LIMIT", "MAX_LIMIT", "Request"]

DEFAULT_LIMIT: Final = 100
"""Items of a page when the request names no limit."""

MAX_LIMIT: Final = 1000
"""The most items of a page that may be asked for."""

_LATEST: Final = "latest"
_LIMIT = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)
_AFTER = re.compile(r"0|[1-9][0-9]{0,4}", re.ASCII)
_UNDONE = re.compile(r"%(21|40|3A)", re.IGNORECASE)
_ENTITY_TAG = re.compile(r'"[\x21\x23-\x7E]*"')
_MAX_SECONDS: Final = 20.0
_SECONDS_TO_ANSWER: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class Request:
    """What an operation may know of a request.

    Attributes:
        event: The event; it holds credentials and content, so it is never logged.
        context: Lambda's context.
        route: The route that was matched.
        segments: The path's variable segments as the gateway handed them on.
        caller: Who asks.
    """

    event: Mapping[str, Any]
    context: Any
    route: Route
    segments: Mapping[str, str]
    caller: Caller

    @property
    def id(self) -> str:
        """The gateway's id of the request."""
        return str(self.event["requestContext"].get("requestId") or "")

    @property
    def method(self) -> str:
        """The HTTP method."""
        return str(self.event["requestContext"]["http"]["method"])

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """The headers, names in lower case; repeated ones are joined by commas."""
        return {name.lower(): value for name, value in (self.event.get("headers") or {}).items()}

    def header(self, name: str) -> str | None:
        """A header without surrounding spaces.

        Raises:
            InvalidHeader: It has other than printable ASCII characters.
        """
        value = self.headers.get(name.lower())
        if value is None:
            return None
        if not (value.isascii() and value.isprintable()):
            raise InvalidHeader(f"{name} must be printable ASCII", field=name)
        return value.strip()

    @cached_property
    def scope(self) -> Scope:
        """The scope that the path names.

        Raises:
            InvalidName: A segment is no encoded name or no valid id.
        """
        session = self._decoded("session") if "session" in self.segments else None
        return Scope(self._decoded("app"), self._decoded("user"), session)

    @cached_property
    def artifact(self) -> ArtifactId:
        """The artifact that the path names; `user:NAME` under a session is the user's.

        Raises:
            InvalidName: A segment is no encoded name or no valid id.
        """
        segment = _undo_percent(self.segments["filename"])
        scope = self.scope
        if scope.session is not None and segment.startswith(USER_NAMESPACE):
            scope, segment = scope.user_scope, segment.removeprefix(USER_NAMESPACE)
            return ArtifactId(scope, decode(segment, field="filename"))
        filename = decode(segment, field="filename")
        if scope.session is not None and filename.startswith(USER_NAMESPACE):
            name = filename.removeprefix(USER_NAMESPACE)
            raise InvalidName(
                "a filename that starts with user: belongs to the user; "
                f"write it as {USER_NAMESPACE}{encode(name) if name else 'NAME'}",
                field="filename",
            )
        return ArtifactId(scope, filename)

    @property
    def base_path(self) -> str:
        """The path of the artifact that the request names, in its one right spelling."""
        scope, artifact = self.scope, self.artifact
        path = f"/v1/apps/{encode(scope.app)}/users/{encode(scope.user)}"
        if scope.session is None:
            return f"{path}/artifacts/{artifact.encoded_filename}"
        prefix = USER_NAMESPACE if artifact.scope.session is None else ""
        return f"{path}/sessions/{encode(scope.session)}/artifacts/{prefix}{artifact.encoded_filename}"

    @property
    def number(self) -> int | None:
        """The version that the path names; None for the latest.

        Raises:
            InvalidVersion: It is neither a version number nor `latest`.
        """
        segment = self.segments.get("version", _LATEST)
        return None if segment == _LATEST else parse_version(segment)

    def refuse_unknown_parameters(self) -> None:
        """Refuses query parameters that the route does not know, so that no misspelling passes silently.

        Raises:
            InvalidParameter: There is one.
        """
        for name in self._query:
            if name not in self.route.query:
                known = ", ".join(sorted(self.route.query)) or "none"
                raise InvalidParameter(f"unknown query parameter; this route knows: {known}", field=name[:100])

    @property
    def limit(self) -> int:
        """How many items a page may have.

        Raises:
            InvalidParameter: Not a number from 1 to 1,000.
        """
        text = self._query.get("limit")
        if text is None:
            return DEFAULT_LIMIT
        if not _LIMIT.fullmatch(text) or int(text) > MAX_LIMIT:
            raise InvalidParameter(f"limit must be a number from 1 to {MAX_LIMIT}", field="limit", limit=MAX_LIMIT)
        return int(text)

    @property
    def cursor(self) -> str | None:
        """Where the page starts."""
        return self._query.get("cursor")

    @property
    def after(self) -> int:
        """After which part a list of parts starts.

        Raises:
            InvalidParameter: Not a number from 0 to 10,000.
        """
        text = self._query.get("after", "0")
        if not _AFTER.fullmatch(text) or int(text) > MAX_PARTS:
            raise InvalidParameter(f"after must be a number from 0 to {MAX_PARTS}", field="after", limit=MAX_PARTS)
        return int(text)

    @property
    def skips_unchanged(self) -> bool:
        """Whether a save of what is the latest version already is to save nothing.

        Raises:
            InvalidParameter: `unchanged` has another value than `skip`.
        """
        value = self._query.get("unchanged")
        if value not in {None, "skip"}:
            raise InvalidParameter("unchanged must be skip", field="unchanged")
        return value is not None

    @property
    def unless(self) -> frozenset[str]:
        """The entity tags of `If-None-Match`, or `*`; what cannot be read matches nothing."""
        value = self.headers.get("if-none-match", "")
        return frozenset({"*"}) if value.strip() == "*" else frozenset(_ENTITY_TAG.findall(value))

    @cached_property
    def body(self) -> bytes:
        """The body's bytes.

        Raises:
            InvalidContent: The body cannot be decoded, or is not as long as announced.
        """
        text = self.event.get("body") or ""
        try:
            body = base64.b64decode(text, validate=True) if self.event.get("isBase64Encoded") else text.encode()
        except (binascii.Error, ValueError):
            raise InvalidContent("the body does not decode to bytes", field="content") from None
        announced = self.headers.get("content-length", "")
        if announced.isdecimal() and announced.isascii() and announced.lstrip("0") != str(len(body)).lstrip("0"):
            raise InvalidContent(
                f"the body has {len(body):,} bytes, Content-Length announced {announced[:20]}; a gateway rewrites "
                "text that is not UTF-8: send Content-Type application/octet-stream and the type in Artifact-Part",
                field="content",
            )
        return body

    @property
    def seconds_left(self) -> float:
        """How long storage may take, so that there is time left to answer."""
        left = self.context.get_remaining_time_in_millis() / 1000 - _SECONDS_TO_ANSWER
        return float(min(max(left, 1.0), _MAX_SECONDS))

    @property
    def _query(self) -> Mapping[str, str]:
        return self.event.get("queryStringParameters") or {}

    def _decoded(self, name: str) -> str:
        return decode(_undo_percent(self.segments[name]), field=name)


def _undo_percent(segment: str) -> str:
    """Undoes the escapes of `!`, `@` and `:`, which HTTP clients add to a path though nobody needs them."""
    return _UNDONE.sub(lambda match: chr(int(match[1], 16)), segment)
