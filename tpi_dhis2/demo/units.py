"""The demo's organisation units: an invented country, and a tree of the institutions of published cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.domain.uids import derive_uid
from tpi_dhis2.package.fields import package_fields

Json = dict[str, Any]

FOLDER = Path(__file__).parent


def units() -> list[Json]:
    """The units as DHIS2 takes them, parents first."""
    return [_unit(source) for source in _sources()["units"]]


def _sources() -> Json:
    content: Json = yaml.safe_load((FOLDER / "units.yaml").read_text(encoding="utf-8"))
    return content


def _uid(code: str) -> str:
    return derive_uid("tpi-dhis2 demo", "organisationUnits", code)


def _unit(source: Json) -> Json:
    unit = {
        "id": _uid(source["code"]),
        "code": source["code"],
        "name": source["name"],
        "shortName": source["short"],
        "openingDate": source["opened"].isoformat(),
    }
    if "parent" in source:
        unit["parent"] = {"id": _uid(source["parent"])}
    if "at" in source:
        unit["geometry"] = {"type": "Point", "coordinates": source["at"]}
    return unit


def levels() -> list[Json]:
    """The names of the levels of the invented country."""
    return [
        {"id": derive_uid("tpi-dhis2 demo", "organisationUnitLevels", str(number)), "name": name, "level": number}
        for number, name in enumerate(_sources()["levels"], 1)
    ]


def ensure_units(client: Client) -> int:
    """Create the demo's units where they are missing, and let this account work in them; the number created."""
    metadata = Metadata(client)
    codes = ",".join(unit["code"] for unit in units())
    known = metadata.all_of("organisationUnits", {"filter": f"code:in:[{codes}]", "fields": "id,code"})
    have = {unit["code"] for unit in known}
    missing = [unit for unit in units() if unit["code"] not in have]
    if missing:
        bundle: Json = {"organisationUnits": missing}
        # Names of levels are the site's where there are any.
        if not metadata.all_of("organisationUnitLevels", {"fields": "id"}):
            bundle["organisationUnitLevels"] = levels()
        metadata.commit(bundle)
    _enter(client, metadata, [unit["id"] for unit in units() if "parent" not in unit])
    return len(missing)


def is_in_use(client: Client) -> bool:
    """Whether the server has a program besides ours: then it serves somebody."""
    own = package_fields().program
    return any(item["id"] != own for item in Metadata(client).all_of("programs", {"fields": "id"}))


_SCOPES = ("organisationUnits", "dataViewOrganisationUnits", "teiSearchOrganisationUnits")


def _enter(client: Client, metadata: Metadata, roots: list[str]) -> None:
    me = metadata.me("id," + ",".join(f"{scope}[id]" for scope in _SCOPES))
    operations = []
    for scope in _SCOPES:
        # An empty view or search scope stands for the capture units: keep these when it is filled.
        have = [unit["id"] for unit in me.get(scope) or me.get("organisationUnits", [])]
        if not set(roots) <= set(have):
            both = [{"id": uid} for uid in dict.fromkeys([*have, *roots])]
            operations.append({"op": "add", "path": f"/{scope}", "value": both})
    if operations:
        metadata.patch("users", me["id"], operations)
        client.log_in_again()
