from __future__ import annotations

import pytest

from artifact_api.retention import InvalidRetention, Retention, read_retention
from artifact_api.settings import InvalidSettings, Settings

DAY = 86_400


def test_a_save_decides_then_its_app_then_every_app() -> None:
    retention = read_retention('{"chat": 7, "*": 365}')
    assert retention.ttl_seconds("chat", None) == 7 * DAY
    assert retention.ttl_seconds("reports", None) == 365 * DAY
    assert retention.ttl_seconds("chat", 60) == 60
    assert retention.ttl_seconds("chat", 0) is None, "for good"


def test_nothing_expires_where_nobody_says_so() -> None:
    for text in ("", "{}"):
        assert read_retention(text) == Retention()
        assert read_retention(text).ttl_seconds("chat", None) is None


def test_an_app_may_be_named_without_the_others() -> None:
    assert read_retention('{"chat": 1}').ttl_seconds("reports", None) is None


@pytest.mark.parametrize(
    "text",
    [
        "7",
        "[]",
        "null",
        "x",
        '{"chat"}',
        '{"chat": "7"}',
        '{"chat": 0}',
        '{"chat": 1.5}',
        '{"chat": true}',
        '{"*": 3651}',
    ],
)
def test_what_cannot_be_read_stops_the_function_at_its_start(text: str) -> None:
    with pytest.raises(InvalidRetention, match="retention by app must be"):
        read_retention(text)
    with pytest.raises(InvalidSettings, match="retention by app must be"):
        Settings.from_env(
            {"AUTH_MODE": "IAM", "BUCKET_NAME": "b", "INDEX_TABLE_NAME": "t", "RETENTION_DAYS_BY_APP": text}
        )
