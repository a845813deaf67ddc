from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from tests.contract.calls import SESSION, call


def test_requests_in_several_threads_do_not_mix() -> None:
    """The local server has many threads; Powertools keeps the event on a class unless it is told not to."""
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
