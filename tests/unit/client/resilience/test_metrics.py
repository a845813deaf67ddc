"""What happens is counted where OpenTelemetry is at work, too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from google_adk_aws import ArtifactServerError, CircuitPolicy, ResiliencePolicy, RetryPolicy
from google_adk_aws._resilience.counts import _counters
from google_adk_aws._resilience.policy import Resilience

pytestmark = pytest.mark.unit


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemoryMetricReader]:
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader])
    monkeypatch.setattr(metrics, "get_meter", provider.get_meter)
    _counters.cache_clear()
    yield reader
    _counters.cache_clear()
    provider.shutdown()


def counted(reader: InMemoryMetricReader) -> dict[tuple[str, Any], float]:
    data = reader.get_metrics_data()
    assert data is not None
    return {
        (metric.name, (point.attributes or {})["direction"]): point.value
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
        if hasattr(point, "value")
    }


async def test_what_happens_is_counted_by_direction(reader: InMemoryMetricReader) -> None:
    retry = RetryPolicy(attempts=2, base_delay=0, max_delay=0)
    circuit = CircuitPolicy(failures=1, open_seconds=60)
    resilience = Resilience(ResiliencePolicy(retry=retry, writes=circuit))

    async def down() -> None:
        raise ArtifactServerError("down", status=503)

    for _ in range(2):
        with pytest.raises(Exception, match=r"down|failed one after the other"):
            await resilience.call(down, direction="write", place="it")
    assert counted(reader) == {
        ("google_adk_aws.calls", "write"): 1,
        ("google_adk_aws.attempts", "write"): 2,
        ("google_adk_aws.retries", "write"): 1,
        ("google_adk_aws.rejected", "write"): 1,
    }
