"""What the store promises, over the strict in-memory adapters."""

from __future__ import annotations

from typing import Any

import pytest

from artifact_store import (
    ArtifactId,
    ArtifactNotFound,
    Content,
    ContentTooLarge,
    IdempotencyKeyReused,
    InvalidContent,
    InvalidInput,
    InvalidMetadata,
    InvalidName,
    InvalidPart,
    InvalidPosition,
    MetadataTooLarge,
    Part,
    Scope,
    StorageUnavailable,
    VersionNotFound,
)
from artifact_store.model import MAX_INLINE_BYTES
from artifact_store.names import BLOB_PREFIX
from tests.faults.interposed import Counted, World

SESSION = Scope("app", "u", "s")
DOC = ArtifactId(SESSION, "doc")


def save(world: World, artifact: ArtifactId, body: bytes, key: str = "", **facts: Any) -> int:
    content = Content(body=body, **facts)
    saved = world.store().save(artifact, content, caller="c", idempotency_key=key or body.decode())
    return saved.version.number


def test_versions_count_from_zero_and_each_keeps_its_bytes() -> None:
    world = World()
    assert [save(world, DOC, body) for body in (b"a", b"b", b"")] == [0, 1, 2]
    store = world.store()
    assert [store.load(DOC, number).body for number in range(3)] == [b"a", b"b", b""]
    assert store.load(DOC).body == b""
    assert store.load(DOC).version == store.describe(DOC) == store.describe(DOC, 2)


def test_everything_about_a_version_survives() -> None:
    world = World()
    part = Part(kind="text", mime_type="text/x-odd; a=b", display_name="Bär\n\u202e.txt\x7f")
    metadata = {"n": 1, "f": 0.5, "t": True, "z": None, "l": [{"ключ": ["\x00"]}]}
    save(world, DOC, "häß".encode(), "k", part=part, custom_metadata=metadata)
    loaded = world.store().load(DOC)
    assert (loaded.version.part, loaded.version.custom_metadata) == (part, metadata)
    assert loaded.version.size == 5
    assert loaded.version.created_ms == world.clock.now_ms()
    assert world.store().canonical_uri(loaded.version) == "s3://memory/app/u/s/doc/0"


