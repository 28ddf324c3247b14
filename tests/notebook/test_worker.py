"""The wizard's thread: one thing after another, at once or later, and gone when it is closed."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from cave_setup.notebook.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator


def wait_until_no_thread() -> None:
    deadline = time.monotonic() + 5
    while any(thread.name == "cave-setup-worker" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def errors() -> list[Exception]:
    return []


@pytest.fixture
def worker(errors: list[Exception]) -> Iterator[Worker]:
    made = Worker(errors.append)
    yield made
    made.close()


def wait_for(worker: Worker) -> None:
    done = threading.Event()
    worker.submit(done.set)
    assert done.wait(5)


def test_work_is_done_in_order_on_one_thread(worker: Worker) -> None:
    seen: list[tuple[int, int]] = []
    for number in range(20):
        worker.submit(lambda number=number: seen.append((number, threading.get_ident())))  # type: ignore[misc]
    wait_for(worker)
    assert [number for number, _ in seen] == list(range(20))
    assert len({thread for _, thread in seen}) == 1
    assert seen[0][1] != threading.get_ident()


def test_submitting_never_waits_for_the_work(worker: Worker) -> None:
    release = threading.Event()
    seen: list[bool] = []
    worker.submit(lambda: seen.append(release.wait(5)))
    began = time.monotonic()
    for _ in range(100):
        worker.submit(lambda: None)
    assert time.monotonic() - began < 1
    release.set()


def test_later_work_waits_its_time_and_lets_other_work_pass(worker: Worker) -> None:
    seen: list[str] = []
    done = threading.Event()
    worker.submit(lambda: seen.append("later"), after=0.4)
    worker.submit(done.set, after=0.41)
    worker.submit(lambda: seen.append("now"))
    assert done.wait(5)
    assert seen == ["now", "later"]


def test_work_of_the_same_name_is_replaced(worker: Worker) -> None:
    seen: list[str] = []
    done = threading.Event()
    worker.submit(lambda: seen.append("old"), after=0.6, name="look")
    worker.submit(lambda: seen.append("new"), after=0.3, name="look")
    worker.submit(done.set, after=0.9)
    assert done.wait(5)
    assert seen == ["new"]


def test_cancelled_work_is_not_done_and_said_to_have_been_there(worker: Worker) -> None:
    seen: list[str] = []
    worker.submit(lambda: seen.append("never"), after=0.6, name="look")
    assert worker.cancel("look") == 1
    assert worker.cancel("look") == 0
    time.sleep(0.8)
    assert seen == []


def test_a_mistake_is_reported_and_the_thread_goes_on(worker: Worker, errors: list[Exception]) -> None:
    nothing: dict[str, None] = {}
    worker.submit(lambda: nothing["missing"])
    wait_for(worker)
    assert [type(error) for error in errors] == [KeyError]


def test_a_mistake_that_cannot_even_be_reported_does_not_stop_it() -> None:
    def cannot(error: Exception) -> None:
        raise ValueError

    worker = Worker(cannot)
    nothing: dict[str, None] = {}
    worker.submit(lambda: nothing["missing"])
    wait_for(worker)
    worker.close()


def test_it_rests_after_work_but_not_between_two_pieces() -> None:
    seen: list[str] = []
    worker = Worker(lambda error: None, lambda: seen.append("rest"))
    begin = threading.Event()
    worker.submit(lambda: begin.wait(5))
    for name in ("first", "second"):
        worker.submit(lambda name=name: seen.append(name))  # type: ignore[misc]
    begin.set()
    wait_until_no_thread()
    assert seen == ["first", "second", "rest"]


def test_without_work_there_is_no_thread(worker: Worker) -> None:
    wait_for(worker)
    wait_until_no_thread()
    wait_for(worker)


def test_closing_ends_the_thread_and_drops_what_waits(worker: Worker) -> None:
    seen: list[str] = []
    worker.submit(lambda: seen.append("never"), after=0.5)
    worker.close()
    wait_until_no_thread()
    worker.submit(lambda: seen.append("never"))
    time.sleep(0.7)
    assert seen == []
