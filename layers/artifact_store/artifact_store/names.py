"""Names: one reversible encoding for object keys, index keys, URL segments and URIs.

A component (app, user, session, filename) is written as UTF-8 with `[A-Za-z0-9._@-]` kept and every
other byte as `!XX`. Percent escapes are avoided on purpose: gateways, proxies, S3 events and HTTP
clients decode them zero, one or two times; nothing on that way touches `!`.

    ADK:  app "reports", user "a/b", session "s1", filename "charts/q1.png", version 3
    key:  reports/a!2Fb/s1/charts!2Fq1.png/3
    ADK:  filename "user:logo.png"        key:  reports/a!2Fb/user/user:logo.png/0
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal
from urllib.parse import unquote

from artifact_store.errors import InvalidName, InvalidVersion, NameTooLong

__all__ = [
    "BLOB_PREFIX",
    "MAX_FILENAME_BYTES",
    "MAX_KEY_BYTES",
    "MAX_VERSION",
    "USER_NAMESPACE",
    "ArtifactId",
    "Scope",
    "decode",
    "encode",
    "parse_object_key",
    "parse_scope",
    "parse_version",
]

USER_NAMESPACE: Final = "user:"
"""ADK's prefix of a filename that belongs to the user instead of one session."""

BLOB_PREFIX: Final = "!blobs/"
"""Where immutable blobs live. No encoded app can be `!blobs`, since `!bl` is no escape."""

MAX_KEY_BYTES: Final = 1024
"""S3's limit for an object key."""

MAX_FILENAME_BYTES: Final = 900
"""Limit of an encoded filename: DynamoDB's sort key (1,024 bytes) also holds version and generation."""

MAX_VERSION: Final = 9_999_999_999
_VERSION_DIGITS: Final = len(str(MAX_VERSION))

_USER_SCOPE_SEGMENT: Final = "user"
_PLAIN = re.compile(r"[A-Za-z0-9._@-]+")
_ENCODED = re.compile(r"(?:[A-Za-z0-9._@-]|![0-9A-F]{2})+")
_ESCAPE = re.compile(rb"!([0-9A-F]{2})")
_ESCAPES: Final = tuple(chr(byte) if _PLAIN.fullmatch(chr(byte)) else f"!{byte:02X}" for byte in range(256))
_VERSION = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)
_DRIVE = re.compile(r"[A-Za-z]:")
_RESERVED_SEGMENTS: Final = frozenset({"apps", "users", "sessions", "artifacts", "versions"})


def encode(text: str, *, field: str = "name") -> str:
    """Writes one component in the encoding of this module.

    Raises:
        InvalidName: The text is empty or cannot be UTF-8 (a lone surrogate).
    """
    if not isinstance(text, str):
        raise InvalidName(f"{field} must be a string", field=field)
    if not text:
        raise InvalidName(f"{field} must not be empty", field=field)
    if text in {".", ".."}:
        return "!2E" * len(text)
    if _PLAIN.fullmatch(text):
        return text
    try:
        raw = text.encode()
    except UnicodeEncodeError as error:
        raise InvalidName(
            f"{field} has a lone surrogate at position {error.start}, which is no Unicode text",
            field=field,
        ) from None
    return "".join([_ESCAPES[byte] for byte in raw])


def decode(encoded: str, *, field: str = "name") -> str:
    """Reads one encoded component; `encode(decode(x)) == x`, or it is refused.

    Raises:
        InvalidName: `encoded` is not what `encode` writes; the message shows the right spelling.
    """
    if _ENCODED.fullmatch(encoded):
        raw = _ESCAPE.sub(lambda match: bytes.fromhex(match[1].decode()), encoded.encode())
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise InvalidName(f"{field} does not decode to UTF-8", field=field) from None
        if encode(text) == encoded:
            return text
    meant = unquote(encoded, errors="surrogateescape")
    try:
        spelling = f": write it as {encode(meant, field=field)[:MAX_KEY_BYTES]}"
    except InvalidName:
        spelling = ""
    raise InvalidName(
        f"{field} is not an encoded name (letters, digits and . _ @ - stand for themselves, "
        f"every other UTF-8 byte is !XX){spelling}",
        field=field,
    )


