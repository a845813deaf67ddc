"""Moving artifacts from one ADK artifact service to another.

    from google_adk_aws.migration import ClientTarget, ServiceSource, migrate

    report = await migrate(ServiceSource(old, scopes, address="old"), ClientTarget(service.client, address="s3://my-artifacts"))

Told in `docs/migration.md`. Sources are only read.
"""

from google_adk_aws.migration._client_store import ClientSource, ClientTarget
from google_adk_aws.migration._copying import migrate
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

__all__ = [
    "CREATED_KEY",
    "VERSION_KEY",
    "ClientSource",
    "ClientTarget",
    "Facts",
    "Failure",
    "Found",
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
]
