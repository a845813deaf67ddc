"""Breaking changes of the client's Python API since a release, as griffe finds them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import griffe

__all__ = ["PACKAGES", "breaking_changes"]

PACKAGES: Final = {"google_adk_aws": "client/src", "artifact_store": "layers/artifact_store"}
"""What the wheel has, and the folder that each is in."""


def breaking_changes(root: Path, since: str) -> list[str]:
    """One line for each, in names without a leading underscore."""
    found = []
    for package, folder in PACKAGES.items():
        before = griffe.load_git(package, ref=since, repo=root, search_paths=[folder], resolve_aliases=True)
        now = griffe.load(package, search_paths=[root / folder], resolve_aliases=True)
        found += [
            breakage.explain(griffe.ExplanationStyle.ONE_LINE) for breakage in griffe.find_breaking_changes(before, now)
        ]
    return found
