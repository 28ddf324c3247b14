"""The token files: read as caveclient and cloud-volume read them, saved whole and private, never lost."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import pwd
import subprocess
import sys
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

import pytest
from caveclient.auth import AuthClient
from support.facts import DATA_SERVER, OTHER, SERVER, TOKEN
from unit.conftest import contents, die_at, in_child, mode

from cave_setup import Setup, activate, wizard, words
from cave_setup.errors import (
    DemoTokenRefused,
    FolderNotWritable,
    NoHomeFolder,
    StoreBusy,
    StoreError,
    WouldReplace,
)
from cave_setup.models import DEMO_HOME_MARK, TOKEN_FORM, ServerAddress, Token, TokenFile
from cave_setup.obstacles import Obstacles
from cave_setup.terminal import WRONG_USAGE
from cave_setup.terminal.main import main
from cave_setup.token_files import other_server_of
from cave_setup.token_store import TokenStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEFAULT = "cave-secret.json"
LEGACY = "chunkedgraph-secret.json"
SERVERS = SERVER.file_name
DATA = DATA_SERVER.file_name
V1DD = "global.em.brain.allentech.org"
STAMP = datetime(2026, 11, 22, 14, 2, 11)  # noqa: DTZ001 - local time, as people read it in a file's name


def a_store(home: Path, cloud_volume_dir: str | None = None) -> TokenStore:
    return TokenStore(home, cloud_volume_dir, now=lambda: STAMP)


@pytest.fixture
def store(home: Path) -> TokenStore:
    """The token files of the sealed home."""
    return a_store(home)


def entry(token: Token, **others: object) -> bytes:
    return json.dumps({**others, "token": token.reveal()}).encode()


def put(store: TokenStore, **files: bytes) -> None:
    """Lay files down under a store; ``default``, ``server``, ``data`` and ``legacy`` are their names."""
    names = {"default": DEFAULT, "server": SERVERS, "data": DATA, "legacy": LEGACY}
    store.folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (store.folder / names[name]).write_bytes(content)


def entries(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_bytes())
    assert isinstance(found, dict)
    return found


def token_in(path: Path) -> Token:
    return Token(entries(path)["token"])


def save(store: TokenStore, **options: Any) -> None:
    store.save(TOKEN, SERVER, DATA_SERVER, **options)


def verdicts(store: TokenStore) -> dict[str, str]:
    return {target.path.name: target.verdict for target in store.read(SERVER, DATA_SERVER, TOKEN).targets}


# ---------------------------------------------------------------------------- read as the real readers read

KINDS: dict[str, bytes | None] = {
    "absent": None,
    "good": entry(TOKEN),
    "other": entry(OTHER),
    "with more entries": entry(TOKEN, fanc_production_mar2021=OTHER.reveal(), id=4),
    "no entry": b'{"fanc_production_mar2021": "x"}',
    "null": b'{"token": null}',
    "empty text": b'{"token": ""}',
    "a number": b'{"token": 5}',
    "upper case": json.dumps({"token": TOKEN.reveal().upper()}).encode(),
    "a list": b"[]",
    "a text": b'"x"',
    "an empty file": b"",
    "a bare token": TOKEN.reveal().encode(),
    "truncated": entry(TOKEN)[:-3],
    "a byte order mark": b"\xef\xbb\xbf" + entry(TOKEN),
    "not UTF-8": b'{"name": "\xe9", ' + entry(TOKEN)[1:],
}


def lay(folder: Path, kinds: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, kind in kinds.items():
        content = KINDS[kind]
        if content is None:
            (folder / name).unlink(missing_ok=True)
        else:
            (folder / name).write_bytes(content)


def caveclient_takes(server: ServerAddress) -> str:
    """What the real caveclient takes here: a token, or "damaged" where it fails or would send something else."""
    try:
        token = AuthClient(server_address=server.url).token
    except (ValueError, AttributeError):
        return "damaged"
    if token is None:
        return "nothing"
    return token if isinstance(token, str) and TOKEN_FORM.fullmatch(token) else "damaged"


def we_say(file: TokenFile | None) -> str:
    if file is None or file.damage == "no-token":
        return "nothing"
    return file.token.reveal() if file.token else "damaged"


@pytest.mark.parametrize("kind", KINDS)
def test_caveclient_takes_what_we_say_whatever_lies_there(store: TokenStore, kind: str) -> None:
    for default, legacy in itertools.product(KINDS, ["absent", "good", "null", "truncated", "empty text"]):
        lay(store.folder, {SERVERS: kind, DEFAULT: default, LEGACY: legacy})
        said = we_say(store.read(SERVER, None, None).for_caveclient)
        assert said == caveclient_takes(SERVER), f"server's: {kind}, default: {default}, legacy: {legacy}"


@pytest.mark.parametrize("address", ["http://localhost:5000", "http://[::1]:5000", "https://example.org:8443"])
def test_caveclient_takes_what_we_say_where_the_address_has_a_port(store: TokenStore, address: str) -> None:
    server = ServerAddress(address)
    lay(store.folder, {server.file_name: "good", DEFAULT: "other"})
    assert we_say(store.read(server, None, None).for_caveclient) == caveclient_takes(server) == TOKEN.reveal()


def test_caveclient_takes_what_we_say_where_a_link_leads_nowhere(store: TokenStore) -> None:
    put(store, default=entry(TOKEN))
    (store.folder / SERVERS).symlink_to(store.folder / "gone.json")
    assert we_say(store.read(SERVER, None, None).for_caveclient) == caveclient_takes(SERVER) == TOKEN.reveal()


CLOUD_VOLUME = """
import contextlib, importlib, json, os, sys
import cloudvolume.secrets as secrets
domain, homes = json.load(sys.stdin)
answers = []
for home, folder in homes:
    os.environ["HOME"] = home
    os.environ.pop("CLOUD_VOLUME_DIR", None)
    if folder:
        os.environ["CLOUD_VOLUME_DIR"] = folder
    with contextlib.redirect_stdout(None):
        importlib.reload(secrets)  # home and folder are read at import
        try:
            credentials = secrets.cave_credentials(domain)
            answers.append(credentials.get("token") if isinstance(credentials, dict) else 0)
        except ValueError:
            answers.append(0)
