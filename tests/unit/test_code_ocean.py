"""What a capsule says of itself: every known form of its files, and every form that none should have."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from support.capsule import API_CREDENTIALS, AWS, CUSTOM_KEY, Capsule
from unit.conftest import in_child

from cave_setup.code_ocean import account_page, read_capsule
from cave_setup.errors import AddressError
from cave_setup.models import Slot

NOWHERE = Path("/nowhere-at-all")


@pytest.fixture
def capsule(home: Path) -> Capsule:
    return Capsule(home)


def test_a_home_without_a_capsule_says_nothing(home: Path) -> None:
    found = read_capsule(home, NOWHERE)
    assert (found.slots, found.account_page, found.damage) == ((), "", "")


def test_secrets_json_says_where_values_arrive(home: Path, capsule: Capsule) -> None:
    capsule.attach(CUSTOM_KEY, API_CREDENTIALS, AWS)
    found = read_capsule(home, NOWHERE)
    assert found.slots == (
        Slot("CAVE TOKEN", "CUSTOM_KEY"),
        Slot("Cave client credentials", "API_SECRET"),
    )


def test_an_older_capsule_says_it_in_its_environment(home: Path, capsule: Capsule) -> None:
    capsule.attach_as_before({name: value for name, value in API_CREDENTIALS.items() if name != "id"})
    found = read_capsule(home, NOWHERE)
    assert [slot.variable for slot in found.slots] == ["API_SECRET"]


def test_an_environment_without_credentials_is_no_list(home: Path, capsule: Capsule) -> None:
    (capsule.folder / "environment/environment.yml").write_text("version: 1\ninstallers: {}\n")
    assert read_capsule(home, NOWHERE).slots == ()
    assert read_capsule(home, NOWHERE).damage == ""


def test_todays_list_counts_more_than_the_older_one(home: Path, capsule: Capsule) -> None:
    capsule.attach_as_before(API_CREDENTIALS)
    capsule.attach()
    found = read_capsule(home, NOWHERE)
    assert found.slots == ()


def test_the_capsule_is_found_where_the_home_is_another(home: Path, tmp_path: Path) -> None:
    capsule = Capsule(tmp_path / "system/root")
    capsule.attach(CUSTOM_KEY)
    found = read_capsule(home, tmp_path / "system")
    assert [slot.variable for slot in found.slots] == ["CUSTOM_KEY"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'"secrets"', b'{"secrets": {}}', b'{"secrets": 3}', b"\xff\xfe\x00", b"[" * 100_000],
)
def test_a_list_that_cannot_be_read_is_named(home: Path, capsule: Capsule, content: bytes) -> None:
    (capsule.folder / ".codeocean/secrets.json").write_bytes(content)
    found = read_capsule(home, NOWHERE)
    assert found.slots == ()
    assert "~/capsule/.codeocean/secrets.json" in found.damage
    assert found.account_page


@pytest.mark.parametrize(
    "content",
    ["credentials: [", "credentials: {", "credentials:\n\t- x", "a: *credentials"],
)
def test_an_environment_that_is_no_yaml_is_named_and_nothing_in_it_is_run(
    home: Path, capsule: Capsule, content: str
) -> None:
    (capsule.folder / "environment/environment.yml").write_text(content)
    assert "environment.yml" in read_capsule(home, NOWHERE).damage


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.getcwd", "!!bool", "!!int", "!!float", "!!timestamp", "!x"])
def test_tags_in_yaml_make_nothing(home: Path, capsule: Capsule, tag: str) -> None:
    for value in ("", "x", "[]"):
        (capsule.folder / "environment/environment.yml").write_text(f"credentials: {tag} {value}\n")
        assert read_capsule(home, NOWHERE).slots == ()


def test_yaml_that_grows_without_end_is_not_spelled_out(home: Path, capsule: Capsule) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    lines += [
        "credentials:",
        "  - type: *a11",
        "    value: *a11",
        "  - {type: general, value: CUSTOM_KEY, description: *a11}",
    ]
    (capsule.folder / "environment/environment.yml").write_text("\n".join(lines))
    assert read_capsule(home, NOWHERE).slots == (Slot("", "CUSTOM_KEY"),)


def test_odd_entries_are_passed_over_and_the_others_kept(home: Path, capsule: Capsule) -> None:
    odd: list[object] = [None, 3, [], {}, {"type": "general"}, {"type": "general", "value": 7}, {"type": ["general"]}]
    (capsule.folder / ".codeocean/secrets.json").write_text(json.dumps({"secrets": [*odd, CUSTOM_KEY]}))
    assert read_capsule(home, NOWHERE).slots == (Slot("CAVE TOKEN", "CUSTOM_KEY"),)


def test_what_others_wrote_into_the_list_is_one_short_line(home: Path, capsule: Capsule) -> None:
    capsule.attach({**CUSTOM_KEY, "description": "CAVE\n\x1b[31m" + "x" * 500})
    (slot,) = read_capsule(home, NOWHERE).slots
    assert len(slot.description) <= 120
    assert slot.description.isprintable()


@pytest.mark.parametrize(
    ("remote", "page"),
    [
        ("https://codeocean.example.org/capsule-1234567.git", "https://codeocean.example.org/account"),
        ("https://ada:s3cret@codeocean.example.org/capsule-1234567.git", "https://codeocean.example.org/account"),
        ("https://codeocean.example.org:8443/capsule-1234567.git", "https://codeocean.example.org:8443/account"),
        ("https://github.com/ada/analysis.git", ""),
        ("https://github.com/ada/capsule-1234567.git", ""),
        ("git@codeocean.example.org:capsule-1234567.git", ""),
        ("http://codeocean.example.org/capsule-1234567.git", ""),
        ("https://[/capsule-1234567.git", ""),
        ("javascript:alert(1)//capsule-1234567.git", ""),
        ("/data/capsule-1234567.git", ""),
    ],
)
def test_the_deployment_is_known_from_where_git_fetches(home: Path, capsule: Capsule, remote: str, page: str) -> None:
    capsule.made_by_git(remote)
    assert read_capsule(home, NOWHERE).account_page == page


def test_a_mirror_beside_it_is_passed_over(home: Path, capsule: Capsule) -> None:
    capsule.made_by_git("https://github.com/ada/analysis.git", "https://codeocean.example.org/capsule-7654321")
    assert read_capsule(home, NOWHERE).account_page == "https://codeocean.example.org/account"


def test_without_git_the_deployment_is_not_known(home: Path, capsule: Capsule) -> None:
    (capsule.folder / ".git/config").unlink()
    assert read_capsule(home, NOWHERE).account_page == ""


@pytest.mark.parametrize(
    "typed",
    [
        "https://codeocean.example.org/capsule/1234567/tree",
        "codeocean.example.org",
        " https://codeocean.example.org/account?tab=x ",
        "CODEOCEAN.example.org/",
        "http://codeocean.example.org",
    ],
)
def test_any_address_of_the_deployment_will_do(typed: str) -> None:
    assert account_page(typed) == "https://codeocean.example.org/account"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "  ",
        "my capsule",
        "codeocean",
        "https://u:p@c.org",
        "javascript:x",
        "127.0.0.1",
        "https://1.1/",
        "https://2130706433.1/",
        "javascript://codeocean.example.org/",
        "0123456789abcdef0123456789abd0d8",
        "https://codeocean/0123456789abcdef0123456789abd0d8",
        "cop_0123456789abcdef",
    ],
)
def test_what_is_no_address_gets_a_sentence_that_repeats_nothing_of_it(typed: str) -> None:
    with pytest.raises(AddressError) as caught:
        account_page(typed)
    assert caught.value.sentence == "This is not the address of a Code Ocean."
    assert caught.value.remedy
    assert not [piece for piece in ("0123456789", "cop_", "u:p", "my capsule") if piece in str(caught.value)]


@pytest.mark.parametrize("name", [".codeocean/secrets.json", "environment/environment.yml", ".git/config"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "huge"])
def test_what_is_no_small_plain_file_keeps_nobody(home: Path, capsule: Capsule, name: str, kind: str) -> None:
    path = capsule.folder / name
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.write_bytes(b"credentials: \n" * 100_000)
    found = read_capsule(home, NOWHERE)
    assert found.slots == ()
    assert found.account_page == ("" if "git" in name else "https://codeocean.example.org/account")


def test_blank_lines_without_end_in_gits_settings_take_no_time(home: Path, capsule: Capsule) -> None:
    (capsule.folder / ".git/config").write_text("\n" * 60_000)
    began = time.thread_time()
    read_capsule(home, NOWHERE)
    assert time.thread_time() - began < 30


def test_a_token_that_was_written_into_a_name_does_not_show(home: Path, capsule: Capsule) -> None:
    token = "0123456789abcdef0123456789abd0d8"
    capsule.attach({**CUSTOM_KEY, "description": f"CAVE {token}", "value": token})
    assert "0123456789" not in repr(read_capsule(home, NOWHERE))


@pytest.mark.parametrize(
    "name", ["JPY_API_TOKEN", "CO_CAPSULE_ID", "AWS_SECRET", "JUPYTERHUB_API_TOKEN", "PATH", "HOME"]
)
def test_what_the_platform_has_for_itself_is_no_secret_that_somebody_attached(
    home: Path, capsule: Capsule, name: str
) -> None:
    capsule.attach({**CUSTOM_KEY, "value": name})
    assert read_capsule(home, NOWHERE).slots == ()


def test_a_capsule_that_may_not_be_entered_says_nothing(public_folder: Path) -> None:
    Capsule(public_folder).attach(CUSTOM_KEY)
    (public_folder / "capsule/.codeocean").chmod(0o000)
    (public_folder / "capsule/.git").chmod(0o000)
    assert not in_child(lambda: read_capsule(public_folder, NOWHERE).slots, as_nobody=True)
    os.chmod(public_folder / "capsule/.codeocean", 0o700)  # noqa: PTH101 - for the cleaning up
