"""Facts made up piece by piece, for everything that judges or draws them without asking anybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from cave_setup import words
from cave_setup.environment import choose
from cave_setup.models import (
    Account,
    ApiKey,
    Credential,
    DatastackRecord,
    Environment,
    Facts,
    LastSave,
    PlatformSecrets,
    SaveTarget,
    SecretVariable,
    ServerAddress,
    ServerFacts,
    Slot,
    StoreFacts,
    Terms,
    Token,
    TokenFile,
)

SERVER = ServerAddress("https://global.daf-apis.com")
DATA_SERVER = ServerAddress("https://minnie.microns-daf.com")
TOKEN = Token("0123456789abcdef0123456789abd0d8")
OTHER = Token("fedcba9876543210fedcba9876543210")

FOLDER = "~/.cloudvolume/secrets"
SERVER_FILE = f"{FOLDER}/global.daf-apis.com-cave-secret.json"
DATA_FILE = f"{FOLDER}/minnie.microns-daf.com-cave-secret.json"
DEFAULT_FILE = f"{FOLDER}/cave-secret.json"

LAPTOP = Environment("local", "Your own computer", "Linux", home_persists=True)
CAPSULE = Environment(
    "code-ocean",
    "Code Ocean capsule",
    "Linux",
    home_persists=False,
    variables_first=True,
    keeping="secret",
    platform="Code Ocean",
)

BINDER, HUB, COLAB, LITE = (
    choose(key, {}, Path("/nowhere")) for key in ("binder", "jupyterhub", "colab", "jupyterlite")
)

MICRONS = Terms(2, "MICrONS Public", "minnie65_public", f"{SERVER.url}/sticky_auth/api/v1/tos/2/accept")
SECOND = Terms(3, "Second Public", "second_public", f"{SERVER.url}/sticky_auth/api/v1/tos/3/accept")
ADA = Account(7, "Ada Lovelace", "ada@example.org")
KEY = ApiKey(1, TOKEN, "ada-laptop", "Sun, 22 Nov 2026 07:14:56 GMT", "")
OTHER_KEY = ApiKey(2, OTHER, "", "Sat, 21 Nov 2026 09:00:00 GMT", "Sun, 22 Nov 2026 07:00:00 GMT")
RECORD = DatastackRecord("minnie65_public", DATA_SERVER)
VERSIONS = tuple(range(1, 13))
SECONDS = {"account": 0.12, "keys": 0.1, "access": 0.2, "versions": 0.41, "reachable": 0.1}
MOUNTED = Credential(TOKEN, "environment", "CAVE_TOKEN")
ARRIVED = SecretVariable("CAVE_TOKEN", TOKEN, "CAVE token")
WRAPPED = SecretVariable("CUSTOM_KEY", TOKEN, "CAVE token", fault="It has quotes around the token.")
COP = SecretVariable(
    "API_SECRET", None, "Code Ocean API", fault="This is one of Code Ocean's own access tokens (cop_…)."
)
FOR_V1DD = SecretVariable("API_SECRET_v1dd", OTHER, other_server="global.em.brain.allentech.org")
HANDED_OUT = SecretVariable("CAVE_TOKEN", TOKEN, platform="Colab")
CLOSED = SecretVariable("CAVE_TOKEN", None, fault=words.COLAB_NO_ACCESS, platform="Colab")
LIST = "~/capsule/.codeocean/secrets.json"
PAGE = "https://codeocean.example.org/account"
NOTHING_ATTACHED = PlatformSecrets(account_page=PAGE)
ATTACHED = replace(NOTHING_ATTACHED, slots=(Slot("CAVE TOKEN", "CUSTOM_KEY"),))


def token_file(shown: str, token: Token | None = TOKEN, **changes: Any) -> TokenFile:
    return TokenFile(Path("/home/ada") / shown[2:], shown, token, **changes)


def target(shown: str, reader: str, verdict: Any = "new", now: TokenFile | None = None, other: str = "") -> SaveTarget:
    return SaveTarget(Path("/home/ada") / shown[2:], shown, reader, now, verdict, other)


TARGETS = (
    target(DEFAULT_FILE, "read by both where no server has its own file"),
    target(SERVER_FILE, "read by caveclient"),
    target(DATA_FILE, "read by cloud-volume"),
)
NO_FILES = StoreFacts(folder=FOLDER, targets=TARGETS)
SAVED = StoreFacts(
    folder=FOLDER,
    files=(token_file(DEFAULT_FILE), token_file(SERVER_FILE), token_file(DATA_FILE)),
    for_caveclient=token_file(SERVER_FILE),
    for_cloud_volume=token_file(DATA_FILE),
    seconds=0.002,
)
REPLACED = replace(
    SAVED,
    last_save=LastSave(
        datetime(2026, 11, 22, 13, 57, 20),  # noqa: DTZ001 - local time, as the backup's name has it
        ((DEFAULT_FILE, token_file(DEFAULT_FILE, OTHER)), (SERVER_FILE, None), (DATA_FILE, None)),
    ),
)
FULL_ANSWERS = ServerFacts(account=ADA, keys=(KEY,), access=RECORD, versions=VERSIONS, seconds=SECONDS)
FROM_FILE = Credential(TOKEN, "file", SERVER_FILE)
PASTED = Credential(TOKEN, "memory", "pasted", cleaned=("quotes", "spaces or line breaks"))


def facts(**changes: Any) -> Facts:
    """Everything done, but for the changes; ``server`` changes are given as ``account=``, ``keys=`` and so on."""
    answers = {name: changes.pop(name) for name in list(changes) if name in ServerFacts.__dataclass_fields__}
    base = Facts(
        server_address=SERVER,
        datastack="minnie65_public",
        environment=LAPTOP,
        store=SAVED,
        server=replace(FULL_ANSWERS, **answers),
        checked_at=datetime(2026, 11, 22, 14, 2, 11, tzinfo=timezone.utc),
        credentials=(FROM_FILE,),
    )
    return replace(base, **changes)


def in_capsule(made_up: Facts, platform: PlatformSecrets = NOTHING_ATTACHED) -> Facts:
    """The same in a Code Ocean capsule."""
    return replace(made_up, environment=CAPSULE, platform=platform)


def nothing_yet(**changes: Any) -> Facts:
    """A computer on which nothing has been done."""
    answers = {"account": None, "keys": None, "access": None, "versions": None, "reachable": "2.30.3"}
    return facts(**{"store": StoreFacts(folder=FOLDER), "credentials": (), **answers, **changes})


def pasted(**changes: Any) -> Facts:
    """A good token in memory, nothing saved."""
    return facts(**{"store": NO_FILES, "credentials": (PASTED,), **changes})
