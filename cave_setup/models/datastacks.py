"""Which datastacks a person can choose from, and what stands in the way of each, judged by rights. Asks nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cave_setup.models.answers import Terms


@dataclass(frozen=True)
class DatastackChoice:
    """A datastack of the server, and whether the account may read it.

    Parameters
    ----------
    name : str
    verdict : {'open', 'terms', 'no-permission', 'unknown'}
        ``unknown`` where it could not be found out in time: it is asked once the datastack is chosen.
    terms : Terms, optional
        Those that stand open, with ``terms``.

    """

    name: str
    verdict: Literal["open", "terms", "no-permission", "unknown"]
    terms: Terms | None = None

    def as_dict(self) -> dict[str, Any]:
        """Give it as the JSON of ``cave-setup datastacks --json`` has it."""
        return {
            "name": self.name,
            "verdict": self.verdict,
            "terms": vars(self.terms).copy() if self.terms else None,
        }


@dataclass(frozen=True)
class Rights:
    """What an account may read, by data set; from this the services judge, and with the same words (WIRE section 8).

    Parameters
    ----------
    viewable : frozenset of str
        Data sets that may be viewed now.
    viewable_with_terms : frozenset of str
        Those that may be viewed once their terms are accepted, and the former.
    terms : mapping of str to Terms
        The terms that stand open, by the name of the data set.

    """

    viewable: frozenset[str] = frozenset()
    viewable_with_terms: frozenset[str] = frozenset()
    terms: Mapping[str, Terms] = field(default_factory=dict)

    def judge(self, datastack: str, dataset: str) -> DatastackChoice:
        """Say whether a datastack, which shows this data set, may be read."""
        if dataset in self.viewable:
            return DatastackChoice(datastack, "open")
        if dataset in self.terms and dataset in self.viewable_with_terms:
            return DatastackChoice(datastack, "terms", self.terms[dataset])
        return DatastackChoice(datastack, "no-permission")
