from __future__ import annotations

from collections.abc import Iterator

import pytest

from artifact_store import ArtifactStore
from artifact_store.adapters.memory import open_store
from google_adk_aws import S3ArtifactService
from google_adk_aws.migration import ClientTarget
from tests.direct_services import in_memory


@pytest.fixture
def store() -> ArtifactStore:
    return open_store()


@pytest.fixture
def ours(store: ArtifactStore) -> Iterator[S3ArtifactService]:
    """A service of ours over strict adapters in memory."""
    with in_memory(store) as service:
        yield service


@pytest.fixture
def target(ours: S3ArtifactService) -> ClientTarget:
    return ClientTarget(ours.client, address="s3://ours")
