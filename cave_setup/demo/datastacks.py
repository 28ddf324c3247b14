"""The records the info and materialize services keep about a datastack; made up, of the real shape."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cave_setup.demo.site import Addresses

Json = dict[str, Any]

API_VERSIONS_INFO = [1, 2]
API_VERSIONS_MATERIALIZE = [2, 3]
INFO_VERSION = "4.3.3"
MATERIALIZE_VERSION = "5.14.0"

_VERSIONS = {
    "minnie65_public": [117, 343, 661, 795, 943, 1078, 1181, 1300, 1412, 1507, 1621, 1718],
}
_OTHER_VERSIONS = [1, 2, 3]
_TABLES = ["nucleus_detection_v0", "proofreading_status_and_strategy", "synapses"]
_FIRST_DAY = datetime(2024, 1, 15, 8, 10, 0, 123456)  # noqa: DTZ001 the real records carry no time zone
_DAYS_BETWEEN = 60
_DAYS_KEPT = 3650


def info_record(stack: str, number: int, addresses: Addresses) -> Json:
    """Return the full info record of a datastack."""
    return {
        "aligned_volume": aligned_volume(stack, number),
        "analysis_database": None,
        "base_link": None,
        "cell_identification_table": None,
        "description": f"Made-up record of {stack} on a demo server.",
        "local_server": addresses.data_server,
        "proofreading_review_table": None,
        "proofreading_status_table": None,
        "segmentation_source": f"graphene://{addresses.data_server}/segmentation/table/{stack}",
        "skeleton_source": None,
        "soma_table": "nucleus_detection_v0",
        "synapse_table": "synapses",
        "viewer_resolution_x": 4.0,
        "viewer_resolution_y": 4.0,
        "viewer_resolution_z": 40.0,
        "viewer_site": "https://viewer.example.org/",
    }


def short_record(stack: str, number: int, addresses: Addresses) -> Json:
    """Return the short form, which is given without terms accepted."""
    full = info_record(stack, number, addresses)
    return {key: full[key] for key in ("aligned_volume", "description", "local_server", "viewer_site")}


def aligned_volume(stack: str, number: int) -> Json:
    """Return the record of the images behind a datastack."""
    return {
        "description": f"Made-up images of {stack}.",
        "display_name": stack,
        "id": number,
        "image_source": f"precomputed://https://images.example.org/{stack}",
        "name": stack,
    }


def versions(stack: str) -> list[int]:
    """Return the versions of a datastack that can be queried."""
    return _VERSIONS.get(stack, _OTHER_VERSIONS)


def version_record(stack: str, number: int, version: int) -> Json:
    """Return what is known about one version."""
    place = versions(stack).index(version)
    made = _FIRST_DAY + timedelta(days=_DAYS_BETWEEN * place)
    return {
        "datastack": stack,
        "expires_on": (made + timedelta(days=_DAYS_KEPT)).isoformat(),
        "id": number * 1000 + place,
        "is_merged": True,
        "parent_version": None,
        "status": "AVAILABLE",
        "time_stamp": made.isoformat(),
        "valid": True,
        "version": version,
    }


def tables() -> list[str]:
    """Return the tables of every version."""
    return list(_TABLES)
