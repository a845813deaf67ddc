"""Puts the heart into wheel and sdist, from wherever this build finds it, and makes the links of PyPI's page whole."""  # noqa: INP001 - hatch loads it by path

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"\[([^\]]+)\]\(\.\./([^)]+)\)")


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


class LinkedReadme(MetadataHookInterface):
    """Makes README.md's links into this repository lead there from PyPI, which knows no folder above the package.

    The repository is the one whose workflow builds; elsewhere only the links' texts stay.
    """

    def update(self, metadata: dict[str, Any]) -> None:
        """Sets the page, and the addresses beside it."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        repository = os.environ.get("GITHUB_REPOSITORY")
        if repository:
            home = f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{repository}"
            text = _LINK.sub(rf"[\1]({home}/blob/{os.environ.get('GITHUB_REF_NAME', 'HEAD')}/\2)", text)
            metadata["urls"] = {"Source": home, "Changelog": f"{home}/blob/HEAD/CHANGELOG.md"}
        else:
            text = _LINK.sub(r"\1", text)
            metadata["urls"] = {}
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
