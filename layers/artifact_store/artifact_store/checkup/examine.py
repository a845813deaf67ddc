"""The check of one bucket, and of its index table if there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError

from artifact_store.adapters.aws import CLIENT_CONFIG, S3_CONFIG
from artifact_store.checkup.asking import ask
from artifact_store.checkup.bucket import BucketSettings
from artifact_store.checkup.drift import Agreement
from artifact_store.checkup.report import NotCheckable, Report
from artifact_store.checkup.table import TableSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client

__all__ = ["check_bucket"]


def check_bucket(
    bucket_name: str,
    *,
    index_table_name: str | None = None,
    s3: S3Client | None = None,
    dynamodb: DynamoDBClient | None = None,
) -> Report:
    """Looks at a bucket's settings, at its index table's, and whether both agree. Writes nothing.

    Args:
        bucket_name: The bucket of artifacts.
        index_table_name: The index table; None to look at the bucket alone.
        s3: A client to use instead of a new one.
        dynamodb: A client to use instead of a new one.

    Returns:
        A row for each setting. What AWS did not answer is `could not check`, never off.

    Raises:
        NotCheckable: There is no such bucket or table, or there are no credentials that AWS accepts.
    """
    try:
        s3 = s3 or boto3.client("s3", config=S3_CONFIG)
        if index_table_name is not None:
            dynamodb = dynamodb or boto3.client("dynamodb", config=CLIENT_CONFIG)
    except (BotoCoreError, ValueError) as error:
        raise NotCheckable(f"no client of AWS can be made: {error}") from error
    questions = BucketSettings(s3, bucket_name).questions()
    if dynamodb is not None and index_table_name is not None:
        questions += TableSettings(dynamodb, index_table_name).questions()
        drift = Agreement(s3=s3, bucket_name=bucket_name, dynamodb=dynamodb, index_table_name=index_table_name)
        questions.append(drift.question())
    return Report(
        bucket_name=bucket_name,
        index_table_name=index_table_name,
        checks=tuple(ask(question) for question in questions),
    )
