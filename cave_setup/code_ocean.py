"""What a Code Ocean capsule says of itself in its files: the secrets attached to it, and where its deployment is.

Reads files, asks nobody, and never sees a secret: the capsule's list has names only. The forms of the files are in
docs/places/code-ocean.md, with their sources.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cave_setup import words
from cave_setup.errors import AddressError
from cave_setup.models import PlatformSecrets, ServerAddress, Slot
from cave_setup.plain_file import read_plain_file

if TYPE_CHECKING:
    from collections.abc import Iterable

SECRETS_JSON = Path(".codeocean/secrets.json")
ENVIRONMENT_YML = Path("environment/environment.yml")  # of capsules made before secrets.json came
LONGEST_NAME = 120
LARGEST_FILE = 64_000  # bytes; those of real capsules have about a thousand

# What the platform, a hub or Git put there for themselves is no secret that somebody attached.
_RESERVED = ("AWS_", "CO_", "GITHUB_", "GIT_", "JPY_", "JUPYTER", "PATH", "HOME")

# By type: the field that names the variable in which the secret arrives. The other field of API Credentials holds a
# name; other types (AWS, databases) hold no token.
_FIELD = {"general": "value", "custom-key": "value", "api-key": "secret"}
_REMOTE = re.compile(r"[ \t]*url[ \t]*=[ \t]*(\S+)")
_LOOKS_LIKE_A_TOKEN = re.compile(r"[0-9a-f]{32,}", re.IGNORECASE)
_CAPSULE_PATH = re.compile(r"/capsule-[0-9A-Za-z-]+(?:\.git)?/?$")


def read_capsule(home: Path, root: Path = Path("/")) -> PlatformSecrets:
    """Read what the capsule says.

    Parameters
    ----------
    home : Path
        The home folder, in which the capsule is.
    root : Path
        Root of the file system, for images whose home is elsewhere.

    Returns
    -------
    PlatformSecrets
        Whatever the files are like; a list that cannot be read is named.

    """
    for capsule, shown in ((home / "capsule", "~/capsule"), (root / "root/capsule", "/root/capsule")):
        if _is_folder(capsule):
            return _read(capsule, shown)
    return PlatformSecrets()


def account_page(address: str) -> str:
    """Give the account page of a Code Ocean deployment.

    Parameters
    ----------
    address : str
        Any address of the deployment, such as that of a capsule.

    Raises
    ------
    AddressError
        If it cannot be one.

    """
    try:
        parts = urlsplit(address.strip())
        deployment = ServerAddress(parts.netloc or address)
        # An address of numbers is nobody's deployment; the last part of a name is letters.
        is_web = parts.scheme in {"", "https", "http"} and re.search(r"\.[a-z][a-z0-9-]*$", deployment.host) is not None
    except (AddressError, ValueError):
        is_web = False
    if not is_web:
        raise AddressError(*words.not_a_code_ocean())
    return f"{deployment.url}/account"


# ---------------------------------------------------------------------------------------------------- the files


def _read(capsule: Path, shown: str) -> PlatformSecrets:
    page = _account_page_of(capsule)
    for name, parse in ((SECRETS_JSON, _from_json), (ENVIRONMENT_YML, _from_yaml)):
        where = f"{shown}/{name.as_posix()}"
        try:
            slots = parse(_text(capsule / name))
        except OSError:
            continue  # there is no such file, or none for us
        except ValueError:
            return PlatformSecrets(damage=words.slots_unreadable(where), account_page=page)
        if slots or name == SECRETS_JSON:  # an environment.yml without credentials is only about packages
            return PlatformSecrets(slots=slots, account_page=page)
    return PlatformSecrets(account_page=page)


def _from_json(text: str) -> tuple[Slot, ...]:
    try:
        data = json.loads(text)
    except RecursionError:
        data = None
    listed = data.get("secrets", []) if isinstance(data, dict) else None
    if not isinstance(listed, list):
        raise ValueError(SECRETS_JSON.name)  # noqa: TRY004 - it is about a file's content
    return _slots(listed)


def _from_yaml(text: str) -> tuple[Slot, ...]:
    if "credentials" not in text:
        return ()
    import yaml  # noqa: PLC0415 - only older capsules need it

    data, fault = None, ""
    try:
        data = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - this loader makes nothing but texts, lists and dictionaries
    except (yaml.YAMLError, RecursionError, ValueError, LookupError, TypeError, AttributeError) as error:
        fault = type(error).__name__
    if fault:
        raise ValueError(fault)
    listed = data.get("credentials") if isinstance(data, dict) else None
    return _slots(listed) if isinstance(listed, list) else ()


def _slots(entries: Iterable[Any]) -> tuple[Slot, ...]:
    found = []
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        name = _short(entry.get(_FIELD.get(_short(entry.get("type")), "")))
        if name and not name.startswith(_RESERVED):
            found.append(Slot(_short(entry.get("description")), name))
    return tuple(found)


def _short(value: object) -> str:
    """Make a short line of anything that stands in a file which others may have written."""
    text = _LOOKS_LIKE_A_TOKEN.sub("····", value) if isinstance(value, str) else ""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text[:LONGEST_NAME]).split())


def _account_page_of(capsule: Path) -> str:
    """Find the deployment in the addresses that Git fetches the capsule from: ``https://HOST/capsule-1234567.git``.

    Only the host is kept: such an address may hold a password. One that is no capsule's, such as a mirror elsewhere,
    says nothing about Code Ocean.
    """
    try:
        lines = _text(capsule / ".git/config").splitlines()
    except (OSError, ValueError):
        return ""
    for found in filter(None, map(_REMOTE.match, lines)):
        try:
            parts = urlsplit(found[1])
            if parts.scheme == "https" and parts.hostname and _CAPSULE_PATH.match(parts.path):
                return account_page(f"https://{parts.hostname}:{parts.port or 443}")
        except (AddressError, ValueError):
            continue
    return ""


def _text(path: Path) -> str:
    raw = read_plain_file(path, LARGEST_FILE + 1)
    if len(raw) > LARGEST_FILE:
        raise ValueError(path.name)
    return raw.decode("utf-8-sig")


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a folder on the way may not be entered (/root, for everybody but root)
        return False
