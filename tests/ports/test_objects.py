"""The bucket: created once, read and deleted by version."""

from __future__ import annotations

import time

import pytest

from artifact_store.ports import ListedObject, ObjectExists, ObjectRef, ObjectStore
from tests.ports.conftest import STRICT, Foreign

KEY = "app/user@x.org/s!2F1/user:a!20b/0"
FACTS = {"artifact-gen": "abc", "artifact-part": "eyJ9"}


def test_an_object_is_created_once_and_read_back(objects: ObjectStore) -> None:
    version_id = objects.create(KEY, b"\x00\xffbody", content_type="image/png", metadata=FACTS)
    found = objects.get(ObjectRef(KEY, version_id))
    assert found is not None
    assert found.body == b"\x00\xffbody"
    assert found.head == objects.head(KEY)
    assert (found.head.version_id, found.head.size) == (version_id, 6)
    assert found.head.content_type == "image/png"
    assert found.head.metadata == FACTS
    assert abs(found.head.modified_ms / 1000 - time.time()) < 60


@pytest.mark.parametrize("body", [b"", b"x" * 300_000])
def test_bodies_of_any_size_come_back(objects: ObjectStore, body: bytes) -> None:
    version_id = objects.create(KEY, body, content_type=None, metadata={})
    found = objects.get(ObjectRef(KEY, version_id))
    assert found is not None
    assert found.body == body


def test_a_taken_key_is_refused_and_unchanged(objects: ObjectStore) -> None:
    version_id = objects.create(KEY, b"first", content_type="a/b", metadata=FACTS)
    with pytest.raises(ObjectExists):
        objects.create(KEY, b"second", content_type="a/b", metadata={})
    head = objects.head(KEY)
    assert head is not None
    assert (head.version_id, head.size) == (version_id, 5)


def test_what_is_missing_is_none(objects: ObjectStore) -> None:
    assert objects.head(KEY) is None
    version_id = objects.create(KEY, b"x", content_type=None, metadata={})
    assert objects.get(ObjectRef("app/other/s/f/0", version_id)) is None
    objects.delete([ObjectRef(KEY, version_id)])
    assert objects.head(KEY) is None
    assert objects.get(ObjectRef(KEY, version_id)) is None


def test_deleting_an_old_version_spares_a_new_object_of_the_same_key(objects: ObjectStore) -> None:
    old = objects.create(KEY, b"old", content_type=None, metadata={})
    objects.delete([ObjectRef(KEY, old)])
    new = objects.create(KEY, b"new", content_type=None, metadata={})
    objects.delete([ObjectRef(KEY, old)])
    objects.delete([ObjectRef(KEY, old), ObjectRef("app/u/s/nothing/0", old)])
    head = objects.head(KEY)
    assert head is not None
    assert head.version_id == new


def test_many_versions_are_deleted_at_once(objects: ObjectStore) -> None:
    refs = [
        ObjectRef(key, objects.create(key, b"x", content_type=None, metadata={}))
        for key in (f"a/u/s/f!2F{number}/0" for number in range(30))
    ]
    objects.delete(refs)
    assert [objects.head(ref.key) for ref in refs] == [None] * 30


def listed(objects: ObjectStore, prefix: str = "", limit: int = 1000) -> list[ListedObject]:
    found: list[ListedObject] = []
    after: ObjectRef | None = None
    while True:
        page, after = objects.list_versions(prefix, limit=limit, after=after)
        assert len(page) <= limit
        found += page
        if after is None:
            return found


def test_one_version_is_described(objects: ObjectStore) -> None:
    version_id = objects.create(KEY, b"body", content_type="image/png", metadata=FACTS)
    assert objects.head_version(ObjectRef(KEY, version_id)) == objects.head(KEY)
    assert objects.head_version(ObjectRef("app/other/s/f/0", version_id)) is None
    objects.delete([ObjectRef(KEY, version_id)])
    assert objects.head_version(ObjectRef(KEY, version_id)) is None


@pytest.mark.parametrize("limit", [1, 3, 4, 1000])
def test_versions_are_listed_in_the_order_of_their_keys(objects: ObjectStore, limit: int) -> None:
    keys = [
        f"{prefix}/u/s/{name}/{number}"
        for prefix in ("a", "b")
        for name in ("x", "x!2Fy", "x.y")
        for number in (0, 10, 2)
    ]
    refs = [ObjectRef(key, objects.create(key, b"x", content_type=None, metadata={})) for key in keys]
    found = listed(objects, limit=limit)
    assert [entry.ref for entry in found] == sorted(refs, key=lambda ref: ref.key)
    assert {(entry.latest, entry.marker) for entry in found} == {(True, False)}
    assert abs(found[0].modified_ms / 1000 - time.time()) < 60
    inside = sorted((ref for ref in refs if ref.key.startswith("a/u/s/x/")), key=lambda ref: ref.key)
    assert [entry.ref for entry in listed(objects, "a/u/s/x/", limit)] == inside
    assert listed(objects, "c", limit) == []


