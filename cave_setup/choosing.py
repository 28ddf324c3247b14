"""The server's datastacks, each judged by what the account may read, in ten seconds. Costs no refusal of a service.

A service asks the auth server anew for the first 20 refusals of a token only; then it goes on refusing for minutes,
terms accepted or not (WIRE section 8). So nothing is tried here: the auth server is asked what the services ask it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cave_setup.at_once import at_once
from cave_setup.models import DatastackChoice, Rights, TokenRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from cave_setup.auth_server import AuthServer
    from cave_setup.errors import ServerError
    from cave_setup.models import Token

WHOLE_SECONDS = 10.0
AT_MOST = 6  # questions at the same time

_ORDER = ("open", "terms", "unknown", "no-permission")


def find_datastacks(server: AuthServer, token: Token) -> tuple[DatastackChoice, ...] | TokenRefused | ServerError:
    """Ask for the datastacks and for what the account may read, then for the data set of each.

    Returns
    -------
    tuple of DatastackChoice, TokenRefused or ServerError
        An error only where there is no list; what else was not answered makes a datastack ``unknown``.

    """
    deadline, host = time.monotonic() + WHOLE_SECONDS, server.address.netloc
    first = at_once(
        {"names": lambda: server.datastacks(token), "rights": lambda: server.rights(token)}, host, deadline
    ).answers
    names: tuple[str, ...] | TokenRefused | ServerError = first["names"]
    if not isinstance(names, tuple):
        return names
    datasets = (
        at_once({name: _of(server, token, name) for name in names}, host, deadline, AT_MOST).answers
        if isinstance(first["rights"], Rights)
        else {}
    )
    judged = [_judged(name, first["rights"], datasets.get(name)) for name in names]
    return tuple(sorted(judged, key=lambda choice: (_ORDER.index(choice.verdict), choice.name.lower())))


def _of(server: AuthServer, token: Token, name: str) -> Callable[[], str | None]:
    return lambda: server.dataset_of(token, name)


def _judged(name: str, rights: object, dataset: object) -> DatastackChoice:
    if isinstance(rights, Rights) and isinstance(dataset, str):
        return rights.judge(name, dataset)
    return DatastackChoice(name, "unknown")
