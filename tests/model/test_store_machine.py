"""Any sequence of ADK's operations against a plain dict, with storage failing at any call.

A caller whose operation fails repeats it with the same key, as clients do. Between operations hours pass,
objects are looked at again, and bucket and index are compared: nobody may notice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, TypeVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, rule, run_state_machine_as_test

from artifact_store import (
    ArtifactId,
    ArtifactNotFound,
    ArtifactStore,
    Content,
    IdempotencyKeyReused,
    Page,
    Part,
    Scope,
    StorageUnavailable,
    Version,
    VersionNotFound,
)
from artifact_store.adapters.time import InTurn
from artifact_store.ids import new_id
from artifact_store.index import TableIndex
from artifact_store.maintenance import Findings, Maintenance
from artifact_store.ports import Ports
from tests.faults.interposed import Counted, World
from tests.faults.soundness import assert_sound
from tests.model.weakened import tokenless

pytestmark = [pytest.mark.slow]

Made = TypeVar("Made")

HOUR: Final = 3600.0
KEY_HOURS: Final = 24
"""How long an idempotency key stands for its save."""

SCOPES: Final = (
    Scope("app", "u", "s"),
    Scope("app", "u", "S"),
    Scope("app", "u"),
    Scope("app", "a/b", "c"),
    Scope("app", "a", "b/c"),
    Scope("app!2F", "ü@x", "s #%"),
    Scope("app!2F", "ü@x"),
)
NAMES: Final = (
    "doc",
    "doc/0",
    "doc/nested",
    "doc#",
    "Doc",
    "..",
    "user:doc",
    "a b%2Fc!2Fd",
    "v#doc#0",
    "ﬁ\u0301\U0001f600",
    "\x00",
    "~",
)
CALLERS: Final = ("", "someone", "someone else")

names = st.one_of(st.sampled_from(NAMES), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
artifacts = st.builds(ArtifactId, st.sampled_from(SCOPES), names)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
metadata: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.dictionaries(texts, st.one_of(texts, st.integers(), st.booleans(), st.none()), max_size=3),
    st.just({"long": "ü" * 700}),
)
mime_types = st.sampled_from([None, "text/plain", "application/octet-stream", "image/png; x=y"])
contents = st.one_of(
    st.builds(
        Content,
        body=st.binary(max_size=40),
        part=st.builds(Part, mime_type=mime_types, display_name=st.one_of(st.none(), texts)),
        custom_metadata=metadata,
    ),
    st.builds(
        Content,
        body=texts.map(str.encode),
        part=st.builds(Part, kind=st.just("text"), mime_type=mime_types),
        custom_metadata=metadata,
    ),
)
faults = st.one_of(st.none(), st.tuples(st.integers(1, 9), st.sampled_from(["before", "after"])))
"""The call that fails, and whether it has taken effect."""


@dataclass(frozen=True)
class Saved:
    """A save that was answered."""

    artifact: ArtifactId
    content: Content
    caller: str
    key: str
    gen: str
    number: int
    at: float


def artifact_of(save: Saved) -> ArtifactId:
    return save.artifact


@dataclass
class Kept:
    """What an artifact should be."""

    gen: str = ""
    versions: list[Content] = field(default_factory=list)


class StoreMachine(RuleBasedStateMachine):
    saves: Bundle[Saved] = Bundle("saves")

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.kept: dict[ArtifactId, Kept] = {}
        self.gens: set[str] = set()
        self.keys = count()

    def store(self, fault: tuple[int, str] | None = None) -> ArtifactStore:
        return self.world.store(Counted(*fault, fail) if fault else None)

    def ask(self, fault: tuple[int, str] | None, do: Callable[[ArtifactStore], Made]) -> tuple[Made, bool]:
        """The answer, and whether it took a second attempt."""
        try:
            return do(self.store(fault)), False
        except StorageUnavailable:
            assert fault is not None
            return do(self.store()), True

    @rule(
        target=saves,
        artifact=st.one_of(artifacts, saves.map(artifact_of)),
        content=contents,
        caller=st.sampled_from(CALLERS),
        fault=faults,
    )
    def save(self, artifact: ArtifactId, content: Content, caller: str, fault: tuple[int, str] | None) -> Saved:
        key = f"key {next(self.keys)}"
        saved, again = self.ask(fault, lambda store: store.save(artifact, content, caller=caller, idempotency_key=key))
        assert again or not saved.replayed
        return self.count_in(saved.version, artifact, content, caller, key)

    def count_in(self, version: Version, artifact: ArtifactId, content: Content, caller: str, key: str) -> Saved:
        """What is kept once a version is new."""
        kept = self.kept.setdefault(artifact, Kept())
        if not kept.versions:
            assert version.gen not in self.gens
            kept.gen = version.gen
            self.gens.add(kept.gen)
        self.check_version(version, artifact, len(kept.versions), content)
        kept.versions.append(content)
        return Saved(artifact, content, caller, key, kept.gen, version.number, self.world.clock.now)

    def check_version(self, version: Version, artifact: ArtifactId, number: int, content: Content) -> None:
        assert (version.artifact, version.gen, version.number) == (artifact, self.kept[artifact].gen, number)
        self.check_content(version, content)

    @staticmethod
    def check_content(version: Version, content: Content) -> None:
        assert (version.part, version.custom_metadata) == (content.part, content.custom_metadata)
        assert (version.size, version.sha256) == (len(content.body), content.sha256)

    @rule(save=saves, fault=faults)
    def save_again(self, save: Saved, fault: tuple[int, str] | None) -> None:
        if not self.stands(save):
            return
        saved, _ = self.ask(
            fault,
            lambda store: store.save(save.artifact, save.content, caller=save.caller, idempotency_key=save.key),
        )
        assert saved.replayed
        assert (saved.version.gen, saved.version.number) == (save.gen, save.number)
        self.check_content(saved.version, save.content)

    def stands(self, save: Saved) -> bool:
        return self.world.clock.now < save.at + (KEY_HOURS - 1) * HOUR

    @rule(target=saves, save=consumes(saves))
    def save_again_after_a_day(self, save: Saved) -> Saved:
        if self.stands(save):
            return save
        self.world.clock.sleep(2 * HOUR)
        artifact, content = save.artifact, save.content
        saved = self.store().save(artifact, content, caller=save.caller, idempotency_key=save.key)
        assert not saved.replayed
        return self.count_in(saved.version, artifact, content, save.caller, save.key)

    @rule(save=saves, content=contents, fault=faults)
    def use_a_key_for_other_content(self, save: Saved, content: Content, fault: tuple[int, str] | None) -> None:
        if not self.stands(save) or content.fingerprint == save.content.fingerprint:
            return
        with pytest.raises(IdempotencyKeyReused):
            self.ask(
                fault,
                lambda store: store.save(save.artifact, content, caller=save.caller, idempotency_key=save.key),
            )

    @rule(save=saves, number=st.one_of(st.none(), st.integers(0, 4)), fault=faults)
    def load(self, save: Saved, number: int | None, fault: tuple[int, str] | None) -> None:
        artifact = save.artifact
        versions = self.kept[artifact].versions
        if not versions:
            with pytest.raises(ArtifactNotFound):
                self.ask(fault, lambda store: store.load(artifact, number))
            return
        if number is not None and number >= len(versions):
            with pytest.raises(VersionNotFound):
                self.ask(fault, lambda store: store.load(artifact, number))
            return
        loaded, _ = self.ask(fault, lambda store: store.load(artifact, number))
        described, _ = self.ask(fault, lambda store: store.describe(artifact, number))
        expected = len(versions) - 1 if number is None else number
        self.check_version(loaded.version, artifact, expected, versions[expected])
        assert loaded.body == versions[expected].body
        assert loaded.version == described
        assert self.store().load_unless(artifact, number, etags=frozenset([described.etag])) == described.etag

    @rule(artifact=artifacts)
    def load_what_may_not_be(self, artifact: ArtifactId) -> None:
        if not self.kept.get(artifact, Kept()).versions:
            with pytest.raises(ArtifactNotFound):
                self.store().load(artifact)
            with pytest.raises(ArtifactNotFound):
                self.store().list_versions(artifact)

    @rule(save=saves, limit=st.integers(1, 3), fault=faults)
    def list_versions(self, save: Saved, limit: int, fault: tuple[int, str] | None) -> None:
        artifact = save.artifact
        versions = self.kept[artifact].versions
        if not versions:
            with pytest.raises(ArtifactNotFound):
                self.ask(fault, lambda store: store.list_versions(artifact, limit=limit))
            return
        found: list[Version] = []
        position: str | None = None
        while True:
            page, _ = self.ask(fault, lambda store: store.list_versions(artifact, limit=limit, position=position))  # noqa: B023 - called at once
            assert len(page.items) <= limit
            found += page.items
            position = page.position
            if position is None:
                break
        assert len(found) == len(versions)
        for number, version in enumerate(found):
            self.check_version(version, artifact, number, versions[number])

    @rule(scope=st.sampled_from(SCOPES), limit=st.integers(1, 3), fault=faults)
    def list_artifacts(self, scope: Scope, limit: int, fault: tuple[int, str] | None) -> None:
        found: list[tuple[ArtifactId, int, str, str | None]] = []
        position: str | None = None
        while True:
            page, _ = self.ask(fault, lambda store: store.list_artifacts(scope, limit=limit, position=position))  # noqa: B023 - called at once
            assert len(page.items) <= limit
            found += [(item.artifact, item.number, item.gen, item.sha256) for item in page.items]
            position = page.position
            if position is None:
                break
        assert found == [
            (artifact, len(kept.versions) - 1, kept.gen, kept.versions[-1].sha256)
            for one in dict.fromkeys([scope, scope.user_scope])
            for artifact, kept in sorted(self.kept.items(), key=lambda known: known[0].encoded_filename)
            if artifact.scope == one and kept.versions
        ]

    @rule(save=saves, fault=faults)
    def delete(self, save: Saved, fault: tuple[int, str] | None) -> None:
        kept = self.kept[save.artifact]
        deleted, again = self.ask(fault, lambda store: store.delete(save.artifact))
        assert deleted == bool(kept.versions) or again
        self.kept[save.artifact] = Kept()
        assert not self.store().delete(save.artifact)

    @rule(hours=st.sampled_from([0.1, 7.0, 7.0, 25.0]))
    def time_passes(self, hours: float) -> None:
        self.world.clock.sleep(hours * HOUR)

    @rule()
    def a_month_passes(self) -> None:
        self.world.clock.sleep(31 * 24 * HOUR)
        self.world.table.expire()

    @rule(save=saves, number=st.integers(0, 4))
    def heal(self, save: Saved, number: int) -> None:
        self.store().heal(save.artifact.object_key(number))

    @rule()
    def reconcile(self) -> None:
        self.compare()

    def compare(self) -> Findings:
        clock = self.world.clock
        ports = Ports(
            objects=self.world.objects,
            transfers=self.world.transfers,
            index=TableIndex(self.world.table, clock),
            clock=clock,
            parallel=InTurn(),
            new_id=new_id,
        )
        return Maintenance(ports, self.world.table).reconcile().findings

    def teardown(self) -> None:
        store = self.store()
        for artifact, kept in self.kept.items():
            for number, content in enumerate(kept.versions):
                loaded = store.load(artifact, number)
                self.check_version(loaded.version, artifact, number, content)
                assert loaded.body == content.body
        self.world.clock.sleep(25 * HOUR)
        self.compare()
        assert_sound(self.world)
        assert self.compare().total == 0


def fail() -> None:
    raise StorageUnavailable("injected")


class Tokenless(StoreMachine):
    """The same over a store that does not remember idempotency keys."""

    def store(self, fault: tuple[int, str] | None = None) -> ArtifactStore:
        return ArtifactStore(tokenless(super().store(fault)._ports))


class Listless(StoreMachine):
    """The same over a store that lists nothing."""

    def store(self, fault: tuple[int, str] | None = None) -> ArtifactStore:
        store = super().store(fault)
        store.list_artifacts = lambda scope, **_: Page([], None)  # type: ignore[method-assign]
        return store


TestStore = StoreMachine.TestCase
TestStore.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("broken", [Tokenless, Listless])
def test_the_machine_sees_a_broken_store(broken: type[StoreMachine]) -> None:
    quick = settings(
        max_examples=100, deadline=None, database=None, phases=[Phase.generate], report_multiple_bugs=False
    )
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        run_state_machine_as_test(broken, settings=quick)
