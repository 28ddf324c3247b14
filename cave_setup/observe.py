"""Facts from the adapters, gathered at the same time: at most two waits for the network, one after the other.

Faults become facts here; nothing is judged (that is `plan`) and nothing is changed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from cave_setup.at_once import at_once
from cave_setup.code_ocean import read_capsule
from cave_setup.credentials import find_credentials
from cave_setup.models import (
    Account,
    Credential,
    DatastackRecord,
    Environment,
    Facts,
    PlatformSecrets,
    SecretVariable,
    ServerFacts,
    Terms,
    Token,
    TokenRefused,
)
from cave_setup.platform_secrets import read_secrets
from cave_setup.secret_variables import is_set, look_through

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cave_setup.at_once import Question
    from cave_setup.auth_server import AuthServer
    from cave_setup.errors import ServerError
    from cave_setup.models import ServerAddress
    from cave_setup.token_store import TokenStore

CHECK_SECONDS = 10.0


@dataclass(frozen=True)
class Kept:
    """Answers of a server that an action cannot have changed.

    Parameters
    ----------
    token : Token, optional
        The token that they are about.
    answers : ServerFacts
        What is None in here is asked again.
    checked_at : datetime, optional
        When they were given.

    """

    token: Token | None = None
    answers: ServerFacts = field(default_factory=ServerFacts)
    checked_at: datetime | None = None


def observe(  # noqa: PLR0913 - each is a part of the world
    server: AuthServer,
    store: TokenStore,
    environment: Environment,
    variables: Mapping[str, str],
    datastack: str,
    given: Credential | None = None,
    *,
    kept: Kept | None = None,
) -> Facts:
    """Look at everything once, but for what need not be asked again.

    Parameters
    ----------
    server : AuthServer
    store : TokenStore
    environment : Environment
        Where we are; says which variables may hold a token.
    variables : mapping
        The environment variables.
    datastack : str
        The datastack that shall be readable.
    given : Credential, optional
        The token that a person gave; looked at before all others.
    kept : Kept, optional
        Answers that are still true; ignored if another token is looked at by now.

    Returns
    -------
    Facts

    """
    deadline = time.monotonic() + CHECK_SECONDS
    files = store.read(server.address, None, None)
    platform, in_variables = _look_through(environment, store, variables, server.address, datastack)
    found = find_credentials(server.address, files, in_variables, given, variables_first=environment.variables_first)
    found = _as_last_time(found, kept)
    token = found[0].token if found else None
    still = kept if kept and kept.token == token else Kept()
    asked, found = _ask_about(server, datastack, found, still.answers, deadline)
    facts = Facts(
        server_address=server.address,
        datastack=datastack,
        environment=environment,
        store=files,
        server=asked,
        checked_at=still.checked_at if still.checked_at and asked == still.answers else datetime.now(timezone.utc),
        credentials=found,
        secret_variables=in_variables,
        platform=platform,
    )
    return with_store(facts, store)


def _ask_about(
    server: AuthServer, datastack: str, found: tuple[Credential, ...], known: ServerFacts, deadline: float
) -> tuple[ServerFacts, tuple[Credential, ...]]:
    """Ask about the first credential, and put it first that was asked about.

    A variable can hold a secret of something else that looks like a token. One that the server does not know makes way
    for what stands elsewhere, so that a good token is found without anybody being asked.
    """
    first = ask(server, datastack, found[0] if found else None, known, deadline)
    if known.account is not None or not found or not _is_mounted(found[0]):
        return first, found
    if isinstance(first.account, TokenRefused):
        for credential in found[1:]:
            if not credential.other_server:
                asked = ask(server, datastack, credential, ServerFacts(), deadline)
                if isinstance(asked.account, Account):
                    return asked, _with_first(found, credential)
    return first, found


def _is_mounted(credential: Credential) -> bool:
    return credential.source == "environment" and not credential.given and not credential.other_server


def _as_last_time(found: tuple[Credential, ...], kept: Kept | None) -> tuple[Credential, ...]:
    """Put first what was found good last time."""
    known = next((credential for credential in found if kept and credential.token == kept.token), None)
    return _with_first(found, known) if known and not known.other_server and _is_mounted(found[0]) else found


def _with_first(found: tuple[Credential, ...], first: Credential) -> tuple[Credential, ...]:
    return (first, *(credential for credential in found if credential is not first))


def with_store(facts: Facts, store: TokenStore) -> Facts:
    """Read the token files again and keep everything else: all that saving can have changed."""
    data_server = facts.server.access.data_server if isinstance(facts.server.access, DatastackRecord) else None
    token, instead_of = (facts.credential.token, facts.credential.instead_of) if facts.credential else (None, None)
    return replace(facts, store=store.read(facts.server_address, data_server, token, instead_of))


def _look_through(
    environment: Environment,
    store: TokenStore,
    variables: Mapping[str, str],
    server: ServerAddress,
    datastack: str,
) -> tuple[PlatformSecrets, tuple[SecretVariable, ...]]:
    """Look at all secrets: those that the platform hands out before those that are variables."""
    platform = read_capsule(store.home) if environment.key == "code-ocean" else PlatformSecrets()
    slots = tuple(replace(slot, has_arrived=is_set(slot.variable, variables)) for slot in platform.slots)
    handed_out = read_secrets(environment, environment.secret_variables)
    names = environment.secret_variables
    secrets = [
        *look_through(names, (), handed_out.values, server, datastack),
        *(SecretVariable(name, None, fault=fault) for name, fault in handed_out.faults.items()),
    ]
    found = (
        *(replace(secret, platform=environment.platform) for secret in secrets),
        *look_through(names, slots, variables, server, datastack),
    )
    return replace(platform, slots=slots, damage=platform.damage or handed_out.damage), found


# ------------------------------------------------------------------------------------------------- the server


def ask(
    server: AuthServer, datastack: str, credential: Credential | None, known: ServerFacts, deadline: float
) -> ServerFacts:
    """Ask the servers all that is not known yet, until the deadline whatever they do."""
    host = server.address.netloc
    if credential is None or credential.other_server:
        first = at_once(_open({"reachable": server.version}, known), host, deadline)
        seconds = {**known.seconds, **first.seconds}
        return replace(known, is_demo=server.says_it_is_a_demo, seconds=seconds, **first.answers)
    token = credential.token
    questions: dict[str, Question] = {
        "account": lambda: server.account(token),
        "keys": lambda: server.keys(token),
        "access": lambda: server.access(token, datastack),
    }
    first = at_once(_open(questions, known), host, deadline)
    found = replace(known, **first.answers)
    data_host = found.access.data_server.netloc if isinstance(found.access, DatastackRecord) else host
    second = at_once(_open(_second_questions(server, token, found), known), data_host, deadline)
    return replace(
        found,
        is_demo=server.says_it_is_a_demo,
        seconds={**known.seconds, **first.seconds, **second.seconds},
        **second.answers,
    )


def _open(questions: dict[str, Question], known: ServerFacts) -> dict[str, Question]:
    return {name: question for name, question in questions.items() if getattr(known, name) is None}


def ask_missing_terms(server: AuthServer, token: Token) -> tuple[Terms, ...] | TokenRefused | ServerError:
    """Ask only which terms of the account stand open, within the same ten seconds."""
    deadline = time.monotonic() + CHECK_SECONDS
    asked = at_once({"missing": lambda: server.missing_terms(token)}, server.address.netloc, deadline)
    missing: tuple[Terms, ...] | TokenRefused | ServerError = asked.answers["missing"]
    return missing


def _second_questions(server: AuthServer, token: Token, found: ServerFacts) -> dict[str, Question]:
    questions: dict[str, Question] = {}
    record, keys = found.access, found.keys
    if isinstance(record, DatastackRecord):
        questions["versions"] = lambda: server.versions(token, record)
    is_listed = isinstance(keys, tuple) and any(key.token == token for key in keys)
    if isinstance(found.account, Account) and isinstance(keys, tuple) and not is_listed:
        questions["seconds_left"] = lambda: server.seconds_left(token)
    return questions
