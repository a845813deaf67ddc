"""The bucket: created once, read and deleted by version."""

from __future__ import annotations

import time

import pytest

from artifact_store.ports import ObjectExists, ObjectRef, ObjectStore

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
