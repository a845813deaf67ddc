"""What importing the handlers costs and does, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def run(code: str, **environment: str) -> str:
    path = os.pathsep.join(str(ROOT / root) for root in ("layers/artifact_store", "functions"))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={
            "PATH": os.defpath,
            "PYTHONPATH": path,
            "AUTH_MODE": "IAM",
            "BUCKET_NAME": "b",
            "INDEX_TABLE_NAME": "t",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def modules_of(function: str) -> set[str]:
    code = f"import json, sys, artifact_api.{function}; print(json.dumps(sorted(sys.modules)))"
    return set(json.loads(run(code)))


@pytest.mark.parametrize("function", ["read", "write", "delete"])
def test_no_cold_start_pays_for_what_it_does_not_use(function: str) -> None:
    modules = modules_of(function)
    roots = {name.partition(".")[0] for name in modules}
    assert not roots & {"pydantic", "pydantic_core", "aws_xray_sdk", "google", "httpx", "yaml", "jsonschema"}
    assert not {name for name in modules if name.startswith("aws_lambda_powertools.utilities.parameters")}
    assert not {name for name in modules if name.startswith("artifact_api.openapi")}
    assert ("aws_lambda_powertools.utilities.idempotency" in modules) is (function == "write")


def test_x_ray_is_imported_when_tracing_is_on() -> None:
    code = "import sys, artifact_api.read; print('aws_xray_sdk' in sys.modules)"
    assert run(code, TRACING="on").strip() == "True"
    assert run(code, TRACING="off").strip() == "False"


def test_importing_a_handler_reads_no_settings_and_makes_no_client() -> None:
    code = "import artifact_api.read, artifact_api.wiring as w; print(w._made)"
    assert run(code, AUTH_MODE="nonsense").strip() == "{}"


def test_in_lambda_clients_are_made_at_the_start() -> None:
    code = "import gc, artifact_api.read, artifact_api.wiring as w; print('store' in w._made, gc.isenabled())"
    assert run(code, AWS_LAMBDA_RUNTIME_API="127.0.0.1:1").strip() == "True True"


def test_elsewhere_garbage_is_collected_as_ever() -> None:
    assert run("import gc, artifact_api; print(gc.isenabled())").strip() == "True"


def test_no_variable_makes_the_logger_write_events() -> None:
    code = f"""
import sys, artifact_api.read
sys.path.insert(0, {str(ROOT)!r})
from tests.contract.calls import Context, event_of
event = event_of("GET", "/v1/health", headers={{"Authorization": "SECRET"}})
print(artifact_api.read.handler(event, Context())["statusCode"])
"""
    written = run(code, AUTH_MODE="NONE", POWERTOOLS_LOGGER_LOG_EVENT="true", POWERTOOLS_LOG_LEVEL="DEBUG")
    assert "200" in written
    assert "SECRET" not in written
