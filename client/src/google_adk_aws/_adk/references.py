"""`artifact://` references: an artifact whose content is the name of another one.

Not ADK's own functions: `parse_artifact_uri` of google-adk 1.27 knows no names with `/` and ignores
what follows the version, and the checks of scope and depth came later. Meaning and messages are those
of google-adk 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from artifact_store.errors import InvalidInput
from artifact_store.names import MAX_VERSION, ArtifactId
from google_adk_aws._errors import InvalidArtifactError
from google_adk_aws._model.references import REFERENCE_PREFIX

__all__ = ["MAX_HOPS", "Caller", "Reference", "resolve"]

MAX_HOPS: Final = 5
"""References that one load follows before it gives up."""

_VERSION_DIGITS: Final = len(str(MAX_VERSION))


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: a reference may not lead out of this."""

    app: str
    user: str
    session: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a reference names.

    Attributes:
        artifact: The artifact.
        version: Its version; None when the number is one that no version can have.
        caller: Who asks next, if the artifact is a reference itself.
    """

    artifact: ArtifactId
    version: int | None
    caller: Caller


def resolve(uri: str, *, caller: Caller) -> Reference:
    """Reads a reference and checks that the caller may follow it.

    Raises:
        InvalidArtifactError: Not a reference, or one to another app, user or session.
    """
    app, user, session, filename, version = _split(uri)
    if app != caller.app or user != caller.user:
        raise _invalid("Artifact references must stay within the same app and user scope.")
    if session is not None and session != caller.session:
        raise _invalid("Session-scoped artifact references must stay within the same session scope.")
    try:
        artifact = ArtifactId.of(app=app, user=user, session=session, filename=filename)
    except InvalidInput as error:
        raise _malformed(uri) from error
    return Reference(artifact=artifact, version=version, caller=Caller(app=app, user=user, session=session))


def _split(uri: str) -> tuple[str, str, str | None, str, int | None]:
    """Takes `artifact://apps/A/users/U[/sessions/S]/artifacts/F/versions/N` apart.

    A filename may contain anything, also these words; ids may not. So ids end at the first such word,
    the filename at the last.
    """
    path = uri.removeprefix(REFERENCE_PREFIX + "apps/")
    app, users, rest = path.partition("/users/")
    before, artifacts, named = rest.partition("/artifacts/")
    user, sessions, session = before.partition("/sessions/")
    filename, versions, number = named.rpartition("/versions/")
    complete = path != uri and users and artifacts and versions and app and user and filename
    if not complete or (sessions and not session) or not (number.isascii() and number.isdigit()):
        raise _malformed(uri)
    significant = number.lstrip("0") or "0"
    version = int(significant) if len(significant) <= _VERSION_DIGITS else None
    return app, user, session if sessions else None, filename, version


def _malformed(uri: str) -> InvalidArtifactError:
    return _invalid(f"Invalid artifact reference URI: {uri}")


def _invalid(message: str) -> InvalidArtifactError:
    return InvalidArtifactError(message, code="invalid_reference", field="artifact")
