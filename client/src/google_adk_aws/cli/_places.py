"""Artifacts and scopes as arguments of a shell.

    reports/ada/s-1/charts/q1.png   an artifact of a session
    reports/ada/user:logo.png       an artifact of a user, in no session
    reports/ada/s-1                 a session's artifacts, and its user's
    reports/ada                     a user's own

As in object keys, `!` and two hex digits stand for a byte: `!2F` is a slash in an app, a user or a session, `!21` an
exclamation mark. Everything else stands for itself, and after the session a slash belongs to the filename.
"""

from __future__ import annotations

import re
from typing import Final

from artifact_store.names import USER_NAMESPACE, ArtifactId, Scope
from google_adk_aws._errors import InvalidArtifactError

__all__ = ["ARTIFACT_HELP", "SCOPE_HELP", "artifact_of", "plain", "scope_of", "shown"]

ARTIFACT_HELP: Final = "APP/USER/SESSION/FILENAME, or APP/USER/user:FILENAME for what is in no session."
SCOPE_HELP: Final = "APP/USER/SESSION, or APP/USER for what is in no session."

_USER_SEGMENT: Final = "user"
_ESCAPED: Final = re.compile(r"(?:![0-9A-Fa-f]{2})+")


def scope_of(text: str) -> Scope:
    """Reads a scope.

    Raises:
        InvalidArtifactError: It is none.
    """
    parts = text.strip("/").split("/")
    if len(parts) == 3 and parts[2] == _USER_SEGMENT:  # noqa: PLR2004 - app, user, session
        parts.pop()
    if len(parts) not in {2, 3} or not all(parts):
        raise _refusal(text, "a scope", SCOPE_HELP)
    return Scope(*map(_decoded, parts))


def artifact_of(text: str) -> ArtifactId:
    """Reads an artifact.

    Raises:
        InvalidArtifactError: It is none.
    """
    app, _, rest = text.partition("/")
    user, _, rest = rest.partition("/")
    if rest.startswith(USER_NAMESPACE):
        session, filename = None, rest.removeprefix(USER_NAMESPACE)
    else:
        session, _, filename = rest.partition("/")
        if session == _USER_SEGMENT:
            session = None
    if not (app and user and filename) or session == "":
        raise _refusal(text, "an artifact", ARTIFACT_HELP)
    scope = Scope(_decoded(app), _decoded(user), None if session is None else _decoded(session))
    return ArtifactId(scope, _decoded(filename))


def shown(artifact: ArtifactId) -> str:
    """An artifact as it can be given again."""
    scope = artifact.scope
    place = f"{_encoded(scope.app)}/{_encoded(scope.user)}"
    if scope.session is None:
        return f"{place}/{USER_NAMESPACE}{_encoded(artifact.filename, slashes=True)}"
    session = "!75ser" if scope.session == _USER_SEGMENT else _encoded(scope.session)
    if session.startswith(USER_NAMESPACE):
        session = f"!75{session[1:]}"
    return f"{place}/{session}/{_encoded(artifact.filename, slashes=True)}"


def plain(text: str) -> str:
    """Without what would command a terminal: names and messages come from others."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def _encoded(text: str, *, slashes: bool = False) -> str:
    def needs(character: str) -> bool:
        return character == "!" or (character == "/" and not slashes) or not character.isprintable()

    return "".join(
        "".join(f"!{byte:02X}" for byte in character.encode()) if needs(character) else character for character in text
    )


def _decoded(text: str) -> str:
    def decode(match: re.Match[str]) -> str:
        return bytes.fromhex(match[0].replace("!", "")).decode()

    try:
        decoded = _ESCAPED.sub(decode, text)
    except UnicodeDecodeError:
        decoded = None
    if decoded is None or "!" in _ESCAPED.sub("", text):
        raise InvalidArtifactError(
            f"{plain(text)}: an exclamation mark is written !21; ! and two hex digits stand for a byte of UTF-8",
            code="invalid_name",
        )
    return decoded


def _refusal(text: str, what: str, form: str) -> InvalidArtifactError:
    return InvalidArtifactError(f"{plain(text)!r} is not {what}: {form}", code="invalid_name")
