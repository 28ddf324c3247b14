"""What a set-up asks a server, and how long that takes on a slow network, beside caveclient's way. Real requests."""

from __future__ import annotations

import contextlib
import io
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from measured import Measured, in_turn

from cave_setup import Setup
from cave_setup.demo import DemoServer
from cave_setup.models import Environment, Token
from cave_setup.token_store import TokenStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from cave_setup.demo.world import User

LAPTOP = Environment("local", "Your own computer", "Linux", home_persists=True)
FRIENDLY = 3  # datastacks that everybody sees at a demo server
LATENCY = 0.1
STACK = "minnie65_public"


def checks(rounds: int, datastacks: tuple[int, ...] = (3, 40), latency: float = LATENCY) -> list[Measured]:
    """Time a full check, and caveclient's `setup_token`, at servers with few and with many datastacks."""
    from caveclient import CAVEclient  # noqa: PLC0415 - its import takes seconds, and is no part of this

    wait = Measured("the latency of each answer", (latency * 1000,))
    rows = [wait]
    with contextlib.ExitStack() as stack:
        pieces: dict[str, Callable[[], object]] = {}
        asked: dict[str, DemoServer] = {}
        for count in datastacks:
            demo = stack.enter_context(DemoServer(_seed(count)))
            token = demo.world.key_of("ada@example.org")
            home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            with _set_up(demo, home) as one:
                one.use_token(token)
                one.save()
            demo.weather.set("latency", seconds=latency)
            demo.requests.clear()
            ours, theirs = f"full check, {count} datastacks", f"caveclient's `setup_token`, {count} datastacks"
            pieces[ours] = partial(_check, demo, home)
            pieces[theirs] = partial(_setup_token, CAVEclient, demo, token)
            asked |= {ours: demo, theirs: demo}
        requests = {name: _counted(asked[name], piece) for name, piece in pieces.items()}
        found = in_turn(pieces, rounds)
    for name, one in found.items():
        named = Measured(f"{name}: {requests[name]} requests", one.values)
        rows.append(named.beside(wait, "latency", goal=2.3 if name.startswith("full") else None))
    return rows


def requests_per_set_up() -> list[Measured]:
    """Count the requests of the kernel for each kind of beginning; what a browser loads counts on neither side."""
    from caveclient import CAVEclient  # noqa: PLC0415 - its import takes seconds

    rows = []
    with DemoServer() as demo, tempfile.TemporaryDirectory() as folder:
        for number, (name, begin) in enumerate(_BEGINNINGS.items()):
            home = Path(folder) / str(number)
            user = demo.world.add_user(f"person{number}@example.org", f"Person {number}")
            ours = _counted(demo, begin(demo, home, user))
            token = demo.world.key_of(user.email)
            demo.world.accept(user, 3)  # or `setup_token` ends in an error at the first datastack with open terms
            theirs = partial(_begin_with_caveclient, CAVEclient, demo, token, is_set_up=begin is _already)
            peer = Measured("caveclient", (_counted(demo, theirs),), "")
            rows.append(Measured(name, (ours,), "").beside(peer, f"caveclient: {peer.median:.0f}"))
    return rows


# ------------------------------------------------------------------------------------------------- beginnings


def _newcomer(demo: DemoServer, home: Path, user: User, *, has_accepted: bool = False) -> Callable[[], None]:
    """Sign in; the key is made and saved; read the terms and accept them, all as the wizard has it done."""
    if has_accepted:
        demo.world.accept(user, 2)

    def work() -> None:
        with _set_up(demo, home) as setup:
            setup.check()
            status = setup.signed_in(Token(demo.world.sign_in(user).text))
            status = setup.save()
            if status.missing_terms:
                setup.terms_text(status.missing_terms[0])
                status = setup.accept_terms(status.missing_terms[0].id)
            _must_be_ready(status)

    return work


def _on_a_new_computer(demo: DemoServer, home: Path, user: User) -> Callable[[], None]:
    demo.world.make_key(user, "another computer")
    return _newcomer(demo, home, user, has_accepted=True)


def _with_a_paste(demo: DemoServer, home: Path, user: User) -> Callable[[], None]:
    demo.world.accept(user, 2)
    token = demo.world.make_key(user, "laptop").text

    def work() -> None:
        with _set_up(demo, home) as setup:
            setup.check()
            setup.use_token(token)
            _must_be_ready(setup.save())

    return work


def _already(demo: DemoServer, home: Path, user: User) -> Callable[[], None]:
    _with_a_paste(demo, home, user)()

    def work() -> None:
        with _set_up(demo, home) as setup:
            _must_be_ready(setup.check())

    return work


_BEGINNINGS: dict[str, Callable[[DemoServer, Path, User], Callable[[], None]]] = {
    "newcomer: signs in, accepts the terms": _newcomer,
    "terms accepted before, a new computer: signs in": _on_a_new_computer,
    "the same: pastes a token": _with_a_paste,
    "already set up: runs the cell": _already,
}


# --------------------------------------------------------------------------------------------------- one of each


def _set_up(demo: DemoServer, home: Path) -> contextlib.closing[Setup]:
    return contextlib.closing(Setup(demo.address, store=TokenStore(home), variables={}, environment=LAPTOP))


def _check(demo: DemoServer, home: Path) -> None:
    with _set_up(demo, home) as setup:
        _must_be_ready(setup.check())


def _setup_token(client: Any, demo: DemoServer, token: str) -> None:  # noqa: ANN401 - caveclient has no types
    """Let caveclient ask for a token, paste one, and answer "Y" to all datastacks, as it recommends."""
    with (
        patch("getpass.getpass", return_value=token),
        patch("builtins.input", return_value="Y"),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        client.setup_token(demo.address, open=False)


def _begin_with_caveclient(client: Any, demo: DemoServer, token: str, *, is_set_up: bool) -> None:  # noqa: ANN401
    """Do what its documentation says: set the token up, then see whether data can be read."""
    if not is_set_up:
        _setup_token(client, demo, token)
    client(STACK, server_address=demo.address, auth_token=token).materialize.get_versions()


def _counted(demo: DemoServer, piece: Callable[[], object]) -> int:
    demo.requests.clear()
    piece()
    return len(demo.requests.entries())


def _must_be_ready(status: Any) -> None:  # noqa: ANN401 - Status, which is loaded lazily
    """Stop otherwise: a number about something that did not work would say nothing."""
    if not status.ready:
        raise RuntimeError("\n".join(step.summary for step in status.steps))


def _seed(datastacks: int) -> dict[str, Any]:
    more = [{"name": f"stack_{number}", "terms": None} for number in range(datastacks - FRIENDLY)]
    return {"datasets": more}
