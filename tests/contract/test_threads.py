"""The local server has many threads; Powertools keeps the event on a class that all of them share."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from tests.contract.calls import SESSION, call

if TYPE_CHECKING:
    import pytest


def test_a_request_is_routed_by_its_own_event(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        call("POST", f"{SESSION}/{name}", body=name.encode())
    # Routing reads the method, then the path: here both threads have set their event before either reads its path.
    together = threading.Barrier(2, timeout=10)

    def method_of_both(_event: object) -> str:
        together.wait()
        return "GET"

    monkeypatch.setattr(APIGatewayProxyEventV2, "http_method", property(method_of_both))
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda name: call("GET", f"{SESSION}/{name}"), ("a", "b")))
    assert [answer.body for answer in answers] == [b"a", b"b"]


def test_requests_in_several_threads_do_not_mix() -> None:
    together = threading.Barrier(8)

    def work(number: int) -> None:
        together.wait()
        path = f"{SESSION}/doc-{number}"
        for turn in range(20):
            content = b"%d %d" % (number, turn)
            saved = call("POST", path, body=content)
            assert (saved.status, saved.json["filename"], saved.json["version"]) == (201, f"doc-{number}", turn)
            loaded = call("GET", path)
            assert loaded.body == content
            assert loaded.headers["etag"] == saved.headers["etag"]
            assert call("GET", f"{SESSION}/missing-{number}").status == 404

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, number) for number in range(8)]:
            done.result()
