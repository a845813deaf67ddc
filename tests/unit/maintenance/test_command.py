"""`python -m artifact_store`: what it prints, and its exit status."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from artifact_store import ArtifactStore, StorageDenied
from artifact_store.maintenance import Maintenance, command
from artifact_store.maintenance.command import main
from tests.faults.interposed import Counted, World
from tests.faults.planted import drop_items
from tests.unit.maintenance.drifts import (
    DAY,
    DOC,
    HOUR,
    LOGO,
    bodies,
    fail,
    healthy,
    plant_crashed_save,
    plant_lost_object,
    plant_unended_purge,
    save,
    state,
)


class Run:
    """One run of the command over a world."""

    def __init__(self, world: World, *arguments: str, hook: Counted | None = None) -> None:
        out, err = io.StringIO(), io.StringIO()

        def opened(*, bucket_name: str, index_table_name: str) -> tuple[Maintenance, ArtifactStore]:
            assert (bucket_name, index_table_name) == ("b", "t")
            return world.maintenance(hook), world.store(hook)

        self.status = main([*arguments, "--bucket", "b", "--table", "t"], out=out, err=err, opened=opened)
        self.out, self.err = out.getvalue(), err.getvalue()

    @property
    def documents(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


def drifted() -> World:
    world = healthy()
    plant_crashed_save(world)
    world.objects.put_foreign("notes", b"")
    world.clock.sleep(HOUR)
    return world


def test_reconcile_tells_what_it_found_and_ends_with_1() -> None:
    world = drifted()
    run = Run(world, "reconcile")
    assert run.status == 1
    assert run.out.splitlines() == [
        "left              unknown_key      notes",
        "repaired          unindexed_object app/u/s/doc/3",
        "drift 1: 1 unindexed_object",
    ]
    again = Run(world, "reconcile")
    assert (again.status, again.out.splitlines()[-1]) == (0, "drift 0")


def test_a_dry_run_says_what_it_would_do() -> None:
    world = drifted()
    before = state(world)
    run = Run(world, "reconcile", "--dry-run")
    assert (run.status, state(world)) == (1, before)
    assert "would be repaired unindexed_object app/u/s/doc/3\n" in run.out


def test_json_is_one_document_a_line_with_the_summary_last() -> None:
    run = Run(drifted(), "reconcile", "--json")
    assert run.documents[1] == {
        "kind": "unindexed_object",
        "what": "app/u/s/doc/3",
        "drift": True,
        "repaired": True,
    }
    assert run.documents[-1] == {
        "drift": 1,
        "complete": True,
        "dryRun": False,
        "repaired": {"unindexed_object": 1},
        "unrepaired": {},
        "swept": {},
        "left": {"unknown_key": 1},
        "seen": run.documents[-1]["seen"],
    }


def test_a_checkpoint_file_carries_a_run_over_stops_and_failures(tmp_path: Path) -> None:
    world = drifted()
    file = tmp_path / "checkpoint"
    stopped = Run(world, "reconcile", "--checkpoint", str(file), "--time-limit", "-1")
    assert (stopped.status, stopped.out) == (4, "drift 0 so far\n")
    assert file.exists()
    hook = Counted()
    Run(drifted(), "reconcile", hook=hook)
    failed = Run(
        world, "reconcile", "--checkpoint", str(file), hook=Counted(hook.calls.index("scan") + 2, "before", fail)
    )
    assert failed.status == 3
    assert "injected; repeat the command to go on" in failed.err
    assert json.loads(file.read_text())["at"] == "index"
    done = Run(world, "reconcile", "--checkpoint", str(file))
    assert (done.status, done.out) == (1, "drift 1: 1 unindexed_object\n")
    assert not file.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_file_of_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint"
    file.write_text("{}")
    assert Run(healthy(), "reconcile", "--checkpoint", str(file)).status == 2
    assert file.exists()


def test_losses_beyond_the_cap_are_told_and_not_marked() -> None:
    world = healthy()
    plant_lost_object(world)
    run = Run(world, "reconcile", "--lose-at-most", "0")
    assert run.status == 1
    assert "not repaired      lost_object      app/u/s/doc/0\n" in run.out


def test_heal_settles_keys() -> None:
    world = drifted()
    run = Run(world, "heal", DOC.object_key(3), DOC.object_key(0), "notes")
    assert (run.status, run.out.split()) == (
        0,
        ["committed", "app/u/s/doc/3", "known", "app/u/s/doc/0", "ignored", "notes"],
    )
    world.objects.put_foreign(DOC.object_key(9), b"")
    left = Run(world, "heal", DOC.object_key(9), "--json")
    assert (left.status, left.documents) == (1, [{"key": DOC.object_key(9), "outcome": "left_foreign"}])


@pytest.mark.parametrize(
    ("what", "versions"),
    [
        (["--all"], 5),
        (["--scope", "app/u/s"], 3),
        (["--scope", "app/u"], 1),
        (["--scope", "app/u/user"], 1),
        (["--scope", "other/u/s"], 0),
    ],
)
def test_rebuild_remakes_a_scope_or_all(what: list[str], versions: int) -> None:
    world = healthy()
    drop_items(world, "h#", "v#")
    world.clock.sleep(DAY)
    run = Run(world, "rebuild", *what, "--json")
    assert (run.status, run.documents[-1]["versions"]) == (0, versions)


def test_rebuild_lists_what_does_not_fit_and_ends_with_1() -> None:
    world = drifted()
    world.objects.delete([ref for ref in world.objects.refs() if ref.key == DOC.object_key(1)])
    world.table = type(world.table)(clock=world.clock)
    run = Run(world, "rebuild", "--all")
    assert run.status == 1
    assert "does not fit: gap          app/u/s/doc/2\n" in run.out
    assert "does not fit: unknown_key  notes (an object key has five segments)\n" in run.out
    assert run.out.endswith("3 artifacts: 3 versions put into the index, 0 were in it, 3 objects do not fit\n")
    run = Run(world, "rebuild", "--all", "--accept-gaps")
    assert run.out.endswith("2 versions put into the index, 3 were in it, 1 marked as lost, 1 objects do not fit\n")
    assert sorted(bodies(world)) == [0, 2, 3]


def test_a_rebuild_that_is_stopped_tells_where_to_go_on() -> None:
    world = healthy()
    for number in range(70):
        save(world, b"x", type(DOC)(DOC.scope, f"x{number:02}"))
    world.table = type(world.table)(clock=world.clock)
    run = Run(world, "rebuild", "--all", "--time-limit", "-1")
    assert run.status == 4
    position = run.out.rstrip().rpartition("--after ")[2]
    run = Run(world, "rebuild", "--all", "--after", position)
    assert run.status == 0
    assert bodies(world, LOGO) == {0: b"logo"}


def test_adopt_takes_in_a_prefix() -> None:
    world = World()
    world.objects.put_foreign(DOC.object_key(0), b"0")
    dry = Run(world, "adopt", "--prefix", "app/", "--dry-run")
    assert (dry.status, dry.out) == (
        0,
        "1 artifacts: 1 versions would be put into the index, 0 were in it, 0 objects do not fit\n",
    )
    assert Run(world, "adopt", "--prefix", "app/").status == 0
    assert bodies(world) == {0: b"0"}


def test_purge_ends_what_deletes_left() -> None:
    world = healthy()
    plant_unended_purge(world)
    assert Run(world, "purge", "--dry-run").out == "1 deleted artifacts to be purged, 0 left\n"
    assert Run(world, "purge", "--time-limit", "-1").status == 1
    assert Run(world, "purge", "--scope", "app/u").out == "0 deleted artifacts purged, 0 left\n"
    run = Run(world, "purge", "--scope", "app/u/s", "--json")
    assert (run.status, run.documents) == (0, [{"purged": 1, "left": 0, "dryRun": False}])


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["repair"],
        ["heal"],
        ["rebuild"],
        ["rebuild", "--all", "--scope", "app/u/s"],
        ["rebuild", "--scope", "app"],
        ["rebuild", "--scope", "app/u/s/doc"],
        ["rebuild", "--scope", "app/a b/s"],
        ["adopt"],
        ["reconcile", "--lose-at-most", "some"],
    ],
)
def test_wrong_arguments_end_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(World(), *arguments)
    assert run.status == 2
    assert run.err or capsys.readouterr().err


def test_the_bucket_and_the_table_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BUCKET_NAME", raising=False)
    monkeypatch.delenv("INDEX_TABLE_NAME", raising=False)
    err = io.StringIO()
    assert main(["purge"], out=io.StringIO(), err=err) == 2
    assert "--bucket" in err.getvalue()


def test_the_environment_names_bucket_and_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKET_NAME", "b")
    monkeypatch.setenv("INDEX_TABLE_NAME", "t")
    named: list[object] = []

    def opened(**names: str) -> tuple[Maintenance, ArtifactStore]:
        named.append(names)
        return World().maintenance(), World().store()

    assert main(["purge"], out=io.StringIO(), err=io.StringIO(), opened=opened) == 0
    assert named == [{"bucket_name": "b", "index_table_name": "t"}]


def test_a_refused_role_ends_with_3_and_without_advice_to_repeat() -> None:
    def deny() -> None:
        raise StorageDenied("S3 refused the call: AccessDenied")

    run = Run(healthy(), "reconcile", hook=Counted(1, "before", deny))
    assert (run.status, run.err) == (3, "artifact_store: S3 refused the call: AccessDenied\n")


def test_long_work_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_PROGRESS_SECONDS", 0.0)
    run = Run(healthy(), "reconcile")
    assert run.err.splitlines()[0] == "… index: 3 artifacts, 5 objects; drift 0"
    assert Run(healthy(), "rebuild", "--all").err == "… 3 artifacts, 0 versions put into the index\n"


def test_help_lists_the_commands_and_the_exit_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for word in ("heal", "reconcile", "rebuild", "adopt", "purge", "exit status:"):
        assert word in text
