"""The version of a release: where it is written, what the changelog says of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

__all__ = ["Release", "is_announced"]

_VERSION_FILE = "client/src/google_adk_aws/_version.py"


@dataclass(frozen=True, slots=True)
class Release:
    """A checked-out repository as a release.

    Attributes:
        root: Its folder.
    """

    root: Path

    @property
    def version(self) -> str:
        """As the package has it."""
        return self._only(r'^__version__ = "([^"]+)"$', _VERSION_FILE)

    def section(self, title: str) -> str | None:
        """A part of the changelog without its heading; None if there is none."""
        pattern = rf"^## \[{re.escape(title)}\][^\n]*\n(.*?)(?=^## \[|\Z)"
        found = re.search(pattern, (self.root / "CHANGELOG.md").read_text(), re.DOTALL | re.MULTILINE)
        return found[1].strip() if found else None

    def problems(self, tag: str | None = None) -> list[str]:
        """What keeps this from being released, or from being released under a tag."""
        version = self.version
        stack = self._only(r"^    SemanticVersion: (\S+)$", "template.yaml")
        found = []
        if stack != version:
            found.append(f"template.yaml has SemanticVersion {stack}, {_VERSION_FILE} has {version}")
        if self.section("Unreleased") is None:
            found.append("CHANGELOG.md has no section [Unreleased]")
        if tag is not None:
            found += self._problems_of(tag)
        return found

    def _problems_of(self, tag: str) -> list[str]:
        version, found = self.version, []
        if tag != f"v{version}":
            found.append(f"the tag is {tag}, {_VERSION_FILE} has {version}")
        if not self.section(version):
            found.append(f"CHANGELOG.md says nothing of [{version}]")
        elif not re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", self._changelog, re.MULTILINE):
            found.append(f"CHANGELOG.md does not date [{version}]: '## [{version}] - YYYY-MM-DD'")
        if self.section("Unreleased"):
            found.append("CHANGELOG.md has changes under [Unreleased]; they belong to the release")
        return found

    def _only(self, pattern: str, name: str) -> str:
        found = re.findall(pattern, (self.root / name).read_text(), re.MULTILINE)
        if len(found) != 1:
            raise ValueError(f"{name} has {len(found)} lines like {pattern}")
        return str(found[0])

    @property
    def _changelog(self) -> str:
        return (self.root / "CHANGELOG.md").read_text()


def is_announced(since: str, version: str) -> bool:
    """Whether a version tells that it breaks what an earlier one promised: a new major one, or before 1.0 a new minor.

    Raises:
        ValueError: One of them is no version.
    """
    try:
        before, now = Version(since), Version(version)
    except InvalidVersion as error:
        raise ValueError(str(error)) from error
    if before.major == 0:
        return (now.major, now.minor) > (before.major, before.minor)
    return now.major > before.major
