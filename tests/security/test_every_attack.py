"""Every attack of the list has a defence, every defence is taken out, and the attack is the same with and without."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.attacks import ATTACKS
from tests.security.defence import Defence

FILES = sorted(Path(__file__).parent.glob("test_[0-9]*.py"))

files = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def defences_of(file: Path) -> dict[str, Defence]:
    spec = importlib.util.spec_from_file_location(f"looked_at_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: value for name, value in vars(module).items() if isinstance(value, Defence)}


def test_every_attack_of_the_list_is_tried() -> None:
    assert list(ATTACKS) == list(range(1, 23))
    tried = {defence.row for file in FILES for defence in defences_of(file).values()}
    assert [f"{row}: {title}" for row, title in ATTACKS.items() if row not in tried] == []


@files
def test_every_defence_is_used_and_one_of_its_attack(file: Path) -> None:
    defences = defences_of(file)
    assert {defence.row for defence in defences.values()} == {int(file.stem.split("_")[1])}
    names = [node.id for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Name)]
    assert [name for name in defences if names.count(name) < 2] == []


def functions_of(file: Path) -> Iterator[tuple[str, set[str]]]:
    """The functions of a file, each with the names that occur in it."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
            yield node.name, inside | {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


@files
def test_an_attack_without_its_defence_is_one_that_was_refused(file: Path) -> None:
    functions = dict(functions_of(file))
    tests = {name: inside for name, inside in functions.items() if name.startswith("test_")}
    attacks = functions.keys() - tests.keys()
    with_defence = {name for inside in tests.values() if "taken_out" not in inside for name in inside & attacks}
    without = {name: inside & attacks for name, inside in tests.items() if "taken_out" in inside}
    assert without
    assert [name for name, tried in without.items() if not tried & with_defence] == []
