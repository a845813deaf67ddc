"""Every operation of the store, once, on servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from artifact_store import (
    ArtifactId,
    ArtifactNotFound,
    ArtifactStore,
    Content,
    IdempotencyKeyReused,
    Outcome,
    Part,
    Scope,
    VersionNotFound,
)
from artifact_store.adapters.dynamodb import DynamoTable
from tests.integration.stores import client, open_on
from tests.ports.conftest import make_bucket, make_table
from tests.stand_ins import Endpoints, running

pytestmark = pytest.mark.integration

SESSION = Scope("app", "u@x.org", "s/1")
DOC = ArtifactId(SESSION, "charts/q1 é.png")
PNG = Part(kind="bytes", mime_type="image/png", display_name="Bär\n.png")
LARGE = {"text": "x" * 3000}
"""Metadata that S3's headers do not hold: its record is a manifest."""


@pytest.fixture(scope="module")
def endpoints() -> Iterator[Endpoints]:
    with running() as found:
        yield found


class Bench:
    """A store, and the bucket and table below it."""

    def __init__(self, endpoints: Endpoints) -> None:
        self.s3, self.dynamodb = client("s3", endpoints.s3), client("dynamodb", endpoints.dynamodb)
        self.bucket_name, self.table_name = make_bucket(self.s3), make_table(self.dynamodb)
        self.store: ArtifactStore = open_on(endpoints, bucket_name=self.bucket_name, table_name=self.table_name)

    def save(self, artifact: ArtifactId, body: bytes, **facts: object) -> int:
        content = Content(body=body, **facts)  # type: ignore[arg-type]
        key = f"{artifact.filename} {body[:50]!r}"
        return self.store.save(artifact, content, caller="c", idempotency_key=key).version.number

    def forget(self, *kinds: str) -> None:
        """Lose items of the index."""
        for item in self.dynamodb.scan(TableName=self.table_name)["Items"]:
            if item["sk"]["S"].startswith(kinds):
                self.dynamodb.delete_item(TableName=self.table_name, Key={name: item[name] for name in ("pk", "sk")})

    def object_count(self) -> int:
        listed = self.s3.list_object_versions(Bucket=self.bucket_name)
        return len(listed.get("Versions", [])) + len(listed.get("DeleteMarkers", []))


class Crash(BaseException):
    """The saver's process ends."""


def crash(*_: object, **__: object) -> None:
    raise Crash


@pytest.fixture
def bench(endpoints: Endpoints) -> Bench:
    return Bench(endpoints)


def test_what_is_saved_is_loaded_and_described(bench: Bench) -> None:
    assert bench.save(DOC, b"\x00first", part=PNG, custom_metadata={"n": [1, None, "ключ"]}) == 0
    assert bench.save(DOC, b"", custom_metadata=LARGE) == 1
    assert bench.save(DOC, b"x" * 3_000_000) == 2
    first, second, latest = (bench.store.load(DOC, number) for number in (0, 1, None))
    assert (first.body, second.body, latest.body) == (b"\x00first", b"", b"x" * 3_000_000)
    assert (first.version.part, first.version.custom_metadata) == (PNG, {"n": [1, None, "ключ"]})
    assert second.version.custom_metadata == LARGE
    assert [bench.store.describe(DOC, number) for number in (0, 1, None)] == [
        found.version for found in (first, second, latest)
    ]
    assert bench.store.load_unless(DOC, None, etags=frozenset({latest.version.etag})) == latest.version.etag
    uri = bench.store.canonical_uri(first.version)
    assert uri == f"s3://{bench.bucket_name}/{DOC.object_key(0)}"
    answer = bench.s3.get_object(Bucket=bench.bucket_name, Key=DOC.object_key(0))
    assert (answer["Body"].read(), answer["VersionId"]) == (b"\x00first", first.version.version_id)
    with pytest.raises(VersionNotFound):
        bench.store.load(DOC, 3)


def test_lists_come_in_pages(bench: Bench) -> None:
    named = [ArtifactId(SESSION, name) for name in ("a", "a/b", "b.c")]
    named += [ArtifactId(Scope("app", "u@x.org", None), name) for name in ("y", "é")]
    for artifact in named:
        bench.save(artifact, b"0")
    for number in range(5):
        bench.save(DOC, b"%d" % number)
    found: list[ArtifactId] = []
    position = None
    while True:
        page = bench.store.list_artifacts(SESSION, limit=2, position=position)
        found += [line.artifact for line in page.items]
        if (position := page.position) is None:
            break
    assert sorted(found, key=str) == sorted([*named, DOC], key=str)
    first = bench.store.list_versions(DOC, limit=3)
    rest = bench.store.list_versions(DOC, limit=3, position=first.position)
    assert [version.number for version in (*first.items, *rest.items)] == list(range(5))


def test_a_key_saves_once(bench: Bench) -> None:
    content = Content(body=b"a", custom_metadata=LARGE)
    first = bench.store.save(DOC, content, caller="c", idempotency_key="k")
    again = bench.store.save(DOC, content, caller="c", idempotency_key="k")
    assert (first.replayed, again.replayed, again.version.etag) == (False, True, first.version.etag)
    with pytest.raises(IdempotencyKeyReused):
        bench.store.save(DOC, Content(body=b"b"), caller="c", idempotency_key="k")
    assert bench.object_count() == 2, "a manifest and its blob"


def test_a_deleted_artifact_is_gone_and_begins_anew(bench: Bench) -> None:
    bench.save(DOC, b"a")
    bench.save(DOC, b"b", custom_metadata=LARGE)
    gen = bench.store.describe(DOC).gen
    assert bench.store.delete(DOC) is True
    assert bench.store.delete(DOC) is False
    with pytest.raises(ArtifactNotFound):
        bench.store.load(DOC)
    assert bench.store.purge(DOC, gen) is True
    assert bench.object_count() == 0
    assert bench.save(DOC, b"c") == 0
    assert bench.store.load(DOC).body == b"c"


def test_records_that_the_index_lost_are_healed(bench: Bench) -> None:
    bench.save(DOC, b"a")
    bench.save(DOC, b"b")
    bench.forget("v#")
    assert [bench.store.heal(DOC.object_key(number)) for number in range(2)] == [Outcome.RESTORED] * 2
    assert bench.store.heal(DOC.object_key(0)) == Outcome.KNOWN
    assert bench.store.heal(DOC.object_key(2)) == Outcome.GONE
    assert [bench.store.load(DOC, number).body for number in range(2)] == [b"a", b"b"]


def test_who_saves_next_ends_a_save_that_crashed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(DynamoTable, "transact", crash)
        with pytest.raises(Crash):
            bench.save(DOC, b"a")
    assert bench.save(DOC, b"b") == 1
    assert bench.save(DOC, b"a") == 0, "its repetition hears what became of it"
    assert [bench.store.load(DOC, number).body for number in range(2)] == [b"a", b"b"]
    assert bench.object_count() == 2


def test_the_healer_ends_a_save_that_crashed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(DynamoTable, "transact", crash)
        with pytest.raises(Crash):
            bench.save(DOC, b"a")
    with pytest.raises(ArtifactNotFound):
        bench.store.load(DOC)
    assert bench.store.heal(DOC.object_key(0)) == Outcome.COMMITTED
    assert bench.store.load(DOC).body == b"a"
