"""Which store a command is about: by an address, with credentials found as the AWS tools find them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import httpx

from google_adk_aws._auth import Auth
from google_adk_aws._auth.google import GoogleIdToken
from google_adk_aws._client.artifact_client import ArtifactClient
from google_adk_aws._direct.client import DirectClient
from google_adk_aws._errors import InvalidArtifactError
from google_adk_aws._s3_artifact_service import S3ArtifactService
from google_adk_aws.cli._terminal import Exit, fail
from google_adk_aws.migration._addresses import Address

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client

__all__ = ["AUTHS", "TOKEN", "Client", "Options"]

Client: TypeAlias = ArtifactClient | DirectClient

AUTHS: Final = ("auto", "iam", "google", "none")
TOKEN: Final = "ADK_ARTIFACTS_TOKEN"  # noqa: S105 - a variable's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What stands before the command.

    Attributes:
        store: The store's address.
        auth: How requests to the API are signed; one of `AUTHS`.
        audience: For whom Google's tokens are.
        verbose: Whether errors tell where they come from.
    """

    store: str | None
    auth: str
    audience: str | None
    verbose: bool

    def address(self, text: str | None = None) -> Address:
        """The address of the store, or of another one.

        Raises:
            InvalidArtifactError: It is no store of this command.
        """
        given = text or self.store
        if not given:
            # Not an error of the package: those lose what looks like the query of a URL.
            fail(
                "say which store: --store https://… (the artifact API), --store s3://BUCKET or "
                "--store s3://BUCKET?table=NAME, or set ADK_ARTIFACTS_STORE",
                Exit.USAGE,
            )
        address = Address.parse(given)
        if address.kind not in {"api", "s3"}:
            raise InvalidArtifactError(f"{given}: only `migrate` reads that store; copy its artifacts first")
        return address

    def credentials(self) -> Auth:
        """How requests to the API are signed."""
        if self.auth == "none":
            return None
        if self.auth == "google":
            return GoogleIdToken(self.audience or "")
        token = os.environ.get(TOKEN)
        return token if token and self.auth == "auto" else self.auth

    @contextlib.asynccontextmanager
    async def open(self, text: str | None = None) -> AsyncIterator[Client]:
        """Opens the store, or another one."""
        address = self.address(text)
        if address.kind == "api":
            url = address.place.removeprefix("artifacts+")
            async with ArtifactClient(url, auth=self.credentials()) as client:
                yield client
            return
        async with S3ArtifactService(
            address.place,
            address.options.get("region"),
            endpoint_url=address.options.get("endpoint_url"),
            table_name=address.options.get("table"),
        ) as service:
            yield service.client

    def aws_clients(self) -> tuple[S3Client, DynamoDBClient]:
        """Clients of S3 and DynamoDB for the store's bucket and table.

        Raises:
            ImportError: boto3 is not installed.
        """
        try:
            import boto3  # noqa: PLC0415 - users of the API need none

            from artifact_store.adapters.aws import CLIENT_CONFIG, S3_CONFIG  # noqa: PLC0415
        except ImportError as error:
            raise ImportError("a bucket needs boto3: pip install 'google-adk-aws[s3]'") from error
        options = self.address().options
        session = boto3.Session(region_name=options.get("region"))
        s3 = session.client("s3", endpoint_url=options.get("endpoint_url"), config=S3_CONFIG)
        return s3, session.client("dynamodb", config=CLIENT_CONFIG)

    def api_url(self) -> httpx.URL:
        """The URL of the API, for what only the API has.

        Raises:
            InvalidArtifactError: The store is a bucket.
        """
        address = self.address()
        if address.kind != "api":
            raise InvalidArtifactError(f"{address.text}: this needs the artifact API, not a bucket")
        return httpx.URL(address.place.removeprefix("artifacts+"))
