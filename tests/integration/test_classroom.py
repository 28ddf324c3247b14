"""Forty students on one wifi: all are set up in the end, and the server has little to do meanwhile."""

from __future__ import annotations

from classroom import simulate


def test_a_class_is_set_up_and_does_not_trouble_the_server() -> None:
    said: list[str] = []
    per_second = simulate(40, said.append)
    assert "40 students, 40 set up" in said[0]
    per_minute = [sum(per_second[second] for second in range(at, at + 60)) for at in range(0, max(per_second) + 1, 60)]
    assert len(per_minute) > 5  # they come and go over minutes
    assert max(per_minute) / 60 < 0.1 * 40  # a tenth of a request a second and student, at the busiest
    assert sum(per_second.values()) < 25 * 40  # those who wait for the server's page included
