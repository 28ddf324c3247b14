"""``cave-setup undo``: the last save on this computer is taken back, once a person agrees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.report import as_text, comes_back
from cave_setup.terminal.output import say, show
from cave_setup.terminal.status import exit_code

if TYPE_CHECKING:
    from cave_setup.actions import Setup
    from cave_setup.terminal.asking import Person


def undo(setup: Setup, person: Person) -> int:
    """Say what becomes of each file, ask, take the save back, print the status, and give the exit code.

    Parameters
    ----------
    setup : Setup
    person : Person

    Returns
    -------
    int
        As of ``cave-setup status``.

    Raises
    ------
    NothingToUndo, StoreError
        As `cave_setup.Setup.undo` does.

    """
    found = setup.check()
    if last := found.facts.store.last_save:
        for shown, before in last.files:
            say(f"  {shown}: {comes_back(before)}")
        if not person.agrees(words.undo_question(f"{last.saved_at:%Y-%m-%d %H:%M}")):
            return exit_code(found)
    found = setup.undo()
    say(words.UNDONE)
    show(as_text(found))
    return exit_code(found)
