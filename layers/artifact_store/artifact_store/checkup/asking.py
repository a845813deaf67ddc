"""Asking AWS one thing: an answer is judged, and whatever is no answer leaves the question open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)

from artifact_store.checkup.report import Check, NotCheckable, Severity, State
from artifact_store.errors import ArtifactStoreError

__all__ = ["Question", "Verdict", "ask", "off", "ok", "unless_absent"]

Answer = TypeVar("Answer")

_NO_SUCH_THING: Final = frozenset(
    {"InvalidBucketName", "NoSuchBucket", "ResourceNotFoundException", "TableNotFoundException"}
)
_NOT_ACCEPTED: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_NO_CREDENTIALS: Final = (
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "AllAccessDisabled", "403"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer comes to; see `Check` for its parts."""

    state: State
    found: str
    remedy: str | None = None


def ok(found: str) -> Verdict:
    """It is as it has to be."""
    return Verdict(State.OK, found)


def off(found: str, remedy: str) -> Verdict:
    """It is not."""
    return Verdict(State.OFF, found, remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing to find out; see `Check` for its parts.

    Attributes:
        target: The bucket or the table, for people.
        permission: What the judge's calls need of IAM.
        resource: On what they need it.
        judge: Asks AWS, and judges the answer; raises whatever boto3 raises.
    """

    name: str
    looks_at: str
    severity: Severity = Severity.REQUIRED
    target: str
    permission: str
    resource: str
    judge: Callable[[], Verdict]


def ask(question: Question) -> Check:
    """Asks one question. No failure ever passes for an answer.

    Raises:
        NotCheckable: There is no such bucket or table, or AWS does not know the caller.
    """
    try:
        verdict = question.judge()
    except Exception as error:  # noqa: BLE001 - of a check that fails in any way, nothing is known
        return _left_open(question, _cause(error))
    return Check(
        name=question.name,
        looks_at=question.looks_at,
        severity=question.severity,
        state=verdict.state,
        found=verdict.found,
        remedy=verdict.remedy,
    )


def unless_absent(code: str, call: Callable[[], Answer]) -> Answer | None:
    """Asks for a setting for whose absence S3 has an error code; None if it is absent."""
    try:
        return call()
    except ClientError as error:
        if _code(error) == code:
            return None
        raise


def _cause(error: Exception) -> Exception:
    """What AWS or botocore said, beneath the store's own error."""
    if isinstance(error, ArtifactStoreError) and isinstance(error.__cause__, Exception):
        return error.__cause__
    return error


def _code(error: ClientError) -> str:
    response: Any = error.response
    return str(response.get("Error", {}).get("Code", "")) or "an error without a code"


def _left_open(question: Question, error: Exception) -> Check:
    _refuse_what_no_check_survives(question, error)
    again = f"Check again. If it stays so: the check needs {question.permission} on {question.resource}"
    if isinstance(error, ClientError):
        # The code alone: AWS's messages hold ARNs and names of people.
        name = _code(error)
        found = f"AWS answered {name}"
        if name in _DENIED:
            again = f"Allow {question.permission} on {question.resource}, then check again"
    else:
        name = type(error).__name__
        connected = isinstance(error, BotoCoreError | HTTPClientError)
        found = f"there was no answer: {name}" if connected else f"the answer could not be judged: {name}"
    return Check(
        name=question.name,
        looks_at=question.looks_at,
        severity=question.severity,
        state=State.COULD_NOT_CHECK,
        found=found,
        remedy=again,
        error=name,
        permission=question.permission,
    )


def _refuse_what_no_check_survives(question: Question, error: Exception) -> None:
    if isinstance(error, NotCheckable):
        raise error
    if isinstance(error, _NO_CREDENTIALS):
        raise NotCheckable(f"there are no AWS credentials: {type(error).__name__}") from error
    if isinstance(error, ParamValidationError):
        raise NotCheckable(f"there can be no {question.target}: AWS allows no such name") from error
    if isinstance(error, ClientError):
        code = _code(error)
        if code in _NO_SUCH_THING:
            raise NotCheckable(f"there is no {question.target} ({code})") from error
        if code in _NOT_ACCEPTED:
            raise NotCheckable(f"AWS does not accept the credentials ({code})") from error