@pytest.mark.parametrize("size", [0, 900, 1000, 1100, 2000, 60_000])
def test_metadata_of_any_allowed_size_survives(size: int) -> None:
    world = World()
    metadata = {"text": "é" * (size // 6)}
    save(world, DOC, b"body", custom_metadata=metadata)
    save(world, DOC, b"last")
    assert world.store().load(DOC, 0).body == b"body"
    assert world.store().describe(DOC, 0).custom_metadata == metadata
    assert world.store().list_versions(DOC).items[0].custom_metadata == metadata
    has_blob = any(ref.key.startswith(BLOB_PREFIX) for ref in world.objects.refs())
    assert has_blob == (size >= 2000)


def test_a_manifest_loads_as_latest_and_goes_with_its_artifact() -> None:
    world = World()
    save(world, DOC, b"body", custom_metadata={"text": "x" * 3000})
    loaded = world.store().load(DOC)
    assert loaded.body == b"body"
    assert loaded.version.custom_metadata == {"text": "x" * 3000}
    assert loaded.version == world.store().describe(DOC, 0)
    world.store().delete(DOC)
    assert world.objects.refs() == []


def test_one_key_saves_once_and_answers_the_same() -> None:
    world = World()
    content = Content(body=b"a", custom_metadata={"text": "x" * 3000})
    first = world.store().save(DOC, content, caller="c", idempotency_key="k")
    again = world.store().save(DOC, content, caller="c", idempotency_key="k")
    assert (first.replayed, again.replayed) == (False, True)
    assert again.version.etag == first.version.etag
    assert again.version.created_ms == first.version.created_ms
    assert len(world.store().list_versions(DOC).items) == 1
    assert len(world.objects.refs()) == 2, "a manifest and its blob, no second blob"


@pytest.mark.parametrize(
    "other",
    [
        Content(body=b"b"),
        Content(body=b"a", part=Part(kind="text")),
        Content(body=b"a", part=Part(mime_type="a/b")),
        Content(body=b"a", part=Part(display_name="x")),
        Content(body=b"a", custom_metadata={"x": 1}),
    ],
)
def test_a_key_used_for_other_content_is_refused(other: Content) -> None:
    world = World()
    save(world, DOC, b"a", "k")
    with pytest.raises(IdempotencyKeyReused):
        world.store().save(DOC, other, caller="c", idempotency_key="k")
    assert len(world.store().list_versions(DOC).items) == 1


def test_a_key_means_nothing_to_another_caller_or_artifact() -> None:
    world = World()
    save(world, DOC, b"a", "k")
    other_caller = world.store().save(DOC, Content(body=b"b"), caller="d", idempotency_key="k")
    other_artifact = save(world, ArtifactId(SESSION, "x"), b"c", "k")
    assert (other_caller.version.number, other_caller.replayed, other_artifact) == (1, False, 0)


def test_a_key_is_free_again_after_a_day() -> None:
    world = World()
    save(world, DOC, b"a", "k")
    world.clock.sleep(24 * 3600 - 2)
    assert world.store().save(DOC, Content(body=b"a"), caller="c", idempotency_key="k").replayed
    world.clock.sleep(4)
    assert save(world, DOC, b"b", "k") == 1


def test_a_deleted_artifact_is_gone_and_counts_from_zero_again() -> None:
    world = World()
    old = world.store().save(DOC, Content(body=b"a"), caller="c", idempotency_key="1").version
    save(world, DOC, b"b")
    assert world.store().delete(DOC) is True
    assert world.store().delete(DOC) is False
    for missing in (None, 0, 1, 2):
        with pytest.raises(ArtifactNotFound):
            world.store().load(DOC, missing)
    with pytest.raises(ArtifactNotFound):
        world.store().list_versions(DOC)
    assert world.objects.refs() == []
    new = world.store().save(DOC, Content(body=b"a"), caller="c", idempotency_key="2").version
    assert new.number == 0
    assert new.etag != old.etag, "the same number and bytes, but another life"


def test_a_save_repeated_after_the_delete_does_not_bring_it_back() -> None:
    world = World()
    save(world, DOC, b"a", "k")
    world.store().delete(DOC)
    again = world.store().save(DOC, Content(body=b"a"), caller="c", idempotency_key="k")
    assert (again.replayed, again.version.number) == (True, 0)
    with pytest.raises(ArtifactNotFound):
        world.store().load(DOC)


def test_missing_versions_differ_from_missing_artifacts() -> None:
    world = World()
    save(world, DOC, b"a")
    for number in (1, -1, 10**30):
        with pytest.raises(VersionNotFound):
            world.store().load(DOC, number)
    with pytest.raises(ArtifactNotFound):
        world.store().describe(ArtifactId(SESSION, "other"), 0)


def test_nested_names_are_other_artifacts() -> None:
    world = World()
    nested = [ArtifactId(SESSION, name) for name in ("doc", "doc/nested", "doc/nested/0", "doc/0", "doc#", "v#doc")]
    for artifact in nested:
        save(world, artifact, artifact.filename.encode())
    save(world, DOC, b"second")
    listed = world.store().list_artifacts(SESSION).items
    assert {(item.artifact.filename, item.number) for item in listed} == {
        (artifact.filename, int(artifact == DOC)) for artifact in nested
    }
    world.store().delete(DOC)
    for artifact in nested[1:]:
        assert world.store().load(artifact).body == artifact.filename.encode()


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 7, 100])
def test_lists_are_complete_at_any_page_size(limit: int) -> None:
    world = World()
    names = {f"f{number}" for number in range(5)}
    for name in names:
        save(world, ArtifactId(SESSION, name), name.encode())
        save(world, ArtifactId(SESSION.user_scope, name), name.encode())
        save(world, ArtifactId(Scope("app", "u", "other"), name), name.encode())
    for scope in (SESSION, SESSION.user_scope):
        seen: list[str] = []
        position = None
        while True:
            page = world.store().list_artifacts(scope, limit=limit, position=position)
            assert len(page.items) <= limit
            seen += [item.artifact.adk_filename for item in page.items]
            position = page.position
            if position is None:
                break
        own = sorted(names) if scope is SESSION else []
        assert seen == own + [f"user:{name}" for name in sorted(names)]


