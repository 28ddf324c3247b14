"""The six steps and their states: what every front end draws. Holds no token and no rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from cave_setup.models.answers import Account, Terms
    from cave_setup.models.facts import Facts
    from cave_setup.models.token import Source

StepKey = Literal["environment", "account", "terms", "token", "save", "ready"]
State = Literal["done", "current", "waiting", "problem"]
Need = Literal[
    "",
    "sign-in",
    "new-token",
    "change-server",
    "accept-terms",
    "lasting-key",
    "save",
    "replace",
    "mount",
    "restart",
    "wait",
    "retry",
]


@dataclass(frozen=True)
class Verdict:
    """What one step makes of the facts; ``todo`` becomes ``current`` or ``waiting`` by its place among the others.

    The parameters are those of `Step`.
    """

    state: Literal["done", "todo", "problem", "waiting"]
    summary: str
    remedy: str | None = None
    need: Need = ""
    title: str = ""
    notes: tuple[str, ...] = ()
    seconds: float | None = None


@dataclass(frozen=True)
class Step:
    """One of the six steps, judged.

    Parameters
    ----------
    key : str
    state : {'done', 'current', 'waiting', 'problem'}
    title : str
    summary : str
        One line: what was found.
    remedy : str, optional
        What to do now, where something is wrong or to do.
    need : str
        What kind of action would bring the step on; tells a front end which controls to offer. Empty for none.
    notes : tuple of str
        Further sentences worth knowing; never needed to go on.
    seconds : float, optional
        How long finding out took.

    """

    key: StepKey
    state: State
    title: str
    summary: str
    remedy: str | None = None
    need: Need = ""
    notes: tuple[str, ...] = ()
    seconds: float | None = None

    def as_dict(self) -> dict[str, str | None]:
        """Give the step as the JSON of ``cave-setup status --json`` has it."""
        return {
            "key": self.key,
            "state": self.state,
            "title": self.title,
            "summary": self.summary,
            "remedy": self.remedy,
        }


@dataclass(frozen=True)
class TokenStatus:
    """What is known of the token that is looked at; never the token itself."""

    source: Source
    where: str
    masked: str
    kind: Literal["api-key", "sign-in", "unknown"]
    expires_in: int | None


@dataclass(frozen=True, repr=False)
class Status:
    """Where the set-up stands: the six steps and what they were judged from. Every front end draws this.

    Parameters
    ----------
    ready : bool
        All six steps are done.
    steps : tuple of Step
        Always six, in the order of `StepKey`.
    facts : Facts
        What it was judged from; for front ends that show more than the steps say.

    """

    ready: bool
    steps: tuple[Step, ...]
    token: TokenStatus | None
    account: Account | None
    missing_terms: tuple[Terms, ...]
    facts: Facts

    def __repr__(self) -> str:
        """Say how the steps stand; no name, address or path, since a notebook keeps what a cell's last line gives."""
        return f"Status({', '.join([f'ready={self.ready}', *(f'{step.key}={step.state!r}' for step in self.steps)])})"

    def step(self, key: StepKey) -> Step:
        """Give the step with this key."""
        return next(step for step in self.steps if step.key == key)

    @property
    def focus(self) -> Step:
        """The step that wants attention: the first that is a problem or current, else the last."""
        return next((step for step in self.steps if step.state in {"problem", "current"}), self.steps[-1])

    def as_dict(self) -> dict[str, Any]:
        """Give the status as plain data, the same as ``cave-setup status --json``; it holds no token."""
        environment = self.facts.environment
        return {
            "ready": self.ready,
            "server_address": self.facts.server_address.url,
            "datastack": self.facts.datastack,
            "environment": {
                "key": environment.key,
                "name": environment.name,
                "home_persists": environment.home_persists,
            },
            "token": None if self.token is None else vars(self.token).copy(),
            "account": None
            if self.account is None
            else {"id": self.account.id, "name": self.account.name, "email": self.account.email},
            "missing_terms": [vars(terms).copy() for terms in self.missing_terms],
            "steps": [step.as_dict() for step in self.steps],
        }
