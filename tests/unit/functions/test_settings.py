from __future__ import annotations

import pytest

from artifact_api.grants import JwtRules
from artifact_api.retention import Retention
from artifact_api.settings import InvalidSettings, Settings

ENOUGH = {"AUTH_MODE": "IAM", "BUCKET_NAME": "b", "INDEX_TABLE_NAME": "t"}


def test_defaults() -> None:
    assert Settings.from_env(ENOUGH) == Settings(
        bucket_name="b",
        index_table_name="t",
        idempotency_table_name=None,
        cursor_secret_arn=None,
        purge_queue_url=None,
        erase_queue_url=None,
        auth_mode="IAM",
        jwt=JwtRules(),
        inline_bytes=262_144,
        retention=Retention(),
        metrics_namespace="ArtifactApi",
        metric_apps=frozenset(),
    )


def test_everything_can_be_set() -> None:
    settings = Settings.from_env(
        {
            "AUTH_MODE": "JWT",
            "BUCKET_NAME": "b",
            "INDEX_TABLE_NAME": "t",
            "IDEMPOTENCY_TABLE_NAME": "i",
            "CURSOR_SECRET_ARN": "c",
            "PURGE_QUEUE_URL": "q",
            "JWT_APP_CLAIM": "app",
            "JWT_USER_CLAIM": "email",
            "INLINE_BYTES": "4194304",
            "POWERTOOLS_METRICS_NAMESPACE": "n",
        }
    )
    assert (settings.idempotency_table_name, settings.cursor_secret_arn, settings.purge_queue_url) == ("i", "c", "q")
    assert settings.auth_mode == "JWT"
    assert (settings.jwt.app_claim, settings.jwt.user_claim) == ("app", "email")
    assert (settings.inline_bytes, settings.metrics_namespace) == (4_194_304, "n")


def test_empty_is_unset() -> None:
    settings = Settings.from_env(
        {
            **ENOUGH,
            "JWT_APP_CLAIM": "",
            "JWT_USER_CLAIM": "",
            "IDEMPOTENCY_TABLE_NAME": "",
            "CURSOR_SECRET_ARN": "",
            "INLINE_BYTES": "",
        }
    )
    assert settings == Settings.from_env(ENOUGH)


@pytest.mark.parametrize("name", ENOUGH)
@pytest.mark.parametrize("value", [None, ""])
def test_what_is_missing_is_named(name: str, value: str | None) -> None:
    environ = {**ENOUGH, name: value}
    with pytest.raises(InvalidSettings, match=name):
        Settings.from_env({key: text for key, text in environ.items() if text is not None})


def test_an_unknown_auth_mode_is_no_auth_mode() -> None:
    with pytest.raises(InvalidSettings, match="IAM, JWT, NONE"):
        Settings.from_env({**ENOUGH, "AUTH_MODE": "none"})


@pytest.mark.parametrize("value", ["4194305", "-1", "1e3", "1.5", "٣", "many", " 5"])
def test_an_answer_carries_no_more_than_lambda_takes(value: str) -> None:
    with pytest.raises(InvalidSettings, match="0 to 4194304"):
        Settings.from_env({**ENOUGH, "INLINE_BYTES": value})


def test_every_content_may_be_redirected() -> None:
    assert Settings.from_env({**ENOUGH, "INLINE_BYTES": "0"}).inline_bytes == 0


def test_how_tokens_are_read_is_a_setting() -> None:
    settings = Settings.from_env(
        {
            **ENOUGH,
            "JWT_SCOPE_CLAIM": "scp",
            "JWT_AUDIENCE_APPS": '{"client-1": "reports"}',
            "JWT_PRINCIPALS": '{"agent": {"scope": "artifact:admin", "app": "reports"}}',
        }
    )
    assert settings.jwt.scope_claim == "scp"
    assert settings.jwt.apps_by_audience == {"client-1": "reports"}
    assert settings.jwt.principals["agent"].apps == frozenset(["reports"])


@pytest.mark.parametrize("name", ["JWT_AUDIENCE_APPS", "JWT_PRINCIPALS"])
def test_names_that_cannot_be_read_stop_the_function(name: str) -> None:
    with pytest.raises(InvalidSettings, match="must be like"):
        Settings.from_env({**ENOUGH, name: "[1]"})
