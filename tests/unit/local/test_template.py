"""What is read from a template, the repository's own among them."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.template import Template

SMALL = """
AWSTemplateFormatVersion: 2010-09-09
Transform: AWS::Serverless-2016-10-31
Parameters:
  Mode: {Type: String, Default: IAM}
Conditions:
  Strict: !Equals [!Ref Mode, IAM]
Globals:
  Function:
    Timeout: 9
    Environment: {Variables: {BUCKET: !Ref Files, MODE: !If [Strict, a, b]}}
Resources:
  Files:
    Type: AWS::S3::Bucket
    DeletionPolicy: !Ref Mode
    Properties:
      VersioningConfiguration: {Status: Enabled}
      NotificationConfiguration: {QueueConfigurations: [{Queue: !GetAtt Queue.Arn, Event: "s3:ObjectCreated:*"}]}
  Rows:
    Type: AWS::DynamoDB::Table
    Properties: {TimeToLiveSpecification: {AttributeName: gone_at, Enabled: true}}
  Queue:
    Type: AWS::SQS::Queue
  Read:
    Type: AWS::Serverless::Function
    Properties:
      Handler: pkg.read.handler
      MemorySize: 512
      Environment: {Variables: {TABLE: !Sub "${Rows}", QUEUE: !GetAtt Queue.Arn, MODE: fixed}}
  ReadIntegration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {IntegrationUri: !Sub "arn:${AWS::Partition}:lambda:${Read.Arn}/invocations"}
  ReadRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties: {RouteKey: GET /x, Target: !Join [/, [integrations, !Ref ReadIntegration]]}
"""


@pytest.fixture
def small(tmp_path: Path) -> Template:
    path = tmp_path / "template.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return Template.load(path)


def test_functions_have_the_globals_applied(small: Template) -> None:
    read = small.functions["Read"]
    assert (read.handler, read.memory_mb, read.timeout_seconds) == ("pkg.read.handler", 512, 9)
    assert read.environment["MODE"] == "fixed"
    assert read.environment["BUCKET"] == {"Ref": "Files"}


def test_a_route_leads_to_its_function(small: Template) -> None:
    assert [(route.key, route.function) for route in small.routes] == [("GET /x", "Read")]


def test_a_route_to_nowhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(SMALL.replace("!Ref ReadIntegration", "nothing"), encoding="utf-8")
    with pytest.raises(ValueError, match="ReadRoute"):
        _ = Template.load(path).routes


def test_the_storage_stack_is_what_keeps_data(small: Template) -> None:
    stack, variables = small.storage_stack()
    assert stack["Resources"] == {
        "Files": {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}},
        "Rows": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {"TimeToLiveSpecification": {"AttributeName": "gone_at", "Enabled": True}},
        },
    }
    assert set(stack) == {"Parameters", "Conditions", "Resources", "Outputs"}
    values = {variable: stack["Outputs"][output]["Value"] for output, (_, variable) in variables.items()}
    # The queue is not here, so nothing can name it.
    assert values == {"BUCKET": {"Ref": "Files"}, "MODE": "fixed", "TABLE": {"Fn::Sub": "${Rows}"}}


def test_time_to_live(small: Template) -> None:
    assert small.time_to_live_attributes == {"Rows": "gone_at"}


def test_the_repositorys_template() -> None:
    template = Template.load()
    functions = {function.name: function.handler for function in template.functions.values()}
    assert functions["ReadFunction"] == "artifact_api.read.handler"
    by_key = {route.key: route.function for route in template.routes}
    session = "/v1/apps/{app}/users/{user}/sessions/{session}/artifacts/{filename}"
    assert by_key[f"POST {session}"] == "WriteFunction"
    assert by_key[f"GET {session}"] == by_key[f"HEAD {session}"] == by_key["GET /v1/health"] == "ReadFunction"
    assert by_key[f"DELETE {session}"] == "DeleteFunction"
    assert {"ArtifactBucket", "IndexTable", "IdempotencyTable", "CursorSecret"} <= template.storage_stack()[0][
        "Resources"
    ].keys()
