"""The token files through `Setup`, where the world does its worst: sudden ends, full and silent disks, other writers.

What one function does with a file is tested in `unit/test_token_store.py` and `unit/test_transaction.py`.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import random
import shutil
import signal
import stat
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from support import disks
from support.stress import STRESS
from unit.conftest import contents, die_at, in_child, mode

from cave_setup import Setup, words
from cave_setup.models import ServerAddress, Token
from cave_setup.token_store import TokenStore
from cave_setup.transaction import write_together
from integration.conftest import LAPTOP, SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cave_setup import Status
    from cave_setup.demo import DemoServer

DEFAULT = "cave-secret.json"
PRECIOUS = b"precious, though damaged"


class Person:
    """Somebody with two valid keys, and a home that other users of the computer can reach."""

    def __init__(self, demo: DemoServer, keys: tuple[str, str], home: Path) -> None:
        self.demo, self.keys, self.home = demo, keys, home
        self.folder = home / ".cloudvolume" / "secrets"
        # In the order in which a save replaces them.
        hosts = [address.removeprefix("http://") for address in (demo.address, demo.data_address)]
        self.files = [self.folder / name for name in (DEFAULT, *(f"{host}-{DEFAULT}" for host in hosts))]
        self._made: list[Setup] = []

    def setup(self, key: str = "", cloud_volume_dir: str | None = None) -> Setup:
        """A `Setup` of this home, as a person's own computer would have it; with this key in hand and verified."""
        store = TokenStore(self.home, cloud_volume_dir)
        setup = Setup(self.demo.address, variables={}, environment=LAPTOP, store=store)
        self._made.append(setup)
        if key:
            setup.use_token(key)
        return setup

    def close(self) -> None:
        for setup in self._made:
            setup.close()

    def put(self, file: Path, token: str = SECRET.reveal(), **entries: object) -> bytes:
        content = json.dumps({"token": token, **entries}).encode()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return content

    def tokens(self) -> list[str]:
        """What stands in the files that a save writes; every one of them is whole."""
        return [json.loads(file.read_bytes())["token"] for file in self.files if file.exists()]

    def leftovers(self) -> list[str]:
        return [path.name for path in self.home.rglob("*.tmp")]


@pytest.fixture
def person(demo: DemoServer, ada: str) -> Iterator[Person]:
    user = demo.world.user_by_email("ada@example.org")
    assert user is not None
    folder = Path(tempfile.mkdtemp(prefix="cave-setup-test-"))
    folder.chmod(0o755)
    home = folder / "home"
    home.mkdir()
    person = Person(demo, (ada, demo.world.make_key(user, "another laptop").text), home)
    yield person
    person.close()
    shutil.rmtree(folder)


class Said(NamedTuple):
    """What the save step says, and what was seen beside it."""

    state: str
    summary: str
    remedy: str
    notes: list[str]
    seen: Any = None


def said(status: Status, seen: object = None) -> Said:
    step = status.step("save")
    return Said(step.state, step.summary, step.remedy or "", list(step.notes), seen)


def told(work: Callable[[], Said]) -> Said:
    """Have a child process do it, and give what it was told; an exception there is a failure here."""
    answer = in_child(work)
    assert isinstance(answer, list), answer
    return Said(*answer)


def save(setup: Setup) -> Said:
    return said(setup.save(replace=True))


def assert_free(lock: Path) -> None:
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


# ------------------------------------------------------------------------------------------------ whose files they are


@pytest.mark.parametrize("mask", [0o000, 0o022], ids=oct)
def test_everything_that_is_made_is_this_users_alone_whatever_the_umask(person: Person, mask: int) -> None:
    volumes = person.home / "volumes"
    first, second = (person.setup(key, cloud_volume_dir=str(volumes)) for key in person.keys)

    def save_with_all_that_can_happen() -> Said:
        os.umask(mask)
        first.save()
        person.files[0].write_bytes(PRECIOUS)
        return save(second)

    def be_killed() -> Said:
        os.umask(mask)
        die_at("replace", 2)
        return save(first)

    assert told(save_with_all_that_can_happen).state == "done"
    assert in_child(be_killed) is None
    made = list(person.home.rglob("*"))
    for part in ("/.cave-setup.lock", ".damaged-", ".tmp", "/volumes/secrets/cave-secret.json"):
        assert any(part in str(path) for path in made), part
    assert {mode(path) for path in made if path.is_file()} == {0o600}
    assert {mode(path) for path in made if path.is_dir()} == {0o700}