json.dump(answers, sys.stdout)
"""


@pytest.mark.skipif(find_spec("cloudvolume") is None, reason="cloud-volume is not installed")
def test_cloud_volume_takes_what_we_say_whatever_lies_there(tmp_path: Path) -> None:
    folders = (".cloudvolume", ".neuroglancer", "elsewhere")
    states: list[tuple[str, dict[tuple[str, str], str]]] = [
        (elsewhere, dict(zip(itertools.product(used, (DATA, DEFAULT, LEGACY)), kinds, strict=False)))
        for elsewhere, used in (("", folders[:1]), ("", folders[1:2]), ("elsewhere", folders[2:]))
        for kinds in itertools.product(KINDS, ["absent", "good", "other", "no entry", "truncated"], ["absent", "good"])
    ]
    states += [
        ("", {(".cloudvolume", DEFAULT): "other", (".neuroglancer", DATA): "good"}),
        ("", {(".cloudvolume", DATA): "other", (".neuroglancer", DATA): "good"}),
        ("elsewhere", {("elsewhere", DEFAULT): "other", (".cloudvolume", DATA): "good"}),
        ("elsewhere", {(".cloudvolume", DATA): "good"}),
        ("elsewhere", {(".cloudvolume", DATA): "other", (".neuroglancer", DEFAULT): "good"}),
    ]
    homes, said = [], []
    for number, (elsewhere, files) in enumerate(states):
        home = tmp_path / str(number)
        home.mkdir()
        for (folder, name), kind in files.items():
            lay(home / folder / "secrets", {name: kind})
        place = str(home / elsewhere) if elsewhere else ""
        homes.append((str(home), place))
        said.append(we_say(TokenStore(home, place or None).read(SERVER, DATA_SERVER, None).for_cloud_volume))
    asked = json.dumps([DATA_SERVER.netloc, homes])
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CLOUD_VOLUME], input=asked, capture_output=True, text=True, check=True
    )
    for state, ours, theirs in zip(states, said, json.loads(run.stdout), strict=True):
        is_token = isinstance(theirs, str) and TOKEN_FORM.fullmatch(theirs)
        assert ours == (theirs if is_token else "nothing" if theirs is None else "damaged"), state


def test_every_token_file_is_found_and_nothing_else(store: TokenStore) -> None:
    put(store, default=entry(TOKEN), data=entry(OTHER), legacy=entry(OTHER))
    for name in ("google-secret.json", f".cave-setup-01234567-1-{DEFAULT}.tmp", f"{DEFAULT}.damaged-2026-01-01-000000"):
        (store.folder / name).write_bytes(entry(TOKEN))
    files = store.read(SERVER, DATA_SERVER, None).files
    assert {file.shown for file in files} == {f"~/.cloudvolume/secrets/{name}" for name in (DEFAULT, DATA, LEGACY)}


def test_without_a_home_of_its_own_nothing_is_found_and_nothing_is_made(store: TokenStore, home: Path) -> None:
    facts = store.read(SERVER, DATA_SERVER, TOKEN)
    assert (facts.files, facts.for_caveclient, facts.for_cloud_volume) == ((), None, None)
    assert not facts.obstacle
    assert list(home.iterdir()) == []


def test_the_bits_of_a_file_that_others_can_read_are_told(store: TokenStore) -> None:
    put(store, default=entry(TOKEN))
    (store.folder / DEFAULT).chmod(0o644)
    assert store.read(SERVER, None, None).files[0].mode == 0o644


# ------------------------------------------------------------------------------------------ whose token it is


def held(name: str, token: Token = TOKEN, server: str = "") -> TokenFile:
    return TokenFile(Path("/secrets") / name, name, token, server=server)


@pytest.mark.parametrize(
    ("files", "named", "other"),
    [
        pytest.param([], "", "", id="nothing known"),
        pytest.param([], V1DD, V1DD, id="its download names another"),
        pytest.param([], "global.daf-apis.com", "", id="its download names this one"),
        pytest.param([], "minnie.microns-daf.com", "", id="its download names a part of this one"),
        pytest.param([held(DEFAULT)], "", "", id="the default file is everybody's"),
        pytest.param([held(LEGACY)], "", "", id="so is the legacy one"),
        pytest.param([held(f"{V1DD}-{DEFAULT}")], "", V1DD, id="another server's file holds it"),
        pytest.param([held(f"{V1DD}-{DEFAULT}", OTHER)], "", "", id="another server's file holds another"),
        pytest.param([held(SERVERS)], "", "", id="this server's file holds it"),
        pytest.param([held(DATA)], "", "", id="the data server's file holds it"),
        pytest.param([held("globalv1.daf-apis.com-cave-secret.json")], "", "", id="an old name of this server"),
        pytest.param([held(f"{V1DD}-{DEFAULT}"), held(SERVERS)], "", "", id="both hold it"),
        pytest.param([held("localhost:5000-cave-secret.json")], "", "localhost:5000", id="a server with a port"),
        pytest.param([held("old-cave-secret.json")], "", "", id="a copy that somebody made"),
        pytest.param([held("my_old-cave-secret.json")], "", "", id="another copy"),
        pytest.param(
            [held("global.daf-apis.com_auth-cave-secret.json", server="global.daf-apis.com")],
            "",
            "",
            id="the download under the name that the browser gave it",
        ),
        pytest.param(
            [held(f"{V1DD}_auth-cave-secret.json", server=V1DD)], "", V1DD, id="another server's download likewise"
        ),
    ],
)
def test_a_token_is_anothers_only_where_that_is_known(files: list[TokenFile], named: str, other: str) -> None:
    assert other_server_of(TOKEN, files, {SERVER.netloc, DATA_SERVER.netloc}, named) == other


# --------------------------------------------------------------------------------------------------- saving


def test_a_first_save_writes_a_file_for_each_reader(store: TokenStore) -> None:
    save(store)
    assert {path.name: token_in(path) for path in store.folder.glob("*.json")} == dict.fromkeys(
        (DEFAULT, SERVERS, DATA), TOKEN
    )
    facts = store.read(SERVER, DATA_SERVER, TOKEN)
    assert we_say(facts.for_caveclient) == we_say(facts.for_cloud_volume) == caveclient_takes(SERVER) == TOKEN.reveal()
    assert set(verdicts(store).values()) == {"same"}


def test_without_a_known_data_server_there_is_no_file_for_it(store: TokenStore) -> None:
    store.save(TOKEN, SERVER, None)
    assert set(contents(store.folder)) == {DEFAULT, SERVERS}


def test_one_server_that_is_both_has_one_file(store: TokenStore) -> None:
    store.save(TOKEN, SERVER, SERVER)
    assert set(contents(store.folder)) == {DEFAULT, SERVERS}


@pytest.mark.parametrize("mask", [0o000, 0o022], ids=oct)
def test_files_and_new_folders_are_this_users_alone(
    store: TokenStore, home: Path, umask: Callable[[int], int], mask: int
) -> None:
    umask(mask)
    save(store)
    assert {mode(path) for path in store.folder.iterdir()} == {0o600}
    assert mode(home / ".cloudvolume") == mode(store.folder) == 0o700


def test_a_folder_that_was_there_keeps_its_bits(store: TokenStore) -> None:
    put(store)
    store.folder.chmod(0o755)
    save(store)
    assert mode(store.folder) == 0o755


def test_saving_again_takes_a_file_away_from_others_eyes(store: TokenStore) -> None:
    save(store)
    (store.folder / SERVERS).chmod(0o644)
    save(store)
    assert mode(store.folder / SERVERS) == 0o600


def test_saving_again_writes_nothing(store: TokenStore) -> None:
    save(store)
    before = {path: path.stat().st_mtime_ns for path in store.folder.glob("*.json")}
    save(store)
    assert {path: path.stat().st_mtime_ns for path in store.folder.glob("*.json")} == before


def test_other_entries_and_other_files_stay(store: TokenStore) -> None:
    put(store, default=b'{"fanc_production_mar2021": "f", "n": [1, {"x": null}], "nam\xc3\xa9": "\xe2\x9c\x93"}')
    (store.folder / "google-secret.json").write_bytes(b"google's")
    (store.folder / f"{V1DD}-{DEFAULT}").write_bytes(entry(OTHER))
    save(store)
    assert entries(store.folder / DEFAULT) == {
        "fanc_production_mar2021": "f",
        "n": [1, {"x": None}],
        "namé": "✓",
        "token": TOKEN.reveal(),
    }
    assert (store.folder / "google-secret.json").read_bytes() == b"google's"
    assert (store.folder / f"{V1DD}-{DEFAULT}").read_bytes() == entry(OTHER)


def test_the_legacy_file_is_read_but_never_written(store: TokenStore) -> None:
    put(store, legacy=entry(OTHER))
    assert we_say(store.read(SERVER, None, None).for_caveclient) == OTHER.reveal()
    save(store)
    assert (store.folder / LEGACY).read_bytes() == entry(OTHER)
    assert caveclient_takes(SERVER) == TOKEN.reveal()


def test_a_replaced_token_takes_the_name_of_its_server_along(store: TokenStore) -> None:
    put(store, server=entry(OTHER, middle_auth_url=f"{V1DD}/auth", description="kept"))
    save(store, replace=True)
    assert entries(store.folder / SERVERS) == {"description": "kept", "token": TOKEN.reveal()}


def test_a_download_put_in_place_keeps_the_name_of_its_server(store: TokenStore) -> None:
    put(store, server=entry(OTHER, middle_auth_url=f"{SERVER.netloc}/auth"))
    save(store, replace=True)
    assert entries(store.folder / SERVERS)["middle_auth_url"] == f"{SERVER.netloc}/auth"


# ------------------------------------------------------------------------------------------- a different token


@pytest.mark.parametrize("name", ["default", "server", "data"])
def test_a_different_token_is_a_question_and_nothing_is_changed(store: TokenStore, home: Path, name: str) -> None:
    put(store, **{name: entry(OTHER, mine=1)})
    before = contents(home)
    with pytest.raises(WouldReplace) as caught:
        save(store)
    assert OTHER.masked in caught.value.sentence
    assert OTHER.reveal() not in str(caught.value)
    assert contents(home) == before
    save(store, replace=True)
    assert set(verdicts(store).values()) == {"same"}


def test_a_question_does_not_mend_what_is_damaged_beside_it(store: TokenStore, home: Path) -> None:
    put(store, default=b"", server=entry(OTHER))
    before = contents(home)
    with pytest.raises(WouldReplace):
        save(store)
    assert contents(home) == before


def test_a_stale_default_file_beside_a_good_server_file_is_noticed(store: TokenStore) -> None:
    put(store, server=entry(TOKEN), default=entry(OTHER))
    facts = store.read(SERVER, DATA_SERVER, TOKEN)
    assert we_say(facts.for_caveclient) == TOKEN.reveal()
    assert we_say(facts.for_cloud_volume) == OTHER.reveal()
    assert verdicts(store) == {DEFAULT: "replace", SERVERS: "same", DATA: "new"}
    with pytest.raises(WouldReplace, match=DEFAULT):
        save(store)
    save(store, replace=True)
    assert we_say(store.read(SERVER, DATA_SERVER, TOKEN).for_cloud_volume) == TOKEN.reveal()
    assert token_in(store.folder / DEFAULT) == TOKEN


FOREIGN = {
    "another server's file holds the same": (entry(OTHER), {f"{V1DD}-{DEFAULT}": entry(OTHER)}),
    "it is another server's download": (entry(OTHER, middle_auth_url=f"{V1DD}/auth"), {}),
}


@pytest.mark.parametrize(("default", "others"), FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize(
    ("choice", "left"), [("auto", OTHER), ("keep", OTHER), ("replace", TOKEN)], ids=["auto", "keep", "replace"]
)
def test_another_deployments_default_file_is_left_alone_unless_asked_for(
    store: TokenStore,
    default: bytes,
    others: dict[str, bytes],
    choice: Literal["auto", "keep", "replace"],
    left: Token,
) -> None:
    put(store, default=default)
    for name, content in others.items():
        (store.folder / name).write_bytes(content)
    target = next(target for target in store.read(SERVER, DATA_SERVER, TOKEN).targets if target.path.name == DEFAULT)
    assert (target.verdict, target.other_server) == ("foreign", V1DD)
    save(store, default=choice)
    assert token_in(store.folder / DEFAULT) == left
    assert "middle_auth_url" not in entries(store.folder / DEFAULT) or left == OTHER
    assert token_in(store.folder / SERVERS) == token_in(store.folder / DATA) == TOKEN
    assert all((store.folder / name).read_bytes() == content for name, content in others.items())


def test_the_default_file_can_be_kept_without_a_question(store: TokenStore) -> None:
    put(store, default=entry(OTHER))
    save(store, default="keep")
    assert (store.folder / DEFAULT).read_bytes() == entry(OTHER)
    assert caveclient_takes(SERVER) == TOKEN.reveal()


# --------------------------------------------------------------------------------------------------- damaged

DAMAGED = {
    "an empty file": (b"", "not-json"),
    "a byte order mark": (b"\xef\xbb\xbf" + entry(TOKEN), "not-json"),
    "not UTF-8": (b'{"name": "\xe9"}', "not-json"),
    "truncated": (entry(OTHER)[:-4], "not-json"),
    "a bare token": (TOKEN.reveal().encode(), "not-json"),
    "deeply nested": (b"[" * 100_000, "not-json"),
    "a list": (json.dumps([OTHER.reveal()]).encode(), "not-an-object"),
    "a text": (json.dumps(OTHER.reveal()).encode(), "not-an-object"),
    "a number for a token": (b'{"token": 5, "mine": 1}', "not-a-token"),
    "an empty token": (b'{"token": "", "mine": 1}', "not-a-token"),
    "the documentation's token": (b'{"token": "ecc4casd1f70f254dwad452524bd0d0d8"}', "not-a-token"),
}


@pytest.mark.parametrize("name", ["default", "server", "data"])
@pytest.mark.parametrize(("content", "damage"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_named_and_moved_aside_with_the_date(
    store: TokenStore, name: str, content: bytes, damage: str
) -> None:
    put(store, **{name: content})
    target = next(target for target in store.read(SERVER, DATA_SERVER, TOKEN).targets if target.now)
    assert target.verdict == "repair"
    assert target.now is not None
    assert target.now.damage == damage
    save(store)
    aside = target.path.with_name(f"{target.path.name}.damaged-2026-11-22-140211")
    assert aside.read_bytes() == content
    assert mode(aside) == 0o600
    assert token_in(target.path) == TOKEN
    if b"mine" in content:
        assert entries(target.path)["mine"] == 1


@pytest.mark.parametrize("content", [b"{}", b'{"token": null}', b'{"fanc": "x"}'])
def test_a_file_without_a_token_is_not_damaged_but_gets_one(store: TokenStore, content: bytes) -> None:
    put(store, default=content)
    assert verdicts(store)[DEFAULT] == "add"
    save(store)
    assert entries(store.folder / DEFAULT) == {**json.loads(content), "token": TOKEN.reveal()}
    assert set(contents(store.folder)) == {DEFAULT, SERVERS, DATA}


# ---------------------------------------------------------------------------------------------- other layouts


def test_cloud_volumes_own_folder_gets_its_own_files(home: Path, tmp_path: Path) -> None:
    store = a_store(home, str(tmp_path / "volumes"))
    save(store)
    elsewhere = tmp_path / "volumes" / "secrets"
    assert set(contents(elsewhere)) == {DEFAULT, DATA}
    assert set(contents(store.folder)) == {DEFAULT, SERVERS, DATA}
    assert {mode(path) for path in elsewhere.glob("*.json")} == {0o600}
    assert mode(elsewhere) == 0o700
    file = store.read(SERVER, DATA_SERVER, TOKEN).for_cloud_volume
    assert file is not None
    assert file.path.parent == elsewhere
    assert not list(home.glob(".cloudvolume/*/.*.tmp"))


def test_a_linked_folder_stays_a_link(store: TokenStore, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    store.folder.parent.mkdir()
    store.folder.symlink_to(tmp_path / "real")
    save(store)
    assert store.folder.is_symlink()
    assert {path.name for path in (tmp_path / "real").glob("*.json")} == {DEFAULT, SERVERS, DATA}


def test_a_linked_file_stays_a_link_and_what_it_points_to_is_replaced(store: TokenStore, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "cave.json"
    real.parent.mkdir()
    real.write_bytes(entry(OTHER, mine=1))
    put(store)
    (store.folder / DEFAULT).symlink_to(real)
    save(store, replace=True)
    assert (store.folder / DEFAULT).is_symlink()
    assert entries(real) == {"mine": 1, "token": TOKEN.reveal()}
    assert [path.name for path in real.parent.iterdir()] == ["cave.json"]


def test_a_link_to_nowhere_gets_the_file_that_it_points_to(store: TokenStore, tmp_path: Path) -> None:
    put(store)
    (store.folder / SERVERS).symlink_to(tmp_path / "later.json")
    assert verdicts(store)[SERVERS] == "new"
    save(store)
    assert token_in(tmp_path / "later.json") == TOKEN
    assert (store.folder / SERVERS).is_symlink()


# ------------------------------------------------------------------------------------------ what cannot be saved


@pytest.mark.parametrize("in_the_way", [".cloudvolume", ".cloudvolume/secrets"])
def test_a_file_where_the_folder_should_be_is_said_and_left(store: TokenStore, home: Path, in_the_way: str) -> None:
    (home / in_the_way).parent.mkdir(exist_ok=True)
    (home / in_the_way).write_text("mine")
    with pytest.raises(FolderNotWritable, match=rf"the file ~/{in_the_way} stands .* Move ~/{in_the_way} away, then"):
        save(store)
    assert contents(home) == {in_the_way: b"mine"}


def as_somebody_else(folder: Path, work: Callable[[TokenStore], object]) -> Any:
    """Do the work as a user who may read the home at this place, but not write there."""
    return in_child(lambda: work(a_store(folder)), as_nobody=True)


def saved(store: TokenStore) -> str:
    save(store, replace=True)
    return "saved"


@pytest.mark.parametrize("files", [{}, {"default": entry(OTHER)}, {"server": b""}], ids=["new", "replace", "repair"])
def test_a_folder_without_the_right_to_write_is_said_and_nothing_is_changed(
    public_folder: Path, files: dict[str, bytes]
) -> None:
    put(a_store(public_folder), **files)
    (public_folder / ".cloudvolume" / "secrets").chmod(0o555)
    before = contents(public_folder)
    answer = as_somebody_else(public_folder, saved)
    assert answer.startswith("FolderNotWritable: Nothing can be saved in ~/.cloudvolume/secrets: you may not write")
    assert contents(public_folder) == before
    assert as_somebody_else(public_folder, lambda store: store.read(SERVER, None, None).obstacle)


def test_a_home_without_the_right_to_write_is_said(public_folder: Path) -> None:
    public_folder.chmod(0o555)
    assert as_somebody_else(public_folder, saved).startswith("FolderNotWritable")
    assert as_somebody_else(public_folder, lambda store: store.read(SERVER, None, None).obstacle)


def test_a_folder_that_may_not_be_entered_is_no_crash(public_folder: Path) -> None:
    put(a_store(public_folder), default=entry(TOKEN))
    (public_folder / ".cloudvolume").chmod(0o000)
    assert as_somebody_else(public_folder, lambda store: len(store.read(SERVER, None, None).files)) == 0
    assert as_somebody_else(public_folder, lambda store: store.mend()) == []
    assert as_somebody_else(public_folder, saved).startswith("FolderNotWritable")


def test_a_file_that_may_not_be_read_is_named_and_left(public_folder: Path) -> None:
    store = a_store(public_folder)
    put(store, default=entry(OTHER))
    store.folder.chmod(0o777)
    (store.folder / DEFAULT).chmod(0o000)

    def look(store: TokenStore) -> list[Any]:
        return [(file.damage, file.token) for file in store.read(SERVER, None, None).files]

    assert as_somebody_else(public_folder, look) == [["unreadable", None]]
    assert as_somebody_else(public_folder, saved).startswith("FolderNotWritable")
    (store.folder / DEFAULT).chmod(0o600)
    assert contents(store.folder) == {DEFAULT: entry(OTHER)}


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "your quota is used up"),
        (errno.EROFS, "it is read-only"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_what_the_disk_refuses_is_said_in_words_and_nothing_is_changed(
    store: TokenStore, home: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: str
) -> None:
    put(store, default=entry(OTHER))
    before = contents(home)

    def refuse(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(FolderNotWritable) as caught:
        save(store, replace=True)
    assert caught.value.sentence == words.folder_not_writable("~/.cloudvolume/secrets", reason)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert contents(home) == before


def test_what_is_read_back_wrong_is_not_called_saved(store: TokenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "replace", lambda *paths: None)
    with pytest.raises(StoreError) as caught:
        save(store)
    assert caught.value.sentence == words.READ_BACK_DIFFERS


# ------------------------------------------------------------------------------------------------- other programs

HOLD = (
    "import fcntl, sys; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); input()"
)


@contextlib.contextmanager
def held_by_another_program(store: TokenStore) -> Iterator[None]:
    put(store)
    command = [sys.executable, "-c", HOLD, str(store.folder / ".cave-setup.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stdout.readline() == "held\n"
        yield
        program.communicate("\n")


def test_while_another_program_writes_nothing_is_changed_and_it_is_said(
    store: TokenStore, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The five seconds of patience are the default of this method's only argument.
    monkeypatch.setattr(Obstacles.locked.__wrapped__, "__defaults__", (0.1,))  # type: ignore[attr-defined]
    put(store, default=entry(OTHER))
    with held_by_another_program(store):
        before = contents(home)
        with pytest.raises(StoreBusy):
            save(store, replace=True)
        assert contents(home) == before
    save(store, replace=True)
    assert token_in(store.folder / DEFAULT) == TOKEN


def test_while_another_program_writes_nothing_of_its_is_mended(store: TokenStore) -> None:
    killed_while_saving(store, 1)
    with held_by_another_program(store):
        before = contents(store.folder)
        store.mend()
        assert contents(store.folder) == before
    store.mend()
    assert set(verdicts(store).values()) == {"same"}


# -------------------------------------------------------------------------------------------------- crashes


def killed_while_saving(store: TokenStore, call: int, **options: Any) -> None:
    def work() -> str:
        die_at("replace", call + 1 if call else 0)  # the first one of all is the backup's
        save(store, replace=True, **options)
        return "was not killed"

    assert in_child(work) is None


OLD = {"default": entry(OTHER, mine="d"), "server": entry(OTHER, mine="s"), "data": entry(OTHER, mine="a")}


def test_killed_before_the_first_replacement_all_is_as_before(store: TokenStore) -> None:
    put(store, **OLD)
    before = contents(store.folder)
    killed_while_saving(store, 0)
    store.mend()
    assert contents(store.folder) == before


@pytest.mark.parametrize("call", [1, 2])
def test_killed_in_the_middle_the_next_check_finishes(store: TokenStore, call: int) -> None:
    put(store, **OLD)
    killed_while_saving(store, call)
    tokens = [token_in(store.folder / name) for name in (DEFAULT, SERVERS, DATA)]
    assert tokens == [TOKEN] * call + [OTHER] * (3 - call)
    store.mend()
    # The data server's file says whose token it is, since its name does not.
    named = {"middle_auth_url": "global.daf-apis.com/auth"}
    for name, kept in ((DEFAULT, {"mine": "d"}), (SERVERS, {"mine": "s"}), (DATA, {"mine": "a", **named})):
        assert entries(store.folder / name) == {**kept, "token": TOKEN.reveal()}
        assert mode(store.folder / name) == 0o600
    assert set(contents(store.folder)) == {DEFAULT, SERVERS, DATA}


def test_what_others_wrote_since_the_crash_is_kept(store: TokenStore) -> None:
    put(store, **OLD)
    killed_while_saving(store, 1)
    put(store, server=entry(OTHER, mine="changed", added=1))
    store.mend()
    assert entries(store.folder / SERVERS) == {"mine": "changed", "added": 1, "token": TOKEN.reveal()}


def test_mending_does_not_bring_back_the_name_of_the_other_server(store: TokenStore) -> None:
    put(store, server=entry(OTHER, middle_auth_url=f"{V1DD}/auth"))
    killed_while_saving(store, 1)
    store.mend()
    assert entries(store.folder / SERVERS) == {"token": TOKEN.reveal()}


def test_mending_that_is_killed_is_finished_by_the_next(store: TokenStore) -> None:
    put(store, **OLD)
    killed_while_saving(store, 1)

    def work() -> str:
        die_at("replace", 1)
        store.mend()
        return "was not killed"

    assert in_child(work) is None
    store.mend()
    assert set(verdicts(store).values()) == {"same"}
    assert set(contents(store.folder)) == {DEFAULT, SERVERS, DATA}


@pytest.mark.parametrize("call", range(4))
def test_killed_while_a_damaged_file_is_moved_aside_nothing_is_lost(store: TokenStore, call: int) -> None:
    put(store, default=b"precious, though damaged")
    killed_while_saving(store, call)
    assert b"precious, though damaged" in contents(store.folder).values()
    store.mend()
    save(store)
    assert set(verdicts(store).values()) == {"same"}
    assert b"precious, though damaged" in contents(store.folder).values()


@pytest.mark.parametrize("call", [0, 1, 3, 4])
def test_a_save_in_two_folders_is_finished_in_both_or_in_none(home: Path, tmp_path: Path, call: int) -> None:
    store = a_store(home, str(tmp_path / "volumes"))
    killed_while_saving(store, call)
    store.mend()
    assert set(verdicts(store).values()) == ({"same"} if call else {"new"})
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize("call", [0, 1])
def test_a_crash_leaves_no_token_where_a_linked_file_really_is(store: TokenStore, tmp_path: Path, call: int) -> None:
    real = tmp_path / "dotfiles" / "cave.json"
    real.parent.mkdir()
    real.write_bytes(entry(OTHER))
    put(store)
    (store.folder / SERVERS).symlink_to(real)
    killed_while_saving(store, call)
    store.mend()
    assert token_in(real) == (TOKEN if call else OTHER)
    assert [path.name for path in real.parent.iterdir()] == ["cave.json"]


def test_the_next_save_mends_as_well(store: TokenStore) -> None:
    put(store, **OLD)
    killed_while_saving(store, 2)
    store.save(TOKEN, SERVER, None)
    assert set(contents(store.folder)) == {DEFAULT, SERVERS, DATA}
    assert token_in(store.folder / DATA) == TOKEN


def test_where_nothing_was_interrupted_mending_touches_nothing(store: TokenStore, home: Path) -> None:
    store.mend()
    assert list(home.iterdir()) == []


# ------------------------------------------------------------------------------------------- no home folder


@pytest.fixture(params=["no HOME and no entry", "~", "folder"])
def no_home(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody says where the home folder is, or not as a full path."""
    if request.param.startswith("no"):
        monkeypatch.delenv("HOME")
        monkeypatch.setattr(pwd, "getpwuid", lambda number: {}[number])
    else:
        monkeypatch.setenv("HOME", request.param)


