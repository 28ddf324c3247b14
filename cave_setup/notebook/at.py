"""What an open step is drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cave_setup.models import Status, Step
    from cave_setup.notebook.situation import Pages, Situation


@dataclass(frozen=True)
class At:
    """The status, the step that is open, what the person is at, and where the server's pages are."""

    status: Status
    step: Step
    situation: Situation
    pages: Pages
