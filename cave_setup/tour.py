"""A tour for lecturers: each function makes a scene at the demo server and shows the wizard in it. Nothing is real.

Each scene has a home folder of its own, which goes with the kernel, and says where it plays; the kernel's own home,
variables and place are not looked at. Whose token a scene needs signs in on the demo server's own pages, and is a
person of that scene alone, so that no scene finds what another has left.
"""

from __future__ import annotations

import atexit
import json
import os
import secrets
import shutil
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.actions import Setup
from cave_setup.demo.friendly import STAGE
from cave_setup.demo.visitor import NotADemoError, Visitor
from cave_setup.environment import detect
from cave_setup.errors import AddressError, NotADemo
from cave_setup.folders import home_folder
from cave_setup.looking import SERVER_VARIABLE
from cave_setup.models import DEFAULT_SERVER, DEMO_HOME_MARK, ServerAddress
from cave_setup.notebook.widget import Wizard
from cave_setup.token_store import TokenStore

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFAULT_FILE = "cave-secret.json"
# A run of a capsule, and an entry in its list of secrets, as Code Ocean has them (docs/places/code-ocean.md).
_RUN = {"CO_CAPSULE_ID": "1234567", "CO_COMPUTATION_ID": "c0ffee"}
_ATTACHED = {"type": "general", "id": "a1b2c3d4", "description": "CAVE TOKEN", "value": "CUSTOM_KEY"}


class Scene:
    """A computer made up for a scene: a home folder, variables, and people who sign in at the demo server.

    Parameters
    ----------
    server_address : str, optional
        The demo server; by default the variable ``CAVE_SETUP_SERVER``.

    Raises
    ------
    NotADemo
        If what answers there does not say that it is a demo. Servers elsewhere are not even asked.

    """

    def __init__(self, server_address: str | None = None) -> None:
        self.address = _demo_only(server_address or os.environ.get(SERVER_VARIABLE) or DEFAULT_SERVER)
        self.visitor = Visitor(self.address)
        self._email = f"{secrets.token_hex(3)}@{STAGE}"
        self.weather("clear")

    @cached_property
    def home(self) -> Path:
        """The home folder; it goes when the kernel ends, and with the demo's own home, if it is in one."""
        home = home_folder()
        around = home if (home / DEMO_HOME_MARK).exists() else None
        folder = Path(tempfile.mkdtemp(prefix=".cave-setup-scene-", dir=around))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        (folder / DEMO_HOME_MARK).touch()
        return folder

    def weather(self, kind: str, seconds: float = 0.0) -> None:
        """Let something go wrong from now on, or ``clear`` it."""
        try:
            self.visitor.set_weather(kind, seconds=seconds)
        except NotADemoError:
            answered = False
        else:
            answered = True
        if not answered:
            raise NotADemo(words.not_a_demo(self.address), words.NOT_A_DEMO_REMEDY)

    def grace(self) -> str:
        """Sign in as Grace, who has accepted no terms, and give the sign-in token."""
        return self.visitor.sign_in(self._email, "Grace Hopper")

    def ada(self) -> str:
        """Sign in as Ada, who has accepted all terms, and give the sign-in token."""
        token = self.visitor.sign_in(self._email, "Ada Lovelace")
        setup = self.setup()
        account = setup.use_token(token).account
        for terms in account.missing_terms if account else ():
            setup.accept_terms(terms.id)
        setup.close()
        return token

    def key(self, description: str) -> str:
        """Have a key of Ada's made, for whom everything else is done."""
        return self.visitor.make_key(self.ada(), description)

    def setup(self, variables: Mapping[str, str] | None = None) -> Setup:
        """Set up this computer, which is a person's own unless its variables say otherwise."""
        place = detect(variables or {}, root=self.home)
        store = TokenStore(self.home, never_in=place.shared_folders)
        return Setup(self.address, store=store, variables=variables or {}, environment=place)

    def save(self, token: str) -> None:
        """Set this computer up with the token, as far as that goes."""
        setup = self.setup()
        setup.use_token(token)
        setup.save()
        setup.close()

    @property
    def own_file(self) -> str:
        """Name of the file that is for this server alone."""
        return ServerAddress(self.address).file_name

    @property
    def data_file(self) -> str:
        """Name of the file that is for the data server, once one has been saved."""
        names = {path.name for path in TokenStore(self.home).folder.glob(f"*-{_DEFAULT_FILE}")}
        return (names - {self.own_file}).pop()

    def write(self, name: str, content: str) -> None:
        """Put a token file there as some other program would have done it."""
        folder = TokenStore(self.home).folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")

    def wizard(self, variables: Mapping[str, str] | None = None) -> Wizard:
        """Show the wizard in this scene."""
        return Wizard(setup=self.setup(variables))


