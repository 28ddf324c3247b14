"""Taking the last save back: whether that is offered, and the question before it. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.notebook import blocks
from cave_setup.report import comes_back

if TYPE_CHECKING:
    from cave_setup.models import LastSave, Status
    from cave_setup.notebook.blocks import Block

_OFFERED = timedelta(hours=1)  # where nothing was lost by it


def last_save_to_offer(status: Status) -> LastSave | None:
    """Give the last save if a person may want it back: it replaced something, or was a moment ago."""
    last = status.facts.store.last_save
    if last is None or status.step("save").state != "done":
        return None
    replaced = any(before is not None and before.token is not None for _, before in last.files)
    is_recent = status.facts.checked_at.astimezone() - last.saved_at.astimezone() < _OFFERED
    return last if replaced or is_recent else None


def question(last: LastSave) -> list[Block]:
    """Ask, and say of each file what becomes of it."""
    rows = [{"path": shown, "reader": "", "verdict": comes_back(before), "tone": ""} for shown, before in last.files]
    buttons = [
        blocks.button(words.BUTTON_UNDO, {"action": "undo"}, "go"),
        blocks.button(words.BUTTON_CANCEL, {"action": "back"}, "link"),
    ]
    return [
        blocks.text("undo", f"{words.undo_question(f'{last.saved_at:%Y-%m-%d %H:%M}')} {words.UNDO_BEGIN}"),
        blocks.files("undo-files", words.LABEL_UNDO, rows),
        blocks.row("undo", buttons),
    ]
