"""The schemas of docs/openapi.json: the wire's types, and what types cannot say."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from pydantic import ConfigDict, TypeAdapter

from artifact_api.batches import wire as batch_wire
from artifact_api.batches.running import MAX_ITEMS
from artifact_api.content import MAX_IDEMPOTENCY_KEY_CHARACTERS
from artifact_api.openapi import texts
from artifact_api.openapi.parameters import MAX_CURSOR_CHARACTERS
from artifact_api.operations.create_link import DEFAULT_LINK_SECONDS, MAX_LINK_SECONDS
from artifact_api.operations.sign_upload_parts import MAX_SIGNED_PARTS
from artifact_api.problems import CODES
from artifact_api.upload_ids import MAX_UPLOAD_ID_CHARACTERS
from artifact_api.upload_wire import (
    BeginUploadInput,
    FinalizeUploadInput,
    LinkInput,
    LinkJson,
    SignedPartJson,
    SignedParts,
    SignUploadPartsInput,
    UploadedPartJson,
    UploadJson,
    UploadPartInput,
    UploadState,
)
from artifact_api.wire import (
    ArtifactList,
    ArtifactSummaryJson,
    DeletionJson,
    Health,
    PartJson,
    ProblemJson,
    SessionDeleted,
    SignedRequestJson,
    VersionList,
    VersionMetadata,
)
from artifact_store.model import MAX_MIME_TYPE_CHARACTERS, MAX_TTL_SECONDS
from artifact_store.names import MAX_VERSION
from artifact_store.transfers import MAX_PART_BYTES, MAX_PARTS, MAX_UPLOAD_BYTES, MIN_PART_BYTES

__all__ = ["schemas"]

Json: TypeAlias = dict[str, Any]

_TYPES: Final = {
    "Part": PartJson,
    "VersionMetadata": VersionMetadata,
    "VersionList": VersionList,
    "ArtifactList": ArtifactList,
    "Health": Health,
    "Problem": ProblemJson,
    "SignedRequest": SignedRequestJson,
    "Upload": UploadJson,
    "UploadState": UploadState,
    "SignedParts": SignedParts,
    "Link": LinkJson,
    "LoadedBatch": batch_wire.LoadedBatch,
    "DescribedBatch": batch_wire.DescribedBatch,
    "SavedBatch": batch_wire.SavedBatch,
    "DeletedBatch": batch_wire.DeletedBatch,
    "SessionDeleted": SessionDeleted,
    "Deletion": DeletionJson,
}
_INPUTS: Final = {
    "BeginUpload": BeginUploadInput,
    "SignUploadParts": SignUploadPartsInput,
    "FinalizeUpload": FinalizeUploadInput,
    "CreateLink": LinkInput,
    "BatchToLoad": batch_wire.BatchToLoad,
    "BatchToSave": batch_wire.BatchToSave,
    "BatchToDelete": batch_wire.BatchToDelete,
}
_BATCH_INPUTS: Final = (batch_wire.ItemToLoad, batch_wire.ItemToSave, batch_wire.ItemToDelete)
_MEMBERS: Final = (
    ArtifactSummaryJson,
    SignedPartJson,
    UploadedPartJson,
    UploadPartInput,
    *_BATCH_INPUTS,
    batch_wire.LoadedItem,
    batch_wire.LinkedItem,
    batch_wire.UnchangedItem,
    batch_wire.RefusedItem,
    batch_wire.DescribedItem,
    batch_wire.SavedItem,
    batch_wire.DeletedItem,
)
"""Types that occur only inside of the others."""

_RENAMED: Final = {
    "PartJson": "Part",
    "ProblemJson": "Problem",
    "ArtifactSummaryJson": "ArtifactSummary",
    "SignedRequestJson": "SignedRequest",
    "UploadJson": "Upload",
    "SignedPartJson": "SignedPart",
    "UploadedPartJson": "UploadedPart",
    "BeginUploadInput": "BeginUpload",
    "SignUploadPartsInput": "SignUploadParts",
    "FinalizeUploadInput": "FinalizeUpload",
    "LinkJson": "Link",
    "LinkInput": "CreateLink",
    "DeletionJson": "Deletion",
}
_REFUSES_UNKNOWN: Final = frozenset({*_INPUTS, "UploadPartInput", *(one.__name__ for one in _BATCH_INPUTS)})

_CONSTRAINTS: Final[dict[str, Json]] = {
    "version": {"minimum": 0, "maximum": MAX_VERSION},
    "size": {"minimum": 0},
    "canonicalUri": {"pattern": "^s3://[^/]+/.+$"},
    "createTime": {"minimum": 0},
    "sha256": {"pattern": "^[0-9a-f]{64}$"},
    "etag": {"pattern": '^"[!#-~]+"$'},
    "mimeType": {"minLength": 1, "maxLength": MAX_MIME_TYPE_CHARACTERS, "pattern": "^[ -~]+$"},
    "nextCursor": {"minLength": 1, "maxLength": MAX_CURSOR_CHARACTERS},
    "code": {"enum": list(CODES)},
    "status": {"minimum": 400, "maximum": 599},
    "uploadId": {"minLength": 1, "maxLength": MAX_UPLOAD_ID_CHARACTERS, "pattern": "^[A-Za-z0-9_-]+$"},
    "partSize": {"minimum": 0, "maximum": MAX_PART_BYTES},
    "partCount": {"minimum": 1, "maximum": MAX_PARTS},
    "nextPart": {"minimum": 1, "maximum": MAX_PARTS},
    "number": {"minimum": 1, "maximum": MAX_PARTS},
    "expiresAt": {"minimum": 0},
    "expiresIn": {"minimum": 1, "maximum": MAX_LINK_SECONDS, "default": DEFAULT_LINK_SECONDS},
    "retryAfter": {"minimum": 1},
    "ttl": {"minimum": 0, "maximum": MAX_TTL_SECONDS},
    "items": {"minItems": 1, "maxItems": MAX_ITEMS},
    "content": {"contentEncoding": "base64"},
    "idempotencyKey": {"minLength": 1, "maxLength": MAX_IDEMPOTENCY_KEY_CHARACTERS, "pattern": "^[ -~]+$"},
    "jobId": {"pattern": "^[0-9a-f]{32}$"},
}
"""What the wire's types cannot say, by member."""


