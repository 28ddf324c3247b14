"""The real caveclient, unchanged, in a fresh process: it reads what `Setup` saved; `Setup` mends what it leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from integration.conftest import SECRET, read_secrets, write_secret

if TYPE_CHECKING:
    from pathlib import Path

    from cave_setup.demo import DemoServer
    from integration.conftest import SetUp

pytest.importorskip("caveclient")

READ = """
client = CAVEclient("minnie65_public", server_address=address)
said = {
    "versions": client.materialize.get_versions(),
    "keys": [key["description"] for key in client.auth.get_tokens()],
    "token": client.auth.token,
}
"""
SAVE_WITH_DATASTACK = """
client = CAVEclient("minnie65_public", server_address=address, auth_token=token)
client.auth.save_token(token, overwrite=True)
said = None
"""
# The default refuses to replace, but by then it has replaced one of the files.
SAVE_HALF = """
client = CAVEclient(server_address=address)
try:
    client.auth.save_token(token)
    said = "saved"
except ValueError as error:
    said = "half saved"
"""


def caveclient(demo: DemoServer, program: str, token: str = "") -> Any:
    """Run a few lines with caveclient, as a person would in a notebook, and give what they ``said``."""
    lines = ["import json, sys", "from caveclient import CAVEclient", "address, token = sys.argv[1:]"]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join([*lines, program, "print(json.dumps(said))"]), demo.address, token],
        # BROWSER: caveclient opens one when terms are missing.
        env={**os.environ, "BROWSER": "true"},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def names(demo: DemoServer) -> tuple[str, str]:
    """Names of the auth server's file and of the data server's."""
    hosts = [address.removeprefix("http://") for address in (demo.address, demo.data_address)]
    return f"{hosts[0]}-cave-secret.json", f"{hosts[1]}-cave-secret.json"


def test_caveclient_reads_what_was_saved_beside_the_default_of_another_server(
    demo: DemoServer, ada: str, secrets: Path, set_up: SetUp
) -> None:
    write_secret(secrets, "cave-secret.json", SECRET.reveal(), middle_auth_url="cave.example/auth")
    setup = set_up(demo.address)
    setup.use_token(ada)
    status = setup.save()
    assert status.ready
    assert "12 versions" in status.step("ready").summary
    assert read_secrets(secrets)["cave-secret.json"] == SECRET.reveal()
    demo.requests.clear()
    said = caveclient(demo, READ)
    assert said["token"] == ada
    assert said["keys"] == ["Ada's laptop"]
    assert len(said["versions"]) == 12
    assert all(entry.authorization for entry in demo.requests.entries())


def test_what_caveclient_saved_is_recognised_also_beside_a_default_that_it_left_stale(
    demo: DemoServer, ada: str, secrets: Path, set_up: SetUp
) -> None:
    # The server's file exists, so caveclient leaves the default one as it is (WIRE section 10).
    own, data = names(demo)
    write_secret(secrets, own, SECRET.reveal())
    write_secret(secrets, "cave-secret.json", SECRET.reveal())
    caveclient(demo, SAVE_WITH_DATASTACK, ada)
    assert read_secrets(secrets) == {own: ada, data: ada, "cave-secret.json": SECRET.reveal()}

    setup = set_up(demo.address)
    status = setup.check()
    assert status.ready
    assert status.token is not None
    assert status.token.where.endswith(own)
    # caveclient leaves its files open to everybody (WIRE section 10), which is worth a word.
    assert any("Other people on this computer can read" in note for note in status.step("save").notes)

    assert setup.save(replace=True).ready
    assert set(read_secrets(secrets).values()) == {ada}
    assert {file.stat().st_mode & 0o777 for file in secrets.glob("*-secret.json")} == {0o600}


def test_the_half_done_state_that_caveclient_leaves_is_recognised_and_mended(
    demo: DemoServer, ada: str, secrets: Path, set_up: SetUp
) -> None:
    write_secret(secrets, "cave-secret.json", SECRET.reveal())
    assert caveclient(demo, SAVE_HALF, ada) == "half saved"
    assert read_secrets(secrets) == {names(demo)[0]: ada, "cave-secret.json": SECRET.reveal()}

    setup = set_up(demo.address)
    status = setup.check()
    assert status.step("account").summary.startswith("Ada Lovelace")
    assert not status.ready
    assert status.step("save").need == "replace"
    assert "cloud-volume would read another token, ····d0d8" in status.step("save").summary

    assert setup.save(replace=True).ready
    assert read_secrets(secrets) == dict.fromkeys(sorted(["cave-secret.json", *names(demo)]), ada)


def test_a_download_that_was_copied_and_renamed_by_hand_is_recognised(
    demo: DemoServer, ada: str, secrets: Path, set_up: SetUp
) -> None:
    host = demo.address.removeprefix("http://")
    file = write_secret(secrets, "cave-secret.json", ada, description="my laptop", middle_auth_url=f"{host}/auth")
    setup = set_up(demo.address)
    assert setup.check().step("account").summary.startswith("Ada Lovelace")
    assert setup.save().ready
    assert json.loads(file.read_text())["description"] == "my laptop"
    assert read_secrets(secrets) == dict.fromkeys(sorted(["cave-secret.json", *names(demo)]), ada)
