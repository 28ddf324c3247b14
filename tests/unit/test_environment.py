"""Where are we: variables and folders in, a place out."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import get_args

import pytest
from support.facts import CAPSULE, LAPTOP
from unit.conftest import in_child

from cave_setup.environment import choose, computer_name, detect
from cave_setup.errors import UnknownPlace
from cave_setup.models import DEMO_HOME_MARK, EnvironmentKey
from cave_setup.places import ANYWHERE, ON_CODE_OCEAN, PLACES, Place, place_names
from cave_setup.signs import Process


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of a file system in which nothing means anything to us."""
    folder = tmp_path / "root-of-all"
    (folder / "root").mkdir(parents=True)
    return folder


HUB = {"JUPYTERHUB_USER": "ada", "JUPYTERHUB_SERVICE_PREFIX": "/user/ada/", "JUPYTERHUB_API_URL": "http://hub:8081"}
BINDER = {**HUB, "BINDER_LAUNCH_HOST": "https://mybinder.org/", "BINDER_REPO_URL": "https://example.org/repository"}
CODESPACE = {"CODESPACES": "true", "CODESPACE_NAME": "fluffy-space", "VSCODE_CWD": "/vscode"}
SLURM = {"SLURM_JOB_ID": "42", "SLURM_JOB_NAME": "interactive"}
COLABS_MODULE = frozenset({"google.colab"})
DASHBOARD = {"SLURM_JOB_ID": "42", "SLURM_JOB_NAME": "sys/dashboard/sys/jupyter"}

