"""Whether a bucket policy denies every request that comes without TLS."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

__all__ = ["lacking", "tls_only_statement"]

Statement: TypeAlias = Mapping[str, Any]

_KEY: Final = "aws:securetransport"
_OPERATORS: Final = frozenset({"bool", "boolifexists"})


def tls_only_statement(bucket_arn: str) -> dict[str, Any]:
    """The statement that does."""
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def lacking(policy: Statement, bucket_arn: str) -> Sequence[str]:
    """What the policy lacks to deny every request without TLS; nothing if it does deny them.

    Several statements may cover bucket and objects between them, but each must stand for everybody, for every
    action and under no other condition: what a narrower one leaves open cannot be told from the policy alone.
    """
    denials = [statement for statement in _list(policy.get("Statement")) if statement.get("Effect") == "Deny"]
    whole = [statement for statement in denials if not _narrowed(statement)]
    found = [pattern for statement in whole for pattern in _list(statement.get("Resource"))]
    open_ones = []
    if not any(_matches(pattern, bucket_arn) for pattern in found):
        open_ones.append("the bucket itself is not covered")
    if not any(_covers(pattern, f"{bucket_arn}/") for pattern in found):
        open_ones.append("its objects are not covered")
    if not open_ones:
        return []
    near = [statement for statement in denials if _names_tls(statement) and _narrowed(statement)]
    return [*open_ones, *(reason for statement in near for reason in _narrowed(statement))]


def _narrowed(statement: Statement) -> list[str]:
    """Why a denial does not stand for every request without TLS."""
    reasons = []
    if not _is_everybody(statement.get("Principal")):
        reasons.append("a denial is not for Principal *")
    if not any(_covers(str(action).lower(), "s3:") for action in _list(statement.get("Action"))):
        reasons.append("a denial is not for Action s3:*")
    if statement.get("Resource") is None:
        reasons.append("a denial names no Resource")
    return reasons + _condition_faults(statement.get("Condition") or {})


def _condition_faults(condition: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Why a condition does not hold for every request without TLS; one that is empty holds for every request."""
    faults = []
    for operator, tests in condition.items():
        for key, values in tests.items():
            if key.lower() != _KEY:
                faults.append(f"a denial has another condition too: {key}")
            elif operator.lower() not in _OPERATORS:
                faults.append(f"a denial compares {key} by {operator}, not by Bool")
            elif "false" not in {str(value).lower() for value in _list(values)}:
                faults.append(f"a denial is for requests with TLS: {key} is not false")
    return faults


def _names_tls(statement: Statement) -> bool:
    condition = statement.get("Condition") or {}
    return any(key.lower() == _KEY for tests in condition.values() for key in tests)


def _is_everybody(principal: Any) -> bool:
    if isinstance(principal, Mapping):
        return "*" in _list(principal.get("AWS"))
    return bool(principal == "*")


def _list(value: Any) -> list[Any]:
    """IAM writes one thing, or a list of them."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _matches(pattern: str, text: str) -> bool:
    """Whether IAM's pattern, in which `*` and `?` alone are special, matches a text."""
    parts = [re.escape(part).replace(r"\?", ".") for part in re.sub(r"\*+", "*", pattern).split("*")]
    return re.fullmatch(".*".join(parts), text, re.DOTALL) is not None


def _covers(pattern: str, start: str) -> bool:
    """Whether a pattern matches every text that starts so."""
    return pattern.endswith("*") and _matches(pattern, start)
