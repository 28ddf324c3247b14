"""How often a wizard asks while a person is elsewhere: not so often that forty of them would trouble the server."""

from __future__ import annotations

from itertools import accumulate

from cave_setup.notebook import patience


def test_at_first_it_is_at_most_every_other_second_and_later_four_times_a_minute() -> None:
    waits = list(patience.waits())
    assert min(waits) == waits[0]
    assert 1 / waits[0] <= 0.5
    later = [wait for wait, at in zip(waits, accumulate(waits), strict=True) if at > 60]
    assert max(1 / wait for wait in later) <= 0.07


def test_it_ends_after_ten_minutes_and_some_forty_looks() -> None:
    waits = list(patience.waits())
    assert 580 < sum(waits) <= 600
    assert len(waits) < 50


def test_a_service_that_remembers_a_refusal_is_asked_three_times_in_five_minutes() -> None:
    assert len(patience.LATE_SERVICE_WAITS) == 3
    assert sum(patience.LATE_SERVICE_WAITS) <= 300