# Variables; files and folders (ending in a slash) of the file system; the process; the place, and its name.
PLACE_BY_SIGN: dict[str, tuple[dict[str, str], tuple[str, ...], Process, str]] = {
    "nothing special": ({}, (), Process(), "Your own computer"),
    "unrelated variables": ({"PATH": "/bin", "LANG": "C"}, (), Process(), "Your own computer"),
    "VS Code is no place": ({"VSCODE_PID": "1"}, (), Process(), "Your own computer"),
    "a capsule's id": ({"CO_CAPSULE_ID": "1234567"}, (), Process(), "Code Ocean capsule"),
    "a computation's id": ({"CO_COMPUTATION_ID": "abc"}, (), Process(), "Code Ocean capsule"),
    "a pipeline's id": ({"CO_PIPELINE_ID": "abc"}, (), Process(), "Code Ocean capsule"),
    "a workstation's folder": ({}, ("root/capsule/",), Process(), "Code Ocean capsule"),
    "a file is no folder": ({}, ("root/capsule",), Process(), "Your own computer"),
    "an empty variable says nothing": ({"CO_CAPSULE_ID": ""}, (), Process(), "Your own computer"),
    "ordinary folders of a container": ({}, ("code/", "data/", "results/"), Process(), "Your own computer"),
    "Code Ocean on a cloud machine with a hub's variables": (
        {"CO_CAPSULE_ID": "1", "AWS_BATCH_JOB_ID": "x", **HUB},
        (".dockerenv",),
        Process(),
        "Code Ocean capsule",
    ),
    "Kaggle": ({"KAGGLE_KERNEL_RUN_TYPE": "Interactive"}, (), Process(), "Kaggle notebook"),
    "Kaggle's folder": ({}, ("kaggle/input/",), Process(), "Kaggle notebook"),
    "Kaggle's image is Colab's": (
        {"KAGGLE_KERNEL_RUN_TYPE": "Batch", "COLAB_RELEASE_TAG": "release"},
        (".dockerenv",),
        Process(modules=COLABS_MODULE),
        "Kaggle notebook",
    ),
    "somebody's Kaggle key is no sign": ({}, ("home/ada/.kaggle/kaggle.json",), Process(), "Your own computer"),
    "Colab": ({"COLAB_RELEASE_TAG": "release"}, (".dockerenv",), Process(), "Google Colab"),
    "Colab by its notebook": ({"COLAB_NOTEBOOK_ID": "1"}, (), Process(), "Google Colab"),
    "Colab by its module and folder": ({}, ("content/",), Process(modules=COLABS_MODULE), "Google Colab"),
    "Colab's module from PyPI": ({}, (), Process(modules=COLABS_MODULE), "Your own computer"),
    "a folder called content": ({}, ("content/",), Process(), "Your own computer"),
    "Colab Enterprise has Colab's variables": (
        {"VERTEX_PRODUCT": "COLAB_ENTERPRISE", "COLAB_RELEASE_TAG": "release"},
        (),
        Process(),
        "Colab Enterprise",
    ),
    "another product of Vertex": ({"VERTEX_PRODUCT": "WORKBENCH_INSTANCE"}, (), Process(), "Your own computer"),
    "Binder is a hub": (BINDER, (".dockerenv",), Process(), "Binder"),
    "Binder by its request": ({"BINDER_REQUEST": "v2/gh/x"}, (), Process(), "Binder"),
    "Codespaces has VS Code": (CODESPACE, (".dockerenv",), Process(), "GitHub Codespaces"),
    "Codespaces switched off": ({"CODESPACES": "false"}, (), Process(), "Your own computer"),
    "SageMaker's file": ({}, ("opt/ml/metadata/resource-metadata.json",), Process(), "Amazon SageMaker Studio"),
    "SageMaker's image": ({"SAGEMAKER_INTERNAL_IMAGE_URI": "x"}, (), Process(), "Amazon SageMaker Studio"),
    "SageMaker's notebook instance": (
        {},
        ("opt/ml/metadata/resource-metadata.json",),
        Process(home=PurePosixPath("/home/ec2-user")),
        "SageMaker notebook instance",
    ),
    "a user whose name only begins like Amazon's": (
        {"SAGEMAKER_INTERNAL_IMAGE_URI": "x"},
        (),
        Process(home=PurePosixPath("/home/ec2-users")),
        "Amazon SageMaker Studio",
    ),
    "an EC2 machine of one's own": ({}, (), Process(home=PurePosixPath("/home/ec2-user")), "Your own computer"),
    "Studio Lab": ({}, ("home/studio-lab-user/",), Process(), "SageMaker Studio Lab"),
    "Deepnote": ({"DEEPNOTE_PROJECT_ID": "x"}, (".dockerenv",), Process(), "Deepnote"),
    "Paperspace": ({"PAPERSPACE_FQDN": "x"}, (".dockerenv",), Process(), "Paperspace notebook"),
    "a key for Paperspace's own program": ({"PAPERSPACE_API_KEY": "x"}, (), Process(), "Your own computer"),
    "Databricks": ({"DATABRICKS_RUNTIME_VERSION": "15.4"}, (), Process(), "Databricks notebook"),
    "CoCalc": ({"COCALC_PROJECT_ID": "x"}, (".dockerenv",), Process(), "CoCalc project"),
    "a hub": (HUB, (), Process(), "JupyterHub"),
    "a hub of containers": (HUB, (".dockerenv",), Process(), "JupyterHub"),
    "a hub that starts jobs on a cluster": ({**HUB, **SLURM}, (), Process(), "JupyterHub"),
    "DANDI's hub": ({**HUB, "JUPYTERHUB_PUBLIC_HUB_URL": "https://hub.dandiarchive.org/"}, (), Process(), "DANDI Hub"),
    "DANDI's name without a hub": (
        {"JUPYTERHUB_HOST": "https://hub.dandiarchive.org"},
        (),
        Process(),
        "Your own computer",
    ),
    "SLURM": (SLURM, (), Process(), "A job on a cluster"),
    "PBS": ({"PBS_JOBID": "1.host"}, (), Process(), "A job on a cluster"),
    "LSF": ({"LSB_JOBID": "1"}, (), Process(), "A job on a cluster"),
    "Open OnDemand": (DASHBOARD, (), Process(), "Open OnDemand, on a cluster"),
    "Apptainer in a job": ({**SLURM, "APPTAINER_CONTAINER": "/x.sif"}, (), Process(), "A job on a cluster"),
    "WSL": ({"WSL_DISTRO_NAME": "Debian"}, (), Process(), "Linux on Windows (WSL)"),
    "WSL by its kernel": ({}, (), Process(release="5.15.1-Microsoft-standard-WSL2"), "Linux on Windows (WSL)"),
    "WSL made from a container's image": (
        {"WSL_DISTRO_NAME": "Debian"},
        (".dockerenv",),
        Process(),
        "Linux on Windows (WSL)",
    ),
    "a container on Windows": (
        {},
        (".dockerenv",),
        Process(release="5.15.1-microsoft-standard-WSL2"),
        "Container",
    ),
    "Kubernetes on Windows": (
        {"KUBERNETES_SERVICE_HOST": "10.0.0.1"},
        (),
        Process(release="5.15.1-microsoft-standard-WSL2"),
        "Container",
    ),
    "a hub on Kubernetes": ({**HUB, "KUBERNETES_SERVICE_HOST": "10.0.0.1"}, (), Process(), "JupyterHub"),
    "Docker": ({}, (".dockerenv",), Process(), "Container"),
    "Podman": ({}, ("run/.containerenv",), Process(), "Container"),
    "Apptainer": ({"APPTAINER_CONTAINER": "/x.sif"}, (), Process(), "Apptainer container"),
    "Singularity": ({"SINGULARITY_CONTAINER": "/x.sif"}, (".dockerenv",), Process(), "Apptainer container"),
    "VS Code in a container": ({"VSCODE_PID": "1"}, (".dockerenv",), Process(), "Container"),
    "JupyterLite": ({}, (), Process(system="emscripten"), "JupyterLite, in the browser"),
}


