"""Bucket, tables and secret in the emulator, as `template.yaml` describes them."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local.emulator import CREDENTIALS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from local.template import Template

_STACK = "artifact-api-local"
_STACK_SECONDS = 60.0
_T = TypeVar("_T")


def provision(template: Template, endpoint_url: str) -> dict[str, str]:
    """Make the storage, or find it again, and return the environment that the functions run with.

    CloudFormation in the emulator makes it from the template's own resources, and resolves the functions'
    environment variables. Nobody signs in on one machine: `AUTH_MODE` is `NONE`.
    """
    document, variables = template.storage_stack()
    outputs = _deploy(aws_client("cloudformation", endpoint_url), json.dumps(document))
    _expire_items(template, outputs, endpoint_url)
    environment: dict[str, str] = {}
    for output, (function, variable) in variables.items():
        value = outputs.get(output, "")
        if environment.setdefault(variable, value) != value:
            raise ValueError(f"{function} sets {variable} to another value than the functions before it.")
    return {
        **environment,
        **CREDENTIALS,
        "AWS_DEFAULT_REGION": CREDENTIALS["AWS_REGION"],
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": endpoint_url,
        "AUTH_MODE": "NONE",
        "TRACING": "off",
    }


def empty(environment: dict[str, str]) -> None:
    """Delete every object version and every item; the bucket and the tables stay."""
    endpoint_url = environment["AWS_ENDPOINT_URL"]
    s3 = aws_client("s3", endpoint_url)
    bucket = environment["BUCKET_NAME"]
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if found:
            objects = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in found]
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    dynamodb = aws_client("dynamodb", endpoint_url)
    for table in (environment["INDEX_TABLE_NAME"], environment["IDEMPOTENCY_TABLE_NAME"]):
        keys = [key["AttributeName"] for key in dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]]
        items = (item for page in dynamodb.get_paginator("scan").paginate(TableName=table) for item in page["Items"])
        for batch in _batches(list(items), 25):
            deletions = [{"DeleteRequest": {"Key": {key: item[key] for key in keys}}} for item in batch]
            dynamodb.batch_write_item(RequestItems={table: deletions})


def aws_client(service: str, endpoint_url: str) -> Any:
    """A boto3 client of the emulator, whatever AWS profile this machine has."""
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint_url,
        region_name=CREDENTIALS["AWS_REGION"],
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "path"}, retries={"mode": "standard"}),
    )


def clear_aws_settings() -> None:
    """Forget this machine's own AWS accounts: nothing here may ever reach one."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


def _deploy(cloudformation: Any, body: str) -> dict[str, str]:
    try:
        cloudformation.create_stack(StackName=_STACK, TemplateBody=body)
    except cloudformation.exceptions.AlreadyExistsException:
        try:
            cloudformation.update_stack(StackName=_STACK, TemplateBody=body)
        except ClientError as error:
            if "No updates" not in str(error):
                raise
    deadline = time.monotonic() + _STACK_SECONDS
    while True:
        stack = cloudformation.describe_stacks(StackName=_STACK)["Stacks"][0]
        status: str = stack["StackStatus"]
        if status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        if not status.endswith("_IN_PROGRESS") or time.monotonic() > deadline:
            raise RuntimeError(
                f"The storage of template.yaml cannot be made: {status} {stack.get('StackStatusReason', '')}"
            )
        time.sleep(0.02)


def _expire_items(template: Template, outputs: dict[str, str], endpoint_url: str) -> None:
    """Switch on time to live, which the emulator's CloudFormation leaves out."""
    dynamodb = aws_client("dynamodb", endpoint_url)
    for name, attribute in template.time_to_live_attributes.items():
        found = dynamodb.describe_time_to_live(TableName=outputs[name])["TimeToLiveDescription"]
        if found["TimeToLiveStatus"] != "ENABLED":
            dynamodb.update_time_to_live(
                TableName=outputs[name], TimeToLiveSpecification={"AttributeName": attribute, "Enabled": True}
            )


def _batches(items: list[_T], size: int) -> Iterator[Iterable[_T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
