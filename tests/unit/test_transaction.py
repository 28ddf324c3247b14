"""Files written as one: whole at every moment, private from the first, and finished or thrown away after a crash."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

import pytest
from unit.conftest import contents, die_at, in_child, mode

from cave_setup.transaction import leftovers, write_together

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OLD, NEW = b'{"token": "old"}', b'{"token": "new"}'
NAMES = ("a.json", "b.json", "c.json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three files in their old state, and one that is none of our business."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_bytes(OLD)
    (folder / "google-secret.json").write_bytes(b"google's")
    return folder


def new(folder: Path) -> dict[Path, bytes]:
    return {folder / name: NEW for name in NAMES}


def fail_at(monkeypatch: pytest.MonkeyPatch, name: str, call: int, *, for_good: bool = False) -> None:
    real, count = getattr(os, name), 0

    def counting(*arguments: Any, **options: Any) -> Any:
        nonlocal count
        count += 1
        if count == call + 1 or (for_good and count > call):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments, **options)

    monkeypatch.setattr(os, name, counting)


def test_all_files_are_replaced_and_nothing_else_is_left(folder: Path) -> None:
    write_together(new(folder))
    assert contents(folder) == {**dict.fromkeys(NAMES, NEW), "google-secret.json": b"google's"}


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077], ids=oct)
def test_files_belong_to_this_user_alone_whatever_the_umask(
    folder: Path, umask: Callable[[int], int], mask: int
) -> None:
    (folder / "a.json").chmod(0o666)
    umask(mask)
    write_together({folder / "a.json": NEW, folder / "fresh.json": NEW})
    assert mode(folder / "a.json") == 0o600
    assert mode(folder / "fresh.json") == 0o600


def test_a_prepared_file_is_private_before_anything_is_in_it(
    folder: Path, umask: Callable[[int], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    umask(0)
    seen: list[int] = []
    real = os.fdopen

    def looking(descriptor: int, how: str, **options: Any) -> Any:
        if how == "wb":
            seen.append(os.fstat(descriptor).st_mode & 0o777)
        return real(descriptor, how, **options)

    monkeypatch.setattr(os, "fdopen", looking)
    write_together(new(folder))
    assert seen == [0o600] * 3


def test_what_is_in_a_file_is_on_the_disk_before_it_is_moved(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def watch(name: str) -> None:
        real = getattr(os, name)

        def noting(*arguments: Any) -> Any:
            calls.append(name)
            return real(*arguments)

        monkeypatch.setattr(os, name, noting)

    watch("fsync")
    watch("replace")
    write_together(new(folder))
    assert calls == ["fsync"] * 3 + ["replace"] * 3 + ["fsync"]


# The first three openings read what stands there.
FAILURES = [("open", 0), ("open", 3), ("open", 5), ("fsync", 0), ("fsync", 2), ("replace", 0)]


@pytest.mark.parametrize(("name", "call"), [*FAILURES, ("replace", 1), ("replace", 2)])
def test_a_failure_changes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, call: int) -> None:
    before = contents(folder)
    fail_at(monkeypatch, name, call)
    with pytest.raises(OSError, match="No space left"):
        write_together(new(folder))
    assert contents(folder) == before


def test_a_file_that_was_not_there_is_gone_again_after_a_failure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.json").unlink()
    before = contents(folder)
    fail_at(monkeypatch, "replace", 1)
    with pytest.raises(OSError, match="No space left"):
        write_together(new(folder))
    assert contents(folder) == before


def test_where_nothing_can_be_put_back_the_rest_is_to_be_finished(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_at(monkeypatch, "replace", 1, for_good=True)
    with pytest.raises(OSError, match="No space left"):
        write_together(new(folder))
    abandoned, unfinished = leftovers([folder])
    assert abandoned == []
    assert [left.target.name for left in unfinished] == ["b.json", "c.json"]


def test_a_target_that_is_no_plain_file_keeps_nobody_and_nothing_is_changed(folder: Path) -> None:
    os.mkfifo(folder / "pipe.json")
    before = contents(folder)
    with pytest.raises(OSError, match=r"pipe\.json"):
        write_together({**new(folder), folder / "pipe.json": NEW})
    assert contents(folder) == before


def test_a_target_that_is_a_folder_leaves_nothing_behind(folder: Path) -> None:
    (folder / "0.json").mkdir()
    before = contents(folder)
    with pytest.raises(OSError, match=r"0\.json"):
        write_together({folder / "0.json": NEW, **new(folder)})
    assert contents(folder) == before


# ---------------------------------------------------------------------------------------------------- killed

BOUNDARIES = [("open", 3), ("open", 4), ("open", 5), ("fsync", 0), ("fsync", 1), ("fsync", 2)]
REPLACEMENTS = [("replace", 0), ("replace", 1), ("replace", 2), ("fsync", 3)]


def killed_at(folder: Path, name: str, call: int) -> None:
    def work() -> str:
        die_at(name, call)
        write_together(new(folder))
        return "was not killed"

    assert in_child(work) is None


@pytest.mark.parametrize(("name", "call"), BOUNDARIES + REPLACEMENTS)
def test_killed_at_any_moment_each_file_is_whole_and_private(folder: Path, name: str, call: int) -> None:
    killed_at(folder, name, call)
    found = {file: (folder / file).read_bytes() for file in NAMES}
    replaced = call if name == "replace" else 3 if (name, call) == ("fsync", 3) else 0
    assert list(found.values()) == [NEW] * replaced + [OLD] * (3 - replaced)
    assert all(mode(path) == 0o600 for path in folder.glob("*.tmp"))


@pytest.mark.parametrize(("name", "call"), [*BOUNDARIES, ("replace", 0)])
def test_killed_before_the_first_replacement_everything_prepared_is_to_be_thrown_away(
    folder: Path, name: str, call: int
) -> None:
    killed_at(folder, name, call)
    abandoned, unfinished = leftovers([folder])
    assert unfinished == []
    assert set(abandoned) == {path for path in folder.iterdir() if path.suffix == ".tmp"}


@pytest.mark.parametrize("call", [0, 1, 2])
def test_killed_while_what_was_prepared_is_thrown_away_it_does_not_look_as_if_it_was_begun(
    folder: Path, call: int
) -> None:
    killed_at(folder, "replace", 0)

    def work() -> str:
        die_at("unlink", call)
        for path in leftovers([folder])[0]:
            path.unlink()
        return "was not killed"

    assert in_child(work) is None
    abandoned, unfinished = leftovers([folder])
    assert len(abandoned) == 3 - call
    assert unfinished == []


@pytest.mark.parametrize("call", [1, 2])
def test_killed_after_the_first_replacement_the_rest_is_to_be_finished(folder: Path, call: int) -> None:
    killed_at(folder, "replace", call)
    abandoned, unfinished = leftovers([folder])
    assert abandoned == []
    assert [left.target for left in unfinished] == [folder / name for name in NAMES[call:]]
    assert all(left.prepared.read_bytes() == NEW for left in unfinished)


def test_how_far_a_write_into_two_folders_came_shows_from_both(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def work() -> str:
        die_at("replace", 0)
        write_together({folder / "a.json": NEW, elsewhere / "b.json": NEW})
        return "was not killed"

    assert in_child(work) is None
    abandoned, unfinished = leftovers([folder, elsewhere])
    assert len(abandoned) == 2
    assert unfinished == []


def test_two_interrupted_writes_are_judged_apart(folder: Path) -> None:
    killed_at(folder, "replace", 0)
    killed_at(folder, "replace", 2)
    abandoned, unfinished = leftovers([folder])
    assert len(abandoned) == 3
    assert [left.target.name for left in unfinished] == ["c.json"]


def test_other_temporary_files_are_none_of_ours(folder: Path) -> None:
    for name in ("a.json.tmp", ".a.json.tmp", ".cave-setup-x-1-a.json.tmp", ".cave-setup-01234567-1-.tmp"):
        (folder / name).touch()
    assert leftovers([folder]) == ([], [])


def test_a_folder_that_is_not_there_has_no_leftovers(tmp_path: Path) -> None:
    assert leftovers([tmp_path / "nowhere"]) == ([], [])
