"""Stacks on the emulated cloud, and who may call them."""

from __future__ import annotations

import dataclasses
import platform
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.credentials import Credentials

    from tests.e2e.emulated_cloud import Answer, EmulatedCloud

ARCHITECTURE = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stack:
    """A deployed stack and somebody who may call it."""

    cloud: EmulatedCloud
    name: str
    outputs: dict[str, str]
    caller: Credentials

    def resource(self, logical_id: str) -> str:
        """The physical id of one of its resources."""
        found = self.cloud.client("cloudformation").describe_stack_resource(
            StackName=self.name, LogicalResourceId=logical_id
        )
        physical: str = found["StackResourceDetail"]["PhysicalResourceId"]
        return physical

    def call(self, method: str, path: str, *, body: bytes = b"", **headers: str) -> Answer:
        """A signed request; `idempotency_key=` is the header Idempotency-Key."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.cloud.call(self.outputs["ApiId"], method, path, credentials=self.caller, body=body, headers=named)


def deploy(cloud: EmulatedCloud, name: str, **parameters: str) -> Stack:
    """Deploy a stack, and make a user who may call its API."""
    cloud.deploy(name, {"Architecture": ARCHITECTURE, **parameters})
    outputs = cloud.outputs(name)
    may_call = {
        "Effect": "Allow",
        "Action": "execute-api:Invoke",
        "Resource": f"arn:aws:execute-api:us-east-1:000000000000:{outputs['ApiId']}/*",
    }
    return Stack(cloud=cloud, name=name, outputs=outputs, caller=cloud.user(f"{name}-caller", may_call))
