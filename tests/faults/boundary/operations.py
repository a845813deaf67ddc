"""Every operation of the store: what it finds, what it does, and what there must be afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

from artifact_store import ArtifactNotFound, Content, Outcome, Part, Scope, Upload, UploadedPart
from artifact_store.ids import token_hash
from artifact_store.record import Draft
from tests.faults.boundary.bench import DOC, SCOPE, Bench

__all__ = ["OPERATIONS", "Operation"]

_WORDY: Final = {"text": "ü" * 1500}
_BODY: Final = b"uploaded"


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        before: Bodies of the versions that are saved before.
        found: Bodies of the versions that there are when it begins; None: those of `before`.
        after: Bodies once it is done.
        run: Does it; `given` is what `prepare` returned. Raises AssertionError when its answer is wrong.
        prepare: Does what else must be there.
    """

    before: Sequence[bytes]
    after: Sequence[bytes]
    run: Callable[[Bench, Any], object]
    prepare: Callable[[Bench], Any] | None = None
    found: Sequence[bytes] | None = None

    def prepared(self, bench: Bench) -> Any:
        """What there is before."""
        for number, body in enumerate(self.before):
            _save(bench, body, f"earlier {number}", _WORDY if number % 2 else {})
        return self.prepare(bench) if self.prepare else None


def _save(bench: Bench, body: bytes, key: str = "key", metadata: Mapping[str, Any] | None = None) -> int:
    content = Content(body=body, part=Part(mime_type="a/b"), custom_metadata=metadata or {})
    return bench.store.save(DOC, content, caller="c", idempotency_key=key).version.number


def _saves(body: bytes, number: int, metadata: Mapping[str, Any] | None = None) -> Callable[[Bench, Any], None]:
    def run(bench: Bench, _: Any) -> None:
        assert _save(bench, body, metadata=metadata) == number

    return run


def _loads(number: int | None, body: bytes) -> Callable[[Bench, Any], None]:
    def run(bench: Bench, _: Any) -> None:
        assert bench.store.load(DOC, number).body == body

    return run


def _describes(bench: Bench, _: Any) -> None:
    assert bench.store.describe(DOC).number == 1


def _lists(bench: Bench, _: Any) -> None:
    assert [item.artifact for item in bench.store.list_artifacts(SCOPE).items] == [DOC]


def _lists_versions(bench: Bench, _: Any) -> None:
    assert [version.number for version in bench.store.list_versions(DOC).items] == [0, 1]


def _deletes(bench: Bench, _: Any) -> None:
    bench.store.delete(DOC)


def _buried(bench: Bench) -> str:
    """A delete that had no time to purge."""
    gen = bench.store.describe(DOC).gen
    bench.store.delete(DOC, timeout=-1)
    return gen


def _purges(bench: Bench, gen: str) -> None:
    assert bench.store.purge(DOC, gen)


def _crashed(bench: Bench) -> str:
    """The record of a save whose saver died before its commit."""
    try:
        gen, number = bench.store.describe(DOC).gen, bench.store.describe(DOC).number + 1
    except ArtifactNotFound:
        gen, number = "0" * 31 + "1", 0
    draft = Draft(
        gen=gen,
        token=token_hash(caller="c", artifact=DOC, idempotency_key="crashed"),
        content=Content(body=b"crashed"),
        created_ms=bench.clock.now_ms(),
    )
    body, content_type, metadata = draft.object(None)
    key = DOC.object_key(number)
    bench.objects.create(key, body, content_type=content_type, metadata=metadata)
    return key


def _heals(bench: Bench, key: str) -> None:
    assert bench.store.heal(key) in {Outcome.COMMITTED, Outcome.KNOWN}


def _reconciles(bench: Bench, _: Any) -> None:
    bench.clock.sleep(3600)
    bench.maintenance.reconcile()


def _unindexed(bench: Bench) -> None:
    found, _ = bench.table.scan(limit=1000, after=None)
    bench.table.delete([key for key, _ in found])


def _rebuilds(bench: Bench, _: Any) -> None:
    bench.maintenance.rebuild(Scope(SCOPE.app, SCOPE.user, SCOPE.session))


def _foreign(bench: Bench) -> None:
    for number, body in enumerate((b"foreign 0", b"foreign 1")):
        bench.objects.create(DOC.object_key(number), body, content_type="a/b", metadata={})


def _adopts(bench: Bench, _: Any) -> None:
    bench.maintenance.adopt("app/")


def _uploaded(bench: Bench) -> Upload:
    upload = bench.store.begin_upload(DOC, size=len(_BODY))
    part = UploadedPart(number=1, size=len(_BODY), sha256=hashlib.sha256(_BODY).hexdigest())
    (request,) = bench.store.sign_upload_parts(upload, [part])
    headers = {name: value for name, value in request.headers.items() if name != "content-length"}
    assert httpx.put(request.url, headers=headers, content=_BODY).status_code == 200
    return upload


def _begins(bench: Bench, _: Any) -> None:
    bench.store.begin_upload(DOC, size=1)


def _finalizes(bench: Bench, upload: Upload) -> None:
    digest = hashlib.sha256(_BODY).hexdigest()
    saved = bench.store.finalize_upload(
        upload, size=len(_BODY), sha256=digest, part=Part(), custom_metadata=_WORDY, timeout=20
    )
    assert saved.version.number == 2


def _aborts(bench: Bench, upload: Upload) -> None:
    bench.store.abort_upload(upload)


_TWO: Final = (b"0", b"1")

OPERATIONS: Final[Mapping[str, Operation]] = {
    "save the first version": Operation((), (b"new",), _saves(b"new", 0)),
    "save the next version": Operation(_TWO, (*_TWO, b"new"), _saves(b"new", 2)),
    "save a manifest": Operation(_TWO, (*_TWO, b"new"), _saves(b"new", 2, _WORDY)),
    "repeat a save": Operation(
        _TWO,
        (*_TWO, b"new"),
        _saves(b"new", 2),
        prepare=lambda bench: _save(bench, b"new"),
        found=(*_TWO, b"new"),
    ),
    "save after a crash": Operation(_TWO, (*_TWO, b"crashed", b"new"), _saves(b"new", 3), prepare=_crashed),
    "load the latest": Operation((b"0",), (b"0",), _loads(None, b"0")),
    "load the latest, a manifest": Operation(_TWO, _TWO, _loads(None, b"1")),
    "load a version": Operation(_TWO, _TWO, _loads(0, b"0")),
    "describe": Operation(_TWO, _TWO, _describes),
    "list artifacts": Operation(_TWO, _TWO, _lists),
    "list versions": Operation(_TWO, _TWO, _lists_versions),
    "delete": Operation(_TWO, (), _deletes),
    "purge": Operation(_TWO, (), _purges, prepare=_buried, found=()),
    "heal the first version": Operation((), (b"crashed",), _heals, prepare=_crashed),
    "heal the next version": Operation(_TWO, (*_TWO, b"crashed"), _heals, prepare=_crashed),
    "reconcile": Operation(_TWO, (*_TWO, b"crashed"), _reconciles, prepare=_crashed),
    "rebuild": Operation(_TWO, _TWO, _rebuilds, prepare=_unindexed, found=()),
    "adopt": Operation((), (b"foreign 0", b"foreign 1"), _adopts, prepare=_foreign),
    "begin an upload": Operation(_TWO, _TWO, _begins),
    "finalize an upload": Operation(_TWO, (*_TWO, _BODY), _finalizes, prepare=_uploaded),
    "abort an upload": Operation(_TWO, _TWO, _aborts, prepare=_uploaded),
}
