"""boto3's clients of S3 and DynamoDB; imported only where boto3 is needed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from artifact_store.adapters import aws
from google_adk_aws._direct import checks
from google_adk_aws._direct.access import Access
from google_adk_aws._direct.looking import Looks
from google_adk_aws._errors import ArtifactConnectionError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client

__all__ = ["Clients"]

_PATH_STYLE: Final = Config(s3={"addressing_style": "path", "us_east_1_regional_endpoint": "regional"})
_PARALLEL_CALLS: Final = 48
"""Calls that the store and its index do beside those of the workers; each takes a connection."""


class Clients:
    """Clients with credentials of one's own. Threads share them.

    Args:
        access: With which credentials, and where.

    Raises:
        ArtifactConnectionError: There are no credentials, or an argument makes no client.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._lock = threading.Lock()
        self._dynamodb: DynamoDBClient | None = None
        self.looks = Looks()
        try:
            self._session = boto3.Session(
                aws_access_key_id=access.aws_access_key_id,
                aws_secret_access_key=access.aws_secret_access_key,
                aws_session_token=access.aws_session_token,
                region_name=access.region_name,
            )
            if self._session.get_credentials() is None:
                raise _no_client("no AWS credentials were found", "no_credentials")
            self.s3 = self._s3_client()
        except (BotoCoreError, ValueError) as error:
            # Texts of botocore about arguments quote them, and one may be a key that stands in the wrong place.
            raise _no_client(f"{type(error).__name__} while opening it", "invalid_client") from error

    def dynamodb(self) -> DynamoDBClient:
        """The client of DynamoDB, made when the first service needs it.

        Raises:
            ArtifactConnectionError: An argument makes no client.
        """
        with self._lock:
            if self._dynamodb is None:
                try:
                    self._dynamodb = self._client("dynamodb", self._access.table_endpoint_url, aws.CLIENT_CONFIG)
                except (BotoCoreError, ValueError) as error:
                    raise _no_client(f"{type(error).__name__} while opening it", "invalid_client") from error
            return self._dynamodb

    def close(self) -> None:
        """Closes the connections."""
        self.s3.close()
        if self._dynamodb is not None:
            self._dynamodb.close()

    def _s3_client(self) -> S3Client:
        client: S3Client = self._client("s3", self._access.endpoint_url, aws.S3_CONFIG)
        if checks.is_aws(client):
            return client
        # Other servers, also those that the environment names, rarely have a host name for every bucket.
        return cast("S3Client", self._client("s3", self._access.endpoint_url, aws.S3_CONFIG.merge(_PATH_STYLE)))

    def _client(self, service: str, endpoint_url: str | None, config: Config) -> Any:
        sized = config.merge(Config(max_pool_connections=self._access.workers + _PARALLEL_CALLS))
        client = self._session.client(service, endpoint_url=endpoint_url, config=sized)  # type: ignore[call-overload]
        client.meta.events.register_first(f"needs-retry.{client.meta.service_model.service_id.hyphenize()}", _obey)
        return client


def _obey(response: tuple[Any, Any] | None, operation: Any, **_: object) -> None:
    """Ends botocore's own attempts where the server says when to come back: botocore knows no Retry-After.

    The service's retries do, and who called is told.
    """
    if response is not None and "retry-after" in response[1].get("ResponseMetadata", {}).get("HTTPHeaders", {}):
        raise ClientError(response[1], operation.name)


def _no_client(reason: str, code: str) -> ArtifactConnectionError:
    return ArtifactConnectionError(f"Failed to create S3 client: {reason}", code)
