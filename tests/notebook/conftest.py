"""For all tests of this folder: a wizard looks at once, and rests soon when it is left alone."""

from __future__ import annotations

import pytest

from cave_setup.notebook import widget, worker


@pytest.fixture(autouse=True)
def _rests_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.2)
    monkeypatch.setattr(widget, "FIRST_LOOK_SECONDS", 0.0)  # nothing draws here that it could hold up
