"""Where are we: variables and folders in, a place out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

import pytest
from support.facts import CAPSULE, LAPTOP
from unit.conftest import in_child

from cave_setup.environment import PLACES, computer_name, detect
from cave_setup.models import EnvironmentKey

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of a file system in which nothing means anything to us."""
    folder = tmp_path / "root-of-all"
    (folder / "root").mkdir(parents=True)
    return folder


PLACE_BY_SIGN: dict[str, tuple[dict[str, str], str, str]] = {
    "nothing special": ({}, "", "local"),
    "unrelated variables": ({"PATH": "/bin", "LANG": "C"}, "", "local"),
    "a capsule's id": ({"CO_CAPSULE_ID": "1234567"}, "", "code-ocean"),
    "a computation's id": ({"CO_COMPUTATION_ID": "abc"}, "", "code-ocean"),
    "a pipeline's id": ({"CO_PIPELINE_ID": "abc"}, "", "code-ocean"),
    "a workstation's folder": ({}, "root/capsule", "code-ocean"),
    "an empty variable says nothing": ({"CO_CAPSULE_ID": ""}, "", "local"),
    "ordinary folders of a container": ({}, "code", "local"),
    "Code Ocean on a cloud machine with a hub's variables": (
        {"CO_CAPSULE_ID": "1", "JUPYTERHUB_USER": "ada", "AWS_BATCH_JOB_ID": "x"},
        "",
        "code-ocean",
    ),
}


@pytest.mark.parametrize(("variables", "folder", "key"), PLACE_BY_SIGN.values(), ids=PLACE_BY_SIGN)
def test_a_place_is_known_by_its_signs(root: Path, variables: dict[str, str], folder: str, key: str) -> None:
    (root / folder).mkdir(parents=True, exist_ok=True)
    assert detect(variables, root).key == key


def test_a_file_is_no_folder(root: Path) -> None:
    (root / "root" / "capsule").touch()
    assert detect({}, root).key == "local"


def test_your_own_computer_keeps_files_and_looks_at_them_first(root: Path) -> None:
    here = detect({}, root)
    assert here.home_persists is True
    assert here.variables_first is False
    assert here.detail


def test_code_ocean_loses_files_and_mounts_secrets(root: Path) -> None:
    here = detect({"CO_CAPSULE_ID": "1"}, root)
    assert here.home_persists is False
    assert here.variables_first is True
    # The name that the guide asks for goes before the ones that a secret gets by its type.
    assert here.secret_variables[0] == "CAVE_TOKEN"
    assert {"API_SECRET", "CUSTOM_KEY"} <= set(here.secret_variables)
    assert {"/code", "/data", "/scratch", "~/capsule"} <= set(here.shared_folders)


def test_the_type_of_a_secret_is_no_sign_of_a_token_outside_code_ocean(root: Path) -> None:
    assert not {"API_SECRET", "CUSTOM_KEY"} & set(detect({}, root).secret_variables)


def test_a_folder_that_may_not_be_entered_is_no_sign_and_no_crash(public_folder: Path) -> None:
    (public_folder / "root" / "capsule").mkdir(parents=True)
    (public_folder / "root").chmod(0o000)
    assert in_child(lambda: detect({}, public_folder).key, as_nobody=True) == "local"


def test_a_loop_of_links_is_no_sign_and_no_crash(root: Path) -> None:
    (root / "root" / "capsule").symlink_to(root / "root" / "capsule")
    assert detect({}, root).key == "local"


def test_the_table_uses_each_documented_key_once_and_ends_with_your_own_computer() -> None:
    keys = [place.key for place in PLACES]
    assert len(set(keys)) == len(keys)
    assert set(keys) <= set(get_args(EnvironmentKey))
    assert keys[-1] == "local"


def test_every_place_has_a_name_for_people() -> None:
    for place in PLACES:
        assert re.match(r"[A-Z]", place.name), place.key


def test_a_computer_is_named_by_its_user_and_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    monkeypatch.setattr("platform.node", lambda: "laptop.lab.example.org")
    assert computer_name(LAPTOP) == "ada@laptop"


@pytest.mark.parametrize(("user", "name"), [("ada\n\x00lovelace ", "ada lovelace@laptop"), ("x" * 300, "x" * 120)])
def test_the_name_fits_into_the_servers_list(monkeypatch: pytest.MonkeyPatch, user: str, name: str) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: user)
    monkeypatch.setattr("platform.node", lambda: "laptop")
    assert computer_name(LAPTOP) == name


def test_an_account_without_a_name_leaves_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise OSError("No username set in the environment")

    monkeypatch.setattr("getpass.getuser", nobody)
    monkeypatch.setattr("platform.node", lambda: "laptop")
    assert computer_name(LAPTOP) == "laptop"
    monkeypatch.setattr("platform.node", lambda: "")
    assert computer_name(LAPTOP) == "Your own computer"


def test_where_every_run_is_a_new_computer_its_host_is_no_name() -> None:
    assert computer_name(CAPSULE) == "Code Ocean capsule"
