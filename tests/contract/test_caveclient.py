"""The real `caveclient`, unchanged, in a fresh process with a home of its own: WIRE section 10."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from cave_setup.demo import DemoServer

pytestmark = pytest.mark.skipif(importlib.util.find_spec("caveclient") is None, reason="caveclient is not installed")

# One process for all questions: importing caveclient takes seconds.
USE = """
import json, os, sys
from caveclient import CAVEclient

def failure(**arguments):
    try:
        CAVEclient(server_address=sys.argv[1], **arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"

client = CAVEclient("minnie65_public", server_address=sys.argv[1])
print(json.dumps({
    "versions": client.materialize.get_versions(),
    "most_recent": int(client.materialize.most_recent_version()),
    "timestamp": str(client.materialize.get_timestamp()),
    "tables": client.materialize.get_tables(),
    "keys": [key["description"] for key in client.auth.get_tokens()],
    "local_server": client.info.local_server(),
    "stacks": client.info.get_datastacks(),
    "missing_terms": failure(datastack_name="minnie65_public", auth_token=os.environ["OTHER_TOKEN"]),
    "missing_permission": failure(datastack_name="private_stack"),
    "unknown_stack": failure(datastack_name="no_such_stack"),
}))
"""


def test_caveclient_works_as_against_a_real_server(demo: DemoServer, token: str, grace: str, tmp_path: Path) -> None:
    secrets = tmp_path / ".cloudvolume" / "secrets"
    secrets.mkdir(parents=True)
    name = f"{demo.address.removeprefix('http://')}-cave-secret.json"
    (secrets / name).write_text(json.dumps({"token": token}), encoding="utf-8")
    home = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    # BROWSER: caveclient opens one when terms are missing.
    env = {**os.environ, **home, "BROWSER": "true", "OTHER_TOKEN": grace}
    done = subprocess.run(
        [sys.executable, "-c", USE, demo.address], env=env, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert len(said["versions"]) == 12
    assert said["most_recent"] == max(said["versions"])
    assert said["timestamp"].endswith("+00:00")
    assert said["tables"]
    assert said["keys"] == ["Ada's laptop"]
    assert said["local_server"] == demo.data_address
    assert "minnie65_public" in said["stacks"]
    assert said["missing_terms"].startswith("HTTPError: 403 Client Error: Forbidden")
    assert "missing_tos" in said["missing_terms"]
    assert "missing_permission" in said["missing_permission"]
    assert said["unknown_stack"].startswith("HTTPError: 400 Client Error")