# ------------------------------------------------------------------------------------------------------ sudden ends


def saving_for_ever(setups: list[Setup]) -> int:
    """Start a process that saves one key and the other in turn, and give its number once it does."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writing, b".")
            while True:
                for setup in setups:
                    setup.save(replace=True)
        finally:
            os._exit(1)
    os.close(writing)
    os.read(reading, 1)
    os.close(reading)
    return child


def test_killed_at_random_moments_every_file_is_whole_and_the_next_check_mends(person: Person) -> None:
    looking = person.setup()
    interrupted = differed = 0
    for run in range(200):
        if interrupted and run >= 40 and not STRESS:
            break
        if not run % 20:  # what a server said counts for a minute
            saving = [person.setup(key) for key in person.keys]
            began = time.perf_counter()
            for setup in saving:
                setup.save(replace=True)
            both = time.perf_counter() - began
        child = saving_for_ever(saving)
        time.sleep(random.uniform(0, both))
        os.kill(child, signal.SIGKILL)
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL

        tokens = person.tokens()
        assert len(tokens) == 3
        assert set(tokens) <= set(person.keys)
        assert {mode(path) for path in person.folder.iterdir()} == {0o600}
        differ = len(set(tokens)) > 1
        interrupted += bool(person.leftovers())
        differed += differ

        status = looking.check()
        assert status.ready
        [token] = set(person.tokens())
        assert token == tokens[0] or not differ  # once the first has been replaced, nothing is taken back
        finished = differ or token != tokens[0]  # of the save only the backup was in place
        assert [note for note in said(status).notes if "interrupted" in note] == (
            [words.finished_interrupted(status.facts.mended)] if finished else []
        )
        assert bool(status.facts.mended) == finished
        assert person.leftovers() == []
        assert_free(person.folder / ".cave-setup.lock")
        assert looking.check().facts.mended == ()
    # At so many moments some are in the middle of it; or else nothing of all this was put to the test.
    assert interrupted
    assert differed or not STRESS


CALLS = ("mkdir", "open", "fdopen", "fsync", "replace", "unlink", "chmod")


def faulty(number: int, fault: Callable[[], object], *, reading: bool = True, for_good: bool = False) -> list[str]:
    """Count the calls that concern the disk, also those that only read; have the one of this number fail."""
    made: list[str] = []

    def wrap(name: str) -> None:
        real = getattr(os, name)

        def counting(*arguments: Any, **options: Any) -> Any:
            is_reading = name == "open" and not arguments[1] & (os.O_WRONLY | os.O_RDWR)
            if reading or not is_reading:
                made.append(name)
                if len(made) == number + 1 or (for_good and len(made) > number):
                    fault()
            return real(*arguments, **options)

        setattr(os, name, counting)

    for name in CALLS:
        wrap(name)
    return made


def nothing(_person: Person) -> None:
    """An empty home."""


def old_ones(person: Person) -> None:
    for number, file in enumerate(person.files[:2]):
        person.put(file, mine=number)
    person.files[2].write_bytes(PRECIOUS)


BEFORE = pytest.mark.parametrize("prepare", [nothing, old_ones])


def calls_of_a_save(person: Person, setup: Setup, *, reading: bool) -> list[str]:
    """Names of the calls that a save makes here."""

    def work() -> Said:
        made = faulty(-1, list, reading=reading)
        return said(setup.save(replace=True), made)

    before = person.home.parent / "before"
    shutil.copytree(person.home, before)
    done = told(work)
    assert done.state == "done"
    shutil.rmtree(person.home)
    before.rename(person.home)
    made: list[str] = done.seen
    return made


def assert_nothing_lost(person: Person, before: dict[str, bytes]) -> None:
    """Every file is whole, and what was damaged before is still somewhere."""
    whole = [content for name, content in contents(person.home).items() if name.endswith(".json")]
    assert all(content == PRECIOUS or isinstance(json.loads(content), dict) for content in whole)
    assert (PRECIOUS in before.values()) == (PRECIOUS in contents(person.home).values())
    for number, file in enumerate(person.files[:2] if before else []):
        assert json.loads(file.read_bytes())["mine"] == number


def test_files_that_differ_are_named_while_another_program_keeps_us_from_mending(person: Person) -> None:
    old, new = (person.setup(key) for key in person.keys)
    old.save()

    def be_killed() -> Said:
        die_at("replace", 3)  # the first is the backup's
        return save(new)

    assert in_child(be_killed) is None
    first, second = person.keys
    assert person.tokens() == [second, second, first]
    looking = person.setup()
    with (person.folder / ".cave-setup.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        step = said(looking.check())
        assert step.state == "current"
        shown = f"~/.cloudvolume/secrets/{person.files[2].name}"
        assert step.summary == words.would_read_other("cloud-volume", Token(first).masked, shown)
        assert person.tokens() == [second, second, first]
    assert said(looking.check()).state == "done"
    assert person.tokens() == [second] * 3


@BEFORE
def test_killed_at_every_boundary_every_file_is_whole_and_the_next_check_mends(
    person: Person, prepare: Callable[[Person], None]
) -> None:
    prepare(person)
    setup, looking = person.setup(person.keys[0]), person.setup()
    looking.check()
    calls = calls_of_a_save(person, setup, reading=False)
    assert {"open", "fsync", "replace"} <= set(calls)
    for number, name in enumerate(calls):
        shutil.rmtree(person.home)
        person.home.mkdir()
        prepare(person)
        before = contents(person.home)

        def be_killed(number: int = number) -> Said:
            faulty(number, lambda: os._exit(1), reading=False)
            return save(setup)

        assert in_child(be_killed) is None, (number, name)
        assert_nothing_lost(person, before)
        new = {file: file.exists() and person.keys[0].encode() in file.read_bytes() for file in person.files}
        begun = any(person.folder.glob("cave-setup.backup-*"))  # the first of all that is moved into place
        assert begun >= any(new.values())
        status = looking.check()
        assert_nothing_lost(person, before)
        assert person.leftovers() == []
        if begun:
            assert person.tokens() == [person.keys[0]] * 3
        else:
            assert person.keys[0] not in str(contents(person.home))
        assert bool(status.facts.mended) == (begun and not all(new.values())), (number, name)
        assert status.ready == begun


# What was written could not be read back.
SAVED_PERHAPS = {words.HALF_SAVED_REMEDY, words.READ_BACK_REMEDY, words.DAMAGED_UNREADABLE_REMEDY}


@BEFORE
@pytest.mark.parametrize("for_good", [False, True], ids=["once", "from then on"])
def test_whatever_the_disk_refuses_all_is_saved_or_nothing_and_it_is_said(
    person: Person, prepare: Callable[[Person], None], *, for_good: bool
) -> None:
    prepare(person)
    setup = person.setup(person.keys[0])
    faults = [errno.EIO, errno.ENOSPC, errno.EDQUOT]
    for number, name in enumerate(calls_of_a_save(person, setup, reading=STRESS)):
        shutil.rmtree(person.home)
        person.home.mkdir()
        prepare(person)
        before = contents(person.home)
        fault = faults[number % 3]

        def refuse(fault: int = fault) -> None:
            raise OSError(fault, os.strerror(fault))

        def be_refused(number: int = number, refuse: Callable[[], None] = refuse) -> Said:
            faulty(number, refuse, reading=STRESS, for_good=for_good)
            return save(setup)

        where = f"{number} {name} {errno.errorcode[fault]}"
        answer = told(be_refused)
        assert_nothing_lost(person, before)
        if answer.state == "done":
            assert person.tokens() == [person.keys[0]] * 3, where
        else:
            assert answer.state == "problem", where
            assert answer.summary, where
            assert answer.remedy, where
            if answer.remedy not in SAVED_PERHAPS:
                kept = {file: content for file, content in contents(person.home).items() if file in before}
                assert kept == before, where
                assert "Nothing was changed" in answer.remedy, (where, answer)
                assert not any(person.keys[0].encode() in file.read_bytes() for file in person.folder.glob("*.json"))
        assert save(setup).state == "done", where
        assert_nothing_lost(person, before)
        assert person.tokens() == [person.keys[0]] * 3
        assert person.leftovers() == []


# ---------------------------------------------------------------------------------------------------- four at once

ROUNDS = 200 if STRESS else 50
OURS = ServerAddress("https://cave.example.org")


def four_at_once(work: Callable[[int, int], None], rounds: int) -> list[str]:
    """Have four processes do the work again and again, all from the same moment on; gives what crashed."""
    start = time.monotonic() + 0.3

    def again_and_again(process: int) -> list[str]:
        crashed = []
        time.sleep(max(0.0, start - time.monotonic()))
        for number in range(rounds):
            try:
                work(process, number)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is reported
                crashed.append(f"{type(error).__name__}: {error}")
        return crashed

    results: list[list[str]] = []

    def run(process: int) -> None:
        results.append(in_child(lambda: again_and_again(process)))

    threads = [threading.Thread(target=run, args=(process,)) for process in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    return [crash for crashed in results for crash in crashed]


def add_entry(path: Path, process: int, number: int) -> None:
    entries = json.loads(path.read_bytes())
    entries[f"{process}-{number}"] = f"{process:016x}{number:016x}"
    write_together({path: json.dumps(entries).encode()})


def test_four_processes_add_to_one_file_at_once_and_nothing_is_lost(home: Path) -> None:
    path = home / ".cloudvolume" / "secrets" / DEFAULT
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"google": "kept"}')

    def add(process: int, number: int) -> None:
        with TokenStore(home)._obstacles.locked():
            add_entry(path, process, number)

    assert four_at_once(add, ROUNDS) == []
    wanted = {f"{process}-{number}": f"{process:016x}{number:016x}" for process in range(4) for number in range(ROUNDS)}
    assert json.loads(path.read_bytes()) == {"google": "kept", **wanted}
    assert sorted(entry.name for entry in path.parent.iterdir()) == [".cave-setup.lock", DEFAULT]


def test_without_the_lock_the_same_loses_some(home: Path) -> None:
    path = home / DEFAULT
    path.write_bytes(b"{}")
    assert four_at_once(lambda process, number: add_entry(path, process, number), 50) == []
    assert len(json.loads(path.read_bytes())) < 200


def test_four_processes_save_for_many_deployments_at_once_and_none_is_lost(home: Path) -> None:
    rounds = 40 if STRESS else 12  # each save reads the files of all deployments
    folder = home / ".cloudvolume" / "secrets"
    folder.mkdir(parents=True)
    (folder / DEFAULT).write_bytes(b'{"fanc_production_mar2021": "kept"}')

    def address(process: int, number: int) -> ServerAddress:
        return ServerAddress(f"https://cave-{process}-{number}.example.org")

    def token(process: int, number: int) -> Token:
        return Token(f"{process:016x}{number:016x}")

    def save_one(process: int, number: int) -> None:
        TokenStore(home).save(token(process, number), address(process, number), None, replace=True, default="replace")

    crashed = four_at_once(save_one, rounds)
    assert crashed == []
    every = [(process, number) for process in range(4) for number in range(rounds)]
    for process, number in every:
        file = folder / address(process, number).file_name
        assert json.loads(file.read_bytes())["token"] == token(process, number).reveal()
        assert mode(file) == 0o600
    default = json.loads((folder / DEFAULT).read_bytes())
    assert default.pop("token") in {token(*one).reveal() for one in every}
    assert default == {"fanc_production_mar2021": "kept"}
    assert len(list(folder.iterdir())) == len(every) + 3  # the default, the lock, the backup


# ----------------------------------------------------------------------------------------------- disks that refuse

needs_mounts = pytest.mark.skipif(
    not disks.can_mount(),
    reason="nobody may mount disks here; what a user without rights meets is in unit/test_token_store.py all the same",
)


def full_disk(person: Person) -> None:
    disks.small_disk(person.home, "size=64k")
    person.put(person.files[0], mine=1)
    with contextlib.suppress(OSError), (person.home / "large").open("wb", buffering=0) as large:
        while True:
            large.write(bytes(4096))


def disk_with_room_for_one_more_page(person: Person) -> None:
    full_disk(person)
    os.truncate(person.home / "large", (person.home / "large").stat().st_size - 4096)


def disk_with_too_many_files(person: Person) -> None:
    disks.small_disk(person.home, "nr_inodes=7")
    person.put(person.files[0], mine=1)


def read_only_home(person: Person) -> None:
    disks.read_only(person.home)


def read_only_home_with_a_file(person: Person) -> None:
    person.put(person.files[0], mine=1)
    disks.read_only(person.home)


def read_only_folder_of_a_linked_file(person: Person) -> None:
    real = person.home / "dotfiles" / "cave.json"
    person.put(real, mine=1)
    person.folder.mkdir(parents=True)
    person.files[1].symlink_to(real)
    disks.read_only(real.parent)


def one_lent(person: Person, number: int) -> None:
    person.put(person.files[number], mine=1)
    person.put(person.home / "lent")
    disks.put_over(person.home / "lent", person.files[number])


def first_file_lent_to_a_container(person: Person) -> None:
    one_lent(person, 0)


def second_file_lent_to_a_container(person: Person) -> None:
    one_lent(person, 1)


def folder_is_a_link_to_nowhere(person: Person) -> None:
    person.folder.parent.mkdir()
    person.folder.symlink_to(person.home / "not mounted" / "secrets")


def folder_is_a_link_to_itself(person: Person) -> None:
    person.folder.parent.mkdir()
    person.folder.symlink_to(person.folder)


def folder_is_a_link_to_a_file(person: Person) -> None:
    person.folder.parent.mkdir()
    (person.home / "mine").write_text("mine")
    person.folder.symlink_to(person.home / "mine")


def file_is_a_link_into_a_folder_that_is_not_there(person: Person) -> None:
    person.folder.mkdir(parents=True)
    person.files[1].symlink_to(person.home / "not mounted" / "cave.json")


def folder_in_the_place_of_a_file(person: Person) -> None:
    person.files[2].mkdir(parents=True)


def pipe_in_the_place_of_a_file(person: Person) -> None:
    person.folder.mkdir(parents=True)
    os.mkfifo(person.files[2])


REFUSING: dict[Callable[[Person], None], str] = {
    full_disk: "the disk is full",
    disk_with_room_for_one_more_page: "the disk is full",
    disk_with_too_many_files: "the disk is full",
    read_only_home: "it is read-only",
    read_only_home_with_a_file: "it is read-only",
    read_only_folder_of_a_linked_file: "it is read-only",
    first_file_lent_to_a_container: words.LENT_FILE,
    second_file_lent_to_a_container: words.LENT_FILE,
    folder_is_a_link_to_nowhere: "the link ~/.cloudvolume/secrets leads nowhere",
    folder_is_a_link_to_itself: "the link ~/.cloudvolume/secrets leads nowhere",
    folder_is_a_link_to_a_file: "the file ~/.cloudvolume/secrets stands where a folder should be",
    file_is_a_link_into_a_folder_that_is_not_there: words.LINK_LEADS_NOWHERE,
    folder_in_the_place_of_a_file: "cannot be opened",
    pipe_in_the_place_of_a_file: "cannot be opened",
}


def everything(folder: Path) -> dict[str, Any]:
    """All that lies there, links as links."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        bits = path.lstat().st_mode
        is_file = stat.S_ISREG(bits) and path.suffix != ".lock"
        found[str(path.relative_to(folder))] = [bits, path.read_bytes().hex() if is_file else ""]
    return {name: what for name, what in found.items() if not name.endswith(".lock")}


