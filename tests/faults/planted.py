"""Things put into bucket and index behind the store's back."""

from __future__ import annotations

from artifact_store import ArtifactId, Content
from artifact_store.ids import new_id, token_hash
from artifact_store.model import BlobRef
from artifact_store.names import BLOB_PREFIX
from artifact_store.record import BLOB_OWNER, Draft
from tests.faults.interposed import World


def plant_record(
    world: World,
    artifact: ArtifactId,
    number: int,
    *,
    gen: str | None = None,
    key: str = "planted",
    body: bytes = b"planted",
    with_blob: bool = False,
) -> str:
    """Puts a record as a saver does before it crashes; returns its S3 version id."""
    draft = Draft(
        gen=gen or new_id(),
        token=token_hash(caller="c", artifact=artifact, idempotency_key=key),
        content=Content(body=body),
        created_ms=world.clock.now_ms(),
    )
    blob = None
    if with_blob:
        owner = {BLOB_OWNER: artifact.key_prefix}
        name = BLOB_PREFIX + new_id()
        blob = BlobRef(name, world.objects.create(name, body, content_type=None, metadata=owner))
    content, content_type, metadata = draft.object(blob)
    return world.objects.create(artifact.object_key(number), content, content_type=content_type, metadata=metadata)


def drop_items(world: World, *prefixes: str) -> None:
    """Removes items from the index, by how their sort keys start."""
    world.table.delete([key for key in world.table.items() if key[1].startswith(prefixes)])


def live_gen(world: World, artifact: ArtifactId) -> str:
    """The generation that lives."""
    head = world.table.get([(artifact.scope.partition, f"h#{artifact.encoded_filename}")])[0]
    assert head is not None
    return str(head["gen"])


def object_keys(world: World) -> list[str]:
    """The keys of all objects."""
    return sorted({ref.key for ref in world.objects.refs()})