@pytest.mark.parametrize(("variables", "files", "process", "name"), PLACE_BY_SIGN.values(), ids=PLACE_BY_SIGN)
def test_a_place_is_known_by_its_signs(
    root: Path, variables: dict[str, str], files: tuple[str, ...], process: Process, name: str
) -> None:
    for path in files:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).mkdir() if path.endswith("/") else (root / path).touch()
    here = detect(variables, root, process)
    assert here.name == name
    # What was seen is really there, so that a person can look.
    evidence = {*variables, *(f"/{path.rstrip('/')}" for path in files), *process.modules, process.release}
    assert here.seen in {"", *evidence, process.system, str(process.home)}


def test_every_row_of_the_table_is_tested() -> None:
    assert {name for *_, name in PLACE_BY_SIGN.values()} == {place.name for place in PLACES}


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


def test_the_table_has_each_documented_key_and_ends_with_your_own_computer() -> None:
    assert {place.key for place in PLACES} == set(get_args(EnvironmentKey)) == set(place_names())
    assert PLACES[-1].key == "local"
    assert next(iter(place_names())) == "local"
    assert len({place.name for place in PLACES}) == len(PLACES)


# ------------------------------------------------------------------------------------------------ the home folder

ROOT_ON = "22 1 0:1 / / rw,relatime - {kind} none rw\n"
HOME_ON = "23 22 0:2 / {at} rw,relatime shared:1 - {kind} server:/homes rw\n"
PART_AT = "24 22 8:1 {part} {at} rw,relatime - ext4 /dev/sda1 rw\n"
NAMELESS = f"/var/lib/docker/volumes/{'a1' * 32}/_data"
OF_A_POD = "/var/lib/kubelet/pods/9c1b/volumes/kubernetes.io~empty-dir/home"


def mounts(root: Path, *lines: str) -> None:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/mountinfo").write_text("".join(lines), encoding="utf-8")