def schemas() -> Json:
    """Every schema, by name."""
    types = _TYPES | _INPUTS
    _read_docstrings(*types.values(), *_MEMBERS)
    inputs: Any = [(name, "serialization", TypeAdapter(type_)) for name, type_ in types.items()]
    _, definitions = TypeAdapter.json_schemas(inputs, ref_template="#/components/schemas/{model}")
    found: Json = {}
    for name, schema in definitions["$defs"].items():
        found[_RENAMED.get(name, name)] = _tidy(schema)
    found["GatewayMessage"] = texts.GATEWAY_MESSAGE
    found["PartInput"] = _part_input(found["Part"])
    for name in _REFUSES_UNKNOWN:
        found[name]["additionalProperties"] = False
    _refine_bodies(found)
    return dict(sorted(found.items()))


def _read_docstrings(*types: Any) -> None:
    """Lets pydantic take the descriptions of members from the docstrings below them."""
    for each in types:
        each.__pydantic_config__ = ConfigDict(use_attribute_docstrings=True)


def _tidy(schema: Json) -> Json:
    """Drops pydantic's titles, renames references, adds what types cannot say."""
    tidy: Json = {name: value for name, value in schema.items() if name != "title"}
    for name, member in tidy.get("properties", {}).items():
        member.pop("title", None)
        constraints = _CONSTRAINTS.get(name)
        if constraints and not {"$ref", "const", "enum"} & member.keys():
            target = next((one for one in member.get("anyOf", ()) if one.get("type") == "string"), member)
            target.update(constraints)
        listed = member.get("items", {})
        for holder in (member, listed, *member.get("anyOf", ()), *listed.get("anyOf", ())):
            if "$ref" in holder:
                reference = holder["$ref"].rpartition("/")[2]
                holder["$ref"] = f"#/components/schemas/{_RENAMED.get(reference, reference)}"
    return tidy


def _part_input(part: Json) -> Json:
    return {
        **part,
        "description": "What a save says of its part. Absent members: kind `bytes`, mimeType = Content-Type, no name.",
        "required": [],
        "additionalProperties": False,
    }


def _refine_bodies(schemas: Json) -> None:
    """What is so of some bodies only."""
    begin = schemas["BeginUpload"]["properties"]
    begin["size"]["maximum"] = MAX_UPLOAD_BYTES
    begin["partSize"]["minimum"] = MIN_PART_BYTES
    one_put = {"method": {"const": "put"}, "partSize": {"type": "integer"}}
    schemas["BeginUpload"]["not"] = {"required": [*one_put], "properties": one_put}
    entity_tags = schemas["ItemToSave"]["properties"]["ifMatch"]["anyOf"]
    next(one for one in entity_tags if one.get("type") == "array").update(minItems=1, uniqueItems=True)
    schemas["SignUploadParts"]["properties"]["parts"] |= {"minItems": 1, "maxItems": MAX_SIGNED_PARTS}
    for name in ("FinalizeUpload", "ItemToSave"):
        part = schemas[name]["properties"]["part"]
        part["anyOf"] = [{"$ref": "#/components/schemas/PartInput"}, {"type": "null"}]
