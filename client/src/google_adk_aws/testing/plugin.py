"""The pytest plugin: the fixture `artifact_service`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from google_adk_aws.testing._service import InMemoryArtifactService

__all__ = ["artifact_service"]


@pytest.fixture
def artifact_service() -> Iterator[InMemoryArtifactService]:
    """An empty artifact service in memory.

    Planned faults that nothing ran into fail the test when it ends: it did not test what it says.
    """
    service = InMemoryArtifactService()
    yield service
    if service.faults.pending:
        pytest.fail(f"nothing ran into {', '.join(map(str, service.faults.pending))}", pytrace=False)
