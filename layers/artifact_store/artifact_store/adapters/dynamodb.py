"""The index table: boto3's DynamoDB client behind the `Table` port."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from artifact_store.adapters._faults import error_code, refuse_torn_answers, translated
from artifact_store.errors import StorageUnavailable
from artifact_store.ports import (
    Check,
    Clock,
    Condition,
    ConditionFailed,
    Delete,
    Item,
    Key,
    Put,
    Scalar,
    TransactionConflict,
    Write,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

__all__ = ["DynamoTable"]


_BATCH: Final = 25
_BATCH_ROUNDS: Final = 8
_KEY_NAMES: Final = frozenset({"pk", "sk"})

_Attribute = dict[str, Any]


@contextmanager
def _dynamodb_call() -> Iterator[None]:
    with translated("DynamoDB"):
        try:
            yield
        except ClientError as error:
            code = error_code(error)
            if code == "ConditionalCheckFailedException":
                raise ConditionFailed from None
            if code == "TransactionCanceledException":
                _raise_reason(error)
            if code in {"TransactionConflictException", "TransactionInProgressException"}:
                raise TransactionConflict from None
            raise


def _raise_reason(error: ClientError) -> None:
    """Raises why a transaction was cancelled: a failed condition is final, all else may pass."""
    response: Mapping[str, Any] = error.response
    reasons = {reason.get("Code") for reason in response.get("CancellationReasons", [])}
    if "ConditionalCheckFailed" in reasons:
        raise ConditionFailed from None
    if "TransactionConflict" in reasons:
        raise TransactionConflict from None
    codes = ", ".join(sorted(str(reason) for reason in reasons if reason not in {None, "None"}))
    raise StorageUnavailable(f"DynamoDB cancelled a transaction: {codes}") from error


class DynamoTable:
    """A DynamoDB table with the key attributes `pk` and `sk`."""

    def __init__(self, *, client: DynamoDBClient, table_name: str, clock: Clock) -> None:
        refuse_torn_answers(client)
        self._client = client
        self._table_name = table_name
        self._clock = clock

    def get(self, keys: Sequence[Key]) -> Sequence[Item | None]:
        if len(keys) == 1:
            with _dynamodb_call():
                answer = self._client.get_item(TableName=self._table_name, Key=_key(keys[0]), ConsistentRead=True)
            return [_read(answer.get("Item"))]
        found: dict[Key, Item | None] = {}
        wanted: Any = {self._table_name: {"Keys": [_key(key) for key in keys], "ConsistentRead": True}}
        for turn in range(_BATCH_ROUNDS):
            with _dynamodb_call():
                batch = self._client.batch_get_item(RequestItems=wanted)
            for item in batch["Responses"].get(self._table_name, []):
                found[item["pk"]["S"], item["sk"]["S"]] = _read(item)
            wanted = batch.get("UnprocessedKeys")
            if not wanted:
                return [found.get(key) for key in keys]
            self._pause(turn)
        raise StorageUnavailable("DynamoDB leaves reads unprocessed: it is throttling")

    def _pause(self, turn: int) -> None:
        self._clock.sleep(min(0.02 * 2**turn, 0.5))

    def query(
        self, partition: str, prefix: str, *, limit: int, after: str | None
    ) -> tuple[Sequence[tuple[str, Item]], str | None]:
        start: dict[str, Any] = {"ExclusiveStartKey": _key((partition, after))} if after is not None else {}
        with _dynamodb_call():
            answer = self._client.query(
                TableName=self._table_name,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
                ExpressionAttributeValues={":pk": {"S": partition}, ":prefix": {"S": prefix}},
                ConsistentRead=True,
                Limit=limit,
                **start,
            )
        rows = [(str(item["sk"]["S"]), _read_present(item)) for item in answer["Items"]]
        last = answer.get("LastEvaluatedKey")
        return rows, last["sk"]["S"] if last else None

    def scan(self, *, limit: int, after: Key | None) -> tuple[Sequence[tuple[Key, Item]], Key | None]:
        start: dict[str, Any] = {"ExclusiveStartKey": _key(after)} if after is not None else {}
        with _dynamodb_call():
            answer = self._client.scan(TableName=self._table_name, ConsistentRead=True, Limit=limit, **start)
        rows = [(_read_key(item), _read_present(item)) for item in answer["Items"]]
        last = answer.get("LastEvaluatedKey")
        return rows, _read_key(last) if last else None

    def transact(self, writes: Sequence[Write], *, request_token: str) -> None:
        with _dynamodb_call():
            self._client.transact_write_items(
                TransactItems=[self._transact_item(write) for write in writes],
                ClientRequestToken=request_token,
            )

    def _transact_item(self, write: Write) -> Any:
        if isinstance(write, Put):
            return {"Put": self._put_request(write)}
        request = {
            "TableName": self._table_name,
            "Key": _key(write.key),
            **_condition(write.condition),
        }
        kinds: Mapping[type, str] = {Delete: "Delete", Check: "ConditionCheck"}
        return {kinds[type(write)]: request}

    def _put_request(self, write: Put) -> dict[str, Any]:
        return {
            "TableName": self._table_name,
            "Item": {**_key(write.key), **_attributes(write.item)},
            **_condition(write.condition),
        }

    def put(self, write: Put) -> None:
        with _dynamodb_call():
            self._client.put_item(**self._put_request(write))

    def delete(self, keys: Sequence[Key]) -> None:
        for start in range(0, len(keys), _BATCH):
            self._delete_batch(keys[start : start + _BATCH])

    def _delete_batch(self, keys: Sequence[Key]) -> None:
        requests: Any = {self._table_name: [{"DeleteRequest": {"Key": _key(key)}} for key in keys]}
        for turn in range(_BATCH_ROUNDS):
            with _dynamodb_call():
                answer = self._client.batch_write_item(RequestItems=requests)
            requests = answer.get("UnprocessedItems")
            if not requests:
                return
            self._pause(turn)
        raise StorageUnavailable("DynamoDB leaves deletes unprocessed: it is throttling")


def _key(key: Key) -> _Attribute:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def _read_key(item: Mapping[str, Any]) -> Key:
    return str(item["pk"]["S"]), str(item["sk"]["S"])


def _attribute(value: Scalar) -> _Attribute:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


def _attributes(item: Item) -> _Attribute:
    return {name: _attribute(value) for name, value in item.items()}


def _value(attribute: Mapping[str, Any]) -> Scalar:
    ((kind, value),) = attribute.items()
    return int(value) if kind == "N" else value


def _read_present(item: Mapping[str, Any]) -> Item:
    return {name: _value(value) for name, value in item.items() if name not in _KEY_NAMES}


def _read(item: Mapping[str, Any] | None) -> Item | None:
    return _read_present(item) if item is not None else None


def _condition(condition: Condition | None) -> dict[str, Any]:
    """A condition as DynamoDB's expression; `next` and the like are reserved words, so all alias."""
    if condition is None:
        return {}
    names: dict[str, str] = {}
    values: _Attribute = {}
    ways: list[str] = []
    if condition.equals is not None:
        for i, (name, value) in enumerate(condition.equals.items()):
            names[f"#c{i}"], values[f":c{i}"] = name, _attribute(value)
        ways.append(f"({' AND '.join(f'{alias} = :{alias[1:]}' for alias in names)})")
    if condition.expired_at is not None:
        values[":now"] = {"N": str(condition.expired_at)}
        ways.append("attribute_not_exists(pk) OR valid_until < :now")
    if not ways:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "ConditionExpression": " OR ".join(ways),
        "ExpressionAttributeValues": values,
        **({"ExpressionAttributeNames": names} if names else {}),
    }
