"""What a deployment decides: environment variables, read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["InvalidSettings", "Settings"]

_REST_MINUTES: Final = "360"


class InvalidSettings(Exception):
    """The function's environment is incomplete or contradictory: a deployment fault."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The environment of the functions.

    Attributes:
        bucket_name: The bucket of records.
        index_table_name: The index table.
        erase_queue_url: The queue of users' deletions; only the erase function has one.
        metrics_namespace: CloudWatch namespace of the metrics.
        reconcile_rest_seconds: How long after a complete run of reconcile the next one begins.
    """

    bucket_name: str
    index_table_name: str
    erase_queue_url: str | None
    metrics_namespace: str
    reconcile_rest_seconds: float

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Reads the environment.

        Raises:
            InvalidSettings: A variable is missing or has a value that it cannot have.
        """

        def required(name: str) -> str:
            value = environ.get(name)
            if not value:
                raise InvalidSettings(f"environment variable {name} is missing")
            return value

        rest_minutes = environ.get("RECONCILE_REST_MINUTES") or _REST_MINUTES
        if not rest_minutes.isascii() or not rest_minutes.isdigit():
            raise InvalidSettings("RECONCILE_REST_MINUTES must be a whole number")
        return cls(
            bucket_name=required("BUCKET_NAME"),
            index_table_name=required("INDEX_TABLE_NAME"),
            erase_queue_url=environ.get("ERASE_QUEUE_URL") or None,
            metrics_namespace=environ.get("POWERTOOLS_METRICS_NAMESPACE") or "ArtifactApi",
            reconcile_rest_seconds=int(rest_minutes) * 60,
        )
