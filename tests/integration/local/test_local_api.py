"""The local API as processes: what it keeps, what it says, what it leaves behind."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from local import Emulator, EmulatorError, LocalApi, LoopbackTransport, Template, provision
from local.provision import aws_client
from local.template import ROOT

pytestmark = pytest.mark.integration

ARTIFACTS = "/v1/apps/demo/users/ann/sessions/s1/artifacts"


def processes_naming(text: str) -> list[int]:
    """Processes whose command line or environment names a path."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if text.encode() in told and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def wait_until_gone(text: str, *, seconds: float = 30) -> list[int]:
    deadline = time.monotonic() + seconds
    while processes_naming(text) and time.monotonic() < deadline:
        time.sleep(0.05)
    return processes_naming(text)


def save(api: LocalApi, name: str, content: bytes) -> httpx.Response:
    response = httpx.post(f"{api.url}{ARTIFACTS}/{name}", content=content, headers={"Content-Type": "image/png"})
    assert response.status_code == 201, response.text
    return response


@pytest.fixture(scope="module")
def api() -> Iterator[LocalApi]:
    with LocalApi() as running:
        yield running


def test_it_saves_and_loads_over_a_socket(api: LocalApi) -> None:
    content = bytes(range(256)) * 100
    save(api, "a.png", content)
    response = httpx.get(f"{api.url}{ARTIFACTS}/a.png")
    assert (response.status_code, response.headers["content-type"], response.content) == (200, "image/png", content)


