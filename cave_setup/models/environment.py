"""Where we run, as it was found out or as a person said it. Values only; `cave_setup.environment` finds out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EnvironmentKey = Literal[
    "local",
    "code-ocean",
    "binder",
    "colab",
    "kaggle",
    "codespaces",
    "sagemaker",
    "deepnote",
    "paperspace",
    "jupyterhub",
    "hpc",
    "wsl",
    "container",
    "jupyterlite",
]

# Where a token belongs: in files of the home folder; with the platform, as a secret; in files for this session only,
# since nothing else is there; nowhere, since nothing could read it.
Keeping = Literal["files", "secret", "session", "nowhere"]

# What draws the notebook, whichever place the kernel is in; empty where that is not known or nothing does.
FrontEnd = Literal["", "lab", "notebook", "vscode", "colab"]


@dataclass(frozen=True)
class Environment:
    """Where we run.

    Parameters
    ----------
    key : str
        One of `EnvironmentKey`.
    name : str
        For people: "Your own computer".
    detail : str
        What it is exactly, where that helps: the operating system.
    home_persists : bool or None
        Whether the home folder is there tomorrow; None where unknown.
    secret_variables : tuple of str
        Environment variables that may hold a CAVE token here, strongest first.
    variables_first : bool
        The platform mounts secrets as variables, so they are looked at before files.
    shared_folders : tuple of str
        Folders that other people get to see, in which no token is ever saved.
    keeping : {'files', 'secret', 'session', 'nowhere'}
        Where a token belongs here.
    platform : str
        The platform's own name, for sentences about its secrets; empty where there is none.
    home : str
        What becomes of the home folder, or of the token's, as a sentence, where there is more to say than yes or no.
    seen : str
        The sign by which the place was known: a variable's name, a folder. Empty if there was none.
    certainty : {'certain', 'likely', 'chosen'}
        How sure that is: the platform's own sign; something that others have, too, or nothing; a person said so.
    front_end : str
        One of `FrontEnd`.
    home_disk : str
        Kind of a file system in memory or of a container, if tokens are saved on one although a person says that files
        are kept; else empty.

    """

    key: EnvironmentKey
    name: str
    detail: str
    home_persists: bool | None
    secret_variables: tuple[str, ...] = ()
    variables_first: bool = False
    shared_folders: tuple[str, ...] = ()
    keeping: Keeping = "files"
    platform: str = ""
    home: str = ""
    seen: str = ""
    certainty: Literal["certain", "likely", "chosen"] = "certain"
    front_end: FrontEnd = ""
    home_disk: str = ""

    @property
    def keeps_for_a_run(self) -> bool:
        """Whether files are of use for this run only, while the token itself is kept as a secret."""
        return self.keeping == "secret" and self.home_persists is not True
