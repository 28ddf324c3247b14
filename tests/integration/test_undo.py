"""The last save taken back: what is looked at then, and what is not taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from unit.conftest import contents

from cave_setup.errors import NothingToUndo
from integration.conftest import read_secrets, write_secret

if TYPE_CHECKING:
    from pathlib import Path

    from cave_setup import Setup
    from cave_setup.demo import DemoServer
    from integration.conftest import SetUp


def backups(folder: Path) -> list[Path]:
    return sorted(folder.glob("*cave-setup.backup-*"))


def saved(setup: Setup, token: str) -> Setup:
    setup.use_token(token)
    assert setup.save(replace=True).step("save").state == "done"
    return setup


def test_a_replaced_token_comes_back_byte_for_byte(demo: DemoServer, ada: str, secrets: Path, set_up: SetUp) -> None:
    user = demo.world.user_by_email("ada@example.org")
    assert user is not None
    older = demo.world.make_key(user, "cluster").text
    write_secret(secrets, "cave-secret.json", older, fanc="kept")
    before = contents(secrets)
    setup = saved(set_up(demo.address), ada)
    assert set(read_secrets(secrets).values()) == {ada}
    status = setup.undo()
    assert contents(secrets) == before
    assert backups(secrets) == []
    assert status.token is not None
    assert status.token.masked.endswith(older[-4:])  # it is looked at again, and asked about on the server
    assert status.account is not None
    assert "The last save was taken back." in status.facts.reports
    assert ada in [token.text for _, token in demo.world.keys_of(user)]  # the key itself is not revoked


def test_a_first_save_leaves_nothing_behind_when_it_is_taken_back(
    demo: DemoServer, ada: str, secrets: Path, set_up: SetUp
) -> None:
    setup = saved(set_up(demo.address), ada)
    status = setup.undo()
    assert contents(secrets) == {}
    assert status.token is None
    assert status.step("save").state == "waiting"
    assert not any(ada in path.read_text() for path in secrets.iterdir())


def test_another_process_can_take_it_back(demo: DemoServer, ada: str, secrets: Path, set_up: SetUp) -> None:
    saved(set_up(demo.address), ada)
    status = set_up(demo.address).check()
    last = status.facts.store.last_save
    assert last is not None
    assert [before for _, before in last.files] == [None, None, None]
    set_up(demo.address).undo()
    assert contents(secrets) == {}


def test_only_the_last_save_can_be_taken_back_and_only_once(
    demo: DemoServer, ada: str, grace: str, secrets: Path, set_up: SetUp
) -> None:
    setup = saved(saved(set_up(demo.address), ada), grace)
    assert len(backups(secrets)) == 1
    setup.undo()
    assert set(read_secrets(secrets).values()) == {ada}
    with pytest.raises(NothingToUndo, match="No save of the last week"):
        setup.undo()
    assert set(read_secrets(secrets).values()) == {ada}


def test_a_save_that_changed_nothing_leaves_the_one_before_to_be_taken_back(
    demo: DemoServer, ada: str, secrets: Path, set_up: SetUp
) -> None:
    setup = saved(saved(set_up(demo.address), ada), ada)
    setup.undo()
    assert contents(secrets) == {}


def test_what_another_program_has_changed_since_stays_as_it_is(
    demo: DemoServer, ada: str, grace: str, secrets: Path, set_up: SetUp
) -> None:
    setup = saved(set_up(demo.address), ada)
    write_secret(secrets, "cave-secret.json", grace)
    before = contents(secrets)
    assert setup.check().facts.store.last_save is None  # so it is not offered
    with pytest.raises(NothingToUndo, match="Another program"):
        setup.undo()
    assert contents(secrets) == before


def test_a_key_that_was_replaced_by_rotation_does_not_come_back(
    demo: DemoServer, ada: str, secrets: Path, set_up: SetUp
) -> None:
    setup = saved(set_up(demo.address), ada)
    assert setup.rotate().ready
    assert backups(secrets) == []
    with pytest.raises(NothingToUndo):
        setup.undo()


def test_a_saved_sign_in_token_that_was_ended_does_not_come_back(
    demo: DemoServer, secrets: Path, set_up: SetUp
) -> None:
    user = demo.world.user_by_email("ada@example.org")
    assert user is not None
    write_secret(secrets, "cave-secret.json", demo.world.sign_in(user).text)
    setup = set_up(demo.address)
    setup.check()
    setup.make_token()
    assert setup.save().step("save").state == "done"
    assert backups(secrets) == []
