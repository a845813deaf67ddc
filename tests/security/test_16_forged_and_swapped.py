"""A cursor or an upload id is forged, or taken from someone else.

Both are signed, and bound to their caller and to what they are for.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from types import SimpleNamespace

import pytest

from artifact_api import sealed
from tests.contract.calls import SESSION, call, save
from tests.contract.transfers import send
from tests.contract.uploading import post
from tests.faults.interposed import World
from tests.security.callers import deployed, iam, token
from tests.security.defence import Defence

pytestmark = pytest.mark.usefixtures("aws")

_mac = sealed._mac

SIGNATURES_ARE_COMPARED = Defence(
    16,
    "the signature is compared",
    ((sealed, "hmac", SimpleNamespace(new=hmac.new, compare_digest=lambda *_: True)),),
)
BOUND = Defence(
    16,
    "whom and what it is good for is signed with it",
    ((sealed, "_mac", lambda raw, kind, bound_to, key: _mac(raw, kind, [], key)),),
)

ADAS = "/v1/apps/app/users/ada/sessions/s/artifacts"
EVES = "/v1/apps/app/users/eve/sessions/s/artifacts"
SECRET = b"Ada's"


def forged(given: str, *, prefix: int) -> str:
    """A sealed text with another first byte of its signature."""
    raw = base64.urlsafe_b64decode(given[prefix:] + "=" * (-len(given[prefix:]) % 4))
    changed = base64.urlsafe_b64encode(bytes([raw[0] ^ 1]) + raw[1:]).decode().rstrip("=")
    return given[:prefix] + changed


def use_a_cursor(how: str) -> int | None:
    """The status of a page that was asked for with a cursor which is not the caller's, or not this list's."""
    for name in ("a", "b", "c"):
        save(f"{ADAS}/{name}")
        save(f"{EVES}/{name}")
    with deployed("JWT"):
        ada, eve = token("ada"), token("eve")
        cursor = call("GET", ADAS, query={"limit": "1"}, authorizer=ada).json["nextCursor"]
        if how == "forged":
            answer = call("GET", ADAS, query={"cursor": forged(cursor, prefix=1)}, authorizer=ada)
        elif how == "another caller's":
            answer = call("GET", EVES, query={"cursor": cursor}, authorizer=eve)
        else:
            answer = call("GET", ADAS.replace("/s/", "/t/"), query={"cursor": cursor}, authorizer=ada)
    assert answer.status == 200 or (answer.code, answer.json["field"]) == ("invalid_cursor", "cursor")
    return None if answer.status == 400 else answer.status


CURSORS = ["forged", "another caller's", "another list's"]


@pytest.mark.parametrize("how", CURSORS)
def test_a_cursor_that_was_not_given_for_this_is_refused(how: str) -> None:
    assert use_a_cursor(how) is None


@pytest.mark.parametrize("how", CURSORS)
def test_any_cursor_is_good_without_the_signature(how: str) -> None:
    with SIGNATURES_ARE_COMPARED.taken_out():
        assert use_a_cursor(how) == 200


@pytest.mark.parametrize("how", CURSORS[1:])
def test_another_ones_cursor_is_good_without_its_binding(how: str) -> None:
    with BOUND.taken_out():
        assert use_a_cursor(how) == 200


def take_an_upload(world: World, auth_mode: str) -> bytes | None:
    """What Eve got by finalizing, as an artifact of her own, what Ada has uploaded."""
    ada, eve = (token("ada"), token("eve")) if auth_mode == "JWT" else (iam("AROAADA"), iam("AROAEVE"))
    sha256 = hashlib.sha256(SECRET).hexdigest()
    with deployed(auth_mode):
        begun = post(f"{ADAS}/doc/uploads", {"size": len(SECRET), "method": "put"}, authorizer=ada).json
        assert send(world, begun["put"], SECRET)[0] == 200
        upload = f"{EVES}/doc/uploads/{begun['uploadId']}"
        answer = post(f"{upload}/finalize", {"size": len(SECRET), "sha256": sha256}, authorizer=eve)
        assert answer.status == 201 or answer.code == "upload_not_found"
        return call("GET", f"{EVES}/doc", authorizer=eve).body if answer.status == 201 else None


@pytest.mark.parametrize("auth_mode", ["JWT", "IAM"])
def test_another_ones_upload_is_refused(auth_mode: str, world: World) -> None:
    assert take_an_upload(world, auth_mode) is None


@pytest.mark.parametrize("defence", [SIGNATURES_ARE_COMPARED, BOUND], ids=["signature", "binding"])
@pytest.mark.parametrize("auth_mode", ["JWT", "IAM"])
def test_another_ones_upload_is_taken_without_its_seal(auth_mode: str, defence: Defence, world: World) -> None:
    with defence.taken_out():
        assert take_an_upload(world, auth_mode) == SECRET


def forge_an_upload(facts: list[object]) -> int | None:
    """The status of an answer to an upload id that nobody has given out."""
    raw = bytes(16) + json.dumps(facts, separators=(",", ":")).encode()
    upload = "u1" + base64.urlsafe_b64encode(raw).decode().rstrip("=")
    answer = post(f"{SESSION}/doc/uploads/{upload}/parts", {"parts": [{"number": 1, "size": 7, "sha256": "0" * 64}]})
    return None if answer.status == 404 else answer.status


FACTS: list[object] = ["../app/ada/s/doc/0", "upload-1", 7, 8_388_608, 2**53, None, None]


def test_a_forged_upload_is_refused() -> None:
    assert forge_an_upload(FACTS) is None


def test_a_forged_upload_is_signed_for_without_the_signature() -> None:
    with SIGNATURES_ARE_COMPARED.taken_out():
        assert forge_an_upload(FACTS) == 200
