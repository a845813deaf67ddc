"""An artifact service in memory for the tests of an agent, with switches that make it fail.

    service = InMemoryArtifactService()
    service.faults.fail("save")

In pytest it is a fixture, `artifact_service`: `pytest_plugins = ["google_adk_aws.testing.plugin"]` in `conftest.py`.
"""

from google_adk_aws.testing._faults import Fault, Faults, Operation
from google_adk_aws.testing._service import InMemoryArtifactService

__all__ = ["Fault", "Faults", "InMemoryArtifactService", "Operation"]