@needs_mounts
@pytest.mark.parametrize(("prepare", "reason"), REFUSING.items(), ids=[work.__name__ for work in REFUSING])
def test_where_it_cannot_be_saved_that_is_said_with_a_remedy_and_nothing_is_changed(
    person: Person, prepare: Callable[[Person], None], reason: str
) -> None:
    setup = person.setup(person.keys[0])

    def work() -> Said:
        disks.own_mounts()
        prepare(person)
        before = everything(person.home)
        first = save(setup)
        setup.check()
        again = save(setup)  # nothing has got stuck in between
        kept = {name: what for name, what in everything(person.home).items() if name in before or ".tmp" in name}
        return first._replace(seen=[kept == before, again == first, person.leftovers()])

    answer = told(work)
    assert answer.state == "problem"
    assert reason in answer.summary
    assert "Nothing was changed" in answer.remedy or "move it away" in answer.remedy
    assert answer.seen == [True, True, []]


@needs_mounts
def test_once_there_is_room_again_it_is_saved(person: Person) -> None:
    setup = person.setup(person.keys[0])

    def work() -> Said:
        disks.own_mounts()
        full_disk(person)
        assert save(setup).state == "problem"
        (person.home / "large").unlink()
        return said(setup.save(replace=True), person.tokens())

    answer = told(work)
    assert (answer.state, answer.seen) == ("done", [person.keys[0]] * 3)


