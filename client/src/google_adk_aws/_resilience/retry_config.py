"""Retries of the service on S3, by the names that programs written for such a service use."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from google_adk_aws._resilience.retry import RetryPolicy

__all__ = ["RetryConfig", "retry_policy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryConfig:
    """How often one operation is tried, and how long to wait in between.

    Attributes:
        max_attempts: Attempts at most, the first included.
        base_delay: Upper bound of the first wait, in seconds.
        max_delay: Upper bound of every wait, in seconds.
        exponential_base: What the bound is multiplied by with every attempt.
        jitter: Whether a wait is drawn between 0 and its bound.
        retryable_errors: Error codes to repeat, such as `SlowDown`; None: throttling, 5xx and no answer. What can never
            work later, such as `AccessDenied`, is not repeated even if it is named.
    """

    max_attempts: int = 3
    base_delay: float = 1.0
    max_delay: float = 60.0
    exponential_base: float = 2.0
    jitter: bool = True
    retryable_errors: Collection[str] | None = None

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise ValueError("max_attempts must be at least 1")
        if isinstance(self.retryable_errors, str):
            # It would be read letter by letter, and nothing be repeated.
            raise ValueError("retryable_errors must be a collection of error codes, not one text")  # noqa: TRY004

    def policy(self) -> RetryPolicy:
        """The same as a policy.

        Raises:
            ValueError: A value cannot be.
        """
        return RetryPolicy(
            attempts=self.max_attempts,
            base_delay=self.base_delay,
            max_delay=self.max_delay,
            exponential_base=self.exponential_base,
            jitter=self.jitter,
            codes=None if self.retryable_errors is None else frozenset(self.retryable_errors),
        )


def retry_policy(config: RetryConfig | RetryPolicy | None, *, default: bool) -> RetryPolicy | None:
    """What an argument means.

    Args:
        config: The argument.
        default: Whether none means the default one.

    Raises:
        TypeError: It is something else.
    """
    if config is None:
        return RetryConfig().policy() if default else None
    if isinstance(config, RetryConfig):
        return config.policy()
    if isinstance(config, RetryPolicy):
        return config
    raise TypeError(f"retry_config must be a RetryConfig or a RetryPolicy, not {type(config).__name__}")
