"""For all tests of this folder: a wizard that is left alone rests soon, so that no thread outlives its test."""

from __future__ import annotations

import pytest

from cave_setup.notebook import worker


@pytest.fixture(autouse=True)
def _rests_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.2)
