"""What a bucket's lifecycle rules do: give up what was never completed, and keep every current version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

__all__ = ["ABORT_RULE", "aborting_days", "expiring"]

Rule: TypeAlias = Mapping[str, Any]

ABORT_RULE: Final = {
    "ID": "AbortAbandonedUploads",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
}
"""A rule that aborts uploads no sooner than the store gives them up itself."""


def aborting_days(rules: Sequence[Rule]) -> tuple[int | None, str]:
    """After how many days any incomplete upload is aborted; None if that is not so, and why."""
    aborting = [rule for rule in rules if rule.get("AbortIncompleteMultipartUpload")]
    if not aborting:
        return None, "no rule aborts incomplete uploads"
    enabled = [rule for rule in aborting if rule["Status"] == "Enabled"]
    if not enabled:
        return None, f"{_named(aborting)} would abort incomplete uploads, but is disabled"
    whole = [rule for rule in enabled if not _is_filtered(rule)]
    if not whole:
        return None, f"{_named(enabled)} aborts incomplete uploads of a part of the bucket only"
    return min(int(rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]) for rule in whole), ""


def expiring(rules: Sequence[Rule]) -> Sequence[str]:
    """Which enabled rules expire current versions, be it under a prefix: each would lose artifacts in silence."""
    return [_name(rule) for rule in rules if rule["Status"] == "Enabled" and _expires(rule.get("Expiration") or {})]


def _expires(expiration: Rule) -> bool:
    return "Days" in expiration or "Date" in expiration


def _is_filtered(rule: Rule) -> bool:
    """Whether a rule is for some objects only; S3 writes `no filter` in several ways."""
    if rule.get("Prefix"):
        return True
    return any(value != "" for value in (rule.get("Filter") or {}).values())


def _named(rules: Sequence[Rule]) -> str:
    return ", ".join(_name(rule) for rule in rules)


def _name(rule: Rule) -> str:
    return f"rule {rule['ID']!r}" if rule.get("ID") else "a rule without a name"
