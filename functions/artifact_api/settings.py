"""What a deployment decides: environment variables, read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast, get_args

from artifact_api.grants import InvalidNames, JwtRules, read_apps, read_principals
from artifact_api.retention import InvalidRetention, Retention, read_retention

__all__ = ["AuthMode", "InvalidSettings", "Settings"]

AuthMode: TypeAlias = Literal["IAM", "JWT", "NONE"]


MAX_METRIC_APPS: Final = 50
"""Each of them makes a metric of its own of every kind that its requests count, and CloudWatch bills metrics."""

OTHER_APPS: Final = "(other)"

DEFAULT_INLINE_BYTES: Final = 256 * 1024
MAX_INLINE_BYTES: Final = 4 * 1024 * 1024
"""As base64 it has 5.6 MB; Lambda takes 6 MB of an answer, headers included."""


class InvalidSettings(Exception):
    """The function's environment is incomplete or contradictory: a deployment fault."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The environment of the functions.

    Attributes:
        bucket_name: The bucket of records.
        index_table_name: The index table.
        idempotency_table_name: Powertools' table; only the write function has one.
        cursor_secret_arn: The secret that signs cursors and upload ids; the delete function has none.
        purge_queue_url: The queue of purges that did not end; only the delete function may have one.
        erase_queue_url: The queue of users' deletions; only the delete function may have one.
        auth_mode: Who may call; NONE exists on a developer's machine only.
        jwt: How tokens are read.
        inline_bytes: The largest content that an answer carries; what is larger is to be had from the bucket.
        retention: How long artifacts live whose save does not say it; only the write function has it.
        metrics_namespace: CloudWatch namespace of the metrics.
        metric_apps: The apps whose metrics are to be had by themselves.
    """

    bucket_name: str
    index_table_name: str
    idempotency_table_name: str | None
    cursor_secret_arn: str | None
    purge_queue_url: str | None
    erase_queue_url: str | None
    auth_mode: AuthMode
    jwt: JwtRules
    inline_bytes: int
    retention: Retention
    metrics_namespace: str
    metric_apps: frozenset[str]

    def metric_app(self, app: str) -> str | None:
        """What stands for an app in metrics: itself if it is named, else one name for all others; None if none is."""
        if not self.metric_apps:
            return None
        return app if app in self.metric_apps else OTHER_APPS

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

        auth_mode = required("AUTH_MODE")
        if auth_mode not in get_args(AuthMode):
            raise InvalidSettings(f"AUTH_MODE must be one of {', '.join(get_args(AuthMode))}")
        return cls(
            bucket_name=required("BUCKET_NAME"),
            index_table_name=required("INDEX_TABLE_NAME"),
            idempotency_table_name=environ.get("IDEMPOTENCY_TABLE_NAME") or None,
            cursor_secret_arn=environ.get("CURSOR_SECRET_ARN") or None,
            purge_queue_url=environ.get("PURGE_QUEUE_URL") or None,
            erase_queue_url=environ.get("ERASE_QUEUE_URL") or None,
            auth_mode=cast("AuthMode", auth_mode),
            jwt=_jwt_rules(environ),
            inline_bytes=_inline_bytes(environ.get("INLINE_BYTES") or str(DEFAULT_INLINE_BYTES)),
            retention=_retention(environ.get("RETENTION_DAYS_BY_APP", "")),
            metrics_namespace=environ.get("POWERTOOLS_METRICS_NAMESPACE") or "ArtifactApi",
            metric_apps=_metric_apps(environ.get("METRIC_APPS", "")),
        )


def _jwt_rules(environ: Mapping[str, str]) -> JwtRules:
    try:
        return JwtRules(
            scope_claim=environ.get("JWT_SCOPE_CLAIM") or "scope",
            app_claim=environ.get("JWT_APP_CLAIM") or None,
            user_claim=environ.get("JWT_USER_CLAIM") or "sub",
            apps_by_audience=read_apps(environ.get("JWT_AUDIENCE_APPS", "")),
            principals=read_principals(environ.get("JWT_PRINCIPALS", "")),
        )
    except InvalidNames as error:
        raise InvalidSettings(str(error)) from error


def _retention(text: str) -> Retention:
    try:
        return read_retention(text)
    except InvalidRetention as error:
        raise InvalidSettings(str(error)) from error


def _metric_apps(text: str) -> frozenset[str]:
    apps = frozenset(app.strip() for app in text.split(",") if app.strip())
    if len(apps) > MAX_METRIC_APPS:
        raise InvalidSettings(f"METRIC_APPS names {len(apps)} apps; at most {MAX_METRIC_APPS} can be told apart")
    return apps


def _inline_bytes(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= MAX_INLINE_BYTES):
        raise InvalidSettings(f"INLINE_BYTES must be a number from 0 to {MAX_INLINE_BYTES}")
    return int(text)
