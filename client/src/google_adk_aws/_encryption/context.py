"""What a ciphertext is bound to: the artifact it was made for, and how its content was described.

It is no secret: it stands in the ciphertext's header, and in the logs of KMS.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from artifact_store.names import ArtifactId, encode

if TYPE_CHECKING:
    from google_adk_aws._model.wire import PartHeader

__all__ = ["context_of"]


def context_of(artifact: ArtifactId, part: PartHeader) -> Mapping[str, str]:
    """The encryption context of an artifact's content: names as object keys have them, a digest of the description.

    Not the version: its number is not known before it is saved.
    """
    scope = artifact.scope
    context = {
        "artifact-app": encode(scope.app),
        "artifact-user": encode(scope.user),
        "artifact-scope": scope.kind,
        "artifact-filename": artifact.encoded_filename,
        # A digest, since a display name may be long, and KMS takes a few KB.
        "artifact-part": _digest(part),
    }
    if scope.session is not None:
        context["artifact-session"] = encode(scope.session)
    return context


def _digest(part: PartHeader) -> str:
    described = json.dumps([part.kind, part.mime_type, part.display_name], separators=(",", ":"))
    return hashlib.sha256(described.encode()).hexdigest()
