"""Encoded names come through S3, its events, signed requests and the API as they went in."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from urllib.parse import unquote_plus

import httpx
import pytest

from artifact_store import ArtifactId
from artifact_store.names import encode, parse_object_key
from local import Emulator, LocalApi
from tests.integration.stores import client
from tests.ports.conftest import make_bucket

pytestmark = pytest.mark.integration

HOSTILE = [
    *("a/b", "a!2Fb", "a%2Fb", "a%252Fb", "..", ".", "../../x", "a+b", "a b", " lead", "trail ", "a\\b", "~tilde"),
    *("tab\there", "line\nbreak", "cr\r\nx: y", "nul\x00", "\u202egpj.exe", "'quote'", '"double"', "<svg>", "*", "a,b"),
    *(
        "user:x",
        "versions",
        "artifacts",
        "!blobs/x",
        "%21",
        "!",
        "#h",
        "?q=1",
        "a;b",
        "a&b=c",
        "@",
        "con.txt",
        "-",
        "_",
    ),
    *("é", "e\u0301", "日本語", "🙂"),
]
SEED = 20_261_122


def names() -> list[str]:
    """The hostile ones, and as many of any characters."""
    chance = random.Random(SEED)  # noqa: S311 - made-up names
    alphabet = [chr(code) for code in (*range(1, 0x180), 0x202E, 0x3042, 0xFFFD, 0x1F600, 0x10FFFF)]
    return HOSTILE + ["".join(chance.choices(alphabet, k=chance.randint(1, 12))) for _ in HOSTILE]


def artifacts() -> list[ArtifactId]:
    return [
        ArtifactId.of(app="app", user="a/b@x.org", session=session, filename=name)
        for name in names()
        for session in ("s/1", None)
        if name != "user:"
    ]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


def test_s3_and_its_events_keep_keys(emulator: Emulator) -> None:
    s3, sqs = client("s3", emulator.url), client("sqs", emulator.url)
    bucket = make_bucket(s3)
    queue_url = sqs.create_queue(QueueName="events")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={"QueueConfigurations": [{"QueueArn": queue, "Events": ["s3:ObjectCreated:*"]}]},
    )
    expected = {artifact.object_key(0): artifact for artifact in artifacts()}
    for key in expected:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")

    listed = [
        version["Key"]
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
        for version in page["Versions"]
    ]
    assert sorted(listed) == sorted(expected)
    assert {key: parse_object_key(key) for key in listed} == {key: (a, 0) for key, a in expected.items()}

    told: set[str] = set()
    until = time.monotonic() + 30
    while told < expected.keys() and time.monotonic() < until:
        messages = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in messages.get("Messages", []):
            records = json.loads(message["Body"]).get("Records", [])
            told |= {unquote_plus(record["s3"]["object"]["key"]) for record in records}
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    assert told == expected.keys()


def test_the_api_keeps_names() -> None:
    with LocalApi() as api, httpx.Client(base_url=api.url, timeout=30) as http:
        base = f"/v1/apps/app/users/{encode('a/b@x.org')}/sessions/{encode('s/1')}/artifacts"
        expected: dict[str, bytes] = {}
        for number, name in enumerate(names()):
            if name.startswith("user:"):
                continue
            url = f"{base}/{encode(name)}"
            assert httpx.URL(url).raw_path.decode() == url
            saved = http.post(url, content=b"%d" % number)
            assert (saved.status_code, saved.json()["filename"]) == (201, name), saved.text
            expected[name] = b"%d" % number
        assert {name: http.get(f"{base}/{encode(name)}").content for name in expected} == expected
        listed = http.get(f"{base}?limit=1000").json()["artifacts"]
        assert {item["filename"] for item in listed} == expected.keys()
