"""Stores by address.

    file:///srv/artifacts                 a folder of ADK's FileArtifactService
    gs://bucket                           a bucket of ADK's GcsArtifactService
    s3://bucket?layout=community          a bucket of google-adk-community's S3ArtifactService
    s3://bucket, s3://bucket?table=name   a bucket of this package's S3ArtifactService
    https://api.example.com               the artifact API

Addresses of buckets on S3 may have `region` and `endpoint_url` too.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from artifact_store.names import Scope
from google_adk_aws._http_artifact_service import HttpArtifactService
from google_adk_aws._s3_artifact_service import S3ArtifactService
from google_adk_aws.migration._bucket_source import BucketSource
from google_adk_aws.migration._client_store import ClientSource, ClientTarget
from google_adk_aws.migration._community_source import CommunityS3Source
from google_adk_aws.migration._file_source import FileSource
from google_adk_aws.migration._gcs_source import GcsSource
from google_adk_aws.migration._model import MigrationError, Source, Target
from google_adk_aws.migration._service_store import ServiceTarget

__all__ = ["Address", "open_source", "open_target"]

_API: Final = frozenset({"http", "https", "artifacts+http", "artifacts+https"})
_S3: Final = frozenset({"layout", "table", "region", "endpoint_url"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a store is.

    Attributes:
        kind: `file`, `gs`, `s3`, `community` or `api`.
        text: As it was given.
        place: The folder, the bucket or the URL.
        options: What else was given.
    """

    kind: str
    text: str
    place: str
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Address:
        """Reads an address.

        Raises:
            ValueError: It is none; the message says which there are.
        """
        parts = urlsplit(text)
        if "@" in parts.netloc:
            raise ValueError("an address has no credentials: it is written to the journal and the report")
        if parts.scheme in _API:
            return cls(kind="api", text=text, place=text)
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        options = dict(pairs)
        allowed = _S3 if parts.scheme == "s3" else frozenset[str]()
        if len(options) != len(pairs) or not options.keys() <= allowed or parts.fragment:
            raise ValueError(f"{text}: what may follow the ? is {', '.join(sorted(allowed)) or 'nothing'}, each once")
        if parts.scheme == "file":
            if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/"):
                raise ValueError(f"{text}: write file:// and the whole path, as file:///srv/artifacts")
            return cls(kind="file", text=text, place=unquote(parts.path))
        if parts.scheme not in {"gs", "s3"}:
            raise ValueError(f"{text}: an address begins with file://, gs://, s3://, http:// or https://")
        if not parts.netloc or parts.path not in {"", "/"}:
            raise ValueError(f"{text}: write the bucket and no path, as {parts.scheme}://my-bucket")
        layout = options.pop("layout", None)
        if layout not in {None, "community"} or (layout and "table" in options):
            raise ValueError(f"{text}: the layout is community, without a table, or is left out")
        return cls(kind="community" if layout else parts.scheme, text=text, place=parts.netloc, options=options)

    def refuse_same_as(self, other: Address) -> None:
        """Refuses two addresses of one place.

        Raises:
            ValueError: They are.
        """
        if self.place == other.place:
            hint = "; objects of a bucket can be taken in where they are: python -m artifact_store adopt"
            raise ValueError(f"both addresses are {self.place}" + (hint if self.kind == "community" else ""))


@contextlib.asynccontextmanager
async def open_source(
    address: Address, scopes: Sequence[Scope] | None = None, *, token: str | None = None
) -> AsyncIterator[Source]:
    """Opens a store to read from.

    Args:
        address: Where.
        scopes: Whose artifacts; None: everybody's, which the artifact API cannot list.
        token: Bearer token of the artifact API.

    Raises:
        MigrationError: It cannot be read so.
        ImportError: What it needs is not installed.
        ArtifactError: It cannot be reached.
    """
    if address.kind == "file":
        yield FileSource(address.place, scopes)
    elif address.kind == "gs":
        yield GcsSource(_google_storage().Client().bucket(address.place), scopes)
    elif address.kind == "community":
        with contextlib.closing(_boto3().client("s3", **_aws(address))) as s3:
            yield CommunityS3Source(s3, address.place, scopes)
    elif address.kind == "s3":
        async with _ours(address) as service:
            yield (
                BucketSource(service) if scopes is None else ClientSource(service.client, scopes, address=address.text)
            )
    else:
        if scopes is None:
            raise MigrationError("the artifact API does not tell which apps, users and sessions there are: name scopes")
        async with _api(address, token) as api:
            yield ClientSource(api.client, scopes, address=address.text)


@contextlib.asynccontextmanager
async def open_target(address: Address, *, token: str | None = None) -> AsyncIterator[Target]:
    """Opens a store to save to; arguments and errors as of `open_source`."""
    if address.kind == "file":
        from google.adk.artifacts.file_artifact_service import FileArtifactService  # noqa: PLC0415 - not in every ADK

        yield ServiceTarget(FileArtifactService(Path(address.place)), address=address.text)
    elif address.kind == "gs":
        _google_storage()
        from google.adk.artifacts.gcs_artifact_service import GcsArtifactService  # noqa: PLC0415 - needed here only

        yield ServiceTarget(GcsArtifactService(address.place), address=address.text)
    elif address.kind == "community":
        community = _installed("google.adk_community.artifacts", "google-adk-community[s3]")
        yield ServiceTarget(community.S3ArtifactService(address.place, aws_configs=_aws(address)), address=address.text)
    elif address.kind == "s3":
        async with _ours(address) as service:
            yield ClientTarget(service.client, address=address.text)
    else:
        async with _api(address, token) as api:
            yield ClientTarget(api.client, address=address.text)


def _ours(address: Address) -> S3ArtifactService:
    return S3ArtifactService(
        address.place,
        address.options.get("region"),
        endpoint_url=address.options.get("endpoint_url"),
        table_name=address.options.get("table"),
    )


def _api(address: Address, token: str | None) -> HttpArtifactService:
    # What is read once need not be kept.
    return HttpArtifactService(address.place, auth=token or "auto", cache_bytes=0)


def _aws(address: Address) -> dict[str, str]:
    names = {"region": "region_name", "endpoint_url": "endpoint_url"}
    return {names[option]: value for option, value in address.options.items()}


def _google_storage() -> Any:
    return _installed("google.cloud.storage", "google-cloud-storage")


def _boto3() -> Any:
    return _installed("boto3", "google-adk-aws[s3]")


def _installed(module: str, distribution: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f"this address needs {module}: pip install '{distribution}'") from error
