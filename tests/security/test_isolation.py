"""Two callers with whatever ids never see each other's bytes, names, versions, cursors, uploads, links or answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from artifact_api import edge, sealed, wiring
from artifact_store import ArtifactId, ArtifactStoreError, Scope
from tests.contract.calls import Answer
from tests.faults.interposed import World
from tests.security.actors import Actor, members_of
from tests.security.callers import deployed, iam, token

pytestmark = pytest.mark.usefixtures("aws")

PIECES = ["/", "!", "%", ".", "..", "user", "user:", ":", "|", "\\", " ", "a", "b", "!2F", "%2F", "!blobs", "0", "é"]
NAMES = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join) | st.text(min_size=1, max_size=8)
KEYS = count()
UNSHRUNK = [Phase.explicit, Phase.reuse, Phase.generate]
"""An example is some sixty requests, so that it would take minutes to make a failing one smaller."""


@dataclass(frozen=True)
class Ids:
    """The four names of an artifact, as ADK has them."""

    app: str
    user: str
    session: str | None
    filename: str

    @property
    def artifact(self) -> ArtifactId | None:
        """The artifact; None when ADK's own services refuse such ids, or they are too long with what is added."""
        try:
            artifact = ArtifactId.of(app=self.app, user=self.user, session=self.session, filename=self.filename)
            artifact.scope.refuse_reserved_session()
        except ArtifactStoreError:
            return None
        return artifact


ANY_IDS = st.builds(Ids, app=NAMES, user=NAMES, session=NAMES | st.none(), filename=NAMES).filter(
    lambda ids: ids.artifact is not None
)


@st.composite
def two_callers(draw: st.DrawFn) -> tuple[ArtifactId, ArtifactId]:
    """Artifacts of two callers, who are another user or another app; in all else as near as can be."""
    one = draw(ANY_IDS)
    other = draw(
        st.one_of(
            st.builds(Ids, st.just(one.app), NAMES, st.just(one.session), st.just(one.filename)),
            st.builds(Ids, NAMES, st.just(one.user), st.just(one.session), st.just(one.filename)),
            st.builds(Ids, st.just(one.app), st.just(f"{one.user}/{one.session}"), NAMES, st.just(one.filename)),
            st.builds(Ids, st.just(f"{one.app}/{one.user}"), NAMES, NAMES, st.just(one.filename)),
            st.builds(Ids, st.just(one.user), st.just(one.app), st.just(one.session), st.just(one.filename)),
            ANY_IDS,
        )
    )
    assume((other.app, other.user) != (one.app, one.user))
    first, second = one.artifact, other.artifact
    assume(first is not None and second is not None)
    assert first is not None
    assert second is not None
    return first, second


@contextmanager
def callers(auth_mode: str, artifacts: tuple[ArtifactId, ArtifactId]) -> Iterator[tuple[World, Actor, Actor]]:
    """An empty store, and Ada and Eve."""
    world = World()
    wiring.use(store=world.store(), erasures=world.erasures(), eraser=world.eraser())
    authorizers = [
        token(artifact.scope.user, app=artifact.scope.app) if auth_mode == "JWT" else iam(f"AROA{number}")
        for number, artifact in enumerate(artifacts)
    ]
    with deployed(auth_mode):
        yield world, Actor(authorizers[0], artifacts[0], "ADAS"), Actor(authorizers[1], artifacts[1], "EVES")


@dataclass(frozen=True)
class Adas:
    """What Ada has been given: Eve has got hold of all of it."""

    key: str
    cursor: str
    upload: str
    etags: frozenset[str]


def fill(world: World, ada: Actor) -> Adas:
    """Ada does everything."""
    key = f"key-{next(KEYS)}"
    etags = [ada.save(key).headers["etag"], *(ada.save(key, ada.other(number)).headers["etag"] for number in (1, 2))]
    assert all(answer.status == 200 for answer in ada.look_at(ada.artifact))
    cursor = ada.names("?limit=1").json["nextCursor"]
    return Adas(key=key, cursor=cursor, upload=ada.begin(world), etags=frozenset(etags))


def unseen(answers: list[Answer]) -> bool:
    """Whether nothing was found, nor done; an item of a batch by itself."""
    statuses = {
        status
        for answer in answers
        for status in ([item["status"] for item in members_of(answer)[1:]] if answer.status == 200 else [])
        or [answer.status]
    }
    return statuses == {404}