def parse_version(text: str) -> int:
    """Reads a version number as a URL or an object key has it: 0 to 9,999,999,999.

    Raises:
        InvalidVersion: Signs, leading zeros, other digits or anything longer.
    """
    if not _VERSION.fullmatch(text):
        raise InvalidVersion(
            f"version must be a number from 0 to {MAX_VERSION} without leading zeros",
            field="version",
            limit=MAX_VERSION,
        )
    return int(text)


def _refuse_path_tricks(value: object, field: str) -> None:
    """Applies the rules ADK's own services have for ids (`validate_path_segment`)."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidName(f"{field} must be a string that is not empty", field=field)
    if "\x00" in value:
        raise InvalidName(f"{field} must not contain a null byte", field=field)
    if value[0] in "/\\":
        raise InvalidName(f"{field} must not start with a slash", field=field)
    if _DRIVE.match(value):
        raise InvalidName(f"{field} must not start with a drive letter", field=field)
    segments = value.replace("\\", "/").split("/")
    if value == "." or ".." in segments:
        raise InvalidName(f"{field} must not contain a . or .. segment", field=field)
    if len(segments) > 1 and not _RESERVED_SEGMENTS.isdisjoint(map(str.casefold, segments)):
        raise InvalidName(
            f"{field} must not contain one of {', '.join(sorted(_RESERVED_SEGMENTS))} between slashes",
            field=field,
        )


@dataclass(frozen=True)
class Scope:
    """Whose artifacts: one session's, or (session None) one user's across sessions.

    Attributes:
        app: ADK's app name, decoded.
        user: ADK's user id, decoded.
        session: ADK's session id, decoded; None for the user scope.
    """

    app: str
    user: str
    session: str | None = None

    def __post_init__(self) -> None:
        _refuse_path_tricks(self.app, "app")
        _refuse_path_tricks(self.user, "user")
        if self.session is not None:
            _refuse_path_tricks(self.session, "session")
        if len(self.key_prefix) >= MAX_KEY_BYTES:
            raise NameTooLong(
                f"app, user and session take {len(self.key_prefix):,} bytes encoded; "
                f"an object key has {MAX_KEY_BYTES:,} bytes",
                field="session" if self.session else "user",
                limit=MAX_KEY_BYTES,
            )

    @property
    def kind(self) -> Literal["session", "user"]:
        """`session` or `user`."""
        return "user" if self.session is None else "session"

    @property
    def user_scope(self) -> Scope:
        """The scope of this user's artifacts across sessions."""
        return self if self.session is None else Scope(self.app, self.user)

    @cached_property
    def key_prefix(self) -> str:
        """What object keys of this scope start with, without a final slash (`app/user/session`)."""
        session = _USER_SCOPE_SEGMENT if self.session is None else encode(self.session, field="session")
        return f"{encode(self.app, field='app')}/{encode(self.user, field='user')}/{session}"

    @cached_property
    def partition(self) -> str:
        """The index partition.

        It is `s:app/user/session` or `u:app/user`.
        """
        if self.session is not None:
            return f"s:{self.key_prefix}"
        return f"u:{self.key_prefix.rpartition('/')[0]}"

    def refuse_reserved_session(self) -> None:
        """Refuses to save under session `user`, as ADK's services do.

        Raises:
            InvalidName: The session is `user` or starts with `user/`.
        """
        if self.session and self.session.replace("\\", "/").split("/")[0] == _USER_SCOPE_SEGMENT:
            raise InvalidName("session must not be or start with the reserved value 'user'", field="session")


