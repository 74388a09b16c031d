"""Who asks: the account with its authorities, groups and units, and what the program lets it do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.errors import Forbidden, NotFound
from tpi_dhis2.package.fields import Fields
from tpi_dhis2.provision.weigh import ALL

Json = dict[str, Any]
_ME = (
    "id,username,authorities,organisationUnits[id],teiSearchOrganisationUnits[id],dataViewOrganisationUnits[id],"
    "userGroups[id,code]"
)
#: The groups of the package by code, as people see them.
GROUPS = {
    "TPI_ACCESS": "TPI - Access",
    "TPI_DATA_CAPTURE": "TPI - Data capture",
    "TPI_ADMIN": "TPI - Admin",
    "TPI_FUNCTIONING": "TPI - Functioning of the partnership",
}


@dataclass(frozen=True)
class Who:
    """An account: authorities, codes of its groups, and how many units it captures, searches and views in."""

    username: str
    authorities: frozenset[str]
    groups: frozenset[str]
    capture: int
    search: int
    view: int

    @property
    def is_super(self) -> bool:
        """Whether it may do everything."""
        return ALL in self.authorities

    def may(self, authority: str) -> bool:
        """Whether it holds an authority."""
        return self.is_super or authority in self.authorities


@dataclass(frozen=True)
class Reach:
    """What the program lets an account do: change it, and read and write records; stages by name where not."""

    there: bool = False
    update: bool = False
    units: int = 0
    unread: list[str] = field(default_factory=list)
    unwritten: list[str] = field(default_factory=list)
    functioning: bool = False


def read_who(client: Client) -> Who:
    """The account that asks."""
    me = Metadata(client).me(_ME)
    units = [
        len(me.get(key) or [])
        for key in ("organisationUnits", "teiSearchOrganisationUnits", "dataViewOrganisationUnits")
    ]
    codes = frozenset(str(group.get("code", "")) for group in me.get("userGroups") or [])
    return Who(str(me.get("username", "")), frozenset(me.get("authorities") or []), codes, *units)


def read_reach(client: Client, fields: Fields) -> Reach:
    """What sharing says of the program, its type and its stages; the stage of the two arms is told apart."""
    try:
        program = client.get_object(f"programs/{fields.program}", {"fields": "id,access,organisationUnits~size"})
        kind = client.get_object(f"trackedEntityTypes/{fields.tracked_entity_type}", {"fields": "id,name,access"})
    except (NotFound, Forbidden):
        return Reach()
    stages = {info.uid: info for info in fields.stages.values()}
    params = {"filter": f"program.id:eq:{fields.program}", "fields": "id,name,access"}
    found = [each for each in Metadata(client).all_of("programStages", params) if each["id"] in stages]
    arms = [each for each in found if stages[each["id"]].source.access != "data"]
    needed = [{"name": "program", **program}, kind, *(each for each in found if each not in arms)]
    return Reach(
        True,
        bool(program["access"].get("update")),
        int(program.get("organisationUnits") or 0),
        [str(each["name"]) for each in needed if not _data(each, "read")],
        [str(each["name"]) for each in needed if not _data(each, "write")],
        bool(arms) and all(_data(each, "write") for each in arms),
    )


def _data(item: Json, what: str) -> bool:
    return bool((item["access"].get("data") or {}).get(what))