def folder_on_another_disk(person: Person) -> None:
    disk = person.home / "disk"
    disk.mkdir()
    disks.small_disk(disk, "size=64k")
    person.folder.parent.mkdir()
    person.folder.symlink_to(disk)


def file_on_another_disk(person: Person) -> None:
    disk = person.home / "disk"
    disk.mkdir()
    disks.small_disk(disk, "size=64k")
    person.put(disk / "cave.json")
    person.folder.mkdir(parents=True)
    person.files[1].symlink_to(disk / "cave.json")


def link_to_a_file_that_is_not_there_yet(person: Person) -> None:
    person.folder.mkdir(parents=True)
    person.files[1].symlink_to(person.home / "later.json")


@needs_mounts
@pytest.mark.parametrize(
    "prepare", [folder_on_another_disk, file_on_another_disk, link_to_a_file_that_is_not_there_yet]
)
@pytest.mark.parametrize("killed", [False, True], ids=["undisturbed", "killed in the middle"])
def test_links_stay_links_and_what_they_lead_to_is_saved(
    person: Person, prepare: Callable[[Person], None], *, killed: bool
) -> None:
    setup, looking = person.setup(person.keys[0]), person.setup()

    def be_killed() -> Said:
        die_at("replace", 1)
        return save(setup)

    def work() -> Said:
        disks.own_mounts()
        prepare(person)
        links = [str(path) for path in person.home.rglob("*") if path.is_symlink()]
        if killed:
            assert in_child(be_killed) is None
            looking.check()
        else:
            setup.save(replace=True)
        modes = [mode(file) for file in person.files]
        links_now = [str(path) for path in person.home.rglob("*") if path.is_symlink()]
        return said(looking.check(), [person.tokens(), modes, links == links_now, person.leftovers()])

    answer = told(work)
    assert answer.state == "done"
    assert answer.seen == [[person.keys[0]] * 3, [0o600] * 3, True, []]