def use_what_is_adas(eve: Actor, adas: Adas) -> None:
    """Eve uses, for artifacts of her own, what Ada was given; all of it is nothing to her."""
    assert unseen(eve.look_at(eve.artifact))
    assert eve.names().json["artifacts"] == []
    assert eve.names(f"?cursor={adas.cursor}").code == "invalid_cursor"
    assert unseen(eve.use_upload(eve.artifact, adas.upload))
    assert unseen(eve.use_upload(eve.other(0), adas.upload))
    saved = eve.save(adas.key)
    assert (saved.status, saved.json["version"]) == (201, 0)
    assert "idempotency-replayed" not in saved.headers
    assert saved.headers["etag"] not in adas.etags
    assert eve.look_at(eve.artifact)[0].body == eve.content
    (item,) = eve.save_in_a_batch(eve.other(1), adas.key).json["results"]
    assert (item["status"], item["replayed"], item["version"]["version"]) == (201, False, 0)


def ask_for_adas(ada: Actor, eve: Actor, adas: Adas) -> None:
    """Eve names Ada's paths; nothing is there, and nothing happens. Under IAM the gateway lets none of this through."""
    for artifact in (ada.artifact, ada.other(1)):
        assert unseen(eve.look_at(artifact))
        assert unseen(eve.use_upload(artifact, adas.upload))
        assert unseen([eve.save(adas.key, artifact), eve.delete_in_a_batch(artifact)])
        assert unseen([eve.save_in_a_batch(artifact, adas.key)])
    assert unseen(eve.use_upload(ada.other(0), adas.upload))
    there = Actor(eve.authorizer, ada.artifact, eve.says, heard=eve.heard)
    assert unseen([there.names(), there.names(f"?limit=1&cursor={adas.cursor}")])


def assert_untouched(ada: Actor, adas: Adas) -> None:
    """Ada finds what she left, and nothing else."""
    loaded = ada.look_at(ada.artifact)[0]
    assert (loaded.body, loaded.headers["artifact-version"]) == (ada.content, "0")
    replayed = ada.save(adas.key)
    assert (replayed.headers["etag"] in adas.etags, replayed.headers["idempotency-replayed"]) == (True, "true")
    assert ada.finalize(adas.upload).json["version"] == 0
    assert len(ada.names().json["artifacts"]) == 4


def check_isolation(auth_mode: str, artifacts: tuple[ArtifactId, ArtifactId]) -> None:
    with callers(auth_mode, artifacts) as (world, ada, eve):
        adas = fill(world, ada)
        use_what_is_adas(eve, adas)
        if auth_mode == "JWT":
            ask_for_adas(ada, eve, adas)
        assert len(eve.names().json["artifacts"]) == 2
        assert [result["status"] for result in eve.delete_in_a_batch(eve.artifact).json["results"]] == [204]
        assert_untouched(ada, adas)
        told = "\n".join(eve.words(world))
        secrets = ["ADAS-", adas.cursor, adas.upload, *(etag.strip('"') for etag in adas.etags)]
        assert [secret for secret in secrets if secret in told] == []
        assert "EVES-" not in "\n".join(ada.words(world))
        assert "EVES-CONTENT" in told
        assert "EVES-METADATA" in told


@pytest.mark.parametrize("auth_mode", ["JWT", "IAM"])
@settings(max_examples=30, deadline=None, phases=UNSHRUNK, suppress_health_check=[HealthCheck.too_slow])
@given(artifacts=two_callers())
def test_two_callers_never_see_each_other(auth_mode: str, artifacts: tuple[ArtifactId, ArtifactId]) -> None:
    check_isolation(auth_mode, artifacts)


def naive(user: str) -> ArtifactId:
    return ArtifactId(Scope("app", user, "s"), "doc")


def test_two_callers_see_each_other_without_authorization(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check above finds what it looks for."""
    monkeypatch.setattr(edge, "authorize", lambda *_, **__: None)
    with pytest.raises(AssertionError):
        check_isolation("JWT", (naive("ada"), naive("eve")))


def test_two_callers_use_each_others_uploads_without_the_seal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "_mac", lambda *_: bytes(16))
    with pytest.raises(AssertionError):
        check_isolation("IAM", (naive("ada"), naive("eve")))


def test_two_callers_see_each_other_when_keys_are_joined_by_slashes(monkeypatch: pytest.MonkeyPatch) -> None:
    joined = property(lambda scope: f"{scope.app}/{scope.user}/{scope.session}")
    one, other = ArtifactId(Scope("app", "a", "b/c"), "doc"), ArtifactId(Scope("app", "a/b", "c"), "doc")
    check_isolation("IAM", (one, other))
    one, other = ArtifactId(Scope("app", "a", "b/c"), "doc"), ArtifactId(Scope("app", "a/b", "c"), "doc")
    monkeypatch.setattr(Scope, "key_prefix", joined)
    with pytest.raises(AssertionError):
        check_isolation("IAM", (one, other))
