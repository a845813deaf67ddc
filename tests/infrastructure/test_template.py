"""What the stack promises: nobody gets in unasked, no role does more than its work, no data goes by accident."""

from __future__ import annotations

import importlib
import re
from typing import Any

import pytest

from artifact_api.routes import ROUTES
from tests.infrastructure.template import DOCUMENT, ROOT, TEXT, Stack

pytestmark = pytest.mark.unit

SESSION = "/v1/apps/{app}/users/{user}/sessions/{session}/artifacts"
USER = "/v1/apps/{app}/users/{user}/artifacts"
API_FUNCTIONS = ("ReadFunction", "WriteFunction", "DeleteFunction")
MAINTENANCE_FUNCTIONS = (
    "HealFunction",
    "PurgeFunction",
    "ExpireFunction",
    "EraseFunction",
    "ReconcileFunction",
    "RebuildFunction",
    "AdoptFunction",
)
FUNCTIONS = (*API_FUNCTIONS, *MAINTENANCE_FUNCTIONS)

FUNCTION_OF_ROUTE = {
    "GET /v1/health": "ReadFunction",
    f"DELETE {SESSION}": "DeleteFunction",
    "DELETE /v1/apps/{app}/users/{user}": "DeleteFunction",
    "GET /v1/apps/{app}/users/{user}/deletions/{job}": "ReadFunction",
    **{
        f"POST {scope.removesuffix('artifacts')}batch/{operation}": function
        for scope in (SESSION, USER)
        for operation, function in {
            "load": "ReadFunction",
            "describe": "ReadFunction",
            "save": "WriteFunction",
            "delete": "DeleteFunction",
        }.items()
    },
    **{
        route: function
        for scope in (SESSION, USER)
        for route, function in {
            f"POST {scope}/{{filename}}": "WriteFunction",
            f"GET {scope}/{{filename}}": "ReadFunction",
            f"HEAD {scope}/{{filename}}": "ReadFunction",
            f"DELETE {scope}/{{filename}}": "DeleteFunction",
            f"GET {scope}": "ReadFunction",
            f"GET {scope}/{{filename}}/versions": "ReadFunction",
            f"GET {scope}/{{filename}}/versions/{{version}}": "ReadFunction",
            f"HEAD {scope}/{{filename}}/versions/{{version}}": "ReadFunction",
            f"GET {scope}/{{filename}}/versions/{{version}}/metadata": "ReadFunction",
            f"POST {scope}/{{filename}}/uploads": "WriteFunction",
            f"POST {scope}/{{filename}}/uploads/{{upload}}/parts": "WriteFunction",
            f"GET {scope}/{{filename}}/uploads/{{upload}}": "WriteFunction",
            f"POST {scope}/{{filename}}/uploads/{{upload}}/finalize": "WriteFunction",
            f"DELETE {scope}/{{filename}}/uploads/{{upload}}": "WriteFunction",
            f"POST {scope}/{{filename}}/versions/{{version}}/link": "ReadFunction",
        }.items()
    },
}