# ---------------------------------------------------------------------------------------------- somebody else's

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can make files that are somebody else's")


def theirs(path: Path, bits: int) -> None:
    path.chmod(bits)
    os.chown(path, 0, 0)


def ours(path: Path) -> None:
    os.chown(path, disks.SOMEBODY, disks.SOMEBODY)


@as_root
def test_a_file_of_somebody_else_that_can_be_read_becomes_ones_own(person: Person) -> None:
    person.put(person.files[1], mine=1)
    ours(person.folder)
    theirs(person.files[1], 0o644)
    setup = person.setup(person.keys[0])

    def work() -> Said:
        disks.become()
        return save(setup)

    assert told(work).state == "done"
    assert person.files[1].stat().st_uid == disks.SOMEBODY
    assert mode(person.files[1]) == 0o600
    assert json.loads(person.files[1].read_bytes()) == {"token": person.keys[0], "mine": 1}


@as_root
@pytest.mark.parametrize(
    ("bits", "reason"),
    [
        pytest.param((0o755, 0o700, 0o600), "cannot be opened", id="a file that only root can read"),
        pytest.param((0o755, 0o1777, 0o644), "you may not write there", id="a file that only root can replace"),
        pytest.param((0o755, 0o755, 0o644), "you may not write there", id="a folder that only root can write to"),
        pytest.param((0o755, 0o700, 0o644), "you may not write there", id="a folder that only root can enter"),
        pytest.param((0o755, 0o744, 0o644), "you may not write there", id="a folder that can only be listed"),
    ],
)
def test_what_is_somebody_elses_is_named_and_left(person: Person, bits: tuple[int, int, int], reason: str) -> None:
    person.put(person.files[1], mine=1)
    for path, its in zip((person.home, person.folder, person.files[1]), bits, strict=True):
        theirs(path, its)
    if reason == "cannot be opened":
        ours(person.folder)
    before = everything(person.home)
    setup = person.setup(person.keys[0])

    def work() -> Said:
        disks.become()
        first = save(setup)
        setup.look_here()
        return first

    answer = told(work)
    assert answer.state == "problem"
    assert reason in answer.summary
    assert answer.remedy
    assert everything(person.home) == before


