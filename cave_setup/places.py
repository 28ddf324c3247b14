"""The places where notebooks run: an ordered table of how each is known and what it means for a token. Data only.

How to add one: docs/adding-a-place.md. Signs and what becomes of the home folders have their sources in the guides'
folders, ``cave_setup/guides/``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.signs import (
    always,
    both,
    but_not,
    either,
    file,
    folder,
    home_in,
    home_in_a_container,
    kernel_of,
    module,
    system,
    variable,
    variable_with,
    variables_that_begin,
)

if TYPE_CHECKING:
    from cave_setup.models import EnvironmentKey, Keeping
    from cave_setup.signs import Sign

# Names under which people keep a CAVE token in a variable; no CAVE library reads one (docs/wire.md section 10).
ANYWHERE = ("CAVE_TOKEN", "CAVECLIENT_TOKEN", "FLYWIRE_TOKEN", "CHUNKEDGRAPH_SECRET")
# On Code Ocean a secret arrives under the name of its *type* unless renamed, so these may hold other secrets too:
# `secret_variables` takes none that lacks the form of a token or is named for another deployment.
ON_CODE_OCEAN = (
    *ANYWHERE,
    *("API_SECRET_microns", "API_SECRET_v1dd", "API_SECRET", "API_SECRET_2", "CUSTOM_KEY", "CUSTOM_KEY_2"),
)


@dataclass(frozen=True)
class Place:
    """One row of the table: how a place is known and what it means for a token.

    Parameters
    ----------
    key, name, home_persists, keeping, platform, home, secret_variables, variables_first, shared_folders
        As in `cave_setup.models.Environment`.
    sign : callable
        Gives what was seen of this place, if anything.
    judged_by_disk : bool
        A home folder on a file system of a container or in memory is lost, whatever is usual here.

    """

    key: EnvironmentKey
    name: str
    sign: Sign
    home_persists: bool | None
    keeping: Keeping = "files"
    platform: str = ""
    home: str = ""
    secret_variables: tuple[str, ...] = ANYWHERE
    variables_first: bool = False
    shared_folders: tuple[str, ...] = ()
    judged_by_disk: bool = True


_HUB = variable("JUPYTERHUB_SERVICE_PREFIX", "JUPYTERHUB_USER", "JUPYTERHUB_API_URL")
_HUB_ADDRESSES = ("JUPYTERHUB_PUBLIC_URL", "JUPYTERHUB_PUBLIC_HUB_URL", "JUPYTERHUB_HOST")
_SAGEMAKER = either(
    variable("SAGEMAKER_INTERNAL_IMAGE_URI"), file("opt/ml/metadata/resource-metadata.json", certain=True)
)
_CONTAINER = either(file(".dockerenv"), file("run/.containerenv"), variable("KUBERNETES_SERVICE_HOST", certain=False))

# The first row whose sign is seen wins. The order matters, since places are built on top of each other: Binder is a
# hub, Kaggle's image is Colab's, Codespaces has VS Code. Of the rows of one key the last is the plain one.
PLACES: tuple[Place, ...] = (
    Place(
        key="jupyterlite",
        name="JupyterLite, in the browser",
        sign=system("emscripten"),
        home_persists=False,
        keeping="nowhere",
        home=words.HOME_IN_THE_BROWSER,
    ),
    Place(
        key="code-ocean",
        name="Code Ocean capsule",
        sign=either(variable("CO_CAPSULE_ID", "CO_COMPUTATION_ID", "CO_PIPELINE_ID"), folder("root/capsule")),
        home_persists=False,
        keeping="secret",
        platform="Code Ocean",
        secret_variables=ON_CODE_OCEAN,
        variables_first=True,
        shared_folders=("~/capsule", "/root/capsule", "/code", "/data", "/scratch", "/results"),
    ),
    Place(
        key="kaggle",
        name="Kaggle notebook",
        sign=either(variable("KAGGLE_KERNEL_RUN_TYPE"), folder("kaggle/input")),
        home_persists=False,
        keeping="secret",
        platform="Kaggle",
        variables_first=True,
        shared_folders=("/kaggle/working",),
    ),
    Place(
        key="colab",
        name="Colab Enterprise",
        sign=variable("VERTEX_PRODUCT", value="COLAB_ENTERPRISE"),
        home_persists=None,
    ),
    Place(
        key="colab",
        name="Google Colab",
        # Its module alone is no sign: anybody can have that from PyPI.
        sign=either(
            variable("COLAB_RELEASE_TAG", "COLAB_NOTEBOOK_ID"), both(module("google.colab"), folder("content"))
        ),
        home_persists=False,
        keeping="secret",
        platform="Colab",
        variables_first=True,
        shared_folders=("/content/drive",),
    ),
    Place(
        key="binder",
        name="Binder",
        sign=variable(
            "BINDER_LAUNCH_HOST", "BINDER_REPO_URL", "BINDER_REF_URL", "BINDER_REQUEST", "BINDER_PERSISTENT_REQUEST"
        ),
        home_persists=False,
        keeping="session",
        home=words.HOME_UNTIL_SESSION_ENDS,
    ),
    Place(
        key="codespaces",
        name="GitHub Codespaces",
        sign=either(variable("CODESPACES", value="true"), variable("CODESPACE_NAME")),
        home_persists=True,
        keeping="secret",
        platform="GitHub",
        home=words.HOME_UNTIL_REBUILT,
        variables_first=True,
        shared_folders=("/workspaces",),
        judged_by_disk=False,  # its home is a container's, and is there again after a stop all the same
    ),
    Place(
        key="sagemaker",
        name="SageMaker Studio Lab",
        sign=folder("home/studio-lab-user"),
        home_persists=None,
    ),
    Place(
        key="sagemaker",
        name="SageMaker notebook instance",
        sign=both(_SAGEMAKER, home_in("/home/ec2-user")),
        home_persists=False,
        keeping="session",
        home=words.HOME_OF_NOTEBOOK_INSTANCE,
    ),
    Place(
        key="sagemaker",
        name="Amazon SageMaker Studio",
        sign=_SAGEMAKER,
        home_persists=True,
        home=words.HOME_OF_A_SPACE,
    ),
    Place(
        key="deepnote",
        name="Deepnote",
        sign=variable("DEEPNOTE_PROJECT_ID"),
        home_persists=None,
        keeping="secret",
        platform="Deepnote",
        variables_first=True,
        shared_folders=("/work",),
    ),
    Place(
        key="paperspace",
        name="Paperspace notebook",
        sign=variables_that_begin("PAPERSPACE_"),
        home_persists=False,
        keeping="secret",
        platform="Paperspace",
        variables_first=True,
        shared_folders=("/storage", "/notebooks"),
    ),
    # Hosts of containers, of whose home folders nothing is known but their disk.
    Place(
        key="container",
        name="Databricks notebook",
        sign=variable("DATABRICKS_RUNTIME_VERSION"),
        home_persists=None,
    ),
    Place(
        key="container",
        name="CoCalc project",
        sign=variable("COCALC_PROJECT_ID"),
        home_persists=None,
    ),
    Place(
        key="jupyterhub",
        name="DANDI Hub",
        sign=both(_HUB, variable_with(*_HUB_ADDRESSES, part="dandi")),
        home_persists=True,
        home=words.HOME_OF_DANDI,
    ),
    Place(key="jupyterhub", name="JupyterHub", sign=_HUB, home_persists=None, shared_folders=("~/shared",)),
    Place(
        key="hpc",
        name="Open OnDemand, on a cluster",
        sign=variable("SLURM_JOB_NAME", value="sys/dashboard/sys/"),
        home_persists=True,
        home=words.HOME_OF_A_CLUSTER,
    ),
    Place(
        key="hpc",
        name="A job on a cluster",
        sign=variable("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID"),
        home_persists=True,
        home=words.HOME_OF_A_CLUSTER,
    ),
    # A distribution of WSL may have been made from a container's image; a container may run on WSL's kernel.
    Place(
        key="wsl",
        name="Linux on Windows (WSL)",
        sign=either(variable("WSL_DISTRO_NAME"), but_not(kernel_of("microsoft"), _CONTAINER)),
        home_persists=True,
        home=words.HOME_OF_WSL,
    ),
    Place(
        key="container",
        name="Apptainer container",
        sign=variable("APPTAINER_CONTAINER", "SINGULARITY_CONTAINER"),
        home_persists=True,
        home=words.HOME_OF_THE_HOST,
    ),
    Place(
        key="container",
        name="Container",
        sign=either(_CONTAINER, home_in_a_container),
        home_persists=None,
    ),
    Place(key="local", name="Your own computer", sign=always, home_persists=True),
)


def place_names() -> dict[EnvironmentKey, str]:
    """Give the places that can be chosen: by key, the name of the plain one; your own computer first."""
    plain = {place.key: place.name for place in PLACES}
    return dict(sorted(plain.items(), key=lambda named: (named[0] != "local", named[1].lower())))


def keeping_in(key: EnvironmentKey) -> Keeping:
    """Say where a token belongs in a place, as is usual there."""
    return next(place.keeping for place in reversed(PLACES) if place.key == key)
