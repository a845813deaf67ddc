"""An OpenID Connect issuer on this machine: it publishes its key over TLS, and signs whatever a test asks for."""

from __future__ import annotations

import base64
import dataclasses
import hmac
import http.server
import json
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

AUDIENCE: Final = "artifact-api"
KEY_ID: Final = "the-key"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Certificate:
    """Files in PEM: what a TLS server on `localhost` shows, and the key that goes with it."""

    shown: Path
    key: Path


class Issuer:
    """Discovery document, JWKS, and tokens signed with RS256.

    Attributes:
        url: The claim `iss` of its tokens.
        key: What it signs with.
        asked: The paths that were asked for.
    """

    def __init__(self, certificate: Certificate) -> None:
        self.key: Final = new_key()
        self.asked: Final[list[str]] = []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.shown, certificate.key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url: Final = f"https://localhost:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def claims(self, **claims: Any) -> dict[str, Any]:
        """The claims of a token that is good for an hour; what is None is left out."""
        now = int(time.time())
        all_of_them = {"iss": self.url, "aud": AUDIENCE, "iat": now - 60, "exp": now + 3600, **claims}
        return {name: value for name, value in all_of_them.items() if value is not None}

    def token(self, **claims: Any) -> str:
        """A token that is good for an hour, with these claims."""
        return signed(self.claims(**claims), self.key)

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                body = json.dumps(issuer.published(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def published(self, path: str) -> Mapping[str, Any]:
        """What the issuer tells everybody."""
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        public = self.key.public_key().public_numbers()
        numbers = {name: _number(value) for name, value in (("n", public.n), ("e", public.e))}
        return {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, **numbers}]}


def new_key() -> rsa.RSAPrivateKey:
    """A key to sign with."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def signed(claims: Mapping[str, Any], key: rsa.RSAPrivateKey, **header: str) -> str:
    """A JWS in compact form (RFC 7515), signed with RS256 whatever its header says."""
    begin = unsigned(claims, **{"alg": "RS256", **header})
    return begin + encoded(key.sign(begin.removesuffix(".").encode(), padding.PKCS1v15(), hashes.SHA256()))


def mac_signed(claims: Mapping[str, Any], key: rsa.RSAPrivateKey) -> str:
    """A JWS signed with HS256 by a secret that everybody knows: the public key, in PEM."""
    begin = unsigned(claims, alg="HS256")
    secret = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return begin + encoded(hmac.digest(secret, begin.removesuffix(".").encode(), "sha256"))


def unsigned(claims: Mapping[str, Any], **header: str) -> str:
    """A JWS whose signature is empty."""
    parts = [{"typ": "JWT", "kid": KEY_ID, **header}, claims]
    return "".join(f"{encoded(json.dumps(part).encode())}." for part in parts)


def encoded(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _number(value: int) -> str:
    return encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))
