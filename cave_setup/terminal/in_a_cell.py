"""The questions of ``cave-setup login`` in a notebook's cell. Adds no step: only who is asked, and how, differs."""

from __future__ import annotations

import contextlib
import getpass
import sys
from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.terminal.asking import Pasted, Person
from cave_setup.terminal.login import go_through
from cave_setup.terminal.output import plain, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cave_setup.actions import Setup
    from cave_setup.models import Status


def ask(setup: Setup, kernel: object | None) -> Status:
    """Set this computer up by questions in the cell that runs, without any widget.

    Parameters
    ----------
    setup : Setup
    kernel : object or None
        What runs the cell; None for IPython in a terminal, where the terminal itself is asked.

    Returns
    -------
    Status
        What was found in the end.

    """
    person = Person(sys.stdin) if kernel is None else PersonAtCell(can_answer=getattr(kernel, "_allow_stdin", True))
    # In a notebook, standard error looks as if something had gone wrong.
    with contextlib.nullcontext() if kernel is None else contextlib.redirect_stderr(sys.stdout):
        if person.is_there:
            return go_through(setup, person)
        found = setup.check()
        if not found.ready:
            say(words.NOBODY_CAN_ANSWER)
        return found


class PersonAtCell(Person):
    """Whoever sits at the notebook. All that is asked is hidden: what shows in a prompt's answer is saved with it.

    Parameters
    ----------
    can_answer : bool
        Whether the front end passes questions on; `nbconvert` and the like do not.

    """

    def __init__(self, *, can_answer: bool) -> None:
        super().__init__(None)
        self._can_answer = can_answer

    @property
    def is_there(self) -> bool:
        """Whether anybody can be asked."""
        return self._can_answer

    def answer(self, question: str) -> str | None:
        """Ask for a line."""
        return _ask(question).strip() if self.is_there else None

    @contextlib.contextmanager
    def hidden(self) -> Iterator[Pasted]:
        """Take what is pasted, one prompt after the other."""
        yield _Prompted()


class _Prompted(Pasted):
    """What is pasted into prompts, at which Enter alone means: I have signed in elsewhere."""

    def __init__(self) -> None:
        super().__init__(lambda _seconds: None)

    def whole(self, _seconds: float = 0.0) -> str:
        return _ask(words.PASTE_OR_ENTER)


def _ask(question: str) -> str:
    return getpass.getpass(plain(question))  # while a cell runs, the kernel's own
