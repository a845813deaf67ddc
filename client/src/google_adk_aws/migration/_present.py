"""Which versions of an artifact are at the target already."""

from __future__ import annotations

from artifact_store.names import ArtifactId
from google_adk_aws.migration._model import Target, TargetVersion, told_version
from google_adk_aws.migration._spool import digest_of, spool

__all__ = ["Present"]


class Present:
    """The versions of one artifact at the target. Copies are in the source's order, so none is looked for twice.

    Args:
        target: Where.
        artifact: Which.
        versions: What is there, in ascending order.
        after: Versions up to this number are known to be copies.
        provenance: Whether copies tell the number that they were copied from.
    """

    def __init__(
        self,
        target: Target,
        artifact: ArtifactId,
        versions: list[TargetVersion],
        *,
        after: int | None,
        provenance: bool,
    ) -> None:
        self._target = target
        self._artifact = artifact
        self._versions = versions
        self._provenance = provenance
        self._next = 0 if after is None else sum(version.number <= after for version in versions)

    @property
    def latest(self) -> TargetVersion | None:
        """The latest version, whoever saved it."""
        return self._versions[-1] if self._versions else None

    @property
    def highest_copied(self) -> int:
        """The highest number at the source that a version here tells of; -1: none."""
        told = (told_version(version.custom_metadata) for version in self._versions)
        return max((number for number in told if number is not None), default=-1)

    async def find(self, number: int, sha256: str) -> TargetVersion | None:
        """The copy of a version with these bytes, if there is one."""
        for index in range(self._next, len(self._versions)):
            version = self._versions[index]
            if self._provenance and told_version(version.custom_metadata) != number:
                continue
            if await self._digest(version) == sha256:
                self._next = index + 1
                return version
        return None

    def add(self, version: TargetVersion) -> None:
        """Notes a version that was saved."""
        self._versions.append(version)
        self._next = len(self._versions)

    async def _digest(self, version: TargetVersion) -> str:
        if version.sha256 is not None:
            return version.sha256
        with spool() as file:
            await self._target.fetch(self._artifact, version.number, file)
            return (await digest_of(file))[0]
