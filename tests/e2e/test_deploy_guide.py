"""docs/deploy.md, word for word: each command in its order, as a reader runs them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.e2e.emulated_cloud import ROOT
from tests.e2e.terminal import Terminal, blocks, sections

if TYPE_CHECKING:
    from tests.e2e.emulated_cloud import EmulatedCloud

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

GUIDE: Final = sections((ROOT / "docs/deploy.md").read_text())
MADE: Final = ("agent-policy.json", "tokens.toml", "all.json")


def test_every_command_of_the_guide(cloud: EmulatedCloud, tmp_path: Path) -> None:
    vpc = cloud.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    table = cloud.client("ec2").create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    said = {}
    try:
        with Terminal(cloud, tmp_path, {"VPC": vpc, "ROUTE_TABLE": table}) as terminal:
            for title, text in GUIDE.items():
                said[title] = [terminal.run(block) for block in blocks(text)]
    finally:
        for name in MADE:
            (ROOT / name).unlink(missing_ok=True)

    _, _, tried = said["The first stack"]
    assert "reports/ada/s1/README.md version 0" in tried
    (answer,) = said["Agents elsewhere: tokens"][-1:]
    assert answer.splitlines()[-1] == "401"
    assert "again.md version 0" in said["A key of your own"][0]
    stacks = {stack["StackName"] for stack in cloud.client("cloudformation").describe_stacks()["Stacks"]}
    assert "artifact-api-tokens" in stacks
    assert "artifact-api-dev" not in stacks
