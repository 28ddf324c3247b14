"""A Code Ocean capsule acted out: its variables, its folder with the list of secrets in every known form, its remote.

As Code Ocean's documentation and public capsules show them; nothing here was taken from a running one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

ID = "1234567"
CUSTOM_KEY: dict[str, str] = {"type": "general", "id": "a1b2c3d4", "description": "CAVE TOKEN", "value": "CUSTOM_KEY"}
API_CREDENTIALS: dict[str, str] = {
    "type": "api-key",
    "id": "e5f6a7b8",
    "description": "Cave client credentials",
    "key": "API_KEY",
    "secret": "API_SECRET",
}
AWS: dict[str, str] = {
    "type": "aws",
    "id": "c9",
    "description": "S3",
    "key": "AWS_ACCESS_KEY_ID",
    "secret": "AWS_SECRET",
}
OF_CODE_OCEAN: dict[str, str] = {**API_CREDENTIALS, "description": "Code Ocean API"}


class Capsule:
    """A capsule in a home folder.

    Parameters
    ----------
    home : Path
        The home folder of each run; the capsule lies in it and outlasts the runs.
    """

    def __init__(self, home: Path) -> None:
        self.folder = home / "capsule"
        for name in ("metadata", "environment", "code", "data", "results", "scratch", ".codeocean"):
            (self.folder / name).mkdir(parents=True)
        self.made_by_git("https://codeocean.example.org/capsule-1234567.git")

    def made_by_git(self, *remotes: str) -> None:
        """Say where the capsule was fetched from."""
        lines = ["[core]", "\tbare = false"]
        for number, remote in enumerate(remotes):
            lines += [f'[remote "{"origin" if not number else f"other{number}"}"]', f"\turl = {remote}", "\tfetch = +x"]
        git = self.folder / ".git"
        git.mkdir(exist_ok=True)
        (git / "config").write_text("\n".join(lines) + "\n")

    def attach(self, *entries: dict[str, Any]) -> None:
        """Attach secrets as capsules of today do it."""
        (self.folder / ".codeocean/secrets.json").write_text(json.dumps({"version": 1, "secrets": list(entries)}))

    def attach_as_before(self, *entries: dict[str, Any]) -> None:
        """Attach secrets as older capsules do it."""
        lines = [
            "version: 1",
            "base_image: codeocean/jupyterlab:3.0.9-miniconda4.12.0-python3.9-ubuntu20.04",
            "credentials:",
        ]
        for entry in entries:
            lines += [
                f"{'  -' if not number else '   '} {name}: {value}"
                for number, (name, value) in enumerate(entry.items())
            ]
        lines += ["installers:", "  pip:", "    packages:", "      - name: caveclient", "        version: 8.2.1"]
        (self.folder / "environment/environment.yml").write_text("\n".join(lines) + "\n")

    @staticmethod
    def run(**secrets: str) -> dict[str, str]:
        """Give the variables of a run: those of Code Ocean, and the secrets that were attached before it began."""
        ours = {"CO_CAPSULE_ID": ID, "CO_COMPUTATION_ID": "c0ffee", "CO_CPUS": "2", "CO_MEMORY": "16"}
        # Where this is has to be found out: nobody has said so.
        return {**ours, "CAVE_SETUP_ENVIRONMENT": "", **secrets}
