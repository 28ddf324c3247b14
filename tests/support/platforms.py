"""Colab's and Kaggle's modules for secrets, acted out with their real interfaces and their real errors.

As googlecolab/colabtools (`google/colab/userdata.py`) and Kaggle/docker-python (`patches/kaggle_secrets.py`) have them;
nothing here was taken from a running notebook.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading

    import pytest


class Colab:
    """``google.colab.userdata``.

    Parameters
    ----------
    secrets : dict
        By name: the value, and whether this notebook may read it.
    """

    def __init__(self, **secrets: tuple[str, bool]) -> None:
        self.secrets = secrets
        self.asked: list[str] = []
        self.page_answers = True
        self.hangs: threading.Event | None = None

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        errors, userdata = ModuleType("google.colab.errors"), ModuleType("google.colab.userdata")
        base = type("Error", (Exception,), {})
        not_found = type("SecretNotFoundError", (base,), {})
        too_late = type("TimeoutException", (base,), {})
        no_access = type("NotebookAccessError", (Exception,), {})  # the one that is no Error of Colab's

        def get(key: str) -> str:
            self.asked.append(key)
            if self.hangs is not None:
                self.hangs.wait()
            if not self.page_answers:
                raise too_late(
                    f"Requesting secret {key} timed out. Secrets can only be fetched when running from the UI."
                )
            if key not in self.secrets:
                raise not_found(f"Secret {key} does not exist.")
            value, may_read = self.secrets[key]
            if not may_read:
                raise no_access(f"Notebook does not have access to secret {key}")
            return value

        vars(errors)["Error"] = base
        vars(userdata).update(
            get=get, SecretNotFoundError=not_found, NotebookAccessError=no_access, TimeoutException=too_late
        )
        for module in (ModuleType("google"), ModuleType("google.colab"), errors, userdata):
            monkeypatch.setitem(sys.modules, module.__name__, module)


class Kaggle:
    """``kaggle_secrets``.

    Parameters
    ----------
    secrets : dict
        By label: the value.
    """

    def __init__(self, **secrets: str) -> None:
        self.secrets = secrets
        self.asked: list[str] = []
        self.internet = True
        self.has_right = True

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        module, acted = ModuleType("kaggle_secrets"), self

        class CredentialError(Exception):
            pass

        class BackendError(Exception):
            pass

        class UserSecretsClient:
            def __init__(self) -> None:
                if not acted.has_right:
                    raise CredentialError("A JWT Token is required to use the UserSecretsClient, but none found")

            def get_secret(self, label: str) -> str:
                acted.asked.append(label)
                if not acted.internet:
                    raise ConnectionError("Connection error trying to communicate with service.")
                if label not in acted.secrets:
                    raise BackendError("Unexpected response from the service. Response: {'wasSuccessful': False}.")
                return acted.secrets[label]

        vars(module).update(
            UserSecretsClient=UserSecretsClient, CredentialError=CredentialError, BackendError=BackendError
        )
        monkeypatch.setitem(sys.modules, module.__name__, module)