@pytest.mark.parametrize("backend", STRICT, indirect=True)
def test_a_list_starts_after_a_key_with_all_its_versions(objects: ObjectStore, foreign: Foreign) -> None:
    for key in ("a", "b", "c"):
        objects.create(key, b"x", content_type=None, metadata={})
    for _ in range(2):
        foreign.put("b", b"over")
    for after, expected in (
        ("a", ["b", "b", "b", "c"]),
        ("aa", ["b", "b", "b", "c"]),
        ("b", ["c"]),
        ("b~", ["c"]),
        ("c", []),
    ):
        page, position = objects.list_versions("", limit=1000, after=ObjectRef(after, ""))
        assert ([entry.ref.key for entry in page], position) == (expected, None)


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_hidden_and_overwritten_versions_are_listed(objects: ObjectStore, foreign: Foreign, limit: int) -> None:
    first = objects.create("a/0", b"first", content_type=None, metadata={})
    over = foreign.put("a/0", b"over")
    marker = foreign.hide("a/0")
    assert objects.head("a/0") is None
    gone = objects.create("b/0", b"gone", content_type=None, metadata={})
    alone = foreign.hide("b/0")
    objects.delete([ObjectRef("b/0", gone)])
    under = objects.create("c/0", b"x", content_type=None, metadata={})
    found = {entry.ref: (entry.latest, entry.marker) for entry in listed(objects, limit=limit)}
    assert found == {
        ObjectRef("a/0", first): (False, False),
        ObjectRef("a/0", over): (False, False),
        ObjectRef("a/0", marker): (True, True),
        ObjectRef("b/0", alone): (True, True),
        ObjectRef("c/0", under): (True, False),
    }
    assert objects.head_version(ObjectRef("a/0", marker)) is None
    assert objects.get(ObjectRef("a/0", marker)) is None
    hidden = objects.get(ObjectRef("a/0", first))
    assert hidden is not None
    assert hidden.body == b"first"
    objects.delete([ObjectRef("a/0", marker)])
    head = objects.head("a/0")
    assert head is not None
    assert head.version_id == over, "without the marker it is there again"


def test_a_key_under_a_delete_marker_is_free(objects: ObjectStore, foreign: Foreign) -> None:
    objects.create("a/0", b"first", content_type=None, metadata={})
    foreign.hide("a/0")
    second = objects.create("a/0", b"second", content_type=None, metadata={})
    with pytest.raises(ObjectExists):
        objects.create("a/0", b"third", content_type=None, metadata={})
    head = objects.head("a/0")
    assert head is not None
    assert head.version_id == second


def folders(objects: ObjectStore, prefix: str, *, limit: int) -> list[str]:
    """Every folder of every page."""
    found: list[str] = []
    after: str | None = None
    for _ in range(100):
        page, after = objects.list_folders(prefix, limit=limit, after=after)
        assert len(page) <= limit
        found += page
        if after is None:
            return found
    raise AssertionError("the list does not end")


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_folders_are_listed_once_each_and_in_the_order_of_their_bytes(objects: ObjectStore, limit: int) -> None:
    # `-` and `.` sort before a slash, `0` after it.
    sessions = ["s", "s-", "s.1", "s0", "s1", "s10", "user", "!2F"]
    for session in sessions:
        for key in (f"app/u/{session}/a/0", f"app/u/{session}/a/1", f"app/u/{session}/b/0"):
            objects.create(key, b"x", content_type=None, metadata={})
    for foreign in ("app/u/file", "app/u0/s/a/0", "app/u-/s/a/0", "app/v/s/a/0", "app2/u/s/a/0"):
        objects.create(foreign, b"x", content_type=None, metadata={})
    assert folders(objects, "app/u/", limit=limit) == sorted(f"app/u/{session}/" for session in sessions)
    assert folders(objects, "app/nobody/", limit=limit) == []


def test_a_folder_is_listed_as_long_as_anything_is_in_it(objects: ObjectStore, foreign: Foreign) -> None:
    key = "app/u/s/doc/0"
    version_id = objects.create(key, b"x", content_type=None, metadata={})
    marker = foreign.hide(key)
    assert folders(objects, "app/u/", limit=10) == ["app/u/s/"], "its object is hidden, but there"
    objects.delete([ObjectRef(key, version_id), ObjectRef(key, marker)])
    assert folders(objects, "app/u/", limit=10) == []