@pytest.mark.parametrize(
    ("variables", "files", "lines", "persists", "keeping"),
    [
        # Nothing is known of disks (macOS, Windows): as is usual in the place.
        ({}, (), (), True, "files"),
        (HUB, (), (), None, "files"),
        # A home folder of its own outlasts the container, whatever it is.
        (HUB, (), (ROOT_ON.format(kind="overlay"), HOME_ON.format(at="/home/ada", kind="nfs4")), True, "files"),
        ({}, (".dockerenv",), (ROOT_ON.format(kind="overlay"), HOME_ON.format(at="/home", kind="ext4")), True, "files"),
        ({}, (".dockerenv",), (ROOT_ON.format(kind="ext4"),), None, "files"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, (), (ROOT_ON.format(kind="zfs"),), None, "files"),
        ({"DATABRICKS_RUNTIME_VERSION": "15.4"}, (), (ROOT_ON.format(kind="ext4"),), None, "files"),
        ({"COCALC_PROJECT_ID": "x"}, (), (ROOT_ON.format(kind="ext4"),), None, "files"),
        # One in the container or in memory does not, also on a hub and on one's own computer.
        ({}, (".dockerenv",), (ROOT_ON.format(kind="overlay"),), False, "session"),
        ({}, (), (ROOT_ON.format(kind="overlay"),), False, "session"),
        (HUB, (), (ROOT_ON.format(kind="overlay"),), False, "session"),
        ({}, (), (ROOT_ON.format(kind="ext4"), HOME_ON.format(at="/home/ada", kind="tmpfs")), False, "session"),
        ({"APPTAINER_CONTAINER": "x"}, (), (HOME_ON.format(at="/home/ada", kind="tmpfs"),), False, "session"),
        # A disk of its own that goes with the container, or that nobody has named.
        (HUB, (), (ROOT_ON.format(kind="overlay"), PART_AT.format(part=OF_A_POD, at="/home/ada")), False, "session"),
        ({}, (), (ROOT_ON.format(kind="ext4"), PART_AT.format(part=OF_A_POD, at="/home/ada")), False, "session"),
        (HUB, (), (ROOT_ON.format(kind="overlay"), PART_AT.format(part=NAMELESS, at="/home/ada")), None, "files"),
        (
            HUB,
            (),
            (ROOT_ON.format(kind="overlay"), PART_AT.format(part="/docker/volumes/ada/_data", at="/home/ada")),
            True,
            "files",
        ),
        # Of two at one folder the later counts; a folder that only begins alike is another one; blanks are written so.
        (
            {},
            (),
            (HOME_ON.format(at="/home/ada", kind="tmpfs"), HOME_ON.format(at="/home/ada", kind="ext4")),
            True,
            "files",
        ),
        ({}, (), (ROOT_ON.format(kind="ext4"), HOME_ON.format(at="/home/a", kind="tmpfs")), True, "files"),
        ({}, (), ("23 22 0:2 / /home/ada\\040l rw - tmpfs none rw\n", "nonsense\n", "\n"), True, "files"),
        # Where the place knows better.
        (CODESPACE, (), (ROOT_ON.format(kind="overlay"),), True, "secret"),
        (BINDER, (), (ROOT_ON.format(kind="ext4"), HOME_ON.format(at="/home/ada", kind="nfs")), False, "session"),
        ({"COLAB_RELEASE_TAG": "x"}, (), (ROOT_ON.format(kind="overlay"),), False, "secret"),
        ({"DEEPNOTE_PROJECT_ID": "x"}, (), (), None, "secret"),
        ({"DEEPNOTE_PROJECT_ID": "x"}, (), (ROOT_ON.format(kind="overlay"),), False, "secret"),
    ],
)
def test_the_disk_says_whether_the_home_folder_lasts(
    root: Path,
    variables: dict[str, str],
    files: tuple[str, ...],
    lines: tuple[str, ...],
    persists: bool | None,  # noqa: FBT001
    keeping: str,
) -> None:
    for path in files:
        (root / path).touch()
    mounts(root, *lines)
    here = detect(variables, root, AT_HOME)
    assert (here.home_persists, here.keeping) == (persists, keeping)


AT_HOME = Process(home=PurePosixPath("/home/ada"))


@pytest.mark.parametrize(
    "kind", ["overlay", "aufs", "fuse-overlayfs", "fuse.fuse-overlayfs", "tmpfs", "ramfs", "rootfs"]
)
def test_nothing_is_left_of_a_home_folder_on_such_a_file_system(root: Path, kind: str) -> None:
    mounts(root, ROOT_ON.format(kind="ext4"), HOME_ON.format(at="/home/ada", kind=kind))
    here = detect(HUB, root, AT_HOME)
    assert (here.home_persists, kind in here.home) == (False, True)


@pytest.mark.parametrize("kind", ["overlay", "aufs", "fuse-overlayfs", "fuse.fuse-overlayfs", "9p"])
def test_a_container_without_a_file_that_says_so_is_known_by_its_root_folder(root: Path, kind: str) -> None:
    mounts(root, ROOT_ON.format(kind=kind))
    here = detect({}, root, AT_HOME)
    assert (here.key, here.seen, here.certainty) == ("container", kind, "likely")
    assert here.home_persists is not True


