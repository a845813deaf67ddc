"""Puts the heart into wheel and sdist, from wherever this build finds it."""  # noqa: INP001 - hatch loads it by path

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BundleHeart(BuildHookInterface):  # type: ignore[type-arg] # its parameter is private to hatchling
    """Adds `artifact_store` as a second top-level package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Names the folder to include; an editable install gets it from `dev-mode-dirs` instead."""
        if version == "editable":
            return
        root = Path(self.root)
        candidates = (root / "artifact_store", root.parent / "layers" / "artifact_store" / "artifact_store")
        for folder in candidates:
            if (folder / "names.py").is_file():
                build_data["force_include"][str(folder)] = "artifact_store"
                return
        raise FileNotFoundError(f"artifact_store is in none of {', '.join(map(str, candidates))}")
