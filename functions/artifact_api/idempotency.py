"""The fast path of repeated saves: Powertools answers one that is in flight or just finished.

It is not the guarantee: that is the store's token item, written with the version itself. So when the
idempotency table is down, a save goes on without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, cast

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyInconsistentStateError,
    IdempotencyPersistenceLayerError,
    IdempotencyValidationError,
)
from botocore.exceptions import BotoCoreError, ClientError
from typing_extensions import TypedDict

from artifact_api.telemetry import causes_of, logger
from artifact_api.wire import VersionMetadata
from artifact_store import IdempotencyKeyReused

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord

__all__ = ["FastPath", "Identity", "SaveAnswer"]

_EXPIRES_AFTER_SECONDS: Final = 60 * 60


class Identity(TypedDict):
    """What makes two requests the same one; an idempotency key alone would mix tenants."""

    caller: str
    route: str
    artifact: str
    key: str


class SaveAnswer(TypedDict):
    """What is remembered of a save: the answer, never the content."""

    metadata: VersionMetadata
    replayed: bool
    unchanged: bool


class FastPath:
    """Runs a save unless the same one was just run, or is running."""

    def __init__(self, *, client: Any, table_name: str) -> None:
        """Makes it over one table.

        Args:
            client: A DynamoDB client.
            table_name: A table with the string key `id` and the TTL attribute `expiration`.
        """
        self._layer = _ForgivingLayer(table_name=table_name, boto3_client=client)

    def run(
        self, save: Callable[[], SaveAnswer], *, identity: Identity, fingerprint: str, context: Any
    ) -> tuple[SaveAnswer, bool]:
        """Runs a save, or answers it from memory.

        Args:
            save: Makes the save; it is safe to repeat.
            identity: Which request this is.
            fingerprint: Of the content.
            context: Lambda's context: a save that dies with its function blocks no longer than that.

        Returns:
            The answer, and False when the idempotency table could not be asked.

        Raises:
            IdempotencyKeyReused: The key was used for other content.
        """
        config = IdempotencyConfig(
            event_key_jmespath="identity",
            payload_validation_jmespath="fingerprint",
            raise_on_no_idempotency_key=True,
            expires_after_seconds=_EXPIRES_AFTER_SECONDS,
            hash_function="sha256",
            lambda_context=context,
            response_hook=_mark_replayed,
        )

        def run_once(*, request: dict[str, Any]) -> SaveAnswer:  # noqa: ARG001 - Powertools reads it
            return save()

        guarded = idempotent_function(
            run_once,
            data_keyword_argument="request",
            persistence_store=self._layer,
            config=config,
            key_prefix="save",
        )
        try:
            answer = guarded(request={"identity": identity, "fingerprint": fingerprint})
        except IdempotencyValidationError:
            raise IdempotencyKeyReused("this idempotency key was used before, for other content") from None
        except IdempotencyAlreadyInProgressError:
            # Or its function has died, which Powertools cannot tell from it. The store makes both one save.
            return save(), True
        except (IdempotencyPersistenceLayerError, IdempotencyInconsistentStateError) as error:
            logger.warning("idempotency table not usable, going on without it", extra={"causes": causes_of(error)})
            return save(), False
        return cast("SaveAnswer", answer), True


class _ForgivingLayer(DynamoDBPersistenceLayer):
    """Powertools' table; once a save has run, no failure of this table may spoil its answer."""

    def _update_record(self, data_record: DataRecord) -> None:
        try:
            super()._update_record(data_record)
        except (BotoCoreError, ClientError) as error:
            logger.warning("idempotency record not completed", extra={"causes": causes_of(error)})

    def _delete_record(self, data_record: DataRecord) -> None:
        try:
            super()._delete_record(data_record)
        except (BotoCoreError, ClientError) as error:
            logger.warning("idempotency record not removed", extra={"causes": causes_of(error)})


def _mark_replayed(response: Any, idempotent_data: DataRecord) -> SaveAnswer:  # noqa: ARG001 - Powertools' name
    # An answer from before there was the member `unchanged` is that of a save.
    return {"metadata": response["metadata"], "replayed": True, "unchanged": response.get("unchanged", False)}
