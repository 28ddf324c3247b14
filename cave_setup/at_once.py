"""Several questions at the same time, answered or not by a deadline. Knows nothing of what is asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cave_setup.errors import ServerError, ServerTimeout, UnexpectedAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping

Question = Callable[[], Any]


class Answers:
    """What came back, by question, and how long each took."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.seconds: dict[str, float] = {}


def at_once(questions: Mapping[str, Question], host: str, deadline: float, at_most: int | None = None) -> Answers:
    """Ask several questions at the same time and wait for all answers, but no longer than until the deadline.

    In threads of our own and not in a pool: a name look-up cannot be interrupted, and a pool would make the end of
    the program wait for it.

    Parameters
    ----------
    questions : mapping of str to callable
    host : str
        Who is asked, for the error of a question that was not answered.
    deadline : float
        As `time.monotonic` counts; no question is begun after it.
    at_most : int, optional
        How many are asked at the same time; by default all.

    """
    done = threading.Condition()
    gathered = Answers()
    began_all = time.monotonic()
    waiting = iter(questions.items())

    def take() -> tuple[str, Question] | None:
        with done:
            return next(waiting, None) if time.monotonic() < deadline else None

    def work() -> None:
        while (item := take()) is not None:
            name, question = item
            began = time.monotonic()
            answer: Any
            try:
                answer = question()
            except ServerError as error:
                answer = error.with_traceback(None)
            except Exception as error:  # noqa: BLE001 - a mistake of ours must not look like a server that hangs
                answer = UnexpectedAnswer(host, type(error).__name__)
            with done:
                gathered.answers[name] = answer
                gathered.seconds[name] = time.monotonic() - began
                done.notify()

    count = len(questions) if at_most is None else min(at_most, len(questions))
    for number in range(count):
        threading.Thread(target=work, name=f"cave-setup-asks-{number}", daemon=True).start()
    result = Answers()
    with done:
        done.wait_for(lambda: len(gathered.answers) == len(questions), max(0.0, deadline - time.monotonic()))
        result.answers = {name: gathered.answers.get(name, ServerTimeout(host)) for name in questions}
        result.seconds = {name: gathered.seconds.get(name, time.monotonic() - began_all) for name in questions}
    return result