def test_a_home_folder_lent_to_a_virtual_computer_makes_it_no_container(root: Path) -> None:
    mounts(root, ROOT_ON.format(kind="ext4"), HOME_ON.format(at="/home/ada", kind="9p"))
    assert (detect({}, root, AT_HOME).key, detect({}, root, AT_HOME).home_persists) == ("local", True)


# -------------------------------------------------------------------------------------------- the token's folder

TOKENS = PurePosixPath("/home/ada/.cloudvolume/secrets")
ELSEWHERE = PurePosixPath("/mnt/tokens/secrets")


def saving_in(*tokens: PurePosixPath) -> Process:
    return replace(AT_HOME, tokens=tokens)


def test_the_tokens_folder_may_be_kept_where_the_home_folder_is_not(root: Path) -> None:
    (root / ".dockerenv").touch()
    mounts(root, ROOT_ON.format(kind="overlay"), HOME_ON.format(at="/home/ada/.cloudvolume", kind="ext4"))
    here = detect({}, root, saving_in(TOKENS))
    assert (here.key, here.home_persists, here.keeping) == ("container", True, "files")
    assert here.home == f"Files in {TOKENS} are kept."


def test_the_tokens_folder_may_be_lost_where_the_home_folder_is_kept(root: Path) -> None:
    mounts(root, ROOT_ON.format(kind="ext4"), HOME_ON.format(at="/mnt", kind="tmpfs"))
    here = detect({}, root, saving_in(ELSEWHERE))
    assert (here.key, here.home_persists, here.keeping) == ("local", False, "session")
    assert here.home.startswith(f"{ELSEWHERE} lies in memory (tmpfs)")
    said = choose("local", {}, root, saving_in(ELSEWHERE), home_persists=True)
    assert (said.home_persists, said.home_disk, said.home) == (True, "tmpfs", f"Files in {ELSEWHERE} are kept.")


@pytest.mark.parametrize(("kind", "persists"), [("tmpfs", False), ("ext4", None), ("nfs", True)])
def test_of_two_folders_the_one_that_is_kept_least_counts(root: Path, kind: str, persists: bool | None) -> None:  # noqa: FBT001
    at_mnt = HOME_ON.format(at="/mnt", kind=kind) if kind != "ext4" else ""
    mounts(root, ROOT_ON.format(kind="ext4"), HOME_ON.format(at="/home", kind="nfs"), at_mnt)
    for folders in ((TOKENS, ELSEWHERE), (ELSEWHERE, TOKENS)):
        assert detect(HUB, root, saving_in(*folders)).home_persists is persists


def test_the_sentence_of_a_place_is_said_of_what_is_usual_there_only(root: Path) -> None:
    usual = detect(SLURM, root, AT_HOME).home
    assert "on most clusters" in usual  # some jobs have a home folder on a disk of their node
    assert choose("hpc", SLURM, root, AT_HOME).home == usual
    assert choose("hpc", SLURM, root, AT_HOME, home_persists=False).home == ""


def test_a_home_folder_that_is_lost_says_on_what_it_lies(root: Path) -> None:
    (root / ".dockerenv").touch()
    mounts(root, ROOT_ON.format(kind="overlay"))
    assert "overlay" in detect({}, root, AT_HOME).home
    assert detect({}, root, AT_HOME).certainty == "likely"


@pytest.mark.parametrize(
    ("variables", "seen"), [({}, "/content"), ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "KUBERNETES_SERVICE_HOST")]
)
def test_what_others_have_too_is_told_as_such(root: Path, variables: dict[str, str], seen: str) -> None:
    (root / "content").mkdir()
    here = detect(variables, root, Process(modules=frozenset() if variables else COLABS_MODULE))
    assert (here.certainty, here.seen) == ("likely", seen)


def test_a_demos_home_acts_one_that_lasts(root: Path) -> None:
    (root / "home/ada").mkdir(parents=True)
    (root / "home/ada" / DEMO_HOME_MARK).touch()
    mounts(root, HOME_ON.format(at="/home", kind="tmpfs"))
    assert detect({}, root, AT_HOME).home_persists is True


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_a_place_without_a_home_of_its_own_keeps_no_files(place: Place) -> None:
    assert (place.home_persists is False) <= (place.keeping != "files")
    assert (place.keeping == "secret") == bool(place.platform) == place.variables_first


