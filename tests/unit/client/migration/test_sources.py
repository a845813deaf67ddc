"""What each kind of store has is what arrives."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import boto3
import pytest
from google.adk.artifacts.file_artifact_service import FileArtifactService
from google.genai import types
from moto import mock_aws

from artifact_store import Scope
from google_adk_aws import S3ArtifactService
from google_adk_aws.migration import (
    BucketSource,
    ClientTarget,
    CommunityS3Source,
    FileSource,
    GcsSource,
    MigrationError,
    Report,
    SourceArtifact,
    migrate,
)
from tests.ports.conftest import make_bucket
from tests.unit.client.migration.stores import SESSION, USER, contents, fill, owner, png

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.unit

THEN = dt.datetime(2024, 2, 3, tzinfo=dt.UTC)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield boto3.client("s3")


@dataclass
class Blob:
    name: str
    content: bytes
    content_type: str | None = None
    metadata: dict[str, str] | None = None
    time_created: dt.datetime | None = THEN

    @property
    def size(self) -> int:
        return len(self.content)

    def download_to_file(self, file_obj: BinaryIO) -> None:
        file_obj.write(self.content)


@dataclass
class Bucket:
    blobs: list[Blob] = field(default_factory=list)
    name: str = "old"

    def list_blobs(self, *, prefix: str) -> list[Blob]:
        return sorted((blob for blob in self.blobs if blob.name.startswith(prefix)), key=lambda blob: blob.name)


class TestFiles:
    async def test_a_folder_arrives_whole(self, tmp_path: Path, ours: S3ArtifactService, target: ClientTarget) -> None:
        files = FileArtifactService(tmp_path)
        await fill(files)
        (old, _) = await files.list_artifact_versions(**owner("q1.png"))
        report = await migrate(FileSource(tmp_path), target)
        assert (report.copied, report.copied_bytes, report.failures, report.skipped) == (5, 23, [], [])
        assert await contents(ours) == await contents(files)
        (new, _) = await ours.list_artifact_versions(**owner("q1.png"))
        assert new.custom_metadata == {
            "quarter": 1,
            "by": "ä",
            "migrated-version": 0,
            "migrated-created": old.create_time,
        }

    @pytest.mark.parametrize(
        "scope",
        [
            Scope("a/b", "c/d", "e/f"),
            Scope("users", "sessions", "artifacts"),
            Scope("versions", "versions", "versions"),
            Scope("apps", "artifacts", "sessions"),
            Scope("users", "users"),
        ],
    )
    async def test_ids_may_be_named_as_folders_of_the_layout(
        self, tmp_path: Path, ours: S3ArtifactService, target: ClientTarget, scope: Scope
    ) -> None:
        files = FileArtifactService(tmp_path)
        for name in ("x", "users/sessions", "artifacts"):
            await files.save_artifact(
                **owner(f"user:{name}" if scope.session is None else name, scope), artifact=png(b"1")
            )
        report = await migrate(FileSource(tmp_path), target)
        assert (report.copied, report.failures, report.skipped) == (3, [], [])
        assert len(await contents(ours, scope)) == 3

    async def test_gaps_keep_order_and_are_told(
        self, tmp_path: Path, ours: S3ArtifactService, target: ClientTarget
    ) -> None:
        files = FileArtifactService(tmp_path)
        for number in range(12):
            await files.save_artifact(**owner("log"), artifact=png(b"%d" % number))
        versions = tmp_path / "apps/reports/users/ada/sessions/s1/artifacts/log/versions"
        for number in (0, 2, 10):
            (versions / str(number)).rename(tmp_path / f"gone{number}")
        (versions / ".12.pending").mkdir()
        report = await migrate(FileSource(tmp_path), target)
        kept = [1, 3, 4, 5, 6, 7, 8, 9, 11]
        assert report.renumbered == {"reports/ada/s1/log": {old: new for new, old in enumerate(kept)}}
        told = await ours.list_artifact_versions(**owner("log"))
        assert [version.custom_metadata["migrated-version"] for version in told] == kept
        assert (await contents(ours))["log"] == [png(b"%d" % number) for number in kept]

    async def test_only_the_scopes_that_are_asked_for(
        self, tmp_path: Path, ours: S3ArtifactService, target: ClientTarget
    ) -> None:
        await fill(FileArtifactService(tmp_path))
        report = await migrate(FileSource(tmp_path, [USER]), target)
        assert (report.copied, list(await contents(ours))) == (1, ["user:logo.png"])

    async def test_what_is_no_artifact_is_told(self, tmp_path: Path, target: ClientTarget) -> None:
        (tmp_path / "users/ada/artifacts/x/versions/0").mkdir(parents=True)
        (tmp_path / "apps/a/users/u/artifacts/x/versions").mkdir(parents=True)
        report = await migrate(FileSource(tmp_path), target)
        assert [reason for _, reason in report.skipped] == [
            "it has no version",
            "not where the service keeps artifacts of an app",
        ]

    async def test_an_error_holds_back_the_later_versions_of_that_artifact_only(
        self, tmp_path: Path, ours: S3ArtifactService, target: ClientTarget
    ) -> None:
        files = FileArtifactService(tmp_path)
        await fill(files)
        lost = tmp_path / "apps/reports/users/ada/sessions/s1/artifacts/q1.png/versions/0/q1.png"
        away = lost.rename(tmp_path / "away")
        report = await migrate(FileSource(tmp_path), target)
        (failure,) = report.failures
        assert (failure.what, failure.version, report.copied, report.waiting) == ("reports/ada/s1/q1.png", 0, 3, 1)
        assert "missing" in failure.reason
        away.rename(lost)
        report = await migrate(FileSource(tmp_path), target)
        assert (report.ok, report.copied, report.present) == (True, 2, 3)
        assert await contents(ours) == await contents(files)

    async def test_what_was_given_up_never_becomes_the_latest(
        self, tmp_path: Path, ours: S3ArtifactService, target: ClientTarget
    ) -> None:
        files = FileArtifactService(tmp_path)
        await fill(files)
        lost = tmp_path / "apps/reports/users/ada/sessions/s1/artifacts/q1.png/versions/0/q1.png"
        away = lost.rename(tmp_path / "away")
        report = await migrate(FileSource(tmp_path), target, skip_failed=True)
        assert (len(report.failures), report.copied, report.waiting) == (1, 4, 0)
        away.rename(lost)
        report = await migrate(FileSource(tmp_path), target)
        (failure,) = report.failures
        assert failure.reason == "later versions are at the target already; saved now, it would be the latest"
        assert (await contents(ours))["q1.png"] == [png(b"two", "Q1")]

    async def test_metadata_leads_nowhere_else(
        self, tmp_path: Path, ours: S3ArtifactService, target: ClientTarget
    ) -> None:
        files = FileArtifactService(tmp_path)
        await files.save_artifact(**owner("x"), artifact=png(b"1"))
        told = tmp_path / "apps/reports/users/ada/sessions/s1/artifacts/x/versions/0/metadata.json"
        told.write_text(json.dumps({**json.loads(told.read_text()), "fileName": "user:y", "canonicalUri": "file:///y"}))
        await migrate(FileSource(tmp_path), target)
        assert await contents(ours) == {"x": [png(b"1")]}

    async def test_two_folders_that_claim_one_name_are_not_mixed(
        self, tmp_path: Path, ours: S3ArtifactService, target: ClientTarget
    ) -> None:
        files = FileArtifactService(tmp_path)
        for name in ("x", "y"):
            await files.save_artifact(**owner(name), artifact=png(name.encode()))
        told = tmp_path / "apps/reports/users/ada/sessions/s1/artifacts/y/versions/0/metadata.json"
        told.write_text(json.dumps({**json.loads(told.read_text()), "fileName": "x"}))
        report = await migrate(FileSource(tmp_path), target)
        assert [failure.reason for failure in report.failures] == ["the source has two artifacts of this name"]
        assert await contents(ours) == {"x": [png(b"x")]}

    async def test_a_link_is_not_followed(self, tmp_path: Path, ours: S3ArtifactService, target: ClientTarget) -> None:
        await FileArtifactService(tmp_path).save_artifact(**owner("x"), artifact=png(b"1"))
        (secret := tmp_path / "secret").write_text("of others")
        content = tmp_path / "apps/reports/users/ada/sessions/s1/artifacts/x/versions/0/x"
        content.unlink()
        content.symlink_to(secret)
        report = await migrate(FileSource(tmp_path), target)
        assert len(report.failures) == 1
        assert await contents(ours) == {}

    def test_there_has_to_be_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(MigrationError, match="no folder"):
            FileSource(tmp_path / "none")


class TestGcs:
    async def test_a_bucket_arrives_whole(self, ours: S3ArtifactService, target: ClientTarget) -> None:
        bucket = Bucket(
            [
                Blob("reports/ada/s1/q1.png/3", b"three", "image/png", {"by": "x", "adkDisplayName": "Q1"}),
                Blob("reports/ada/s1/q1.png/11", b"eleven", "image/png"),
                Blob("reports/ada/s1/notes/0", "grüße".encode(), "text/plain", {"adkIsText": "true"}),
                Blob("reports/ada/s1/notes/old/7/0", b"nested", "text/plain"),
                Blob("reports/ada/s1/movie/0", b"", None, {"adkFileUri": "gs://b/m", "adkFileMimeType": "video/mp4"}),
                Blob("reports/ada/s1/older/0", b"", "video/mp4", {"file_uri": "gs://b/n"}),
                Blob("reports/ada/user/user:logo.png/0", b"logo", "image/png"),
            ]
        )
        report = await migrate(GcsSource(bucket), target)
        assert (report.failures, report.skipped, report.copied) == ([], [], 7)
        assert report.renumbered == {"reports/ada/s1/q1.png": {3: 0, 11: 1}}
        video = types.FileData(file_uri="gs://b/m", mime_type="video/mp4")
        assert await contents(ours) == {
            "q1.png": [png(b"three", "Q1"), png(b"eleven")],
            "notes": [types.Part(text="grüße")],
            "notes/old/7": [types.Part.from_bytes(data=b"nested", mime_type="text/plain")],
            "movie": [types.Part(file_data=video)],
            "older": [types.Part(file_data=types.FileData(file_uri="gs://b/n", mime_type="video/mp4"))],
            "user:logo.png": [png(b"logo")],
        }
        (first, _) = await ours.list_artifact_versions(**owner("q1.png"))
        assert first.custom_metadata == {"by": "x", "migrated-version": 3, "migrated-created": THEN.timestamp()}

    async def test_what_is_no_artifact_is_told(self, target: ClientTarget) -> None:
        others = [
            "readme",
            "a/b/c/d",
            "a/b/c/d/x",
            "a/b/c/d/01",
            "a/b/c//0",
            "a//c/d/0",
            "a/b/user/bare/0",
            "a/b/c/user:d/0",
        ]
        report = await migrate(GcsSource(Bucket([Blob(name, b"") for name in others])), target)
        assert (report.artifacts, report.ok) == (0, True)
        assert len(report.skipped) == len(others)

    async def test_given_scopes_may_have_slashes(self, ours: S3ArtifactService, target: ClientTarget) -> None:
        scope = Scope("reports", "ada/lovelace", "s1")
        source = GcsSource(Bucket([Blob("reports/ada/lovelace/s1/a/0", b"1", "image/png")]), [scope])
        await migrate(source, target)
        assert await contents(ours, scope) == {"a": [png(b"1")]}

    async def test_a_reference_is_told(self, target: ClientTarget) -> None:
        uri = "artifact://apps/reports/users/ada/sessions/s1/artifacts/a/versions/3"
        report = await migrate(GcsSource(Bucket([Blob("reports/ada/s1/b/0", b"", None, {"adkFileUri": uri})])), target)
        assert report.references == ["reports/ada/s1/b/0"]


class TestS3:
    def put(self, s3: Any, bucket: str, key: str, body: bytes, kind: str = "image/png", **metadata: str) -> None:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=kind, Metadata=metadata)

    async def test_a_community_bucket_arrives_whole(
        self, s3: Any, ours: S3ArtifactService, target: ClientTarget
    ) -> None:
        bucket = make_bucket(s3)
        self.put(s3, bucket, "reports/ada/s1/q1.png/0", b"one", quarter="1", by='"x"', odd="{")
        self.put(s3, bucket, "reports/ada/s1/q1.png/2", b"two")
        self.put(s3, bucket, "reports/ada/s1/notes/0", "grüße".encode(), "text/plain; charset=utf-8")
        self.put(s3, bucket, "reports/ada/s1/table/0", b"a,b", "text/csv")
        self.put(s3, bucket, "reports/ada/s1/wrong/0", b"\xff", "text/plain; charset=utf-8")
        self.put(s3, bucket, "reports/ada/user/logo.png/0", b"logo")
        self.put(s3, bucket, "folder/", b"")
        report = await migrate(CommunityS3Source(s3, bucket), target)
        assert (report.failures, report.copied, [what for what, _ in report.skipped]) == ([], 6, ["folder/"])
        assert await contents(ours) == {
            "q1.png": [png(b"one"), png(b"two")],
            "notes": [types.Part(text="grüße")],
            "table": [types.Part.from_bytes(data=b"a,b", mime_type="text/csv")],
            "wrong": [types.Part.from_bytes(data=b"\xff", mime_type="text/plain; charset=utf-8")],
            "user:logo.png": [png(b"logo")],
        }
        (first, _) = await ours.list_artifact_versions(**owner("q1.png"))
        made = s3.head_object(Bucket=bucket, Key="reports/ada/s1/q1.png/0")["LastModified"].timestamp()
        assert first.custom_metadata == {
            "quarter": 1,
            "by": "x",
            "odd": "{",
            "migrated-version": 0,
            "migrated-created": made,
        }

    async def test_a_bucket_of_ours_arrives_whole(self, s3: Any, ours: S3ArtifactService, target: ClientTarget) -> None:
        bucket = make_bucket(s3)
        async with S3ArtifactService(bucket, workers=1) as old:
            await fill(old)
            await old.save_artifact(**owner("ä", Scope("ä/ö", "ada", "s1")), artifact=png(b"1"))
            await old.save_artifact(**owner("gone"), artifact=png(b"1"))
            await old.delete_artifact(**owner("gone"))
            for key in ("readme", "!blobs/of-the-store"):
                s3.put_object(Bucket=bucket, Key=key, Body=b"")
            report: Report = await migrate(BucketSource(old), target)
            assert (report.failures, report.copied) == ([], 6)
            assert report.skipped == [("readme", "an object key has five segments")]
            assert await contents(ours) == await contents(old)
            assert {
                found.artifact.adk_filename
                async for found in BucketSource(old).artifacts()
                if isinstance(found, SourceArtifact) and found.artifact.scope == SESSION
            } >= {"q1.png", "notes", "notes/old"}
