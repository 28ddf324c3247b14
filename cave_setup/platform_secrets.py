"""Secrets that a platform hands out through a Python module of its own: those of Colab and of Kaggle. Judges nothing.

The modules exist only there; what is known of them is in the guides' folders. Their errors are taken by name, since
older versions have fewer of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

from cave_setup import words

if TYPE_CHECKING:
    from cave_setup.models import Environment

SECONDS = 10.0

Get = Callable[[str], object]


@dataclass(frozen=True)
class HandedOut:
    """What a platform handed out.

    Parameters
    ----------
    values : mapping
        The secrets, by name; never shown.
    faults : mapping
        Why a secret that is there could not be read, as a sentence, by name.
    damage : str
        Why nothing could be read, as a sentence; empty if something could.

    """

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    faults: Mapping[str, str] = field(default_factory=dict)
    damage: str = ""


_NOTHING = HandedOut()
# One question at a time: Colab's module lets others wait for it. It may outlive whoever asked.
_turn = threading.Lock()
_began = -SECONDS  # when the last one was asked


def read_secrets(environment: Environment, names: Sequence[str]) -> HandedOut:
    """Ask the platform for the first of these secrets that there is.

    Parameters
    ----------
    environment : Environment
    names : sequence of str
        Strongest first.

    Returns
    -------
    HandedOut
        Within ten seconds, whatever the platform does; empty where it has no such module.

    """
    global _began  # noqa: PLW0603 - a question that hangs outlives whoever asked it
    ask = {"colab": _ask_colab, "kaggle": _ask_kaggle}.get(environment.key)
    if ask is None or environment.keeping != "secret":
        return _NOTHING
    late = HandedOut(damage=words.secrets_not_in_time(environment.platform))
    if not _turn.acquire(timeout=max(0.0, _began + SECONDS - time.monotonic())):
        return late  # the one before has hung for so long that this one would, too
    _began = time.monotonic()
    answers: list[HandedOut] = []

    def in_turn() -> None:
        try:
            answers.append(ask(names))
        finally:
            _turn.release()

    asking = threading.Thread(target=in_turn, name="cave-setup-secrets", daemon=True)
    asking.start()
    asking.join(SECONDS)
    return answers[0] if answers else late


def _ask_colab(names: Sequence[str]) -> HandedOut:
    """Ask ``google.colab.userdata``, which asks the page; it has three errors of its own."""
    try:
        userdata = import_module("google.colab.userdata")
    except Exception:  # noqa: BLE001 - other people's module: it may be missing, and it may be broken
        return _NOTHING
    faults: dict[str, str] = {}
    for name in names:
        value, error = _got(userdata.get, name)
        if value:
            return HandedOut({name: value}, faults)
        if error == "NotebookAccessError":
            faults[name] = words.COLAB_NO_ACCESS
        elif error and error != "SecretNotFoundError":
            # TimeoutException: run where no page of Colab's is there to answer.
            return HandedOut({}, faults, words.secrets_not_in_time("Colab"))
    return HandedOut({}, faults)


def _ask_kaggle(names: Sequence[str]) -> HandedOut:
    """Ask ``kaggle_secrets``, which asks Kaggle; without the Internet, and in older versions also without a secret, it
    reports a broken connection.
    """  # noqa: D205 - one sentence
    try:
        client = import_module("kaggle_secrets").UserSecretsClient()
    except ImportError:
        return _NOTHING
    except Exception:  # noqa: BLE001 - CredentialError: the session has no right to read any
        return HandedOut(damage=words.KAGGLE_NO_RIGHT)
    for name in names:
        value, error = _got(client.get_secret, name)
        if value:
            return HandedOut({name: value})
        if error == "ConnectionError":
            return HandedOut(damage=words.KAGGLE_NO_CONNECTION)
    return _NOTHING


def _got(get: Get, name: str) -> tuple[str, str]:
    """Give a secret, or the name of the error; of the error itself nothing is kept."""
    try:
        value = get(name)
    except Exception as error:  # noqa: BLE001 - other people's module: whatever it raises, there is no secret
        return "", type(error).__name__
    return (value, "") if isinstance(value, str) else ("", "")
