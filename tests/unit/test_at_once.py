"""Several questions at the same time: all answers, no more at once than asked for, and an end in any case."""

from __future__ import annotations

import threading
import time

from cave_setup.at_once import at_once
from cave_setup.errors import ServerTimeout, TlsFailed, UnexpectedAnswer

HOST = "cave.example"


def soon() -> float:
    return time.monotonic() + 20


class Counter:
    """Counts how many are in at the same time."""

    def __init__(self, together: int) -> None:
        self.most = self._now = 0
        self._lock = threading.Lock()
        self._together = threading.Barrier(together)  # broken, and an error, if they do not come together

    def __call__(self) -> str:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        self._together.wait(10)
        with self._lock:
            self._now -= 1
        return "answer"


def test_no_more_at_the_same_time_than_asked_for_and_not_fewer() -> None:
    count = Counter(together=6)
    found = at_once({str(number): count for number in range(24)}, HOST, soon(), 6)
    assert set(found.answers.values()) == {"answer"}
    assert len(found.answers) == len(found.seconds) == 24
    assert count.most == 6


def test_without_a_bound_all_at_the_same_time() -> None:
    count = Counter(together=12)
    assert set(at_once(dict.fromkeys("abcdefghijkl", count), HOST, soon()).answers.values()) == {"answer"}
    assert count.most == 12


def test_what_goes_wrong_is_an_answer() -> None:
    def fails() -> None:
        raise TlsFailed(HOST)

    def is_a_mistake() -> None:
        raise ZeroDivisionError

    found = at_once({"a": fails, "b": is_a_mistake}, HOST, soon()).answers
    assert isinstance(found["a"], TlsFailed)
    assert isinstance(found["b"], UnexpectedAnswer)
    assert "ZeroDivisionError" in str(found["b"])


def test_after_the_deadline_nothing_is_begun_and_what_is_missing_is_said() -> None:
    go_on, begun = threading.Event(), []

    def hangs() -> None:
        begun.append(1)
        go_on.wait(20)

    found = at_once({str(number): hangs for number in range(9)}, HOST, time.monotonic() + 0.2, 2)
    go_on.set()
    assert all(isinstance(answer, ServerTimeout) for answer in found.answers.values())
    for thread in [one for one in threading.enumerate() if one.name.startswith("cave-setup-asks")]:
        thread.join(20)
    assert len(begun) == 2


def test_no_questions_no_answers() -> None:
    assert at_once({}, HOST, soon(), 6).answers == {}
