"""A summer school against one server: what hundreds of wizards ask, second by second. Made-up time, real requests.

Each student's wizard does what the real one does, at the moments at which people do things; a moment on the clock takes
as long as its requests do. Prints the requests per second over time, and asserts nothing.
"""

from __future__ import annotations

import heapq
import itertools
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from cave_setup import Setup
from cave_setup.demo import DemoServer
from cave_setup.models import Environment, Token
from cave_setup.notebook import patience
from cave_setup.token_store import TokenStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ARRIVING = 300.0  # seconds during which the students run the cell
LAPTOP = Environment("local", "Your own computer", "Linux", home_persists=True)


class Student:
    """A newcomer: runs the cell, signs in, reads the terms, accepts them here or (one in three) on the server."""

    def __init__(self, number: int, demo: DemoServer, home: Path, chance: random.Random) -> None:
        self.demo = demo
        self.chance = chance
        self.setup = Setup(demo.address, store=TokenStore(home), variables={}, environment=LAPTOP)
        self.user = demo.world.add_user(f"student{number}@example.org", f"Student {number}")

    def course(self) -> Iterator[float]:
        """Do one thing after another, and give the seconds until the next."""
        yield self.chance.uniform(0, ARRIVING)
        self.setup.check()
        yield self.chance.uniform(15, 120)  # waiting for this person costs no request
        status = self.setup.signed_in(Token(self.demo.world.sign_in(self.user).text))
        self.setup.save()
        self.setup.terms_text(status.missing_terms[0])
        reading = self.chance.uniform(20, 240)
        if self.chance.random() < 1 / 3:
            yield from self._watched(reading)
        else:
            yield reading
            self.setup.accept_terms()
        self.setup.close()

    def _watched(self, reading: float) -> Iterator[float]:
        """Accept on the server's page after a while; the wizard looks, ever more rarely."""
        for wait in patience.waits():
            yield wait
            reading -= wait
            if reading <= 0:
                self.demo.world.accept(self.user, 2)
            if self.setup.terms_are_accepted():
                self.setup.check()
                return


def simulate(students: int, show: Callable[[str], None] = print) -> Counter[int]:
    """Let so many students set up their computers; give the number of requests in each second of their time."""
    chance = random.Random(7)
    per_second: Counter[int] = Counter()
    with tempfile.TemporaryDirectory() as folder, DemoServer() as demo:
        everybody = [Student(number, demo, Path(folder) / str(number), chance) for number in range(students)]
        order = itertools.count()
        due = [(next(course), next(order), course) for course in (one.course() for one in everybody)]
        heapq.heapify(due)
        while due:
            now, _, course = heapq.heappop(due)
            demo.requests.clear()
            wait = next(course, None)
            per_second[int(now)] += len(demo.requests.entries())
            if wait is not None:
                heapq.heappush(due, (now + wait, next(order), course))
        ready = sum(one.user.accepted == {2} and len(demo.world.keys_of(one.user)) == 1 for one in everybody)
    report(per_second, students, ready, show)
    return per_second


def report(per_second: Counter[int], students: int, ready: int, show: Callable[[str], None]) -> None:
    total, last = sum(per_second.values()), max(per_second)
    show(f"\n{students} students, {ready} set up, {total} requests ({total / students:.1f} each)")
    show(f"{'minute':<10}{'a second':>10}{'at most':>10}")
    for minute in range(last // 60 + 1):
        counts = [per_second[second] for second in range(minute * 60, minute * 60 + 60)]
        show(f"{minute:<10}{sum(counts) / 60:>10.1f}{max(counts):>10}")


if __name__ == "__main__":
    simulate(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
