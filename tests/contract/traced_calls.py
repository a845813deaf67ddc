"""Saves, fails to save, and loads with TRACING on, and prints what X-Ray's daemon is sent; a process of its own.

(X-Ray's SDK stays in botocore once it is there.)
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto import mock_aws

NAME = "SECRET-NAME"
REFUSED = f"<Error><Code>AccessDenied</Code><Message>not authorized on app/u/s/{NAME}/1</Message></Error>"
ENVIRONMENT = {
    "AUTH_MODE": "NONE",
    "BUCKET_NAME": "bucket",
    "INDEX_TABLE_NAME": "index",
    "IDEMPOTENCY_TABLE_NAME": "idempotency",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "TRACING": "on",
    "LAMBDA_TASK_ROOT": "/var/task",
    "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
}


class _Raw:
    def stream(self) -> Iterator[bytes]:
        yield REFUSED.encode()


def _refuse(request: Any, **_: Any) -> Any:
    return AWSResponse(request.url, 403, HTTPHeaders(), _Raw())


def main() -> None:
    daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    daemon.bind(("127.0.0.1", 0))
    daemon.setblocking(False)
    os.environ.update(ENVIRONMENT, AWS_XRAY_DAEMON_ADDRESS=f"127.0.0.1:{daemon.getsockname()[1]}")
    with mock_aws():
        bucket = boto3.client("s3", "us-east-1")
        bucket.create_bucket(Bucket="bucket")
        bucket.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
        tables: dict[str, dict[str, Any]] = {"index": {"pk": "HASH", "sk": "RANGE"}, "idempotency": {"id": "HASH"}}
        for name, keys in tables.items():
            boto3.client("dynamodb").create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            )
        _call()
    while True:
        try:
            segment = daemon.recv(65_536)
        except BlockingIOError:
            return
        print(segment.partition(b"\n")[2].decode())  # noqa: T201 - what this program is for


def _call() -> None:
    # Tracing begins when the handlers are imported.
    from artifact_api import read, wiring, write  # noqa: PLC0415
    from artifact_store.adapters.aws import S3_CONFIG, open_store  # noqa: PLC0415
    from tests.contract.calls import SESSION, Context, event_of  # noqa: PLC0415

    document = f"{SESSION}/{NAME}"
    statuses = [write.handler(event_of("POST", document, body=b"SECRET-BODY"), Context())["statusCode"]]
    s3 = boto3.client("s3", config=S3_CONFIG)
    s3.meta.events.register("before-send.s3.PutObject", _refuse)
    whole = wiring.store()
    wiring.use(store=open_store(bucket_name="bucket", index_table_name="index", s3=s3))
    statuses.append(write.handler(event_of("POST", document, body=b"SECRET-BODY"), Context())["statusCode"])
    wiring.use(store=whole)
    statuses.append(read.handler(event_of("GET", document), Context())["statusCode"])
    print(json.dumps(statuses))  # noqa: T201


if __name__ == "__main__":
    main()
