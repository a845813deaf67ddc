"""google-adk-community's `S3ArtifactService`, in a venv of its own: its SDK pins another botocore than ours.

Three ways to run it:

- `default`: as its users do, a bucket and where it is.
- `tuned`: the best that its arguments allow. It makes a new aioboto3 client for every call, two for a save or for
  loading the latest, so pools and keep-alive save nothing between operations. What is left is CPU: no parameter
  validation, no checksums that nobody asked for, a fixed region and addressing style; more pooled connections for its
  ten HEADs at a time; and retries without end, so that many savers of one name do not fail.
- `kept`: a patch, not a configuration: `tuned` with one client kept open. It shows what is left of a difference that
  is due to making clients.
"""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.adk.artifacts.base_artifact_service import BaseArtifactService


@asynccontextmanager
async def opened(settings: Mapping[str, Any]) -> AsyncIterator[BaseArtifactService]:
    """The service; `settings` has `bucket`, `endpoint` and `way`: default, tuned or kept."""
    # By name: only the venv of benchmarks has these.
    service_class: Any = importlib.import_module("google.adk_community.artifacts").S3ArtifactService
    aws: dict[str, Any] = {"endpoint_url": settings["endpoint"]}
    if settings["way"] == "default":
        yield service_class(bucket_name=settings["bucket"], aws_configs=aws)
        return
    config: Any = importlib.import_module("aiobotocore.config").AioConfig
    aws |= {
        "region_name": "us-east-1",
        "config": config(
            max_pool_connections=50,
            parameter_validation=False,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "path"},
        ),
    }
    service = service_class(bucket_name=settings["bucket"], aws_configs=aws, save_max_retries=-1)
    if settings["way"] == "tuned":
        yield service
        return
    session: Any = importlib.import_module("aioboto3").Session()
    async with session.client("s3", **aws) as client:

        @asynccontextmanager
        async def the_same() -> AsyncIterator[Any]:
            yield client

        service._client = the_same  # noqa: SLF001 - the patch that the module's docstring tells of
        yield service