@as_root
def test_a_home_that_only_root_can_write_to_is_named_and_left(person: Person) -> None:
    setup = person.setup(person.keys[0])

    def work() -> Said:
        disks.become()
        return save(setup)

    answer = told(work)
    assert answer.state == "problem"
    assert answer.summary == words.folder_not_writable("~/.cloudvolume/secrets", "you may not write there")
    assert list(person.home.iterdir()) == []


# ----------------------------------------------------------------------------------------- disks of slow networks


@needs_mounts
@pytest.mark.skipif(not os.access("/dev/fuse", os.R_OK | os.W_OK), reason="there is no /dev/fuse to be deaf with")
def test_a_disk_that_never_answers_is_named_keeps_nobody_and_is_found_again(person: Person) -> None:
    disk = person.home / "disk"
    disk.mkdir()
    person.folder.parent.mkdir()
    person.folder.symlink_to(disk)

    def work() -> Said:
        disks.own_mounts()
        end = disks.deaf_disk(disk)
        began = time.monotonic()
        ticks = 0
        threads = threading.active_count()
        person.setup()
        setup = Setup(person.demo.address, variables={"CAVE_SETUP_ENVIRONMENT": ""}, store=TokenStore(person.home))
        checking = threading.Thread(target=setup.use_token, args=(person.keys[0],))
        checking.start()
        while checking.is_alive():
            checking.join(0.01)
            ticks += 1
        silent = said(setup.found())
        refused = save(setup)
        for _ in range(3):
            setup.check()
        left_behind = threading.active_count() - threads
        seconds = time.monotonic() - began
        end()
        while any(thread.name == "cave-setup-reads" for thread in threading.enumerate()):
            time.sleep(0.01)
        return said(setup.save(), [silent, refused, ticks, left_behind, seconds, person.tokens()])

    answer = told(work)
    silent, refused, ticks, left_behind, seconds, tokens = answer.seen
    assert silent[:3] == ["problem", words.disk_silent("~/.cloudvolume/secrets"), words.DISK_SILENT_REMEDY]
    assert refused == silent
    assert ticks > 20  # the interpreter was never held
    assert left_behind <= 2  # the one that follows links, and the one that reads; not one each time
    assert seconds < 60
    assert (answer.state, tokens) == ("done", [person.keys[0]] * 3)


