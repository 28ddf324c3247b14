"""What a wizard shows: what the person is at, what of it goes on, and the state that is drawn. Acts on nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cave_setup import words
from cave_setup.errors import SetupError
from cave_setup.notebook import ladder
from cave_setup.notebook.situation import Pages, Situation
from cave_setup.notebook.view import view

if TYPE_CHECKING:
    from collections.abc import Callable

    from cave_setup.actions import Setup
    from cave_setup.models import Status

# What goes on until it is named; everything else that was shown is over with the next thing that is.
_GOES_ON = (
    "another",
    "keys",
    "watching",
    "ask_first",
    "sign_in",
    "terms",
    "guide",
    "copied",
    "opened",
    "listing",
    "listed",
    "moved",
)


class Screen:
    """The status and the situation as they are shown.

    Parameters
    ----------
    setup : Setup
        What is being set up.
    draw : callable
        Gets each new state, as `cave_setup.notebook.view` gives it.

    """

    def __init__(self, setup: Setup, draw: Callable[[dict[str, Any]], None]) -> None:
        self._setup = setup
        self._draw = draw
        self.status: Status | None = None
        self.situation = Situation(busy=words.LOOKING)
        self.is_new = True  # nobody has done anything here yet

    def show(self, *, say: str = "", **changes: Any) -> None:  # noqa: ANN401 - those of Situation
        """Draw. What was begun goes on unless it is named; all else is over."""
        before = self.situation
        going_on = {name: getattr(before, name) for name in _GOES_ON}
        self.situation = Situation(**{**going_on, **changes}, say=say or before.say, said=before.said + bool(say))
        self._draw(self.drawn())

    def show_beside(self, *, say: str = "", **changes: Any) -> None:  # noqa: ANN401 - those of Situation
        """Draw something that ends nothing of what is going on."""
        before = self.situation
        self.situation = replace(before, **changes, say=say or before.say, said=before.said + bool(say))
        self._draw(self.drawn())

    def show_mistake(self, error: Exception) -> None:
        """Say that the wizard itself failed; only the kind of the error, since its text is not ours."""
        mistake = SetupError(words.UNEXPECTED.format(kind=type(error).__name__))
        self.show_beside(busy="", error=mistake, error_in="wizard", say=str(mistake))

    def drawn(self) -> dict[str, Any]:
        """Give the state as it is to be drawn now."""
        server, terms = self._setup.server, self.status.missing_terms if self.status else ()
        pages = Pages(
            sign_in=server.sign_in_page(),
            origins=server.origins,
            token=server.token_page,
            terms=self._setup.terms_page(terms[0]) if terms else "",
            patience=ladder.WINDOW_PATIENCE,
        )
        drawn = view(self.status, self.situation, self._setup.server_address, self._setup.datastack, pages)
        return {**drawn, "isNew": self.is_new}
