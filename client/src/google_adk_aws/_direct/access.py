"""What a service on S3 is told at its construction."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Access"]

_BUCKET: Final = re.compile(r"[A-Za-z0-9._-]{1,255}|arn:[!-~]{1,2048}")
_PRINTABLE: Final = re.compile(r"[ -~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Which bucket, and how to reach it; `S3ArtifactService` documents each."""

    bucket_name: str
    region_name: str | None = None
    aws_access_key_id: str | None = field(default=None, repr=False)
    aws_secret_access_key: str | None = field(default=None, repr=False)
    aws_session_token: str | None = field(default=None, repr=False)
    endpoint_url: str | None = None
    table_name: str | None = None
    table_endpoint_url: str | None = None
    workers: int = 20
    check_bucket: bool = True
    check_index_tag: bool = True
    allow_unconditional_writes: bool = False

    def __post_init__(self) -> None:
        if not self.bucket_name:
            raise ValueError("bucket_name must not be empty")
        # What has no type checker may hand in anything.
        bucket_name: object = self.bucket_name
        workers: object = self.workers
        if not isinstance(workers, int) or workers < 1:
            raise ValueError("workers must be at least 1, and a whole number")
        if not isinstance(bucket_name, str) or not _BUCKET.fullmatch(bucket_name):
            raise ValueError(
                "bucket_name must be 1 to 255 letters, digits, '.', '-' and '_', or the ARN of an access point"
            )
        for name in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token"):
            given = getattr(self, name)
            # An empty one is none to boto3, which then takes the environment's. Never shown: it may be another secret.
            if given is not None and not (isinstance(given, str) and _PRINTABLE.fullmatch(given)):
                raise ValueError(f"{name} must be printable text, and not empty")
        # boto3 itself would take the environment's credentials then, which may be somebody else's.
        if (self.aws_access_key_id is None) != (self.aws_secret_access_key is None) or (
            self.aws_session_token is not None and self.aws_access_key_id is None
        ):
            raise ValueError(
                "explicit credentials are aws_access_key_id and aws_secret_access_key, and perhaps a token"
            )
        if self.table_name is not None and not self.table_name:
            raise ValueError("table_name must not be empty; None means an index in the bucket itself")
