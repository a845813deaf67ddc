"""Save: one conditional PUT that takes a version number, one transaction that makes it count.

S3 is the record, DynamoDB the index. A saver writes its object under the next number with
`If-None-Match: *`, then commits it. Whoever finds a number taken but not committed commits it for
the other, so that a crash between the two steps neither blocks an artifact nor loses a version.

The hazards, each met by one rule:

- An answer is lost: the object carries its token, so the repeated request recognises it.
- A repeated request overlaps the first: the token item makes a second commit impossible.
- A helper commits for a saver that is alive: the saver looks for its own object before it gives up.
- A deleted generation leaves an object behind: its grave forbids to commit it, and it is removed.
- Removing a loser must not hit another's object: only S3 version ids are removed, never keys.
"""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from typing import Final, TypeAlias, cast

from artifact_store._deleting import Deleter
from artifact_store._settling import Settler, Verdict
from artifact_store.errors import (
    Contention,
    IdempotencyKeyReused,
    PreconditionFailed,
    StorageDenied,
    StorageUnavailable,
)
from artifact_store.model import BlobRef, Content, Precondition, Saved, Uploaded, Version
from artifact_store.names import BLOB_PREFIX, MAX_VERSION, ArtifactId
from artifact_store.ports import CommitRefused, Head, ObjectExists, ObjectRef, Ports, Token
from artifact_store.record import BLOB_OWNER, Draft, Record, expiry

__all__ = ["Save"]

_PATIENCE: Final = (0.0, 0.03)
"""Pauses, in seconds, before each look whether the winner of a number has committed it by itself."""

_BLOB_KEYS: Final = 3
"""New keys that are tried for a blob."""

_FIRST_PAUSE: Final = 0.005
_LONGEST_PAUSE: Final = 0.15

_EAGER_ROUNDS: Final = 7
"""So many rounds a saver may lose and go straight on to the next number; then it pauses as well.

Whoever loses has seen another version committed, so nothing is gained by waiting, until so many savers
are at work that most of their PUTs fail.
"""

_Seen: TypeAlias = tuple[Head | None, Token | None]


def _latest_etag(head: Head | None) -> str | None:
    return head.latest.etag if head and not head.lost else None


def _free(head: Head | None) -> int:
    """The number that a save takes next."""
    number = head.next if head else 0
    if number > MAX_VERSION:
        raise StorageDenied(f"the artifact has {MAX_VERSION:,} versions, which is the limit")
    return number


def _place(head: Head | None) -> tuple[str, int] | None:
    return (head.gen, head.next) if head else None


