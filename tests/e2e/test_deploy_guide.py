"""docs/deploy.md, word for word: each command in its order, as a reader runs them, and what has then to be true."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.e2e.emulated_cloud import ROOT, EmulatedCloud
from tests.e2e.terminal import Terminal, blocks, sections

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

PAGE: Final = (ROOT / "docs/deploy.md").read_text()
GUIDE: Final = sections(PAGE)
NOT_MADE: Final = {"abandoned-uploads", "table-recovery", "table-expiry"}
LIST: Final = "/v1/apps/{}/users/ada/sessions/s1/artifacts"


def test_only_the_installation_is_not_run() -> None:
    (not_run,) = blocks(PAGE, "sh")
    assert not_run in GUIDE[""]
    assert [line.split()[:2] for line in not_run.splitlines()] == [["pip", "install"], ["uv", "tool"], ["uv", "tool"]]


def test_every_command_of_the_guide(cloud: EmulatedCloud, tmp_path: Path) -> None:
    vpc = cloud.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    table = cloud.client("ec2").create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    with Terminal(cloud, tmp_path, {"VPC": vpc, "ROUTE_TABLE": table}) as terminal:
        for title, text in GUIDE.items():
            # `prod` asks whether to deploy; nothing else may ask.
            answers = "y\n" if title == "Production" else ""
            said = []
            for block in blocks(text):
                if block.startswith("sam delete"):
                    # The emulator's CloudFormation would delete a full bucket too.
                    assert is_empty(cloud, cloud.outputs("artifact-api-dev")["BucketName"])
                said.append(terminal.run(block, answers=answers, statuses=_statuses(block)))
            if said:
                CHECKS[title](cloud, said)


def _statuses(block: str) -> tuple[int, ...]:
    # The emulator's CloudFormation leaves some of the settings out that the check asks for.
    return (1,) if "artifact_store check" in block else ()


def first_stack(_: EmulatedCloud, said: list[str]) -> None:
    saved, *listed, caller = said[-1].splitlines()
    assert saved == "reports/ada/s1/README.md version 0"
    assert "text/markdown\treports/ada/s1/README.md" in "\n".join(listed)
    assert caller.split() == ["ok", "caller", "may", "list", "reports/ada/s1"]


def iam(cloud: EmulatedCloud, _: list[str]) -> None:
    arn = cloud.client("iam").get_role(RoleName="reports-agent")["Role"]["Arn"]
    session = cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="agent")["Credentials"]
    agent = Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    api = cloud.outputs("artifact-api-dev")["ApiId"]

    def status(method: str, path: str) -> int:
        return cloud.call(api, method, path, credentials=agent, body=b"x" if method == "POST" else b"").status

    one = LIST.format("reports") + "/made.md"
    assert [status(method, one) for method in ("POST", "GET", "HEAD", "DELETE")] == [201, 200, 200, 204]
    assert status("GET", LIST.format("others")) == status("POST", LIST.format("others") + "/made.md") == 403


def tokens(cloud: EmulatedCloud, said: list[str]) -> None:
    assert said[-1].splitlines()[-1] == "401"
    name = cloud.outputs("artifact-api-tokens")["ReadFunctionName"]
    variables = cloud.client("lambda").get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    assert json.loads(variables["JWT_PRINCIPALS"]) == {
        "agent@my-project.iam.gserviceaccount.com": {"scope": "artifact:admin", "app": "reports"}
    }


def domain(cloud: EmulatedCloud, said: list[str]) -> None:
    record, made = said
    assert json.loads(record)[0]["Type"] == "CNAME"
    (mapping,) = cloud.client("apigatewayv2").get_api_mappings(DomainName="artifacts.example.com")["Items"]
    assert (mapping["ApiId"], mapping["Stage"]) == (cloud.outputs("artifact-api-dev")["ApiId"], "$default")
    found = cloud.client("apigatewayv2").get_domain_name(DomainName="artifacts.example.com")
    assert made.splitlines()[-1] == found["DomainNameConfigurations"][0]["ApiGatewayDomainName"]


def vpc_endpoints(cloud: EmulatedCloud, _: list[str]) -> None:
    endpoints = cloud.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    assert {endpoint["ServiceName"].rpartition(".")[2] for endpoint in endpoints} == {"s3", "dynamodb"}
    assert {endpoint["VpcEndpointType"] for endpoint in endpoints} == {"Gateway"}
    assert all(endpoint["RouteTableIds"] for endpoint in endpoints)


def key(cloud: EmulatedCloud, said: list[str]) -> None:
    assert said[0].splitlines()[-1] == "reports/ada/s1/again.md version 0"
    parameters = parameters_of(cloud, "artifact-api-dev")
    assert ":key/" in parameters["KmsKeyArn"]
    assert parameters["Tracing"] == "on", "what samconfig.toml says is said again"


def production(cloud: EmulatedCloud, said: list[str]) -> None:
    alarms = cloud.client("cloudwatch").describe_alarms(AlarmNamePrefix="artifact-api-prod")["MetricAlarms"]
    (topic,) = {action for alarm in alarms for action in alarm["AlarmActions"]}
    (subscription,) = cloud.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert subscription["Endpoint"] == "on-call@example.com"
    assert parameters_of(cloud, "artifact-api-prod")["DataDeletionPolicy"] == "Retain"
    required = {line.split()[2]: line.split()[0] for line in said[-1].splitlines() if line.split()[1:2] == ["required"]}
    assert {check for check, state in required.items() if state != "ok"} == NOT_MADE
    assert len(required) > len(NOT_MADE)


def is_empty(cloud: EmulatedCloud, bucket: str) -> bool:
    found = cloud.client("s3").list_object_versions(Bucket=bucket)
    return not found.get("Versions") and not found.get("DeleteMarkers")


def removal(cloud: EmulatedCloud, _: list[str]) -> None:
    with pytest.raises(ClientError, match="does not exist"):
        cloud.outputs("artifact-api-dev")
    buckets = {bucket["Name"] for bucket in cloud.client("s3").list_buckets()["Buckets"]}
    assert not {name for name in buckets if name.startswith("artifact-api-dev")}
    assert {name for name in buckets if name.startswith("artifact-api-prod")}


def parameters_of(cloud: EmulatedCloud, stack: str) -> dict[str, str]:
    (found,) = cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in found["Parameters"]}


CHECKS: Final[dict[str, Callable[[EmulatedCloud, list[str]], None]]] = {
    "The first stack": first_stack,
    "Agents on AWS: IAM": iam,
    "Agents on Google Cloud, or anywhere: tokens": tokens,
    "A domain of its own": domain,
    "From inside a VPC": vpc_endpoints,
    "A key of your own": key,
    "Production": production,
    "Away with it": removal,
}


def test_every_theme_is_looked_at() -> None:
    assert list(CHECKS) == [title for title, text in GUIDE.items() if blocks(text)]
