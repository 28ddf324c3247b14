"""The table of known deployments, what is likely a mistake, and what is made of an account's rights. Asks nobody."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.facts import MICRONS, TOKEN, facts, nothing_yet

from cave_setup import Setup, errors
from cave_setup.errors import AddressError
from cave_setup.models import (
    DEFAULT_DATASTACK,
    DEFAULT_SERVER,
    DEPLOYMENTS,
    Rights,
    ServerAddress,
    UnknownDatastack,
    deployment_of,
    likely_meant,
    what_was_meant,
)
from cave_setup.plan import plan

MICRONS_HOST, V1DD_HOST, H01_HOST = (one.host for one in DEPLOYMENTS)


def test_the_default_is_the_first_and_its_usual_datastack() -> None:
    assert DEPLOYMENTS[0].url == DEFAULT_SERVER
    assert DEPLOYMENTS[0].datastacks[0] == DEFAULT_DATASTACK


def test_nothing_stands_in_the_table_twice_and_every_host_can_be_one() -> None:
    hosts = [host for one in DEPLOYMENTS for host in (one.host, *one.other_names, *one.data_servers)]
    datastacks = [name for one in DEPLOYMENTS for name in one.datastacks]
    assert len(set(hosts)) == len(hosts)
    assert len(set(datastacks)) == len(datastacks)
    assert [ServerAddress(host).netloc for host in hosts] == hosts
    assert {deployment_of(host) for host in hosts} == {one.host for one in DEPLOYMENTS}


MISTAKES = {
    "global.daf-api.com": MICRONS_HOST,
    "globl.daf-apis.com": MICRONS_HOST,
    "global.daf-apis.org": MICRONS_HOST,
    "global.dafapis.com": MICRONS_HOST,
    "global-daf-apis.com": MICRONS_HOST,
    "www.global.daf-apis.com": MICRONS_HOST,
    "globalv2.daf-apis.com": MICRONS_HOST,
    "minnie.micron-daf.com": MICRONS_HOST,
    "Global.EM.brain.alentech.org": V1DD_HOST,
    "em.brain.allentech.org": V1DD_HOST,
    "global.brainwire-test.org": H01_HOST,
    "global.brain-wire-test.com": H01_HOST,
    "global.daf-apis.com.evil.example": MICRONS_HOST,
    "global.daf-apis.com-evil.example": MICRONS_HOST,
    "daf-apis.com": MICRONS_HOST,
    "microns-daf.com": MICRONS_HOST,
    "global.daf-apis.com:444": MICRONS_HOST,
    "global.allentech.org": V1DD_HOST,
    "allentech.org": V1DD_HOST,
    "xn--globl-xqa.daf-apis.com": MICRONS_HOST,
    "глobаl.dаf-аpis.com".encode("idna").decode(): MICRONS_HOST,
}


@pytest.mark.parametrize(("typed", "host"), MISTAKES.items())
def test_a_typing_mistake_is_one(typed: str, host: str) -> None:
    meant = likely_meant(typed)
    assert meant
    assert meant.host == host


@pytest.mark.parametrize(
    "host",
    [
        *(host for one in DEPLOYMENTS for host in (one.host, *one.other_names, *one.data_servers)),
        "127.0.0.1",
        "localhost",
        "cave.example.org",
        "global.example.org",
        "global.em.example.org",
        "staging.daf-apis.com",
        "global.connectomics.braininbrain.org",
        "global.a-long-name-of.example.org",
        "global.daf-apis.com:443",
        "127.0.0.1:5000",
        "[::1]:5000",
        "xn--bcher-kva.example.org",
        "xn--99999999.example.org",
    ],
)
def test_what_is_known_or_quite_different_is_none(host: str) -> None:
    assert likely_meant(host.removesuffix(":443")) is None
    assert what_was_meant(host, "some_datastack") is None


# ------------------------------------------------------------------------------------------------ what was meant

MEANT = {
    ("global.daf-api.com", "minnie65_public"): (MICRONS_HOST, "minnie65_public", "https://global.daf-api.com"),
    ("https://global.daf-api.com/auth", "x"): (MICRONS_HOST, "x", "https://global.daf-api.com"),
    ("minnie65_public", "minnie65_public"): (MICRONS_HOST, "minnie65_public", ""),
    (" 'V1DD_public' ", "minnie65_public"): (V1DD_HOST, "v1dd_public", ""),
    (MICRONS_HOST, "v1dd_public"): (V1DD_HOST, "v1dd_public", f"https://{MICRONS_HOST}"),
    (f"https://{V1DD_HOST}/", "h01_c3_flat"): (H01_HOST, "h01_c3_flat", f"https://{V1DD_HOST}"),
    (f"{MICRONS_HOST}:444", "x"): (MICRONS_HOST, "x", f"https://{MICRONS_HOST}:444"),
}


@pytest.mark.parametrize(("typed", "meant"), MEANT.items(), ids=str)
def test_what_was_meant_is_said_with_what_was_typed(typed: tuple[str, str], meant: tuple[str, str, str]) -> None:
    found = what_was_meant(*typed)
    assert found
    assert (found.server, found.datastack, found.as_typed) == (f"https://{meant[0]}", *meant[1:])
    assert meant[0] in found.sentence + found.remedy
    assert found.remedy


@pytest.mark.parametrize(
    ("server", "datastack"),
    [
        (MICRONS_HOST, "minnie65_public"),
        (MICRONS_HOST, "a_new_one"),
        ("minnie.microns-daf.com", "minnie65_public"),
        ("globalv1.daf-apis.com", "flywire_fafb_public"),
        (MICRONS_HOST, "Minnie65_Public"),  # is spelt as there
        ("http://127.0.0.1:5000", "v1dd_public"),  # a demo, or a deployment of one's own, has what it likes
        ("cave.example.org", "minnie65_public"),
    ],
)
def test_where_nothing_is_odd_nothing_is_asked(server: str, datastack: str) -> None:
    assert what_was_meant(server, datastack) is None


@pytest.mark.parametrize(
    ("server", "datastack"),
    [("some_datastack", "x"), ("", "x"), (MICRONS_HOST, "a b"), (MICRONS_HOST, TOKEN.reveal()), (TOKEN.reveal(), "x")],
)
def test_what_cannot_be_is_refused_without_a_token_in_the_sentence(server: str, datastack: str) -> None:
    with pytest.raises(AddressError) as caught:
        what_was_meant(server, datastack)
    assert TOKEN.reveal() not in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "host"), [("minnie65_public", MICRONS_HOST), ("v1dd", V1DD_HOST), ("Fish1_full", H01_HOST)]
)
def test_a_datastack_typed_as_a_server_is_told_its_server(typed: str, host: str) -> None:
    with pytest.raises(AddressError, match="looks like the name of a datastack") as caught:
        ServerAddress(typed)
    assert host in caught.value.remedy


LISTED = {"https://cave.example.org": ("second_public", "Sandbox", "v1dd_public")}


@pytest.mark.parametrize(
    ("server", "typed", "meant"),
    [
        (MICRONS_HOST, "minnie65_pubic", "minnie65_public"),
        (MICRONS_HOST, "Zheng", "zheng_ca3"),
        ("cave.example.org", "second", "second_public"),
        ("cave.example.org", "Second_Public", "second_public"),
        ("cave.example.org", "sandbox", "Sandbox"),
        ("cave.example.org", "public", ""),  # several have that
        ("cave.example.org", "Sandbox", ""),
        ("cave.example.org", "another", ""),
        ("other.example.org", "second", ""),
        (V1DD_HOST, "v1dd", ""),
    ],
)
def test_a_datastack_nearly_named_as_one_there_is_asked_about(server: str, typed: str, meant: str) -> None:
    found = what_was_meant(server, typed, LISTED)
    assert (found.datastack if found else "") == meant
    if found:
        assert (found.as_typed, found.name_as_typed) == (f"https://{server}", typed)
        assert found.server == f"https://{server}"
        assert meant in found.remedy


def test_what_a_server_has_listed_is_not_elsewhere() -> None:
    assert what_was_meant(MICRONS_HOST, "v1dd_public", {f"https://{MICRONS_HOST}": ("v1dd_public",)}) is None


# --------------------------------------------------------------------------------------------------------- Setup


@pytest.mark.parametrize("host", [host for one in DEPLOYMENTS for host in one.data_servers])
def test_for_a_data_server_its_deployment_is_taken(host: str) -> None:
    setup = Setup(f"https://{host}/materialize/views", variables={})
    assert setup.server_address.host == deployment_of(host)
    setup.close()


def test_another_name_of_a_server_stays_as_it_is_since_files_are_named_after_it() -> None:
    setup = Setup("globalv1.daf-apis.com", variables={})
    assert setup.server_address.netloc == "globalv1.daf-apis.com"
    setup.close()


@pytest.mark.parametrize(("datastack", "host"), [(name, one.host) for one in DEPLOYMENTS for name in one.datastacks])
def test_a_known_datastack_finds_its_server(datastack: str, host: str) -> None:
    for setup in (Setup(datastack=datastack, variables={}), Setup(variables={"CAVE_SETUP_DATASTACK": datastack})):
        assert (setup.server_address.netloc, setup.datastack) == (host, datastack)
        setup.close()


@pytest.mark.parametrize("typed", [" v1dd ", "V1DD", "\tv1dd\n"])
def test_a_known_datastack_finds_its_server_however_it_was_typed(typed: str) -> None:
    setup = Setup(datastack=typed, variables={})
    assert (setup.server_address.netloc, setup.datastack) == (V1DD_HOST, "v1dd")
    setup.close()


def test_at_a_server_of_ones_own_a_datastack_is_spelt_as_typed() -> None:
    setup = Setup("cave.example.org", "V1DD", variables={})
    assert setup.datastack == "V1DD"
    setup.close()


@pytest.mark.parametrize("variables", [{}, {"CAVE_SETUP_SERVER": "cave.example.org"}], ids=["argument", "variable"])
def test_a_server_that_is_named_counts_more(variables: dict[str, str]) -> None:
    setup = Setup(None if variables else "cave.example.org", "v1dd_public", variables=variables)
    assert setup.server_address.netloc == "cave.example.org"
    setup.close()


# ---------------------------------------------------------------------------------------------------------- plan

TYPED = ServerAddress("global.daf-api.com")
NOT_FOUND = errors.NameLookupFailed(TYPED.netloc)


@pytest.mark.parametrize(
    "made_up",
    [
        nothing_yet(server_address=TYPED, reachable=NOT_FOUND),
        facts(server_address=TYPED, account=NOT_FOUND, keys=None, access=None, versions=None),
        facts(server_address=TYPED, account=errors.NotJson(TYPED.netloc), keys=None, access=None, versions=None),
    ],
    ids=["no token", "a token", "somebody else's page"],
)
def test_where_a_mistyped_server_cannot_be_asked_the_likely_one_is_named(made_up: object) -> None:
    step = plan(made_up).step("account")  # type: ignore[arg-type]
    assert (step.state, step.need) == ("problem", "change-server")
    assert "Did you mean global.daf-apis.com?" in (step.remedy or "")


def test_a_server_that_is_right_and_down_is_not_called_mistyped() -> None:
    step = plan(nothing_yet(reachable=errors.ServerTimeout("global.daf-apis.com"))).step("account")
    assert step.need == "retry"
    assert "Did you mean" not in (step.remedy or "")


@pytest.mark.parametrize(
    ("datastack", "said"),
    [
        ("v1dd_public", f"known to be on {V1DD_HOST}"),
        ("minnie65_pubic", "typing mistake"),
        ("zheng_ca3", "typing mistake"),
    ],
)
def test_an_unknown_datastack_is_told_where_it_is(datastack: str, said: str) -> None:
    step = plan(facts(datastack=datastack, access=UnknownDatastack(datastack), versions=None)).step("ready")
    assert (step.state, step.need) == ("problem", "change-server")
    assert said in (step.remedy or "")


# --------------------------------------------------------------------------------------------------------- rights


def test_rights_are_judged_by_data_set() -> None:
    rights = Rights(frozenset({"a"}), frozenset({"a", "b"}), {"b": MICRONS, "c": MICRONS})
    assert rights.judge("stack", "a").verdict == "open"
    assert rights.judge("stack", "b").verdict == "terms"
    assert rights.judge("stack", "b").terms == MICRONS
    assert rights.judge("stack", "c").verdict == "no-permission"  # accepting would open nothing
    assert rights.judge("stack", "d").verdict == "no-permission"


# ----------------------------------------------------------------------------------------------------------- docs


def test_the_page_for_users_has_the_table() -> None:
    page = (Path(__file__).parents[2] / "docs/deployments.md").read_text(encoding="utf-8")
    rows = [re.findall(r"`([^`]+)`", line) for line in page.splitlines() if line.startswith("| `global")]
    assert [(row[0], *row[1:]) for row in rows] == [(one.host, *one.datastacks) for one in DEPLOYMENTS]
    for one in DEPLOYMENTS:
        assert all(name.strip() in page for name in one.data.split(","))
