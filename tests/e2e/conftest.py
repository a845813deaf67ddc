from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from artifact_store import ArtifactId
from tests.e2e.emulated_cloud import BUILD, ROOT, EmulatedCloud
from tests.e2e.handling import Crashed, crash_save, path_of
from tests.e2e.issuer import Certificate, Issuer
from tests.e2e.stacks import ARCHITECTURE, Stack, deploy
from tests.e2e.token_stack import Deployment, deploy_for_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ARCHITECTURE", "Stack", "deploy"]


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedCloud]:
    with EmulatedCloud(tmp_path_factory.mktemp("cloud")) as cloud:
        cloud.sam("build", "--template-file", str(ROOT / "template.yaml"), "--build-dir", str(BUILD))
        yield cloud


@pytest.fixture(scope="session")
def new_stack(cloud: EmulatedCloud) -> Stack:
    return deploy(cloud, "artifact-api")


@pytest.fixture(scope="session")
def crashed(new_stack: Stack) -> Crashed:
    artifact = ArtifactId.of(app="report-writer", user="crashed@x.org", session="s/1", filename="charts/q1.png")
    crash_save(new_stack, artifact)
    found = Crashed(artifact=artifact, at=time.time())
    assert new_stack.call("GET", path_of(artifact)).status == 404
    return found


@pytest.fixture(scope="session")
def stack(new_stack: Stack, crashed: Crashed) -> Stack:
    """The stack that most tests share; what crashed takes its minute while they run."""
    return new_stack


@pytest.fixture(scope="session")
def issuer(cloud: EmulatedCloud) -> Iterator[Issuer]:
    with Issuer(Certificate(shown=cloud.certificate, key=cloud.certificate_key)) as issuer:
        yield issuer


@pytest.fixture(scope="session")
def deployment(cloud: EmulatedCloud, issuer: Issuer) -> Deployment:
    return deploy_for_tokens(cloud, issuer)
