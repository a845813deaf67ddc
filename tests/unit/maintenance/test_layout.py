"""What serves requests loads nothing of maintenance: a cold start would pay for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PATHS = f"{ROOT}:{ROOT / 'layers/artifact_store'}:{ROOT / 'functions'}"


def loaded_by(module: str) -> set[str]:
    code = f"import json, sys; import {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": PATHS}, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_store_on_aws_loads_no_maintenance() -> None:
    found = loaded_by("artifact_store, artifact_store.adapters.aws")
    assert "artifact_store._settling" in found
    assert not [name for name in found if name.startswith(("artifact_store.maintenance", "artifact_store.checkup"))]
