"""AWS on this machine as strict as it gets: TLS, signatures and every role's policies are enforced."""

from __future__ import annotations

import dataclasses
import http.client
import json
import os
import shlex
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ROOT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
BUILD = ROOT / ".aws-sam" / "e2e"

_SAM = Path(os.environ.get("SAM_CLI") or ROOT / ".tools" / "sam" / "bin" / "sam")
_EMULATOR_PYTHON = Path(os.environ.get("MINISTACK_PYTHON") or ROOT / ".tools" / "emulator" / "bin" / "python")
_UV = Path(os.environ.get("UV") or ROOT / ".venv" / "bin" / "uv")
_ROOT = "test"  # the emulator takes it for the account's root and checks no signature of it
_START_SECONDS = 60.0
_SAM_SECONDS = 240.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class EmulatedCloud:
    """ministack with a certificate of its own, and the AWS tools pointed at it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"https://localhost:{self._port}"
        self.certificate = folder / "ministack-tls" / "server.crt"
        self.certificate_key = folder / "ministack-tls" / "server.key"

    def __enter__(self) -> Self:
        # The functions are its children and inherit its environment: none of this machine's settings, no import roots.
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._folder),
            "TMPDIR": str(self._folder),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self._port),
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "AUTH": "true",
            "USE_SSL": "1",
            "AWS_CA_BUNDLE": str(self.certificate),
            # Its JWT authorizer asks an issuer of a test, who shows the same certificate.
            "SSL_CERT_FILE": str(self.certificate),
        }
        with (self._folder / "emulator.log").open("wb") as log:
            self._process = subprocess.Popen(
                [_EMULATOR_PYTHON, ROOT / "tests" / "e2e" / "emulator_process.py"],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_ready():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(
                    f"The emulator does not start:\n{(self._folder / 'emulator.log').read_text()[-3000:]}"
                )
            time.sleep(0.1)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        # Nothing is to be saved, and an orderly end would wait for the clients' open connections.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()

    def client(self, service: str, credentials: Credentials | None = None) -> Any:
        """A boto3 client; as root, whom nothing denies but resource policies, unless credentials are given."""
        signer = credentials or Credentials(_ROOT, _ROOT)
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=REGION,
            endpoint_url=self.url,
            verify=str(self.certificate),
            aws_access_key_id=signer.access_key,
            aws_secret_access_key=signer.secret_key,
            aws_session_token=signer.token,
        )

    def user(self, name: str, *statements: dict[str, Any]) -> Credentials:
        """A new IAM user's access key."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        if statements:
            policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_user_policy(UserName=name, PolicyName="test", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    def environment(self) -> dict[str, str]:
        """What the AWS tools need to come here, as root."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._folder),
            "LANG": "C.UTF-8",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_CA_BUNDLE": str(self.certificate),
            "AWS_ACCESS_KEY_ID": _ROOT,
            "AWS_SECRET_ACCESS_KEY": _ROOT,
            "AWS_DEFAULT_REGION": REGION,
        }

    def sam_environment(self) -> dict[str, str]:
        """What the SAM CLI needs besides."""
        version = subprocess.run(
            [_EMULATOR_PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            check=True,
            text=True,
        ).stdout.strip()
        return {
            "SAM_CLI_TELEMETRY": "0",
            # It asks every five seconds how a deployment is going; the emulator has no rate limit to be spared.
            "SAM_CLI_POLL_DELAY": "0.3",
            "UV": str(_UV),
            # The emulator runs functions with its own Python, whatever `Runtime` says.
            "LAYER_PYTHON": version,
            "LAYER_INTERPRETER": str(_EMULATOR_PYTHON),
            **{name: value for name, value in os.environ.items() if name.startswith(("UV_", "SSL_"))},
        }

    def sam_command(self) -> str:
        """A line of a shell script that runs the SAM CLI with its own arguments."""
        variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in self.sam_environment().items())
        return f'{variables} exec {shlex.quote(str(_SAM))} "$@"'

    def sam(self, *arguments: str, ok: bool = True) -> str:
        """Run the SAM CLI and return what it printed."""
        done = subprocess.run(
            [_SAM, *arguments],
            cwd=ROOT,
            env={**self.environment(), **self.sam_environment()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_SAM_SECONDS,
        )
        assert (done.returncode == 0) is ok, f"sam {' '.join(arguments)} → {done.returncode}\n{done.stdout[-6000:]}"
        return done.stdout

    def deploy(self, stack: str, parameters: dict[str, str], *, ok: bool = True) -> str:
        """Deploy the built stack by samconfig.toml's default environment, without its question."""
        overrides = [f"{name}={value}" for name, value in parameters.items()]
        return self.sam(
            "deploy",
            *("--template-file", str(BUILD / "template.yaml"), "--config-file", str(ROOT / "samconfig.toml")),
            *("--stack-name", stack, "--no-confirm-changeset", "--no-progressbar"),
            *(("--parameter-overrides", *overrides) if overrides else ()),
            ok=ok,
        )

    def outputs(self, stack: str) -> dict[str, str]:
        """The outputs of a stack."""
        found = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
        return {output["OutputKey"]: output["OutputValue"] for output in found}

    def api_url(self, api_id: str) -> str:
        """Where a deployed API answers; not every resolver knows names under localhost."""
        return f"https://{api_id}.execute-api.localhost:{self._port}"

    def call(
        self,
        api_id: str,
        method: str,
        path: str,
        *,
        credentials: Credentials | None,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One request to a deployed API, signed unless there are no credentials."""
        complete = self.headers(api_id, method, path, credentials=credentials, body=body, headers=headers)
        return self.ask(method, path, body, complete)

    def headers(
        self,
        api_id: str,
        method: str,
        path: str,
        *,
        credentials: Credentials | None,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> dict[str, str]:
        """The headers of such a request; those of a signature are good for this request only."""
        url = self.api_url(api_id)
        host = url.removeprefix("https://")
        request = AWSRequest(method, f"{url}{path}", data=body, headers={"Host": host, **(headers or {})})
        if credentials:
            SigV4Auth(credentials, "execute-api", REGION).add_auth(request)
        return dict(request.headers.items())

    def send(self, signed: dict[str, Any], body: bytes = b"") -> Answer:
        """A signed request to the bucket, as an answer of the API describes it; nobody's credentials go with it."""
        url = urllib.parse.urlsplit(signed["url"])
        assert url.scheme == "https"
        return self.ask(signed["method"], f"{url.path}?{url.query}", body, {"Host": url.netloc, **signed["headers"]})

    def ask(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> Answer:
        """One request with these headers and no others; Host says whom it is for."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        connection = http.client.HTTPSConnection("localhost", self._port, context=context, timeout=60)
        try:
            connection.request(method, target, body or None, headers)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(status=response.status, headers=found, body=response.read())
        finally:
            connection.close()

    def _is_ready(self) -> bool:
        if not self.certificate.exists():
            return False
        try:
            context = ssl.create_default_context(cafile=str(self.certificate))
            with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=2, context=context):  # noqa: S310 - our own URL
                return True
        except (OSError, ssl.SSLError):
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