def test_positions_of_other_lists_are_refused() -> None:
    world = World()
    for number in range(3):
        save(world, DOC, b"%d" % number)
        save(world, ArtifactId(SESSION, f"f{number}"), b"x")
    for position in ("", "x:", "s:%", "s:h#doc", "u:a/b", "f1", "é"):
        with pytest.raises(InvalidPosition):
            world.store().list_artifacts(SESSION, position=position)
    for position in ("", "1", "doc", "0000000001#" + "g" * 32):
        with pytest.raises(InvalidPosition):
            world.store().list_versions(DOC, position=position)


def test_versions_come_in_numeric_order_over_pages() -> None:
    world = World()
    for number in range(12):
        save(world, DOC, b"%d" % number)
    page = world.store().list_versions(DOC, limit=7)
    rest = world.store().list_versions(DOC, limit=7, position=page.position)
    assert [v.number for v in [*page.items, *rest.items]] == list(range(12))
    assert rest.position is None


def test_session_user_is_refused_on_save_and_empty_on_load() -> None:
    world = World()
    trap = ArtifactId(Scope("app", "u", "user"), "x")
    save(world, ArtifactId(SESSION.user_scope, "x"), b"secret")
    with pytest.raises(InvalidName):
        save(world, trap, b"y")
    with pytest.raises(ArtifactNotFound):
        world.store().load(trap)


@pytest.mark.parametrize(
    ("error", "field", "facts"),
    [
        (ContentTooLarge, "content", {"body": b"x" * (MAX_INLINE_BYTES + 1)}),
        (InvalidContent, "content", {"body": b"\xff", "part": {"kind": "text"}}),
        (InvalidContent, "content", {"body": b"", "part": {"kind": "file"}}),
        (InvalidPart, "kind", {"part": {"kind": "image"}}),
        (InvalidPart, "mimeType", {"part": {"mime_type": ""}}),
        (InvalidPart, "mimeType", {"part": {"mime_type": "a/b\r\nx: y"}}),
        (InvalidPart, "mimeType", {"part": {"mime_type": "ä"}}),
        (InvalidPart, "mimeType", {"part": {"mime_type": "x" * 256}}),
        (InvalidPart, "mimeType", {"part": {"mime_type": 5}}),
        (InvalidPart, "displayName", {"part": {"display_name": "\ud800"}}),
        (InvalidPart, "displayName", {"part": {"display_name": 5}}),
        (InvalidPart, "displayName", {"part": {"display_name": "é" * 513}}),
        (InvalidMetadata, "customMetadata", {"custom_metadata": [1]}),
        (InvalidMetadata, "customMetadata", {"custom_metadata": {1: 1}}),
        (InvalidMetadata, "customMetadata", {"custom_metadata": {"x": float("nan")}}),
        (InvalidMetadata, "customMetadata", {"custom_metadata": {"x": b"bytes"}}),
        (InvalidMetadata, "customMetadata", {"custom_metadata": {"x": "\udfff"}}),
        (InvalidMetadata, "customMetadata", {"custom_metadata": {"x": 10**5000}}),
        (MetadataTooLarge, "customMetadata", {"custom_metadata": {"x": "y" * 70_000}}),
    ],
)
def test_bad_input_names_its_field(error: type[InvalidInput], field: str, facts: dict[str, Any]) -> None:
    with pytest.raises(error) as raised:
        Content(**({"body": b""} | facts | ({"part": Part(**facts["part"])} if "part" in facts else {})))
    assert raised.value.field == field