def newcomer() -> Wizard:
    """Nobody has ever set up anything here."""
    return Scene().wizard()


def returning() -> Wizard:
    """Everything is in place."""
    scene = Scene()
    scene.save(scene.key("Ada's laptop"))
    return scene.wizard()


def terms_open() -> Wizard:
    """Grace has an account and a key, and has not accepted the terms."""
    scene = Scene()
    scene.save(scene.visitor.make_key(scene.grace(), "Grace's laptop"))
    return scene.wizard()


def sign_in_token() -> Wizard:
    """Somebody saved a sign-in token by hand: it works today, and not next week."""
    scene = Scene()
    scene.write(_DEFAULT_FILE, json.dumps({"token": scene.ada()}))
    return scene.wizard()


def damaged_file() -> Wizard:
    """One of the token files was cut off in the middle."""
    scene = Scene()
    scene.save(scene.key("Ada's laptop"))
    scene.write(scene.data_file, '{"token": "0123')
    return scene.wizard()


def disagreeing() -> Wizard:
    """Two files hold two different keys, and not every program takes the same one."""
    scene = Scene()
    scene.save(scene.key("Ada's laptop"))
    scene.write(scene.own_file, json.dumps({"token": scene.key("Ada's old laptop")}))
    return scene.wizard()


def deleted_token() -> Wizard:
    """Show a file with a token that the server does not know, or no longer."""
    scene = Scene()
    scene.write(_DEFAULT_FILE, json.dumps({"token": secrets.token_hex(16)}))
    return scene.wizard()


def bad_weather(kind: str, seconds: float = 0.0) -> Wizard:
    """Everything is in place, and something is wrong on the way to the server.

    Parameters
    ----------
    kind : str
        ``latency``, ``error-502``, ``captive-portal``, ``hang`` and more: see docs/demo.md.
    seconds : float
        By how much answers are late.

    """
    scene = Scene()
    scene.save(scene.key("Ada's laptop"))
    scene.weather(kind, seconds)
    return scene.wizard()


def fine_weather() -> None:
    """Put everything right again that is wrong on the way to the server."""
    Scene().weather("clear")


def code_ocean(*, mounted: bool = False) -> Wizard:
    """Show a run of a Code Ocean capsule, acted out by its variables and files.

    Parameters
    ----------
    mounted : bool
        Ada's key is attached as a secret, and has arrived.

    """
    scene = Scene()
    slots = scene.home / "capsule" / ".codeocean"
    slots.mkdir(parents=True)
    (slots / "secrets.json").write_text(json.dumps({"version": 1, "secrets": [_ATTACHED] if mounted else []}))
    arrived = {"CUSTOM_KEY": scene.key("Code Ocean capsule")} if mounted else {}
    return scene.wizard({**_RUN, **arrived})


def _demo_only(text: str) -> str:
    """Check that an address is one of this computer: what is elsewhere cannot be a demo, and is not asked."""
    try:
        address = ServerAddress(text)
    except AddressError:
        address = None
    if address is None or not address.is_loopback or address.scheme != "http":
        raise NotADemo(words.not_a_demo(address.url if address else ""), words.NOT_A_DEMO_REMEDY)
    return address.url
