"""Moving artifacts from one ADK artifact service to another.

    from google_adk_aws.migration import ClientTarget, FileSource, migrate, verify

    report = await migrate(FileSource("artifacts"), ClientTarget(service.client, address="s3://my-artifacts"))
    report = await verify(FileSource("artifacts"), ClientTarget(service.client, address="s3://my-artifacts"))

Told in `docs/migration.md`. Sources are only read.
"""

from google_adk_aws.migration._bucket_source import BucketSource
from google_adk_aws.migration._client_store import ClientSource, ClientTarget
from google_adk_aws.migration._community_source import CommunityS3Source
from google_adk_aws.migration._copying import migrate
from google_adk_aws.migration._file_source import FileSource
from google_adk_aws.migration._gcs_source import GcsBlob, GcsBucket, GcsSource
from google_adk_aws.migration._model import (
    CREATED_KEY,
    VERSION_KEY,
    Facts,
    Found,
    MigrationError,
    OvertakenError,
    Skipped,
    Source,
    SourceArtifact,
    SourceVersion,
    Target,
    TargetVersion,
)
from google_adk_aws.migration._report import Failure, ProgressCallback, Report
from google_adk_aws.migration._service_store import ServiceSource, ServiceTarget
from google_adk_aws.migration._verifying import verify

__all__ = [
    "CREATED_KEY",
    "VERSION_KEY",
    "BucketSource",
    "ClientSource",
    "ClientTarget",
    "CommunityS3Source",
    "Facts",
    "Failure",
    "FileSource",
    "Found",
    "GcsBlob",
    "GcsBucket",
    "GcsSource",
    "MigrationError",
    "OvertakenError",
    "ProgressCallback",
    "Report",
    "ServiceSource",
    "ServiceTarget",
    "Skipped",
    "Source",
    "SourceArtifact",
    "SourceVersion",
    "Target",
    "TargetVersion",
    "migrate",
    "verify",
]