def test_a_disk_that_is_only_slow_is_waited_for(person: Person) -> None:
    setup = person.setup(person.keys[0])

    def work() -> Said:
        faulty(0, lambda: time.sleep(0.02), for_good=True)
        assert save(setup).state == "done"
        return said(person.setup().check(), person.tokens())

    answer = told(work)
    assert (answer.state, answer.seen) == ("done", [person.keys[0]] * 3)


def test_a_stale_handle_is_named_and_what_cannot_be_read_is_not_replaced(person: Person) -> None:
    before = person.put(person.files[1], mine=1)
    setup = person.setup(person.keys[0])

    def work() -> Said:
        real = os.open

        def stale(path: Any, *arguments: Any, **options: Any) -> int:
            if os.fspath(path) == str(person.files[1]):
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
            return real(path, *arguments, **options)

        os.open = stale
        first = said(setup.look_here())
        return save(setup)._replace(seen=first)

    answer = told(work)
    shown = f"~/.cloudvolume/secrets/{person.files[1].name}"
    for said_of_it in (answer, Said(*answer.seen)):
        assert said_of_it[:2] == ("problem", words.file_damaged(shown, words.DAMAGE["unreadable"]))
        assert said_of_it.remedy == words.DAMAGED_UNREADABLE_REMEDY
    assert contents(person.home) == {f".cloudvolume/secrets/{person.files[1].name}": before}


def test_a_disk_without_locks_is_named_and_nothing_is_changed(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    before = person.put(person.files[0])
    setup = person.setup(person.keys[0])

    def no_locks(*_arguments: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    answer = save(setup)
    assert answer.state == "problem"
    assert answer.summary == words.folder_not_writable("~/.cloudvolume/secrets", words.NO_LOCKS)
    assert contents(person.home) == {f".cloudvolume/secrets/{DEFAULT}": before}
