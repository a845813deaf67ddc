"""What a bucket of artifacts has to be set to, and how each setting is found out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from artifact_store.checkup.asking import Question, Verdict, off, ok, unless_absent
from artifact_store.checkup.lifecycle import ABORT_RULE, aborting_days, expiring
from artifact_store.checkup.report import Severity
from artifact_store.checkup.tls_policy import lacking, tls_only_statement

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

__all__ = ["BucketSettings"]

_BLOCKS: Final = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_SSE_S3: Final = "AES256"
_SSE_KMS: Final = "aws:kms"
_DSSE: Final = "aws:kms:dsse"


@dataclass(frozen=True, slots=True)
class BucketSettings:
    """One bucket's settings; every method asks S3 for one of them and judges the answer."""

    s3: S3Client
    name: str

    @property
    def arn(self) -> str:
        """The bucket's ARN in the partition of the client's region."""
        return f"arn:{self.s3.meta.partition}:s3:::{self.name}"

    def questions(self) -> list[Question]:
        """Everything to ask, in the order of the report."""
        required, recommended, optional = Severity.REQUIRED, Severity.RECOMMENDED, Severity.OPTIONAL
        rows = (
            ("versioning", "versioning of the bucket", required, "GetBucketVersioning", self.versioning),
            ("encryption", "default encryption of objects", required, "GetEncryptionConfiguration", self.encryption),
            ("public-access-block", "the bucket's four blocks", required, "GetBucketPublicAccessBlock", self.blocks),
            ("ownership", "who owns objects", required, "GetBucketOwnershipControls", self.ownership),
            ("tls-only", "the bucket policy", required, "GetBucketPolicy", self.tls_only),
            ("abandoned-uploads", "lifecycle rules", required, "GetLifecycleConfiguration", self.abandoned_uploads),
            ("no-expiry", "lifecycle rules", required, "GetLifecycleConfiguration", self.no_expiry),
            ("access-logging", "server access logs", recommended, "GetBucketLogging", self.logging),
            ("mfa-delete", "versioning of the bucket", optional, "GetBucketVersioning", self.mfa_delete),
        )
        return [
            Question(
                name=name,
                looks_at=looks_at,
                severity=severity,
                target=f"bucket {self.name}",
                permission=f"s3:{action}",
                resource=self.arn,
                judge=judge,
            )
            for name, looks_at, severity, action, judge in rows
        ]

    def versioning(self) -> Verdict:
        """Versioning keeps what another tool overwrites or deletes."""
        status: str | None = self.s3.get_bucket_versioning(Bucket=self.name).get("Status")
        if status == "Enabled":
            return ok("enabled")
        return off(
            "suspended" if status else "never enabled",
            self._command("put-bucket-versioning", "--versioning-configuration Status=Enabled"),
        )

    def mfa_delete(self) -> Verdict:
        """It excludes lifecycle rules and the store's own deletes, so it is told and never asked for."""
        if self.s3.get_bucket_versioning(Bucket=self.name).get("MFADelete") == "Enabled":
            return ok(
                "enabled: purges and reconcile cannot remove versions, since only the account's root user may, and "
                "S3 takes no lifecycle rules"
            )
        command = self._command("put-bucket-versioning", "--versioning-configuration Status=Enabled,MFADelete=Enabled")
        return off(
            "not enabled, as it is to be while the store deletes and lifecycle rules are in use",
            f"Leave it so. Only for a bucket that nobody deletes from, as its root user: {command} --mfa 'SERIAL CODE'",
        )

    def encryption(self) -> Verdict:
        """With S3's keys, or with KMS and a bucket key: without it each request costs a call of KMS."""
        answer = unless_absent(
            "ServerSideEncryptionConfigurationNotFoundError", lambda: self.s3.get_bucket_encryption(Bucket=self.name)
        )
        if answer is None:
            return off("no default encryption", self._encrypt({"SSEAlgorithm": _SSE_S3}))
        (rule,) = answer["ServerSideEncryptionConfiguration"]["Rules"]
        default: Any = rule["ApplyServerSideEncryptionByDefault"]
        algorithm = default["SSEAlgorithm"]
        if algorithm == _SSE_S3:
            return ok("SSE-S3")
        if algorithm == _DSSE:
            return ok("DSSE-KMS")
        if algorithm == _SSE_KMS and rule.get("BucketKeyEnabled"):
            return ok("SSE-KMS with a bucket key")
        if algorithm == _SSE_KMS:
            return off("SSE-KMS without a bucket key: each request calls KMS", self._encrypt(default, bucket_key=True))
        return off(f"an unknown algorithm: {algorithm}", self._encrypt({"SSEAlgorithm": _SSE_S3}))

    def blocks(self) -> Verdict:
        """All four blocks of public access."""
        answer = unless_absent(
            "NoSuchPublicAccessBlockConfiguration", lambda: self.s3.get_public_access_block(Bucket=self.name)
        )
        found: Any = answer["PublicAccessBlockConfiguration"] if answer is not None else {}
        missing = [block for block in _BLOCKS if found.get(block) is not True]
        if not missing:
            return ok("all four blocks")
        every = ",".join(f"{block}=true" for block in _BLOCKS)
        return off(
            f"not blocked: {', '.join(missing)}",
            self._command("put-public-access-block", f"--public-access-block-configuration {every}"),
        )

    def ownership(self) -> Verdict:
        """The bucket's owner owns every object, and access lists count for nothing."""
        answer = unless_absent(
            "OwnershipControlsNotFoundError", lambda: self.s3.get_bucket_ownership_controls(Bucket=self.name)
        )
        found = [rule["ObjectOwnership"] for rule in answer["OwnershipControls"]["Rules"]] if answer is not None else []
        if found == ["BucketOwnerEnforced"]:
            return ok("BucketOwnerEnforced")
        return off(
            f"{', '.join(found) or 'no ownership controls'}: access lists count",
            self._command(
                "put-bucket-ownership-controls", "--ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'"
            ),
        )

    def tls_only(self) -> Verdict:
        """A denial of every request without TLS, for everybody, on bucket and objects."""
        answer = unless_absent("NoSuchBucketPolicy", lambda: self.s3.get_bucket_policy(Bucket=self.name))
        statement = tls_only_statement(self.arn)
        if answer is None:
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            return off("no bucket policy", self._command("put-bucket-policy", f"--policy '{policy}'"))
        faults = lacking(json.loads(answer["Policy"]), self.arn)
        if not faults:
            return ok("requests without TLS are denied")
        return off(
            "; ".join(dict.fromkeys(faults)),
            "Add this statement to the policy, and keep the others (aws s3api put-bucket-policy replaces them all): "
            f"{json.dumps(statement)}",
        )

    def _lifecycle_rules(self) -> list[Any]:
        answer = unless_absent(
            "NoSuchLifecycleConfiguration", lambda: self.s3.get_bucket_lifecycle_configuration(Bucket=self.name)
        )
        return list(answer["Rules"]) if answer is not None else []

    def abandoned_uploads(self) -> Verdict:
        """Parts of uploads that nobody completes cost money and are in no list of objects."""
        rules = self._lifecycle_rules()
        days, fault = aborting_days(rules)
        if days is not None:
            return ok(f"aborted after {days} {'day' if days == 1 else 'days'}")
        if not rules:
            rule = json.dumps({"Rules": [ABORT_RULE]})
            command = self._command("put-bucket-lifecycle-configuration", f"--lifecycle-configuration '{rule}'")
            return off("no lifecycle rules", command)
        return off(
            fault,
            "Add this rule, and keep the others (aws s3api put-bucket-lifecycle-configuration replaces them all): "
            f"{json.dumps(ABORT_RULE)}",
        )

    def no_expiry(self) -> Verdict:
        """A current version is an artifact, however old."""
        found = expiring(self._lifecycle_rules())
        if not found:
            return ok("no rule expires current versions")
        return off(
            f"{', '.join(found)} expires current versions: artifacts will be lost",
            "Take Expiration with Days or Date out of the rule, and keep the others: aws s3api "
            f"get-bucket-lifecycle-configuration --bucket {self.name}, then put-bucket-lifecycle-configuration",
        )

    def logging(self) -> Verdict:
        """Who reads or writes the bucket around the API is in no log of the API's."""
        found: Any = self.s3.get_bucket_logging(Bucket=self.name).get("LoggingEnabled")
        if found:
            return ok(f"into bucket {found['TargetBucket']}")
        target = json.dumps({"LoggingEnabled": {"TargetBucket": "LOG-BUCKET", "TargetPrefix": f"{self.name}/"}})
        return off("no access logs", self._command("put-bucket-logging", f"--bucket-logging-status '{target}'"))

    def _encrypt(self, default: Any, *, bucket_key: bool = False) -> str:
        rule = {"ApplyServerSideEncryptionByDefault": default, **({"BucketKeyEnabled": True} if bucket_key else {})}
        given = json.dumps({"Rules": [rule]})
        return self._command("put-bucket-encryption", f"--server-side-encryption-configuration '{given}'")

    def _command(self, name: str, rest: str) -> str:
        return f"aws s3api {name} --bucket {self.name} {rest}"
