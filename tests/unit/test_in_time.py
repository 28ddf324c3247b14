"""Work that may never end: waited for, given up, and not begun once more while it hangs."""

from __future__ import annotations

import threading

import pytest

from cave_setup.in_time import InTime


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "cave-setup-reads"]


def test_what_is_done_in_time_gives_its_result_and_leaves_no_thread() -> None:
    assert InTime(20)(lambda: "done") == "done"
    assert readers() == []


def test_what_it_raises_is_raised_here() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        InTime(20)(lambda: int("nothing"))


def test_what_hangs_is_given_up_and_nothing_is_begun_until_it_ends() -> None:
    ends = threading.Event()
    in_time = InTime(0.05)
    with pytest.raises(TimeoutError):
        in_time(ends.wait)
    (hanging,) = readers()
    with pytest.raises(TimeoutError):
        in_time(lambda: "begun")
    assert readers() == [hanging]
    ends.set()
    hanging.join()
    assert in_time(lambda: "begun") == "begun"
