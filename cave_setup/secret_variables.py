"""Environment variables that may hold a token: which ones, what each really holds, and for whom. Pure; asks nobody.

Nothing that lacks the form of a token goes further than this module, and no value is repeated in a sentence.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.errors import PasteError
from cave_setup.models import SecretVariable, deployment_of, deployments_spoken_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cave_setup.models import ServerAddress, Slot

_OTHERS = 3  # the weakest: neither named for this datastack (0), nor a usual name (1), nor described as CAVE's (2)

# What stands where the token should be if the two fields of API Credentials were filled in the wrong way round.
_WORDS_FOR_A_TOKEN = {"CAVE_TOKEN", "CAVE TOKEN", "CAVECLIENT_TOKEN", "API_SECRET", "token"}


def look_through(
    names: Sequence[str], slots: Sequence[Slot], variables: Mapping[str, str], server: ServerAddress, datastack: str
) -> tuple[SecretVariable, ...]:
    """Look at every variable that may hold a token and is set.

    Parameters
    ----------
    names : sequence of str
        Names under which people keep a token here, strongest first.
    slots : sequence of Slot
        Secrets that the platform says are attached.
    variables : mapping
        The environment variables.
    server : ServerAddress
    datastack : str
        What is set up; a variable named for another deployment is not for it.

    Returns
    -------
    tuple of SecretVariable
        Strongest first: named for this datastack; under a usual name; described as CAVE's; others that hold a token.
        Of equal strength, what holds a token and nothing else goes first.

    """
    described: dict[str, list[str]] = {}
    for slot in slots:
        described.setdefault(slot.variable, []).append(slot.description)
    found: list[tuple[tuple[int, bool, int], SecretVariable]] = []
    for order, name in enumerate(dict.fromkeys([*names, *described])):
        if not is_set(name, variables):
            continue
        description = ", ".join(filter(None, dict.fromkeys(described.get(name, ()))))
        variable = _look_at(name, variables[name], description, server, datastack)
        strength = _strength(variable, datastack, is_usual=name in names)
        if variable.token or strength < _OTHERS:  # without a token, what is about something else is no business of ours
            found.append(((strength, bool(variable.fault), order), variable))
    return tuple(variable for _, variable in sorted(found, key=lambda entry: entry[0]))


def is_set(name: str, variables: Mapping[str, str]) -> bool:
    """Whether the variable is set; one whose name this system cannot write is not."""
    try:
        return name in variables
    except UnicodeEncodeError:
        return False


def speaks_of_cave(text: str) -> bool:
    """Whether a name or description says that it is about CAVE or one of its data sets."""
    return _CAVE.search(text.lower()) is not None or bool(deployments_spoken_of(text))


def is_of_code_ocean(description: str) -> bool:
    """Whether a description says that it is one of Code Ocean's own secrets, whatever its form."""
    return _CODE_OCEAN.search(description.lower()) is not None and not speaks_of_cave(description)


def is_for_elsewhere(text: str, server: ServerAddress, datastack: str) -> bool:
    """Whether a name or description speaks of another deployment than the chosen one."""
    named = _named_for(text, server, datastack)
    return bool(named) and deployment_of(named) != deployment_of(server.netloc)


_CAVE = re.compile(r"(?<![a-z])cave(?:client|tokens?)?(?![a-z])")
_CODE_OCEAN = re.compile(r"code[\s_-]*ocean")


def _strength(variable: SecretVariable, datastack: str, *, is_usual: bool) -> int:
    text = f"{variable.name} {variable.description}"
    if _is_about(text, datastack) and not variable.other_server:
        return 0
    if is_usual:
        return 1
    return 2 if speaks_of_cave(text) else _OTHERS


def _look_at(name: str, value: str, description: str, server: ServerAddress, datastack: str) -> SecretVariable:
    empty = SecretVariable(name, None, description)
    if is_of_code_ocean(description) and not value.strip().startswith("cop_"):  # which says so itself
        return replace(empty, fault=words.SECRET_OF_CODE_OCEAN)
    if not value.strip():
        return replace(empty, fault=words.SECRET_EMPTY)
    if value.strip() in _WORDS_FOR_A_TOKEN:
        return replace(empty, fault=words.SECRET_IS_A_NAME)
    from cave_setup.paste import find_in_secret  # noqa: PLC0415 - its patterns take long to compile

    try:
        candidate = find_in_secret(value)
    except PasteError as error:
        return replace(empty, fault=words.secret_instead(error.sentence))
    named = candidate.server or _named_for(f"{name} {description}", server, datastack)
    is_here = deployment_of(named) == deployment_of(server.netloc)
    return SecretVariable(
        name,
        candidate.token,
        description,
        fault=words.secret_wrapped(candidate.cleaned) if candidate.cleaned else "",
        other_server="" if is_here else deployment_of(named),
        is_named_for_here=is_here,
    )


def _named_for(text: str, server: ServerAddress, datastack: str) -> str:
    """Say for which server a variable is named, as far as it concerns the chosen one.

    A server on this computer is a demo or a test of any data set: for it the datastack decides.
    """
    if server.is_loopback and _is_about(text, datastack):
        return server.netloc
    hosts = list(deployments_spoken_of(text))
    return hosts[0] if len(hosts) == 1 else ""  # one that speaks of several, such as “MICrONS and V1DD”, says nothing


def _is_about(text: str, datastack: str) -> bool:
    """Whether a name speaks of this datastack, and of no other deployment."""
    spoken = deployments_spoken_of(text)
    said = [word for found in spoken.values() for word in found]
    # The datastacks of the MICrONS project have “minnie” in their names.
    is_named = any(word in datastack.lower() or (word == "microns" and "minnie" in datastack.lower()) for word in said)
    return is_named and len(spoken) == 1
