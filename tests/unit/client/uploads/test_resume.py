"""An upload of a file that broke off is gone on with: what has arrived is not sent again."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from google_adk_aws import ArtifactClient, ArtifactError, ArtifactId, ArtifactPreconditionError, Progress
from tests.unit.client.fake_api import ARTIFACT, PATH, FakeApi
from tests.unit.client.fake_storage import refusal
from tests.unit.client.transfers import DATA, PART, Killed, is_part, kill, resent, saved_bytes

if TYPE_CHECKING:
    import httpx

pytestmark = pytest.mark.unit

WORKERS = 3


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def client(api: FakeApi, state: Path) -> ArtifactClient:
    return api.client(resume_dir=state)


async def begin(api: FakeApi, client: ArtifactClient, path: Path, *, until: int = 7, **arguments: Any) -> int:
    """Begins, and is killed when part `until` is to be sent; how many bytes had arrived by then."""

    api.faults.append(lambda request: kill(request) if is_part(api, request, until) else None)
    with pytest.raises(Killed):
        await client.upload_file(ARTIFACT, path, part_size=PART, workers=WORKERS, **arguments)
    api.faults.clear()
    arrived = sum(size for _, size in api.storage.sent)
    api.storage.sent.clear()
    return arrived


@pytest.mark.parametrize("until", [1, 2, 6, 11])
async def test_only_what_is_missing_is_sent(
    api: FakeApi, client: ArtifactClient, path: Path, state: Path, until: int
) -> None:
    arrived = await begin(api, client, path, until=until)
    assert len(list(state.iterdir())) == 1
    told: list[Progress] = []
    saved = await client.upload_file(ARTIFACT, path, part_size=PART, workers=WORKERS, progress=told.append)
    assert saved_bytes(api) == DATA
    assert saved.version == 0
    assert arrived + resent(api) == len(DATA)
    assert len(api.uploads) == 1
    assert list(state.iterdir()) == []
    done = [progress.done_bytes for progress in told]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (PART, len(DATA))


async def test_the_state_is_its_users_alone(api: FakeApi, client: ArtifactClient, path: Path, state: Path) -> None:
    await begin(api, client, path)
    (file,) = state.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert str(path) not in file.name + file.read_text()


async def test_an_error_leaves_the_upload_to_the_next_call(api: FakeApi, client: ArtifactClient, path: Path) -> None:
    api.faults.append(lambda request: refusal(500, "InternalError") if is_part(api, request, 7) else None)
    with pytest.raises(ArtifactError):
        await client.upload_file(ARTIFACT, path, part_size=PART)
    api.faults.clear()
    arrived = resent(api)
    api.storage.sent.clear()
    await client.upload_file(ARTIFACT, path, part_size=PART)
    assert arrived + resent(api) == len(DATA)
    assert [upload.gone for upload in api.uploads.values()] == [False]


async def test_cancelling_leaves_the_upload_to_the_next_call(api: FakeApi, client: ArtifactClient, path: Path) -> None:
    upload: asyncio.Task[Any] | None = None

    def cancel(request: httpx.Request) -> None:
        if is_part(api, request, 7) and upload is not None:
            upload.cancel()

    api.faults.append(cancel)
    before = asyncio.all_tasks()
    upload = asyncio.create_task(client.upload_file(ARTIFACT, path, part_size=PART, workers=WORKERS))
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert asyncio.all_tasks() == before
    api.faults.clear()
    arrived = resent(api)
    api.storage.sent.clear()
    await client.upload_file(ARTIFACT, path, part_size=PART)
    assert arrived + resent(api) == len(DATA)


def changed(path: Path) -> None:
    path.write_bytes(DATA[::-1])


def touched(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def replaced(path: Path) -> None:
    times = path.stat()
    other = path.with_name("other")
    other.write_bytes(DATA)
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize("change", [changed, touched, replaced])
async def test_another_file_is_another_upload(
    api: FakeApi, client: ArtifactClient, path: Path, state: Path, change: Any
) -> None:
    await begin(api, client, path)
    change(path)
    await client.upload_file(ARTIFACT, path, part_size=PART)
    assert saved_bytes(api) == path.read_bytes()
    assert resent(api) == len(DATA)
    assert len(api.uploads) == 2
    assert list(state.iterdir()) == []


async def test_a_part_with_other_bytes_is_sent_again(api: FakeApi, client: ArtifactClient, path: Path) -> None:
    await begin(api, client, path)
    size, _, _ = api.uploads["u0"].parts[2]
    api.uploads["u0"].parts[2] = size, "00" * 32, bytes(size)
    await client.upload_file(ARTIFACT, path, part_size=PART)
    assert saved_bytes(api) == DATA
    assert (2, PART) in api.storage.sent


@pytest.mark.parametrize("arguments", [{"part_size": 200}, {"mime_type": "a/b"}])
async def test_other_arguments_are_another_upload(
    api: FakeApi, client: ArtifactClient, path: Path, arguments: dict[str, Any]
) -> None:
    await begin(api, client, path)
    await client.upload_file(ARTIFACT, path, **{"part_size": PART, **arguments})
    assert saved_bytes(api) == DATA
    assert len(api.uploads) == 2


async def test_another_artifact_is_another_upload(api: FakeApi, client: ArtifactClient, path: Path) -> None:
    await begin(api, client, path)
    other = ArtifactId.of(app="app", user="alice", session="s1", filename="other")
    await client.upload_file(other, path, part_size=PART)
    assert PATH not in api.artifacts
    await client.upload_file(ARTIFACT, path, part_size=PART)
    assert saved_bytes(api) == DATA
    assert len(api.uploads) == 2


async def test_an_upload_that_is_gone_begins_anew(api: FakeApi, client: ArtifactClient, path: Path) -> None:
    await begin(api, client, path)
    api.uploads["u0"].gone = True
    await client.upload_file(ARTIFACT, path, part_size=PART)
    assert saved_bytes(api) == DATA
    assert resent(api) == len(DATA)


async def test_an_upload_that_vanishes_meanwhile_begins_anew(api: FakeApi, client: ArtifactClient, path: Path) -> None:
    def sweep(request: httpx.Request) -> None:
        if is_part(api, request, 7):
            api.uploads["u0"].gone = True

    api.faults.append(sweep)
    told: list[int] = []
    await client.upload_file(ARTIFACT, path, part_size=PART, progress=lambda progress: told.append(progress.done_bytes))
    assert saved_bytes(api) == DATA
    assert told == sorted(told)
    assert told[-1] == len(DATA)


async def test_killed_between_finalize_and_its_answer(
    api: FakeApi, client: ArtifactClient, path: Path, state: Path
) -> None:
    api.finalized = kill
    with pytest.raises(Killed):
        await client.upload_file(ARTIFACT, path, part_size=PART, custom_metadata={"a": 1})
    api.finalized = lambda answer: answer
    api.storage.sent.clear()
    told: list[Progress] = []
    saved = await client.upload_file(ARTIFACT, path, part_size=PART, custom_metadata={"a": 1}, progress=told.append)
    assert (saved.version, len(api.artifacts[PATH]), resent(api)) == (0, 1, 0)
    assert told == [Progress(done_bytes=len(DATA), total_bytes=len(DATA))]
    assert list(state.iterdir()) == []


async def test_killed_in_the_middle_of_finalize(api: FakeApi, client: ArtifactClient, path: Path, state: Path) -> None:
    api.faults.append(lambda request: kill(request) if request.url.path.endswith("/finalize") else None)
    with pytest.raises(Killed):
        await client.upload_file(ARTIFACT, path, part_size=PART)
    api.faults.clear()
    (upload,) = api.uploads.values()
    upload.completed = True
    api.storage.sent.clear()
    saved = await client.upload_file(ARTIFACT, path, part_size=PART)
    assert (saved.version, len(api.artifacts[PATH]), resent(api), len(api.uploads)) == (0, 1, 0, 1)
    assert saved_bytes(api) == DATA
    assert list(state.iterdir()) == []


async def test_an_upload_that_was_finalized_as_something_else_begins_anew(
    api: FakeApi, client: ArtifactClient, path: Path
) -> None:
    api.finalized = kill
    with pytest.raises(Killed):
        await client.upload_file(ARTIFACT, path, part_size=PART, display_name="one")
    api.finalized = lambda answer: answer
    saved = await client.upload_file(ARTIFACT, path, part_size=PART, display_name="two")
    assert (saved.version, saved.display_name) == (1, "two")
    assert saved_bytes(api) == DATA


async def test_a_part_that_got_lost_is_sent_again(api: FakeApi, client: ArtifactClient, path: Path) -> None:
    lost: list[Any] = []

    def lose(request: httpx.Request) -> None:
        if request.url.path.endswith("/finalize") and not lost:
            lost.append(api.uploads["u0"].parts.pop(4))

    api.faults.append(lose)
    await client.upload_file(ARTIFACT, path, part_size=PART)
    assert saved_bytes(api) == DATA
    assert resent(api) == len(DATA) + PART


async def test_a_condition_that_fails_keeps_what_was_sent(api: FakeApi, client: ArtifactClient, path: Path) -> None:
    first = api.put(b"first")
    left = [b"other"]
    api.faults.append(lambda request: api.put(left.pop()) if left and request.url.path.endswith("finalize") else None)
    with pytest.raises(ArtifactPreconditionError) as caught:
        await client.upload_file(ARTIFACT, path, part_size=PART, if_match=first.facts["etag"])
    api.storage.sent.clear()
    saved = await client.upload_file(ARTIFACT, path, part_size=PART, if_match=caught.value.etag)
    assert saved.version == 2
    assert resent(api) == 0


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", '{"format": 1}', '{"format": 2}', "\ud800".encode("utf-8", "surrogatepass")],
    ids=repr,
)
async def test_a_state_that_cannot_be_read_is_none(
    api: FakeApi, client: ArtifactClient, path: Path, state: Path, text: str | bytes
) -> None:
    await begin(api, client, path)
    (file,) = state.iterdir()
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    await client.upload_file(ARTIFACT, path, part_size=PART)
    assert saved_bytes(api) == DATA
    assert len(api.uploads) == 2


async def test_a_state_of_something_else_is_none(api: FakeApi, client: ArtifactClient, path: Path, state: Path) -> None:
    await begin(api, client, path)
    (file,) = state.iterdir()
    members = json.loads(file.read_text())
    for other in ({"upload_id": 7}, {"file": {"size": 1}}, {"more": 1}):
        file.write_text(json.dumps({**members, **other}))
        await begin(api, client, path, until=2)
    assert len(api.uploads) == 4


async def test_two_uploads_of_one_file_at_once_are_two_versions(
    api: FakeApi, client: ArtifactClient, path: Path
) -> None:
    both = await asyncio.gather(*[client.upload_file(ARTIFACT, path, part_size=PART) for _ in range(2)])
    assert sorted(version.version for version in both) == [0, 1]
    assert [saved_bytes(api, number) for number in (0, 1)] == [DATA, DATA]
    assert len(api.uploads) == 2


async def test_an_upload_begun_by_a_file_that_is_not_to_be_resumed(
    api: FakeApi, client: ArtifactClient, path: Path, state: Path
) -> None:
    await begin(api, client, path, resume=False)
    assert not state.exists()
    assert [upload.gone for upload in api.uploads.values()] == [True]


async def test_a_folder_that_cannot_be_written_to_is_no_error(api: FakeApi, path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    await api.client(resume_dir=tmp_path / "file" / "state").upload_file(ARTIFACT, path, part_size=PART)
    assert saved_bytes(api) == DATA


async def test_what_nobody_can_go_on_with_is_swept(
    api: FakeApi, client: ArtifactClient, path: Path, state: Path
) -> None:
    await begin(api, client, path)
    (old,) = state.iterdir()
    os.utime(old, (0, 0))
    other = ArtifactId.of(app="app", user="alice", session="s1", filename="other")
    await client.upload_file(other, path, part_size=PART)
    assert list(state.iterdir()) == []


@pytest.mark.parametrize(
    ("platform", "environment", "folder"),
    [
        ("linux", {"XDG_CACHE_HOME": "/cache"}, "/cache/google-adk-aws"),
        ("linux", {"HOME": "/home/ann"}, "/home/ann/.cache/google-adk-aws"),
        ("darwin", {"HOME": "/Users/ann"}, "/Users/ann/Library/Caches/google-adk-aws"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/google-adk-aws"),
    ],
)
def test_where_state_is_kept(
    monkeypatch: pytest.MonkeyPatch, platform: str, environment: dict[str, str], folder: str
) -> None:
    from google_adk_aws._io.state_file import cache_folder  # noqa: PLC0415 - private

    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", platform)
    assert cache_folder() == Path(folder)