INDEX, IDEMPOTENCY = "IndexTable.Arn", "IdempotencyTable.Arn"
HEAL_QUEUE, PURGE_QUEUE, ERASE_QUEUE = "HealQueue.Arn", "PurgeQueue.Arn", "EraseQueue.Arn"
WORKED_OFF = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
UPLOADS = "${ArtifactBucket.Arn}/!blobs/*"
BUCKET, CONTENT, SECRET = "ArtifactBucket.Arn", "${ArtifactBucket.Arn}/*", "CursorSecret.Id"
# Role → resource → actions. Growing an entry is a decision, not a detail.
ACTIONS: dict[str, dict[str, set[str]]] = {
    "ReadRole": {
        INDEX: {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"},
        CONTENT: {"s3:GetObject", "s3:GetObjectVersion"},
        BUCKET: {"s3:ListBucket"},
        SECRET: {"secretsmanager:GetSecretValue"},
        "ReadLogs.Arn": {"logs:CreateLogStream", "logs:PutLogEvents"},
    },
    "WriteRole": {
        INDEX: {
            *("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem"),
            *("dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"),
        },
        IDEMPOTENCY: {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"},
        CONTENT: {"s3:PutObject", "s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObjectVersion"},
        UPLOADS: {"s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"},
        BUCKET: {"s3:ListBucket"},
        SECRET: {"secretsmanager:GetSecretValue"},
        "WriteLogs.Arn": {"logs:CreateLogStream", "logs:PutLogEvents"},
    },
    "DeleteRole": {
        INDEX: {
            *("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem"),
            *("dynamodb:DeleteItem", "dynamodb:BatchWriteItem"),
        },
        CONTENT: {"s3:GetObject", "s3:DeleteObject", "s3:DeleteObjectVersion"},
        BUCKET: {"s3:ListBucket"},
        PURGE_QUEUE: {"sqs:SendMessage"},
        ERASE_QUEUE: {"sqs:SendMessage"},
        "DeleteLogs.Arn": {"logs:CreateLogStream", "logs:PutLogEvents"},
    },
    "HealRole": {
        INDEX: {
            *("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem"),
            "dynamodb:ConditionCheckItem",
        },
        CONTENT: {"s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObjectVersion"},
        BUCKET: {"s3:ListBucket"},
        HEAL_QUEUE: WORKED_OFF,
        "HealLogs.Arn": {"logs:CreateLogStream", "logs:PutLogEvents"},
    },
    "PurgeRole": {
        INDEX: {
            *("dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"),
            *("dynamodb:DeleteItem", "dynamodb:BatchWriteItem"),
        },
        CONTENT: {"s3:GetObject", "s3:DeleteObject", "s3:DeleteObjectVersion"},
        BUCKET: {"s3:ListBucket"},
        PURGE_QUEUE: WORKED_OFF,
        "PurgeLogs.Arn": {"logs:CreateLogStream", "logs:PutLogEvents"},
    },
    "ExpireRole": {
        INDEX: {
            *("dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"),
            *("dynamodb:DeleteItem", "dynamodb:BatchWriteItem"),
        },
        CONTENT: {"s3:GetObject", "s3:DeleteObject", "s3:DeleteObjectVersion"},
        BUCKET: {"s3:ListBucket"},
        "IndexTable.StreamArn": {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"},
        "${IndexTable.Arn}/stream/*": {"dynamodb:ListStreams"},
        "ExpireLogs.Arn": {"logs:CreateLogStream", "logs:PutLogEvents"},
    },
    "EraseRole": {
        INDEX: {
            *("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem"),
            *("dynamodb:DeleteItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem"),
        },
        CONTENT: {"s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObject", "s3:DeleteObjectVersion"},
        BUCKET: {"s3:ListBucket", "s3:ListBucketVersions"},
        ERASE_QUEUE: {*WORKED_OFF, "sqs:SendMessage"},
        "EraseLogs.Arn": {"logs:CreateLogStream", "logs:PutLogEvents"},
    },
    "ReconcileRole": {
        INDEX: {
            *("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:PutItem"),
            *("dynamodb:DeleteItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem"),
        },
        CONTENT: {"s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObject", "s3:DeleteObjectVersion"},
        UPLOADS: {"s3:AbortMultipartUpload"},
        BUCKET: {"s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"},
        "ReconcileLogs.Arn": {"logs:CreateLogStream", "logs:PutLogEvents"},
    },
    # Whatever they are told to do, they remove nothing.
    **{
        f"{name}Role": {
            INDEX: {
                *("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem"),
                "dynamodb:ConditionCheckItem",
            },
            CONTENT: {"s3:GetObject", "s3:GetObjectVersion"},
            BUCKET: {"s3:ListBucket", "s3:ListBucketVersions"},
            f"{name}Logs.Arn": {"logs:CreateLogStream", "logs:PutLogEvents"},
        }
        for name in ("Rebuild", "Adopt")
    },
}
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234"
TRACES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}


@pytest.fixture
def stack() -> Stack:
    return Stack()


def routes(stack: Stack) -> dict[str, str]:
    """Route key → function."""
    functions = {
        name: properties["IntegrationUri"]["Fn::GetAtt"][0]
        for name, properties in stack.of_type("AWS::ApiGatewayV2::Integration").items()
    }
    return {
        route["RouteKey"]: functions[route["Target"]["Fn::Sub"].removeprefix("integrations/${").rstrip("}")]
        for route in stack.of_type("AWS::ApiGatewayV2::Route").values()
    }


def statements(stack: Stack, role: str) -> list[dict[str, Any]]:
    policies = stack.resources[role]["Properties"]["Policies"]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def resource_text(resource: Any) -> str:
    if isinstance(resource, dict):
        return ".".join(resource["Fn::GetAtt"]) if "Fn::GetAtt" in resource else str(resource["Fn::Sub"])
    return str(resource)


class TestRoutes:
    def test_each_route_reaches_its_function_and_there_are_no_others(self, stack: Stack) -> None:
        assert routes(stack) == FUNCTION_OF_ROUTE

    def test_functions_know_the_same_routes(self) -> None:
        known = {
            f"{method} {route.path}": f"{route.function.capitalize()}Function"
            for route in ROUTES
            for method in route.methods
        }

        assert known == FUNCTION_OF_ROUTE

    def test_iam_is_asked_for_on_every_route(self) -> None:
        found = Stack(AuthMode="IAM").of_type("AWS::ApiGatewayV2::Route").values()

        assert {(route["AuthorizationType"], "AuthorizerId" in route) for route in found} == {("AWS_IAM", False)}

    def test_a_token_is_asked_for_on_every_route(self) -> None:
        stack = Stack(AuthMode="JWT")
        found = stack.of_type("AWS::ApiGatewayV2::Route").values()

        assert {route["AuthorizationType"] for route in found} == {"JWT"}
        assert all(route["AuthorizerId"] == {"Ref": "JwtAuthorizer"} for route in found)
        assert "JwtAuthorizer" in stack.resources

    def test_nothing_switches_authorization_off(self) -> None:
        assert DOCUMENT["Parameters"]["AuthMode"]["AllowedValues"] == ["IAM", "JWT"]

    def test_access_log_has_no_query_and_no_headers(self, stack: Stack) -> None:
        log_format = stack.resources["ApiStage"]["Properties"]["AccessLogSettings"]["Format"]

        assert "$context.requestId" in log_format
        assert not re.search(
            r"query|\$context\.(requestOverride|protocol|identity\.userAgent)|header", log_format, re.IGNORECASE
        )

    @pytest.mark.parametrize("function", API_FUNCTIONS)
    def test_only_this_api_may_call_a_function(self, stack: Stack, function: str) -> None:
        (permission,) = (
            properties
            for properties in stack.of_type("AWS::Lambda::Permission").values()
            if properties["FunctionName"] == {"Ref": function}
        )

        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert permission["SourceArn"]["Fn::Sub"].endswith(":${Api}/*")


class TestRoles:
    @pytest.mark.parametrize("role", ACTIONS)
    def test_role_has_its_actions_on_its_resources_and_no_more(self, stack: Stack, role: str) -> None:
        found: dict[str, set[str]] = {}
        for statement in statements(stack, role):
            assert statement["Effect"] == "Allow"
            for resource in as_list(statement["Resource"]):
                found.setdefault(resource_text(resource), set()).update(as_list(statement["Action"]))

        assert found == ACTIONS[role]

    @pytest.mark.parametrize("role", ACTIONS)
    def test_tracing_adds_the_two_actions_of_tracing(self, role: str) -> None:
        plain = statements(Stack(), role)
        added = [statement for statement in statements(Stack(Tracing="on"), role) if statement not in plain]

        assert [set(statement["Action"]) for statement in added] == [TRACES]

    @pytest.mark.parametrize("role", ACTIONS)
    def test_a_key_of_the_users_may_be_used_by_who_reads_or_writes_content(self, role: str) -> None:
        plain = statements(Stack(), role)
        added = [statement for statement in statements(Stack(KmsKeyArn=KEY), role) if statement not in plain]
        actions = {action for statement in added for action in as_list(statement["Action"])}
        content = ACTIONS[role].get(CONTENT, set()) | ACTIONS[role].get(UPLOADS, set())

        assert ("kms:Decrypt" in actions) == bool(content & {"s3:GetObject", "s3:GetObjectVersion"})
        assert ("kms:GenerateDataKey" in actions) == ("s3:PutObject" in content)
        assert actions <= {"kms:Decrypt", "kms:GenerateDataKey"}
        for statement in added:
            assert statement["Resource"] == KEY
            assert statement["Condition"] == {
                "StringEquals": {"kms:ViaService": {"Fn::Sub": "s3.${AWS::Region}.${AWS::URLSuffix}"}}
            }

    def test_every_role_is_in_the_table_and_is_lambdas(self, stack: Stack) -> None:
        roles = stack.of_type("AWS::IAM::Role")

        assert roles.keys() == ACTIONS.keys()
        for role in roles.values():
            assert "ManagedPolicyArns" not in role
            (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
            assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}

    def test_no_policy_allows_a_wildcard_action(self) -> None:
        stack = Stack(Tracing="on")
        allowed = [
            action
            for role in ACTIONS
            for statement in statements(stack, role)
            for action in as_list(statement["Action"])
        ]

        assert allowed
        assert not [action for action in allowed if "*" in action]

    def test_no_arn_names_a_partition(self) -> None:
        assert "arn:aws:" not in TEXT


class TestFunctions:
    @pytest.mark.parametrize("function", FUNCTIONS)
    def test_handler_is_there(self, stack: Stack, function: str) -> None:
        module, name = stack.resources[function]["Properties"]["Handler"].rsplit(".", 1)

        assert callable(getattr(importlib.import_module(module), name))

    @pytest.mark.parametrize("function", FUNCTIONS)
    def test_runs_under_its_role_and_logs_where_logs_expire(self, stack: Stack, function: str) -> None:
        properties = stack.resources[function]["Properties"]
        own = function.removesuffix("Function")
        logs = stack.resources[properties["LoggingConfig"]["LogGroup"]["Ref"]]

        assert properties["Role"] == {"Fn::GetAtt": [f"{own}Role", "Arn"]}
        assert logs["Properties"]["RetentionInDays"] == 30

    def test_there_is_no_function_beside_them(self, stack: Stack) -> None:
        assert set(stack.of_type("AWS::Serverless::Function")) == set(FUNCTIONS)

    def test_function_ends_before_the_gateway_gives_up(self, stack: Stack) -> None:
        assert stack.globals["Function"]["Timeout"] < 30

    @pytest.mark.parametrize("name", ["Read", "Write", "Delete"])
    def test_concurrency_is_reserved_by_parameter(self, name: str) -> None:
        parameter = f"{name}ReservedConcurrency"
        plain = Stack().resources[f"{name}Function"]["Properties"]
        reserved = Stack(**{parameter: "5"}).resources[f"{name}Function"]["Properties"]

        assert "ReservedConcurrentExecutions" not in plain
        assert reserved["ReservedConcurrentExecutions"] == "5"

    @pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
    def test_architecture_decides_for_function_and_layer(self, architecture: str) -> None:
        stack = Stack(Architecture=architecture)
        shared = stack.globals["Function"]
        layers = [layer["Ref"] for layer in shared["Layers"]]

        assert shared["Architectures"] == [architecture]
        assert layers[0] == "ArtifactStoreLayer"
        assert stack.resources[layers[1]]["Properties"]["CompatibleArchitectures"] == [architecture]

    @pytest.mark.parametrize("layer", ["RuntimeLayerArm64", "RuntimeLayerX8664", "ArtifactStoreLayer"])
    def test_layer_is_built_for_the_functions_python(self, stack: Stack, layer: str) -> None:
        runtime = stack.globals["Function"]["Runtime"]
        properties = stack.resources[layer]["Properties"]
        makefile = (ROOT / properties["ContentUri"] / "Makefile").read_text(encoding="utf-8")

        assert properties["CompatibleRuntimes"] == [runtime]
        assert f"LAYER_PYTHON ?= {runtime.removeprefix('python')}\n" in makefile
        assert re.search(rf"^build-{layer}\b", makefile, re.MULTILINE)

    def test_runtime_layer_describes_the_services_that_roles_name(self) -> None:
        makefile = (ROOT / "layers" / "runtime" / "Makefile").read_text(encoding="utf-8")
        (kept,) = re.findall(r"^SERVICES := (.*)$", makefile, re.MULTILINE)
        services = {
            action.split(":")[0]
            for role in ACTIONS.values()
            for actions in (*role.values(), TRACES)
            for action in actions
        }

        assert set(kept.split()) == services - {"logs"}  # Lambda writes the logs


class TestMaintenance:
    @pytest.mark.parametrize(
        ("name", "function", "queue"),
        [(f"{name}Mapping", f"{name}Function", f"{name}Queue") for name in ("Heal", "Purge", "Erase")],
    )
    def test_messages_of_a_queue_fail_one_by_one_and_are_set_aside(
        self, stack: Stack, name: str, function: str, queue: str
    ) -> None:
        mapping = stack.resources[name]["Properties"]
        properties = stack.resources[queue]["Properties"]
        aside = stack.resources[properties["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]]["Properties"]

        assert mapping["EventSourceArn"] == {"Fn::GetAtt": [queue, "Arn"]}
        assert mapping["FunctionName"] == {"Ref": function}
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert properties["VisibilityTimeout"] >= 6 * stack.resources[function]["Properties"]["Timeout"]
        assert properties["RedrivePolicy"]["maxReceiveCount"] == 5
        assert aside["MessageRetentionPeriod"] == 14 * 24 * 3600 > properties["MessageRetentionPeriod"]
        assert properties["SqsManagedSseEnabled"] is aside["SqsManagedSseEnabled"] is True

    def test_every_new_object_is_looked_at_a_minute_later(self, stack: Stack) -> None:
        bucket = stack.resources["ArtifactBucket"]
        (notified,) = bucket["Properties"]["NotificationConfiguration"]["QueueConfigurations"]

        assert notified == {"Event": "s3:ObjectCreated:*", "Queue": {"Fn::GetAtt": ["HealQueue", "Arn"]}}
        assert bucket["DependsOn"] == "HealQueuePolicy"
        assert stack.resources["HealQueue"]["Properties"]["DelaySeconds"] == 60

    def test_only_s3_in_this_account_may_put_notifications(self, stack: Stack) -> None:
        allowed = [
            statement
            for policy in stack.of_type("AWS::SQS::QueuePolicy").values()
            for statement in policy["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Allow"
        ]

        (statement,) = allowed
        assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
        assert statement["Action"] == "sqs:SendMessage"
        assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}

    def test_the_schedule_alone_may_invoke_reconcile(self, stack: Stack) -> None:
        rule = stack.resources["ReconcileSchedule"]["Properties"]
        permission = stack.resources["ReconcilePermission"]["Properties"]

        assert [target["Arn"] for target in rule["Targets"]] == [{"Fn::GetAtt": ["ReconcileFunction", "Arn"]}]
        assert permission["Principal"] == "events.amazonaws.com"
        assert permission["SourceArn"] == {"Fn::GetAtt": ["ReconcileSchedule", "Arn"]}

    def test_a_sitting_of_reconcile_ends_before_the_next_tick(self, stack: Stack) -> None:
        assert stack.resources["ReconcileSchedule"]["Properties"]["ScheduleExpression"] == "rate(15 minutes)"
        assert stack.resources["ReconcileFunction"]["Properties"]["Timeout"] <= 15 * 60

    def test_a_delete_knows_where_to_hand_on_its_purge_and_the_deletion_of_a_user(self, stack: Stack) -> None:
        variables = stack.resources["DeleteFunction"]["Properties"]["Environment"]["Variables"]

        assert variables == {"PURGE_QUEUE_URL": {"Ref": "PurgeQueue"}, "ERASE_QUEUE_URL": {"Ref": "EraseQueue"}}

    def test_the_deletion_of_a_user_may_ask_for_as_many_sittings_as_it_needs(self, stack: Stack) -> None:
        properties = stack.resources["EraseFunction"]["Properties"]

        assert properties["Environment"]["Variables"] == {"ERASE_QUEUE_URL": {"Ref": "EraseQueue"}}
        assert properties["RecursiveLoop"] == "Allow"
        assert stack.resources["EraseMapping"]["Properties"]["BatchSize"] == 1


class TestData:
    def test_bucket_is_versioned_encrypted_and_private(self, stack: Stack) -> None:
        bucket = stack.resources["ArtifactBucket"]["Properties"]
        (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]

        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert encryption == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4
        assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        assert "BucketName" not in bucket

    def test_bucket_is_encrypted_with_the_users_key_if_there_is_one(self) -> None:
        bucket = Stack(KmsKeyArn=KEY).resources["ArtifactBucket"]["Properties"]

        assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"] == [
            {
                "BucketKeyEnabled": True,
                "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY},
            }
        ]

    def test_bucket_says_that_it_has_an_index(self, stack: Stack) -> None:
        bucket = stack.resources["ArtifactBucket"]["Properties"]

        assert bucket["Tags"] == [{"Key": "artifact-index-table", "Value": {"Ref": "IndexTable"}}]

    def test_no_rule_expires_a_current_version(self, stack: Stack) -> None:
        rules = stack.resources["ArtifactBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
        settings = {setting for rule in rules for setting in rule} - {"Id", "Status"}

        assert all(rule["Status"] == "Enabled" for rule in rules)
        assert settings == {
            "AbortIncompleteMultipartUpload",
            "NoncurrentVersionExpiration",
            "ExpiredObjectDeleteMarker",
        }

    def test_bucket_refuses_whatever_is_not_tls(self, stack: Stack) -> None:
        (policy,) = stack.of_type("AWS::S3::BucketPolicy").values()
        (statement,) = policy["PolicyDocument"]["Statement"]

        assert policy["Bucket"] == {"Ref": "ArtifactBucket"}
        assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": False}}
        assert [resource_text(resource) for resource in statement["Resource"]] == [BUCKET, CONTENT]

    def test_index_table_can_be_recovered_and_not_dropped(self, stack: Stack) -> None:
        table = stack.resources["IndexTable"]["Properties"]

        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]
        assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert table["DeletionProtectionEnabled"] is True
        assert table["SSESpecification"] == {"SSEEnabled": True}

    def test_answers_to_repeated_requests_expire(self, stack: Stack) -> None:
        table = stack.resources["IdempotencyTable"]["Properties"]

        assert [key["AttributeName"] for key in table["KeySchema"]] == ["id"]
        assert table["TimeToLiveSpecification"] == {"AttributeName": "expiration", "Enabled": True}

    @pytest.mark.parametrize("name", ["ArtifactBucket", "IndexTable"])
    def test_data_outlives_the_stack_unless_asked_otherwise(self, name: str) -> None:
        kept, dropped = Stack().resources[name], Stack(DataDeletionPolicy="Delete").resources[name]

        assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == ("Retain", "Retain")
        assert (dropped["DeletionPolicy"], dropped["UpdateReplacePolicy"]) == ("Delete", "Delete")

    def test_protection_of_the_table_follows_the_same_parameter(self) -> None:
        table = Stack(DataDeletionPolicy="Delete").resources["IndexTable"]["Properties"]

        assert table["DeletionProtectionEnabled"] is False

    def test_every_resource_that_keeps_something_says_what_becomes_of_it(self, stack: Stack) -> None:
        keeping = {"AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SecretsManager::Secret", "AWS::Logs::LogGroup"}
        silent = [
            name
            for name, resource in stack.resources.items()
            if resource["Type"] in keeping and not {"DeletionPolicy", "UpdateReplacePolicy"} <= resource.keys()
        ]

        assert silent == []


class TestSuppressions:
    def test_every_suppression_of_checkov_has_a_reason(self) -> None:
        suppressed = re.findall(r"checkov:skip=(.*)", TEXT)

        assert suppressed
        assert [line for line in suppressed if not re.fullmatch(r"CKV\w*_\d+:\S.{19,}", line)] == []

    def test_every_suppression_of_cfn_lint_has_a_reason(self) -> None:
        ignored = DOCUMENT["Metadata"]["cfn-lint"]["config"]["ignore_checks"]

        assert ignored
        for rule in ignored:
            assert re.search(rf"- {rule} # \S.{{19,}}", TEXT)
        assert TEXT.count("ignore_checks") == 1