@dataclass(frozen=True)
class ArtifactId:
    """One artifact: a filename in a scope.

    Attributes:
        scope: Whose artifact it is.
        filename: Decoded, without ADK's `user:` prefix.
    """

    scope: Scope
    filename: str

    def __post_init__(self) -> None:
        name_bytes = len(encode(self.filename, field="filename"))
        if name_bytes > MAX_FILENAME_BYTES:
            raise NameTooLong(
                f"filename takes {name_bytes:,} bytes encoded; the limit is {MAX_FILENAME_BYTES}",
                field="filename",
                limit=MAX_FILENAME_BYTES,
            )
        key_bytes = len(self.key_prefix) + 1 + _VERSION_DIGITS
        if key_bytes > MAX_KEY_BYTES:
            raise NameTooLong(
                f"the object key of this artifact takes up to {key_bytes:,} bytes encoded "
                f"(app, user, session, filename and version); the limit is {MAX_KEY_BYTES:,}",
                field="filename",
                limit=MAX_KEY_BYTES,
            )

    @classmethod
    def of(cls, *, app: str, user: str, session: str | None, filename: str) -> ArtifactId:
        """Reads ADK's arguments: `user:` before a filename, or no session, means the user scope."""
        if not isinstance(filename, str):
            raise InvalidName("filename must be a string", field="filename")
        if filename.startswith(USER_NAMESPACE):
            return cls(Scope(app, user), filename.removeprefix(USER_NAMESPACE))
        return cls(Scope(app, user, session), filename)

    @property
    def adk_filename(self) -> str:
        """The filename as ADK writes it.

        In the user scope it begins with `user:`.
        """
        return self.filename if self.scope.session is not None else USER_NAMESPACE + self.filename

    @cached_property
    def encoded_filename(self) -> str:
        """The filename as a URL segment of its own scope and as part of index keys."""
        return encode(self.filename, field="filename")

    @cached_property
    def key_prefix(self) -> str:
        """Object keys of this artifact's versions start with it, without a final slash."""
        namespace = "" if self.scope.session is not None else USER_NAMESPACE
        return f"{self.scope.key_prefix}/{namespace}{self.encoded_filename}"

    def object_key(self, version: int) -> str:
        """The object key of one version."""
        return f"{self.key_prefix}/{version}"


def parse_scope(text: str) -> Scope:
    """Reads `app/user/session`, or `app/user` (or `app/user/user`) for a user's own; each as object keys have it.

    Raises:
        InvalidName: It is no scope.
    """
    parts = text.split("/")
    fields = ("app", "user", "session")
    if len(parts) == len(fields) and parts[-1] == _USER_SCOPE_SEGMENT:
        parts = parts[:-1]
    if len(parts) not in {2, 3}:
        raise InvalidName("a scope is app/user/session, or app/user for a user's own artifacts", field="scope")
    return Scope(*(decode(part, field=field) for field, part in zip(fields, parts, strict=False)))


def parse_object_key(key: str) -> tuple[ArtifactId, int]:
    """Reads the object key of a version; the inverse of `ArtifactId.object_key`.

    Raises:
        InvalidName: Not a canonical key: other depth, other encoding, a blob.
        InvalidVersion: The last segment is no version number.
    """
    segments = key.split("/")
    if len(segments) != 5:  # noqa: PLR2004 - app, user, session, filename, version
        raise InvalidName("an object key has five segments", field="key")
    app, user, session, filename, version = segments
    if session == _USER_SCOPE_SEGMENT and filename.startswith(USER_NAMESPACE):
        scope = Scope(decode(app, field="app"), decode(user, field="user"))
        filename = filename.removeprefix(USER_NAMESPACE)
    else:
        scope = Scope(decode(app, field="app"), decode(user, field="user"), decode(session, field="session"))
    artifact = ArtifactId(scope, decode(filename, field="filename"))
    return artifact, parse_version(version)
