"""How long to wait between two looks at what a person does elsewhere: soon at first, then ever more rarely. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# At one request a look this is 0.5 requests a second at first and 0.07 after half a minute; then a button takes over.
FIRST_WAIT, GROWTH, LONGEST_WAIT, GIVE_UP = 2.0, 1.3, 15.0, 600.0

# A service may remember a refusal for 300 s; asking it more often would keep it so (docs/wire.md section 8).
LATE_SERVICE_WAITS = (20.0, 60.0, 180.0)


def waits() -> Iterator[float]:
    """Give the seconds before each look, until it is time to give up."""
    wait, waited = FIRST_WAIT, 0.0
    while waited + wait <= GIVE_UP:
        yield wait
        waited += wait
        wait = min(wait * GROWTH, LONGEST_WAIT)
