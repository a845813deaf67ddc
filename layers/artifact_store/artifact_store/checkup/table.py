"""What an index table has to be set to, and how each setting is found out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from artifact_store.checkup.asking import Question, Verdict, off, ok
from artifact_store.checkup.report import Severity

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

__all__ = ["TableSettings"]

_EXPIRES: Final = "expires_at"
"""The attribute by which DynamoDB removes tokens and confirmed graves that have served their time."""


@dataclass(frozen=True, slots=True)
class TableSettings:
    """One table's settings; every method asks DynamoDB for one of them and judges the answer."""

    dynamodb: DynamoDBClient
    name: str

    @property
    def arn(self) -> str:
        """The table's ARN in the client's region and any account."""
        meta = self.dynamodb.meta
        return f"arn:{meta.partition}:dynamodb:{meta.region_name}:*:table/{self.name}"

    def questions(self) -> list[Question]:
        """Everything to ask, in the order of the report."""
        required, recommended = Severity.REQUIRED, Severity.RECOMMENDED
        rows = (
            ("table-recovery", "point-in-time recovery", required, "DescribeContinuousBackups", self.recovery),
            ("table-protection", "deletion protection", required, "DescribeTable", self.protection),
            ("table-expiry", f"time to live on {_EXPIRES}", required, "DescribeTimeToLive", self.expiry),
            ("table-encryption", "whose key encrypts the table", recommended, "DescribeTable", self.encryption),
        )
        return [
            Question(
                name=name,
                looks_at=looks_at,
                severity=severity,
                target=f"table {self.name}",
                permission=f"dynamodb:{action}",
                resource=self.arn,
                judge=judge,
            )
            for name, looks_at, severity, action, judge in rows
        ]

    def recovery(self) -> Verdict:
        """The index of any second of the last weeks can be restored, deletes included."""
        answer = self.dynamodb.describe_continuous_backups(TableName=self.name)
        found: Any = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription") or {}
        if found.get("PointInTimeRecoveryStatus") == "ENABLED":
            days = found.get("RecoveryPeriodInDays")
            return ok(f"enabled, {days} days back" if days else "enabled")
        return off(
            "not enabled",
            self._command(
                "update-continuous-backups",
                "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
            ),
        )

    def protection(self) -> Verdict:
        """Nobody can delete the table by one call."""
        if self._table()["DeletionProtectionEnabled"] is True:
            return ok("enabled")
        return off(
            "not enabled",
            f"{self._command('update-table', '--deletion-protection-enabled')} "
            "(in template.yaml: parameter DataDeletionPolicy=Retain)",
        )

    def expiry(self) -> Verdict:
        """Else tokens and graves stay for ever."""
        found = self.dynamodb.describe_time_to_live(TableName=self.name)["TimeToLiveDescription"]
        status, attribute = found["TimeToLiveStatus"], found.get("AttributeName")
        turned_on = self._command(
            "update-time-to-live", f"--time-to-live-specification Enabled=true,AttributeName={_EXPIRES}"
        )
        if status not in {"ENABLED", "ENABLING"}:
            return off("being disabled" if status == "DISABLING" else "not enabled", turned_on)
        if attribute == _EXPIRES:
            return ok("enabled")
        turned_off = self._command(
            "update-time-to-live", f"--time-to-live-specification Enabled=false,AttributeName={attribute}"
        )
        return off(f"enabled on {attribute}", f"{turned_off}; an hour later {turned_on}")

    def encryption(self) -> Verdict:
        """DynamoDB encrypts every table; with KMS the account sees the key's use and can withdraw it."""
        found: Any = self._table().get("SSEDescription") or {}
        turned_on = self._command("update-table", "--sse-specification Enabled=true")
        if found.get("InaccessibleEncryptionDateTime"):
            return off(
                "the table's KMS key cannot be used: DynamoDB archives such a table after a week",
                f"Enable the key again: aws kms enable-key --key-id {found.get('KMSMasterKeyArn', 'KEY')}",
            )
        if found.get("Status") in {"ENABLED", "ENABLING", "UPDATING"}:
            return ok(f"with a key of the account ({found.get('SSEType', 'KMS')})")
        return off("encrypted, with a key that AWS owns and the account cannot watch or withdraw", turned_on)

    def _table(self) -> Any:
        return self.dynamodb.describe_table(TableName=self.name)["Table"]

    def _command(self, name: str, rest: str) -> str:
        return f"aws dynamodb {name} --table-name {self.name} {rest}"