# ------------------------------------------------------------------------------------------- what a person says


@pytest.mark.parametrize("key", get_args(EnvironmentKey))
def test_a_persons_word_counts(root: Path, key: str) -> None:
    chosen = choose(f" {key.upper()} ", BINDER, root, AT_HOME)
    assert (chosen.key, chosen.certainty) == (key, "chosen")
    assert chosen.name == place_names()[chosen.key]


def test_the_row_that_was_found_stays_where_only_its_key_is_said(root: Path) -> None:
    assert choose("hpc", DASHBOARD, root).name == "Open OnDemand, on a cluster"
    assert choose("hpc", {}, root).name == "A job on a cluster"


def test_what_is_no_place_is_refused_with_those_that_are(root: Path) -> None:
    token = "0123456789abcdef0123456789abd0d8"
    with pytest.raises(UnknownPlace) as caught:
        choose(token, {}, root)
    assert "local, " in (caught.value.remedy or "")
    assert token not in str(caught.value)  # put there by mistake, as happens with fields


def test_a_home_folder_said_to_last_is_believed_and_doubted(root: Path) -> None:
    mounts(root, ROOT_ON.format(kind="overlay"))
    for chosen in (choose("local", {}, root, AT_HOME), choose("", HUB, root, AT_HOME, home_persists=True)):
        assert (chosen.home_persists, chosen.keeping, chosen.home_disk) == (True, "files", "overlay")
    gone = choose("local", {}, root, AT_HOME, home_persists=False)
    assert (gone.home_persists, gone.keeping, gone.home_disk) == (False, "session", "")


def test_names_of_a_platforms_own_need_its_signs(root: Path) -> None:
    assert choose("code-ocean", {}, root).secret_variables == ANYWHERE
    assert choose("local", {"CO_CAPSULE_ID": "1"}, root).secret_variables == ANYWHERE
    assert choose("code-ocean", {"CO_CAPSULE_ID": "1"}, root).secret_variables == ON_CODE_OCEAN


def test_folders_that_others_see_stay_out_of_bounds_whatever_is_said(root: Path) -> None:
    assert "/code" in choose("local", {"CO_CAPSULE_ID": "1"}, root).shared_folders


# ------------------------------------------------------------------------------------------------- front ends

IN_A_KERNEL = frozenset({"ipykernel"})


@pytest.mark.parametrize(
    ("variables", "process", "front_end"),
    [
        ({}, Process(modules=IN_A_KERNEL), ""),
        ({"VSCODE_PID": "1"}, Process(modules=IN_A_KERNEL), "vscode"),
        ({}, Process(modules=IN_A_KERNEL, names=frozenset({"__vsc_ipynb_file__"})), "vscode"),
        ({"VSCODE_PID": "1"}, Process(), ""),  # a terminal of VS Code draws no notebook
        (CODESPACE, Process(modules=IN_A_KERNEL), "vscode"),
        ({}, Process(modules=IN_A_KERNEL | COLABS_MODULE), ""),
        ({"COLAB_RELEASE_TAG": "x", "VSCODE_PID": "1"}, Process(modules=IN_A_KERNEL), "colab"),
    ],
)
def test_a_front_end_is_known_apart_from_the_place(
    root: Path, variables: dict[str, str], process: Process, front_end: str
) -> None:
    assert detect(variables, root, process).front_end == front_end


def test_this_process_is_looked_at_as_it_is(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    here = Process.this(link, link / "not" / "there")
    assert (here.home, here.tokens) == (tmp_path.resolve(), (tmp_path.resolve() / "not" / "there",))
    assert here.system == sys.platform


def test_every_place_has_a_name_for_people() -> None:
    for place in PLACES:
        assert re.match(r"[A-Z]", place.name), place.key


def test_a_computer_is_named_by_its_user_and_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    monkeypatch.setattr("platform.node", lambda: "laptop.lab.example.org")
    assert computer_name(LAPTOP) == "ada@laptop"
    assert computer_name(replace(LAPTOP, home_persists=False)) == "ada@laptop"


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