def test_a_head_tells_what_a_get_does_without_its_body(api: LocalApi) -> None:
    save(api, "head.png", b"abc")
    head, get = (httpx.request(method, f"{api.url}{ARTIFACTS}/head.png") for method in ("HEAD", "GET"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == get.headers["etag"]


def test_a_304_and_a_204_have_no_body(api: LocalApi) -> None:
    etag = save(api, "etag.png", b"abc").headers["etag"]
    again = httpx.get(f"{api.url}{ARTIFACTS}/etag.png", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    gone = httpx.delete(f"{api.url}{ARTIFACTS}/etag.png")
    assert (gone.status_code, gone.content) == (204, b"")


def test_many_at_once(api: LocalApi) -> None:
    with ThreadPoolExecutor(16) as pool:
        versions = list(pool.map(lambda n: save(api, "busy.png", b"%d" % n).json()["version"], range(32)))
    assert sorted(versions) == list(range(32))


def test_an_answer_is_not_held_back(api: LocalApi) -> None:
    # Nagle's algorithm would hold back every one of them for 40 ms.
    with httpx.Client(base_url=api.url) as client:
        seconds = [client.get("/v1/health").elapsed.total_seconds() for _ in range(20)]
    assert min(seconds) < 0.02


def test_no_route_is_the_gateways_answer(api: LocalApi) -> None:
    response = httpx.get(f"{api.url}/v2/nothing")
    assert (response.status_code, response.json()) == (404, {"message": "Not Found"})


def test_a_body_that_the_gateway_does_not_take(api: LocalApi) -> None:
    with socket.create_connection(("127.0.0.1", int(api.url.rpartition(":")[2]))) as connection:
        head = f"POST {ARTIFACTS}/huge HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"
        connection.sendall(head.encode() + bytes(10 * 1024 * 1024 + 1))
        assert connection.recv(64).startswith(b"HTTP/1.1 413")


def test_an_upload_that_breaks_off_saves_nothing(api: LocalApi) -> None:
    with socket.create_connection(("127.0.0.1", int(api.url.rpartition(":")[2]))) as connection:
        head = f"POST {ARTIFACTS}/broken HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 100\r\n\r\n"
        connection.sendall(head.encode() + b"half")
        time.sleep(0.2)
    time.sleep(0.2)
    assert httpx.get(f"{api.url}{ARTIFACTS}/broken").status_code == 404


def test_reset_deletes_everything(api: LocalApi) -> None:
    save(api, "x.png", b"x")
    api.reset()
    assert httpx.get(f"{api.url}{ARTIFACTS}").json() == {"artifacts": []}
    dynamodb, s3 = (aws_client(service, api.aws_endpoint_url) for service in ("dynamodb", "s3"))
    for table in (api.table_name, api.idempotency_table_name):
        assert dynamodb.scan(TableName=table)["Items"] == []
    assert not s3.list_object_versions(Bucket=api.bucket_name).get("Versions")
    assert save(api, "x.png", b"x").json()["version"] == 0


def test_the_functions_logs_are_kept_apart(api: LocalApi) -> None:
    save(api, "logged.png", b"x")
    lines = [json.loads(line) for line in api.log_path.read_text().splitlines() if line.startswith("{")]
    assert any("BytesSaved" in line for line in lines)


def test_the_storage_has_the_templates_properties(api: LocalApi) -> None:
    dynamodb, s3 = (aws_client(service, api.aws_endpoint_url) for service in ("dynamodb", "s3"))
    assert s3.get_bucket_versioning(Bucket=api.bucket_name)["Status"] == "Enabled"
    table = dynamodb.describe_table(TableName=api.table_name)["Table"]
    assert {key["AttributeName"]: key["KeyType"] for key in table["KeySchema"]} == {"pk": "HASH", "sk": "RANGE"}
    for name, attribute in ((api.table_name, "expires_at"), (api.idempotency_table_name, "expiration")):
        told = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        assert (told["TimeToLiveStatus"], told["AttributeName"]) == ("ENABLED", attribute)


def test_loopback_reaches_the_same_data(api: LocalApi) -> None:
    save(api, "shared.png", b"both")
    with httpx.Client(transport=LoopbackTransport(api.environment), base_url="http://loopback") as client:
        response = client.get(f"{ARTIFACTS}/shared.png")
    assert (response.status_code, response.content) == (200, b"both")


LARGE = bytes(range(256)) * 2048


@pytest.mark.parametrize("asked", ["GET", "curl"])
def test_a_large_download_follows_the_redirect_to_the_storage(api: LocalApi, asked: str) -> None:
    save(api, "large!20!C3!BC.png", LARGE)
    url = f"{api.url}{ARTIFACTS}/large!20!C3!BC.png"
    first = httpx.get(url)
    assert (first.status_code, first.content) == (307, b"")
    assert first.headers["location"].startswith(api.aws_endpoint_url)
    if asked == "curl":
        curl = shutil.which("curl")
        if curl is None:
            pytest.skip("there is no curl")
        found = subprocess.run([curl, "-sSL", url], capture_output=True, check=True).stdout
        assert found == LARGE
        return
    followed = httpx.get(url, follow_redirects=True)
    assert (followed.status_code, followed.content) == (200, LARGE)
    assert followed.headers["content-type"] == "image/png"
    # Of a version that is named by its id, the emulator answers neither ranges nor the signed Content-Disposition.
    ranged = httpx.get(url, follow_redirects=True, headers={"Range": "bytes=10-19"})
    assert ranged.status_code in {200, 206}


def test_a_head_of_large_content_tells_its_length(api: LocalApi) -> None:
    save(api, "head-large.png", LARGE)
    head = httpx.head(f"{api.url}{ARTIFACTS}/head-large.png")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == head.headers["artifact-size"] == str(len(LARGE))


def test_loopback_sends_what_is_the_storages_to_it(api: LocalApi) -> None:
    save(api, "far.png", LARGE)

    async def several(transport: LoopbackTransport) -> list[bytes]:
        client = httpx.AsyncClient(transport=transport, base_url="http://loopback", follow_redirects=True)
        return [answer.content for answer in await asyncio.gather(*(client.get(path) for _ in range(3)))]

    path = f"{ARTIFACTS}/far.png"
    with LoopbackTransport(api.environment) as transport:
        client = httpx.Client(transport=transport, base_url="http://loopback", follow_redirects=True)
        response = client.get(path)
        assert (response.content, len(response.history)) == (LARGE, 1)
        for _ in range(2):  # each in an event loop of its own
            assert asyncio.run(several(transport)) == [LARGE] * 3


def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    with LocalApi(data_dir=tmp_path) as api:
        first = save(api, "kept.png", b"one").json()
        second = save(api, "kept.png", b"two").json()
        bucket = api.bucket_name
        before = aws_client("s3", api.aws_endpoint_url).list_object_versions(Bucket=bucket)["Versions"]
    with LocalApi(data_dir=tmp_path) as api:
        assert api.bucket_name == bucket
        after = aws_client("s3", api.aws_endpoint_url).list_object_versions(Bucket=bucket)["Versions"]
        assert [(v["Key"], v["VersionId"]) for v in after] == [(v["Key"], v["VersionId"]) for v in before]
        assert httpx.get(f"{api.url}{ARTIFACTS}/kept.png/versions").json()["versions"] == [first, second]
        assert httpx.get(f"{api.url}{ARTIFACTS}/kept.png/versions/0").content == b"one"
        assert save(api, "kept.png", b"three").json()["version"] == 2


def test_a_killed_server_loses_nothing_and_starts_again(tmp_path: Path) -> None:
    with LocalApi(data_dir=tmp_path) as api:
        save(api, "kept.png", b"one")
        url = api.url
        api.kill()
        api.start()
        assert api.url == url
        assert httpx.get(f"{api.url}{ARTIFACTS}/kept.png").content == b"one"


def test_an_emulator_of_ones_own_outlives_its_servers() -> None:
    with Emulator() as emulator:
        for number in range(2):
            with LocalApi(emulator=emulator) as api:
                assert save(api, "n.png", b"x").json()["version"] == number
                api.kill()
        assert emulator.pid is not None


def test_the_machines_own_aws_account_is_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    with LocalApi() as api:
        assert save(api, "safe.png", b"x").json()["version"] == 0


def test_the_functions_environment_can_be_changed() -> None:
    with LocalApi(environment={"AUTH_MODE": "JWT"}) as api:
        assert api.environment["AUTH_MODE"] == "JWT"
        # There is no authorizer in front, so nobody can have signed in.
        assert httpx.get(f"{api.url}{ARTIFACTS}").status_code in {401, 403, 500}


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_no_process_is_left(tmp_path: Path, end: str) -> None:
    data_dir = tmp_path / end
    api = LocalApi(data_dir=data_dir).start()
    assert len(processes_naming(str(data_dir))) == 2
    getattr(api, end)()
    assert wait_until_gone(str(data_dir)) == []
    api.stop()


def test_a_killed_starter_leaves_no_process(tmp_path: Path) -> None:
    script = f"import local, time; local.LocalApi(data_dir={str(tmp_path)!r}).start(); print(1); time.sleep(99)"
    starter = subprocess.Popen(
        [sys.executable, "-uc", script], cwd=ROOT, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert starter.stdout is not None
    with starter.stdout:
        assert starter.stdout.readline() == b"1\n"
        starter.kill()
        starter.wait()
    assert wait_until_gone(str(tmp_path)) == []


def command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "local", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_how_to_use_it_and_ends_on_a_signal(tmp_path: Path, end: signal.Signals) -> None:
    process = command("--port", "0", "--data-dir", str(tmp_path))
    assert process.stdout is not None
    said = ""
    while "Ctrl-C" not in said:
        line = process.stdout.readline()
        assert line, process.communicate()
        said += line
    url = said.partition("Artifact API on ")[2].split()[0]
    assert httpx.get(f"{url}/v1/health").json() == {"status": "ok"}
    assert f"curl {url}" in said
    assert str(tmp_path) in said
    process.send_signal(end)
    rest, complaints = process.communicate(timeout=60)
    assert (process.returncode, complaints) == (0, "")
    assert "200 GET    /v1/health" in rest
    assert processes_naming(str(tmp_path)) == []


def test_a_busy_port_is_told(api: LocalApi) -> None:
    port = api.url.rpartition(":")[2]
    _, complaints = (process := command("--port", port, "--in-memory")).communicate(timeout=60)
    assert process.returncode == 1
    assert complaints == f"Port {port} is in use or not allowed. Choose another one: --port 8081, or 0 for any.\n"


def test_a_data_folder_in_use_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.emulator._LOCK_SECONDS", 0.2)
    with Emulator(data_dir=tmp_path), pytest.raises(EmulatorError, match="in use by another local API"):
        Emulator(data_dir=tmp_path).start()


def test_a_missing_emulator_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINISTACK_PYTHON", "/nowhere/python")
    with pytest.raises(EmulatorError, match="make setup"):
        Emulator().start()


def test_an_emulator_that_does_not_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no such module\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("MINISTACK_PYTHON", str(broken))
    with pytest.raises(EmulatorError, match="no such module"):
        Emulator().start()


def test_a_server_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINISTACK_PYTHON", "/nowhere/python")
    with pytest.raises(RuntimeError, match="make setup"):
        LocalApi().start()


def test_provisioning_twice_finds_the_same() -> None:
    with Emulator() as emulator:
        assert provision(Template.load(), emulator.url) == provision(Template.load(), emulator.url)
