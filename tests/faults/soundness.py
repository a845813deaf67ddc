"""What must hold of bucket and index once nobody is at work on them."""

from __future__ import annotations

from collections import defaultdict

from artifact_store.names import BLOB_PREFIX, parse_object_key
from tests.faults.interposed import World


def assert_sound(world: World, *, orphan_blobs: int = 0) -> None:
    """The index names exactly the objects there are, without gaps; nothing else is left over."""
    heads: dict[tuple[str, str], dict[str, object]] = {}
    numbers: dict[tuple[str, str], list[int]] = defaultdict(list)
    named: set[tuple[str, str]] = set()
    for (partition, sort), item in world.table.items().items():
        kind, _, rest = sort.partition("#")
        if kind == "h":
            heads[partition, rest] = dict(item)
        elif kind == "v":
            name, number, gen = rest.split("#")
            numbers[partition, f"{name}#{gen}"].append(int(number))
            named.add((str(item["version_id"]), name))
            if "blob_key" in item:
                named.add((str(item["blob_version_id"]), "blob"))
    live = {(partition, f"{name}#{head['gen']}"): head["next"] for (partition, name), head in heads.items()}
    assert {place: sorted(found) for place, found in numbers.items()} == {
        place: list(range(int(str(following)))) for place, following in live.items()
    }
    found = {
        (ref.version_id, "blob" if ref.key.startswith(BLOB_PREFIX) else parse_object_key(ref.key)[0].encoded_filename)
        for ref in world.objects.refs()
    }
    assert named <= found
    assert [kind for _, kind in found - named] == ["blob"] * orphan_blobs