class Save:
    """One request's save; `run` it once."""

    def __init__(
        self,
        ports: Ports,
        artifact: ArtifactId,
        content: Content | Uploaded,
        *,
        token: str,
        only_if: Precondition | None = None,
        skip_unchanged: bool = False,
    ) -> None:
        """Prepares a save; touches nothing.

        Args:
            ports: The storage.
            artifact: What to save.
            content: The new version.
            token: Hash of caller, artifact and idempotency key.
            only_if: What must be true of the latest version.
            skip_unchanged: Whether nothing is to be saved that is the latest version already.
        """
        self._ports = ports
        self._artifact = artifact
        self._content = content
        self._token = token
        self._only_if = only_if
        self._skip_unchanged = skip_unchanged
        self._blob: BlobRef | None = content.blob if isinstance(content, Uploaded) else None
        self._named: str | None = None
        """The generation that a record was last tried for."""
        self._seen: _Seen | None = None
        self._settler = Settler(ports)

    def run(self, *, timeout: float) -> Saved:
        """Saves, within `timeout` seconds.

        Raises:
            InvalidName: The session is reserved.
            IdempotencyKeyReused: The token stands for other content.
            Unavailable: Nothing is known to be saved.
        """
        self._artifact.scope.refuse_reserved_session()
        clock = self._ports.clock
        give_up_at = clock.monotonic() + timeout
        pause, rounds = _FIRST_PAUSE, 0
        while True:
            saved = self._attempt()
            if saved is not None:
                return replace(saved, lost=rounds)
            rounds += 1
            if clock.monotonic() + pause >= give_up_at:
                # The blob stays: a PUT that was answered with 412 may be mine, and count yet. The sweep knows.
                raise Contention(
                    "too many saves of this artifact at the same moment; repeat with the same Idempotency-Key"
                )
            if self._seen is None or rounds > _EAGER_ROUNDS:
                self._seen = None
                clock.sleep(random.uniform(0, pause))  # noqa: S311 - jitter, no secret
                pause = min(pause * 2, _LONGEST_PAUSE)

    def replayed(self) -> Saved | None:
        """What this save's token has saved already; None when it has not.

        Raises:
            IdempotencyKeyReused: The token stands for other content.
        """
        _, known = self._ports.index.head_and_token(self._artifact, self._token)
        return self._replay(known) if known is not None else None

    def _attempt(self) -> Saved | None:
        """One round of the protocol; None to start over.

        A round that was lost because the head had moved ends with what the next one would read, and hands it on.
        """
        head, known = self._seen or self._ports.index.head_and_token(self._artifact, self._token)
        self._seen = None
        if known is not None:
            return self._replay(known)
        if head is not None and head.latest.has_expired(self._ports.clock.now_ms()):
            # Its end was due; what is saved now begins another life.
            Deleter(self._ports).bury_expired(self._artifact, head.gen)
            return None
        if self._only_if is not None and (replayed := self._judged(self._only_if, head)):
            return replayed
        if self._skip_unchanged and (unchanged := self._unchanged(head)):
            return Saved(unchanged, replayed=False, unchanged=True)
        _free(head)
        gen = head.gen if head else self._ports.new_id()
        if not self._ports.index.remembers and self._named not in {None, gen} and isinstance(self._content, Content):
            # What was refused there may have been put by this save, and deleted since: its blob goes with it.
            self._blob = None
        draft = Draft(
            gen=gen,
            token=self._token,
            content=self._content,
            created_ms=self._ports.clock.now_ms(),
        )
        if self._blob is None and not draft.fits_inline:
            self._blob = self._put_blob(draft)
        return self._put(draft, head)

    def _put(self, draft: Draft, head: Head | None) -> Saved | None:
        """Puts the record under the number that is next, and commits it."""
        with self._ports.index.turn(self._artifact, self._token, head) as turn:
            if turn.head is not head:
                if self._only_if is not None or self._skip_unchanged:
                    # Both were judged by what has been the latest version until now.
                    self._seen = turn.head, None
                    return None
                head = turn.head
                draft = replace(draft, gen=head.gen if head else draft.gen)
            number = _free(head)
            self._named = draft.gen
            version_id = self._create(draft, number)
            if version_id is not None:
                mine = self._version(gen=draft.gen, number=number, version_id=version_id, created_ms=draft.created_ms)
                saved = self._commit_mine(mine)
                turn.put = saved.version if saved else None
                return saved
        return self._settle_taken(number, head)

    def _create(self, draft: Draft, number: int) -> str | None:
        """Puts the record; None when the number is taken."""
        body, content_type, metadata = draft.object(self._blob)
        try:
            return self._ports.objects.create(
                self._artifact.object_key(number),
                body,
                content_type=content_type,
                metadata=metadata,
            )
        except ObjectExists:
            return None

    def _judged(self, only_if: Precondition, head: Head | None) -> Saved | None:
        """Raises when the precondition does not hold; what this save has become when it is that which is in the way."""
        try:
            # No other version can come between: the commit demands the head that is judged here.
            only_if.check(_latest_etag(head))
        except PreconditionFailed:
            # A batch reads its items one by one: what is in the way may be this very save, committed meanwhile.
            replayed = self.replayed()
            if replayed is None:
                raise
            return replayed
        return None

    def _version(self, *, gen: str, number: int, version_id: str, created_ms: int) -> Version:
        return Version(
            artifact=self._artifact,
            number=number,
            gen=gen,
            version_id=version_id,
            size=self._content.size,
            sha256=self._content.sha256,
            part=self._content.part,
            custom_metadata=self._content.custom_metadata,
            created_ms=created_ms,
            blob=self._blob,
            expires_ms=expiry(self._content, created_ms),
        )

    def _unchanged(self, head: Head | None) -> Version | None:
        """The latest version, if a save would only repeat it."""
        content = self._content
        if head is None or head.lost or content.sha256 is None or head.latest.sha256 != content.sha256:
            return None
        if (head.latest.expires_ms, content.ttl_seconds) != (None, None):
            return None  # a save begins the artifact's time anew
        latest = self._ports.index.version(self._artifact, head.latest.number, head.gen)
        if latest is None or (latest.part, latest.custom_metadata) != (content.part, content.custom_metadata):
            return None
        return latest

    def _put_blob(self, draft: Draft) -> BlobRef:
        body = cast("Content", self._content).body
        for _ in range(_BLOB_KEYS):
            key = BLOB_PREFIX + self._ports.new_id()
            # A new key that is taken is my own: the answer to the first of two attempts was lost. The sweep takes it.
            with suppress(ObjectExists):
                version_id = self._ports.objects.create(
                    key,
                    body,
                    content_type=draft.content_type,
                    metadata={BLOB_OWNER: self._artifact.key_prefix},
                )
                return BlobRef(key, version_id)
        raise StorageUnavailable("S3 keeps reporting that a new key is taken")

    def _commit_mine(self, mine: Version) -> Saved | None:
        """Commits my own object, or finds out who did, or takes it back."""
        index = self._ports.index
        try:
            index.commit(mine, token=self._token, fingerprint=self._content.fingerprint)
        except CommitRefused:
            committed, known = index.version_and_token(self._artifact, mine.number, mine.gen, self._token)
            if committed is not None and committed.version_id == mine.version_id:
                return Saved(committed, replayed=False)
            # Nobody can commit it any more: the head has passed its number, its generation is
            # dead, or its token is used up. So it is safe to remove.
            key = self._artifact.object_key(mine.number)
            self._ports.objects.delete([ObjectRef(key, mine.version_id)])
            if known is not None and known.forbids(mine.created_ms):
                return self._replay(known)
            # It may have been a version for a while, deleted since, and its blob with it.
            self._drop_blob()
            return None
        return Saved(mine, replayed=False)

    def _settle_taken(self, number: int, seen: Head | None) -> Saved | None:
        """The number is taken: wait for its owner, then commit or remove its object."""
        before = _place(seen)
        for pause in _PATIENCE:
            if pause:
                self._ports.clock.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter
            head, known = self._ports.index.head_and_token(self._artifact, self._token)
            if known is not None:
                return self._replay(known)
            if _place(head) != before:
                self._seen = head, known
                return None
        record = self._settler.read(self._artifact, number)
        return self._help(record) if record is not None else None

    def _help(self, record: Record) -> Saved | None:
        """Commits the object that holds the number, if that is still right; removes a dead one."""
        judgement = self._settler.judge(record)
        mine = record.token == self._token and record.fingerprint == self._content.fingerprint
        if mine and judgement.verdict is Verdict.COMMIT:
            # An earlier attempt of this very save. Its blob is the one that counts.
            self._drop_blob(but=record.version.blob)
            self._blob = record.version.blob
            return self._commit_mine(record.version)
        self._settler.carry_out(judgement)
        return None

    def _replay(self, known: Token) -> Saved:
        """Answers from what the token saved; nothing is saved again."""
        if known.fingerprint != self._content.fingerprint:
            raise IdempotencyKeyReused(
                "this Idempotency-Key was used to save other content; use a new key for a new save"
            )
        if self._blob is not None:
            committed = self._ports.index.version(self._artifact, known.number, known.gen)
            self._drop_blob(but=committed.blob if committed else None)
            self._blob = committed.blob if committed else self._blob
        version = self._version(
            gen=known.gen,
            number=known.number,
            version_id=known.version_id,
            created_ms=known.created_ms,
        )
        return Saved(version, replayed=True)

    def _drop_blob(self, *, but: BlobRef | None = None) -> None:
        if isinstance(self._content, Uploaded):
            return  # it cannot be put again; the sweep takes what no version names
        if self._blob is not None and self._blob != but:
            self._ports.objects.delete([ObjectRef(self._blob.key, self._blob.version_id)])
        self._blob = None
