"""A caller who does everything that the API knows, and everything that it was ever answered."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from artifact_store import ArtifactId
from google_adk_aws._http.paths import artifact_path, artifacts_path, scope_path
from tests.contract.calls import Answer, call, packed
from tests.contract.transfers import download, send
from tests.faults.interposed import World

__all__ = ["Actor", "members_of"]


@dataclass
class Actor:
    """One caller.

    Attributes:
        authorizer: What the gateway has confirmed.
        artifact: The artifact of their own that everything is done with.
        says: What their content, metadata and display names hold, and what their other names begin with.
        heard: Every answer.
    """

    authorizer: Mapping[str, Any]
    artifact: ArtifactId
    says: str
    heard: list[Answer] = field(default_factory=list)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Makes a request; a body that is no bytes is JSON."""
        raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        path, _, query = path.partition("?")
        answer = call(
            method,
            path,
            body=raw,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            query=dict(pair.split("=", 1) for pair in query.split("&")) if query else None,
            authorizer=self.authorizer,
        )
        assert answer.status < 500, answer
        self.heard.append(answer)
        return answer

    @property
    def content(self) -> bytes:
        return f"{self.says}-CONTENT".encode()

    @property
    def upload_facts(self) -> dict[str, Any]:
        return {"size": len(self.content), "sha256": hashlib.sha256(self.content).hexdigest()}

    def other(self, number: int) -> ArtifactId:
        """Another artifact of theirs."""
        return ArtifactId(self.artifact.scope, f"{self.says}-NAME-{number}")

    def save(self, key: str, artifact: ArtifactId | None = None) -> Answer:
        return self.ask(
            "POST",
            artifact_path(artifact or self.artifact),
            self.content,
            Idempotency_Key=key,
            Artifact_Metadata=packed({"note": f"{self.says}-METADATA"}),
            Artifact_Part=packed({"displayName": f"{self.says}-TITLE"}),
        )

    def look_at(self, artifact: ArtifactId) -> list[Answer]:
        """Every way to read of an artifact, by itself and in batches."""
        path, scope = artifact_path(artifact), scope_path(artifact.scope)
        items = {"items": [{"filename": artifact.filename}]}
        return [
            self.ask("GET", path),
            self.ask("HEAD", path),
            self.ask("GET", f"{path}/versions/0"),
            self.ask("GET", f"{path}/versions/0/metadata"),
            self.ask("GET", f"{path}/versions"),
            self.ask("POST", f"{path}/versions/latest/link", {}),
            self.ask("POST", f"{scope}/batch/load", items),
            self.ask("POST", f"{scope}/batch/describe", items),
        ]

    def names(self, query: str = "?limit=1000") -> Answer:
        return self.ask("GET", artifacts_path(self.artifact.scope) + query)

    def begin(self, world: World) -> str:
        """The id of an upload whose content was sent."""
        facts = {"size": len(self.content), "method": "put"}
        begun = self.ask("POST", f"{artifact_path(self.other(0))}/uploads", facts).json
        assert send(world, begun["put"], self.content)[0] == 200
        return str(begun["uploadId"])

    def use_upload(self, artifact: ArtifactId, upload: str) -> list[Answer]:
        """Everything that can be done with an upload's id."""
        path = f"{artifact_path(artifact)}/uploads/{upload}"
        return [
            self.ask("GET", path),
            self.ask("POST", f"{path}/parts", {"parts": [{"number": 1, **self.upload_facts}]}),
            self.ask("POST", f"{path}/finalize", self.upload_facts),
            self.ask("DELETE", path),
        ]

    def finalize(self, upload: str) -> Answer:
        return self.ask("POST", f"{artifact_path(self.other(0))}/uploads/{upload}/finalize", self.upload_facts)

    def save_in_a_batch(self, artifact: ArtifactId, key: str) -> Answer:
        item = {
            "filename": artifact.filename,
            "content": base64.b64encode(self.content).decode(),
            "idempotencyKey": key,
        }
        return self.ask("POST", f"{scope_path(artifact.scope)}/batch/save", {"items": [item]})

    def delete_in_a_batch(self, artifact: ArtifactId) -> Answer:
        items = {"items": [{"filename": artifact.filename}]}
        return self.ask("POST", f"{scope_path(artifact.scope)}/batch/delete", items)

    def words(self, world: World) -> Iterator[str]:
        """Everything that was said in an answer: bodies and headers, packed JSON unpacked, links followed."""
        for answer in self.heard:
            yield answer.body.decode(errors="replace")
            yield from answer.headers.values()
            for name in ("artifact-part", "artifact-metadata"):
                packed_value = answer.headers.get(name, "")
                yield base64.urlsafe_b64decode(packed_value + "=" * (-len(packed_value) % 4)).decode()
            for result in members_of(answer):
                if "content" in result:
                    yield base64.b64decode(result["content"]).decode()
                if result.get("request", {}).get("method") == "GET":
                    yield download(world, result["request"]["url"]).body.decode()


def members_of(answer: Answer) -> list[dict[str, Any]]:
    """The JSON object of an answer, and then the items of its batch; nothing of other answers."""
    if not answer.headers.get("content-type", "").startswith("application/json") or not answer.body:
        return []
    found = json.loads(answer.body)
    return [found, *found.get("results", [])]