def test_metadata_may_be_nested_but_not_for_ever() -> None:
    value: dict[str, Any] = {}
    for _ in range(31):
        value = {"x": value}
    assert Content(body=b"", custom_metadata=value).fingerprint
    with pytest.raises(InvalidMetadata, match="32 deep"):
        Content(body=b"", custom_metadata={"x": value})
    value["x"] = value
    with pytest.raises(InvalidMetadata, match="32 deep"):
        Content(body=b"", custom_metadata=value)


def test_a_foreign_object_in_the_way_becomes_a_version() -> None:
    world = World()
    world.objects.put_foreign(DOC.object_key(0), b"theirs", content_type="text/x")
    assert save(world, DOC, b"ours") == 1
    theirs = world.store().load(DOC, 0)
    assert theirs.body == b"theirs"
    assert (theirs.version.part.mime_type, theirs.version.sha256) == ("text/x", None)
    world.objects.put_foreign(DOC.object_key(2), b"more", content_type="bad\ntype")
    assert save(world, DOC, b"last") == 3
    assert world.store().describe(DOC, 2).part.mime_type is None
    assert [v.number for v in world.store().list_versions(DOC).items] == [0, 1, 2, 3]


def test_a_foreign_object_over_a_version_changes_nothing() -> None:
    world = World()
    save(world, DOC, b"ours")
    world.objects.put_foreign(DOC.object_key(0), b"theirs")
    assert world.store().load(DOC, 0).body == b"ours"
    world.store().delete(DOC)
    assert [ref.key for ref in world.objects.refs()] == [DOC.object_key(0)], "theirs is not ours to delete"


def test_an_index_entry_without_its_object_is_an_error_and_not_an_absence() -> None:
    world = World()
    save(world, DOC, b"a")
    world.objects.delete(world.objects.refs())
    for number in (None, 0):
        with pytest.raises(StorageUnavailable):
            world.store().load(DOC, number)


def test_a_delete_that_leaves_something_says_so() -> None:
    world = World()
    save(world, DOC, b"a")
    told: list[tuple[ArtifactId, str]] = []
    slow = Counted(4, "after", lambda: world.clock.sleep(60))
    assert world.store(slow).delete(DOC, on_unfinished=lambda artifact, gen: told.append((artifact, gen)))
    assert told == [], "all of one page is done before time is looked at"

    def fail() -> None:
        raise StorageUnavailable("injected")

    save(world, DOC, b"b")
    gen = world.store().describe(DOC).gen
    assert world.store(Counted(4, "before", fail)).delete(DOC, on_unfinished=lambda *what: told.append(what))
    assert told == [(DOC, gen)]
    assert world.store().purge(DOC, gen)
    assert world.objects.refs() == []


def test_a_delete_succeeds_when_nobody_can_be_told_what_it_left() -> None:
    world = World()
    save(world, DOC, b"a")

    def fail(*_: object) -> None:
        raise StorageUnavailable("injected")

    assert world.store(Counted(4, "before", fail)).delete(DOC, on_unfinished=fail)
    with pytest.raises(ArtifactNotFound):
        world.store().load(DOC)


def test_purge_removes_nothing_that_was_not_deleted() -> None:
    world = World()
    save(world, DOC, b"a")
    before = world.table.items(), world.objects.refs()
    for gen in (world.store().describe(DOC).gen, "f" * 32, ""):
        assert world.store().purge(DOC, gen)
    assert (world.table.items(), world.objects.refs()) == before


def test_a_purge_without_time_says_that_something_is_left() -> None:
    world = World()
    for number in range(501):
        save(world, DOC, b"%d" % number)
    gen = world.store().describe(DOC).gen
    told: list[str] = []
    world.store().delete(DOC, timeout=-1, on_unfinished=lambda _, gen: told.append(gen))
    assert told == [gen]
    assert len(world.objects.refs()) == 1
    assert world.store().purge(DOC, gen)
    assert world.objects.refs() == []
