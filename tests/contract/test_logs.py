from __future__ import annotations

import base64
import hashlib
import io
import json
from typing import Any

import pytest

from artifact_api import wiring
from artifact_api.telemetry import logger
from tests.contract.calls import SESSION, call, packed
from tests.contract.transfers import send
from tests.faults.interposed import World

SECRETS = {
    "body": "SECRET-BODY",
    "token": "Bearer SECRET-TOKEN",
    "part": "SECRET-PART",
    "metadata": "SECRET-METADATA",
    "query": "SECRET-QUERY",
    "name": "SECRET-NAME",
    "key": "SECRET-KEY",
}


def everything_secret(method: str, **parts: Any) -> None:
    call(
        method,
        f"{SESSION}/{SECRETS['name']}",
        body=SECRETS["body"].encode() if method == "POST" else None,
        headers={
            "Authorization": SECRETS["token"],
            "Artifact-Part": packed({"displayName": SECRETS["part"]}),
            "Artifact-Metadata": packed({"m": SECRETS["metadata"]}),
            "If-None-Match": SECRETS["key"],
        },
        **parts,
    )


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_nothing_that_a_caller_sent_is_logged(
    level: str, world: World, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    logger.setLevel(level)
    try:
        for method in ("POST", "GET", "HEAD", "DELETE", "PUT"):
            everything_secret(method)
            everything_secret(method, query={"cursor": SECRETS["query"]})

        def bug(_name: str, _phase: str) -> None:
            raise ValueError(*SECRETS.values())

        wiring.use(store=world.store(bug))
        for method in ("POST", "GET", "HEAD", "DELETE"):
            everything_secret(method)
    finally:
        logger.setLevel("INFO")
    written = log.getvalue() + capsys.readouterr().out
    assert "ValueError" in written
    for secret in SECRETS.values():
        assert secret not in written
        assert base64.b64encode(secret.encode()).decode().rstrip("=") not in written


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_nothing_of_an_upload_is_logged(
    level: str, world: World, log: io.StringIO, aws: object, capsys: pytest.CaptureFixture[str]
) -> None:
    logger.setLevel(level)
    doc = f"{SESSION}/{SECRETS['name']}"
    digest = hashlib.sha256(b"SECRET-BODY").hexdigest()

    def posted(path: str, body: Any, **headers: str) -> Any:
        return call("POST", path, body=json.dumps(body), headers={**headers, "Authorization": SECRETS["token"]}).json

    try:
        begun = posted(f"{doc}/uploads", {"size": 11, "mimeType": "secret/type"})
        upload = f"{doc}/uploads/{begun['uploadId']}"
        (part,) = posted(f"{upload}/parts", {"parts": [{"number": 1, "size": 11, "sha256": digest}]})["parts"]
        assert send(world, part["request"], b"SECRET-BODY") == (200, b"")
        facts = {
            "size": 11,
            "sha256": digest,
            "part": {"displayName": SECRETS["part"]},
            "customMetadata": {"m": SECRETS["metadata"]},
        }
        posted(f"{upload}/finalize", facts, **{"If-Match": SECRETS["key"]})
        saved = posted(f"{upload}/finalize", facts)
        assert saved["version"] == 0
        link = posted(f"{doc}/versions/0/link", {})
        call("GET", upload, query={"after": SECRETS["query"]})
        call("DELETE", upload)

        def bug(_name: str, _phase: str) -> None:
            raise ValueError(begun, part, link)

        wiring.use(store=world.store(bug))
        posted(f"{upload}/finalize", facts)
        posted(f"{doc}/versions/0/link", {})
    finally:
        logger.setLevel("INFO")
    written = log.getvalue() + capsys.readouterr().out
    assert "ValueError" in written
    told = [begun["uploadId"], part["request"]["url"], link["request"]["url"], digest, "secret/type", "signature="]
    for secret in (*SECRETS.values(), *told):
        assert secret not in written


def test_a_log_line_names_its_request_and_no_other(world: World, log: io.StringIO) -> None:
    def bug(_name: str, _phase: str) -> None:
        raise ValueError

    wiring.use(store=world.store(bug))
    call("GET", f"{SESSION}/doc")
    (line,) = log.getvalue().splitlines()
    assert json.loads(line)["correlation_id"] == "request-1"


def metrics_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]


@pytest.mark.parametrize(
    ("method", "path", "operation", "expected"),
    [
        ("POST", f"{SESSION}/doc", "save_artifact", {"Saves": [1.0], "BytesSaved": [5.0]}),
        ("GET", f"{SESSION}/doc", "load_artifact", {"Loads": [1.0], "BytesLoaded": [5.0]}),
        ("GET", SESSION, "list_artifacts", {"Lists": [1.0]}),
        ("DELETE", f"{SESSION}/doc", "delete_artifact", {"Deletes": [1.0]}),
        ("GET", f"{SESSION}/missing", "load_artifact", {"Problem.artifact_not_found": [1.0]}),
        ("PUT", f"{SESSION}/missing", "unknown", {"Problem.method_not_allowed": [1.0]}),
    ],
)
def test_metrics(
    method: str, path: str, operation: str, expected: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    call("POST", f"{SESSION}/doc", body=b"bytes")
    capsys.readouterr()
    call(method, path, body=b"bytes" if method == "POST" else None)
    (metrics,) = metrics_of(capsys)
    assert {name: metrics[name] for name in expected} == expected
    assert metrics["operation"] == operation
    (directive,) = metrics["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "ArtifactApi"
    assert set(directive["Dimensions"][0]) == {"operation", "service"}
    assert {metric["Name"] for metric in directive["Metrics"]} == expected.keys()


def test_replays_and_not_modified_are_counted(capsys: pytest.CaptureFixture[str], aws: object) -> None:
    etag = ""
    for _ in range(2):
        etag = call("POST", f"{SESSION}/doc", body=b"x", headers={"Idempotency-Key": "k"}).headers["etag"]
    for method in ("GET", "HEAD"):
        call(method, f"{SESSION}/doc", headers={"If-None-Match": etag})
    _, replay, get, head = metrics_of(capsys)
    assert replay["Replays"] == [1.0]
    assert "Saves" not in replay
    assert "BytesSaved" not in replay
    assert get["NotModified"] == head["NotModified"] == [1.0]
