"""The CAVE deployments that are publicly known: hosts, data, datastacks. One table; nothing is looked up.

Any other address is as good: what stands here only gives a name to hosts, and a word where a typing mistake is likely.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

# As alike as “global.daf-api.com” and “global.daf-apis.com”, and not “global.em.example.org” and any of these.
_ALIKE = 0.86
# Without the letters of other alphabets, which are drawn like these: several of them may be missing.
_ALIKE_IN_PART = 0.7


@dataclass(frozen=True)
class Deployment:
    """A CAVE deployment: one auth server with its accounts, and the data that they open.

    Parameters
    ----------
    host : str
        Where its accounts live.
    data : str
        What it holds, for people.
    datastacks : tuple of str
        Datastacks that are known to be there, the usual one first; there may be more.
    other_names : tuple of str
        Further names of the same host.
    data_servers : tuple of str
        Hosts of its data servers, on which no account lives.
    spoken_of : tuple of str
        Words by which people name it in a variable or in a secret's description.

    """

    host: str
    data: str
    datastacks: tuple[str, ...]
    other_names: tuple[str, ...] = ()
    data_servers: tuple[str, ...] = ()
    spoken_of: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """The address of the deployment."""
        return f"https://{self.host}"


DEPLOYMENTS = (
    Deployment(
        host="global.daf-apis.com",
        data="MICrONS, FlyWire, BANC",
        datastacks=(
            "minnie65_public",
            "minnie65_phase3_v1",
            "flywire_fafb_public",
            "flywire_fafb_production",
            "brain_and_nerve_cord_public",
            "zheng_ca3",
        ),
        other_names=("globalv1.daf-apis.com",),
        data_servers=("minnie.microns-daf.com", "prod.flywire-daf.com", "cave.fanc-fly.com"),
        spoken_of=("daf-apis", "microns", "minnie", "flywire"),
    ),
    Deployment(
        host="global.em.brain.allentech.org",
        data="V1DD",
        datastacks=("v1dd_public", "v1dd"),
        other_names=("globalv1.em.brain.allentech.org",),
        spoken_of=("em.brain", "v1dd"),
    ),
    Deployment(
        host="global.brain-wire-test.org",
        data="H01, Fish1",
        datastacks=("h01_c3_flat", "fish1_full"),
        spoken_of=("brain-wire", "h01", "fish1"),
    ),
)


def _word(word: str) -> re.Pattern[str]:
    """Make a pattern for a word of its own: “March01” is no H01, but “minnie65” is about minnie."""
    return re.compile(rf"(?<![a-z]){re.escape(word)}{'(?![0-9])' if word[-1].isdigit() else ''}")


_BY_HOST = {host: one for one in DEPLOYMENTS for host in (one.host, *one.other_names, *one.data_servers)}
_BY_DATASTACK = {name: one for one in DEPLOYMENTS for name in one.datastacks}
_WORDS = [(word, _word(word), one.host) for one in DEPLOYMENTS for word in one.spoken_of]


def deployments_spoken_of(text: str) -> dict[str, list[str]]:
    """Say of which deployments a name or description speaks: their hosts, each with the words that say so."""
    found: dict[str, list[str]] = {}
    for word, pattern, host in _WORDS:
        if pattern.search(text.lower()):
            found.setdefault(host, []).append(word)
    return found


def deployment_of(host: str) -> str:
    """Host of the deployment that a host belongs to, as far as that is known; else the host itself."""
    known = known_deployment(host)
    return known.host if known else host.lower()


def known_deployment(host: str) -> Deployment | None:
    """Give the known deployment that a host belongs to, by whichever of its names."""
    return _BY_HOST.get(host.lower())


def home_of(datastack: str) -> Deployment | None:
    """Give the known deployment on which a datastack is known to be."""
    return _BY_DATASTACK.get(datastack.lower())


def likely_meant(host: str) -> Deployment | None:
    """Give the known deployment that was likely meant, where a host is none but nearly named as one.

    Parameters
    ----------
    host : str
        Also with a port, which none of the known ones has.

    """
    if known_deployment(host) is not None:
        return None
    name = host.lower().partition(":")[0]
    for known, one in _BY_HOST.items():
        if known in name or _has_labels_of(known, name):
            return one
    try:
        drawn = name.encode().decode("idna") if "xn--" in name else name
    except UnicodeError:
        drawn = name
    cutoff = _ALIKE if drawn.isascii() else _ALIKE_IN_PART
    alike = _get_close_matches(drawn.encode("ascii", "ignore").decode(), _BY_HOST, cutoff)
    return _BY_HOST[alike[0]] if alike else None


def _get_close_matches(word: str, among: Collection[str], cutoff: float) -> list[str]:
    from difflib import get_close_matches  # noqa: PLC0415 - needed for what somebody types only

    return get_close_matches(word, among, n=1, cutoff=cutoff)


def _has_labels_of(known: str, host: str) -> bool:
    """Whether a host is a known one with labels left out: “daf-apis.com”, “global.allentech.org”."""
    labels = iter(known.split("."))
    return "." in host and all(label in labels for label in host.split("."))


def known_spelling(datastack: str, host: str) -> str:
    """Give a datastack as it is spelt on the known deployment of a host; else as it is."""
    home = home_of(datastack)
    return datastack.lower() if home is not None and home == known_deployment(host) else datastack


def nearest_name(datastack: str, there: Collection[str]) -> str:
    """Give the one datastack whose name a typed one is a part of or nearly is; empty if it is right or unlike all."""
    if datastack in there:
        return ""
    lowered = {name.lower(): name for name in there}
    holding = [name for name in lowered if datastack.lower() in name]
    alike = holding if len(holding) == 1 else _get_close_matches(datastack.lower(), lowered, _ALIKE)
    return lowered[alike[0]] if alike else ""