@pytest.mark.usefixtures("no_home")
def test_without_a_home_folder_it_is_said_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    for made in (TokenStore, Setup, wizard, activate):
        with pytest.raises(NoHomeFolder) as caught:
            made()
        assert "Set HOME" in (caught.value.remedy or "")
    assert main(["status"]) == WRONG_USAGE
    assert "Set HOME" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------------- the demo


@pytest.fixture
def real_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sealed home, as if the account's own."""
    monkeypatch.setattr(pwd, "getpwuid", lambda number: SimpleNamespace(pw_dir=str(home)))
    return home


def test_a_demo_token_is_not_saved_into_a_real_home(real_home: Path) -> None:
    with pytest.raises(DemoTokenRefused):
        save(a_store(real_home), is_demo=True)
    assert list(real_home.iterdir()) == []


def test_nor_under_another_name_of_the_real_home(real_home: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(real_home)
    with pytest.raises(DemoTokenRefused):
        save(a_store(tmp_path / "link"), is_demo=True)
    assert list(real_home.iterdir()) == []


def test_a_demo_token_is_saved_into_a_throwaway_home(store: TokenStore) -> None:
    save(store, is_demo=True)
    assert token_in(store.folder / DEFAULT) == TOKEN


def test_a_demo_token_is_saved_into_a_home_that_was_made_for_a_demo(real_home: Path) -> None:
    (real_home / DEMO_HOME_MARK).touch()
    save(a_store(real_home), is_demo=True)
    assert token_in(real_home / ".cloudvolume" / "secrets" / DEFAULT) == TOKEN


def test_a_real_token_is_not_saved_into_a_home_that_is_thrown_away_with_a_demo(home: Path) -> None:
    save(a_store(home))
    before = contents(home)
    (home / DEMO_HOME_MARK).touch()
    store = a_store(home)
    works: list[Callable[[], None]] = [lambda: save(store), lambda: store.replace_token(TOKEN, OTHER, SERVER)]
    for work in works:
        with pytest.raises(FolderNotWritable) as caught:
            work()
        assert "made for a demo" in caught.value.sentence
        assert "outside of the demo" in caught.value.remedy
    assert {**before, DEMO_HOME_MARK: b""} == contents(home)


def test_that_is_said_before_anything_is_promised(home: Path) -> None:
    (home / DEMO_HOME_MARK).touch()
    demo = ServerAddress("http://127.0.0.1:8000")
    assert "made for a demo" in a_store(home).read(SERVER, None, None).obstacle
    assert a_store(home).read(demo, None, None).obstacle == ""


def test_an_account_without_an_entry_has_no_real_home(store: TokenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pwd, "getpwuid", lambda number: {}[number])
    save(store, is_demo=True)
    assert token_in(store.folder / DEFAULT) == TOKEN


def test_a_real_token_is_saved_into_a_real_home(real_home: Path) -> None:
    save(a_store(real_home))
    assert token_in(real_home / ".cloudvolume" / "secrets" / DEFAULT) == TOKEN


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_token_file_that_is_no_plain_file_keeps_nobody(store: TokenStore, kind: str) -> None:
    store.folder.mkdir(parents=True)
    path = store.folder / DEFAULT
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    (file,) = store.read(SERVER, DATA_SERVER, TOKEN).files
    assert file.damage == "unreadable"
