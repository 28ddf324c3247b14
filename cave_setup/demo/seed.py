"""From a seed (a JSON file, or the same as a mapping) to a `World`; every fault is a sentence that says where."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cave_setup.demo import friendly
from cave_setup.demo.world import DEFAULT_GROUP, MAX_DESCRIPTION, Clock, Dataset, Terms, User, World

Seed = Mapping[str, Any]

_TOKEN = re.compile(r"[0-9a-f]{32}")


class SeedError(ValueError):
    """A seed that cannot be used; the message is one sentence naming the place of the fault."""


class _Node:
    """One JSON value and where it stands; reads it as what it ought to be, or says what is wrong with it."""

    def __init__(self, value: object, where: str) -> None:
        self.value = value
        self.where = where

    def fault(self, problem: str) -> SeedError:
        return SeedError(f"The seed cannot be used: {self.where} {problem}.")

    def record(self, *known: str) -> dict[str, _Node]:
        if not isinstance(self.value, Mapping):
            raise self.fault(f"must be an object, not {_kind(self.value)}")
        for key in self.value:
            if key not in known:
                raise self.fault(f"has an unknown key {key!r}; known are {', '.join(known)}")
        dot = "" if self.where == "$" else self.where + "."
        return {key: _Node(value, f"{dot}{key}") for key, value in self.value.items()}

    def items(self) -> list[_Node]:
        if not isinstance(self.value, list | tuple):
            raise self.fault(f"must be a list, not {_kind(self.value)}")
        return [_Node(value, f"{self.where}[{index}]") for index, value in enumerate(self.value)]

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.fault(f"must be a text that is not empty, not {_kind(self.value)}")
        return self.value

    def whole(self) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.fault(f"must be a whole number, not {_kind(self.value)}")
        return self.value

    def number(self) -> float:
        if not isinstance(self.value, int | float) or isinstance(self.value, bool):
            raise self.fault(f"must be a number of seconds, not {_kind(self.value)}")
        return float(self.value)

    def truth(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.fault(f"must be true or false, not {_kind(self.value)}")
        return self.value

    def texts(self) -> tuple[str, ...]:
        return tuple(item.text() for item in self.items())

    def token(self) -> str:
        # The value itself is not repeated in the message: it may be somebody's token.
        if not isinstance(self.value, str) or not _TOKEN.fullmatch(self.value):
            raise self.fault("must be a token of 32 characters, 0-9 and a-f in lower case")
        return self.value

    def description(self) -> str | None:
        if self.value is None:
            return None
        if not isinstance(self.value, str) or len(self.value) > MAX_DESCRIPTION:
            raise self.fault(f"must be null or a text of at most {MAX_DESCRIPTION} characters")
        return self.value


def load_world(seed: Seed | Path | None = None, clock: Clock = time.time) -> World:
    """Return the world a seed describes; what it leaves out comes from the friendly world.

    Terms and data sets of the seed stand beside the friendly ones; of those with the same id or name it changes
    what it names.
    A seed with `users` has only those, and no newcomers but its own.

    Parameters
    ----------
    seed
        A mapping, the path of a JSON file, or None for the friendly world as it is.
    clock
        Seconds since the epoch.

    Raises
    ------
    SeedError
        If the seed cannot be read or does not make sense.
    """
    root = _Node(_read(seed) if isinstance(seed, Path) else (seed or {}), "$")
    parts = root.record("terms", "datasets", "users", "newcomers")
    terms = _terms(parts.get("terms"))
    world = World(list(terms.values()), _datasets(parts.get("datasets"), terms), clock)
    _add_users(world, parts.get("users") or _Node(friendly.USERS, "users"))
    usual = [] if "users" in parts else friendly.NEWCOMERS
    _add_newcomers(world, parts.get("newcomers") or _Node(usual, "newcomers"))
    return world


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SeedError(f"The seed file {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SeedError(f"The seed file {path} is not UTF-8 text.") from None
    except json.JSONDecodeError as error:
        raise SeedError(
            f"The seed file {path} is not JSON: {error.msg}, line {error.lineno} column {error.colno}."
        ) from None


def _terms(node: _Node | None) -> dict[int, Terms]:
    found = {one["id"]: Terms(**one) for one in friendly.TERMS}
    seen: set[int] = set()
    for item in node.items() if node else ():
        part = item.record("id", "name", "text")
        number = _need(item, part, "id").whole()
        if number in seen:
            raise part["id"].fault(f"stands twice: {number}")
        seen.add(number)
        usual = found.get(number)
        text = part["text"].text() if "text" in part else usual.text if usual else friendly.DEFAULT_TERMS_TEXT
        name = usual.name if usual and "name" not in part else _need(item, part, "name").text()
        found[number] = Terms(number, name, text)
    return found


def _datasets(node: _Node | None, terms: dict[int, Terms]) -> list[Dataset]:
    usual = {one["name"]: _Node(one, "datasets") for one in friendly.DATASETS}
    given: dict[str, _Node] = {}
    for item in node.items() if node else ():
        part = item.record("name", "terms", "groups", "datastacks")
        name = _need(item, part, "name").text()
        if name in given:
            raise part["name"].fault(f"stands twice: {name!r}")
        given[name] = item
    for name, item in given.items():
        if name in usual:
            # A friendly data set keeps what the seed does not say about it.
            given[name] = _Node({**_mapping(usual[name]), **_mapping(item)}, item.where)
    return [_dataset(number, item, terms) for number, item in enumerate((usual | given).values(), start=1)]


def _mapping(node: _Node) -> Mapping[str, Any]:
    return node.value if isinstance(node.value, Mapping) else {}


def _dataset(number: int, item: _Node, terms: dict[int, Terms]) -> Dataset:
    part = item.record("name", "terms", "groups", "datastacks")
    name = part["name"].text()
    wanted = None
    if "terms" in part and part["terms"].value is not None:
        wanted = _known_terms(part["terms"], terms)
    groups = part["groups"].texts() if "groups" in part else (DEFAULT_GROUP,)
    stacks = part["datastacks"].texts() if "datastacks" in part else (name,)
    return Dataset(number, name, wanted, groups, stacks)


def _known_terms(node: _Node, terms: dict[int, Terms]) -> int:
    number = node.whole()
    if number not in terms:
        raise node.fault(f"names terms that do not exist: {number}")
    return number


def _add_users(world: World, node: _Node) -> None:
    for item in node.items():
        part = item.record("email", "name", "groups", "admin", "accepted_terms", "api_keys", "sign_in_tokens")
        user = _add_user(world, item, part)
        for accepted in _entries(part, "accepted_terms"):
            world.accept(user, _known_terms(accepted, world.terms))
        # The server lists the newest first, so the first key of the seed is made last.
        for key in reversed(_entries(part, "api_keys")):
            of = key.record("token", "description")
            text = _fresh_token(world, of["token"]) if "token" in of else None
            world.make_key(user, of["description"].description() if "description" in of else None, text)
        for sign_in in _entries(part, "sign_in_tokens"):
            of = sign_in.record("token", "expires_in")
            text = _fresh_token(world, _need(sign_in, of, "token"))
            world.sign_in(user, _need(sign_in, of, "expires_in").number(), text)


def _add_user(world: World, item: _Node, part: dict[str, _Node]) -> User:
    email = _need(item, part, "email")
    address = email.text()
    if world.user_by_email(address) is not None:
        raise email.fault(f"stands twice: {address!r}")
    return world.add_user(
        address,
        part["name"].text() if "name" in part else address.partition("@")[0],
        groups=part["groups"].texts() if "groups" in part else (DEFAULT_GROUP,),
        admin=part["admin"].truth() if "admin" in part else False,
    )


def _add_newcomers(world: World, node: _Node) -> None:
    for item in node.items():
        part = item.record("email", "name")
        email = _need(item, part, "email")
        address = email.text()
        if world.name_at_google(address) is not None:
            raise email.fault(f"stands twice: {address!r}")
        world.newcomers[address] = _need(item, part, "name").text()


def _entries(part: dict[str, _Node], key: str) -> list[_Node]:
    return part[key].items() if key in part else []


def _fresh_token(world: World, node: _Node) -> str:
    text = node.token()
    if world.token(text) is not None:
        raise node.fault("is a token that another entry has already")
    return text


def _need(node: _Node, record: dict[str, _Node], key: str) -> _Node:
    if key not in record:
        raise node.fault(f"lacks {key!r}")
    return record[key]


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "a text" if value.strip() else "an empty text"
    if isinstance(value, int | float):
        return f"the number {value}"
    return "an object" if isinstance(value, Mapping) else "a list"
