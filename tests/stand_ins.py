"""What plays AWS in the tests of storage.

Usually the emulator that a test starts for itself. `make second-opinion` names other servers instead, which it
started before the tests and which only the tests that are written for every stand-in know how to use.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

from local import Emulator

S3_URL, DYNAMODB_URL = "STAND_IN_S3_URL", "STAND_IN_DYNAMODB_URL"
"""Environment variables with the endpoints of the second opinion."""


@dataclass(frozen=True)
class Endpoints:
    """Where S3 and DynamoDB answer."""

    s3: str
    dynamodb: str

    def of(self, service: str) -> str:
        return self.s3 if service == "s3" else self.dynamodb

    def environment(self) -> dict[str, str]:
        """What sends an AWS client in another process there."""
        return {"AWS_ENDPOINT_URL_S3": self.s3, "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb}


def second_opinion() -> Endpoints | None:
    """The servers of the second opinion, when this run asks for one."""
    if S3_URL in os.environ and DYNAMODB_URL in os.environ:
        return Endpoints(s3=os.environ[S3_URL], dynamodb=os.environ[DYNAMODB_URL])
    return None


@contextlib.contextmanager
def running() -> Iterator[Endpoints]:
    """The stand-in of this run: the second opinion's servers, or else an emulator, started and stopped."""
    if given := second_opinion():
        yield given
        return
    with Emulator() as emulator:
        yield Endpoints(s3=emulator.url, dynamodb=emulator.url)
