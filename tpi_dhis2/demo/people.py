"""Accounts to train with: one that enters data in a facility, one that only reads, and one that the sync runs as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tpi_dhis2.demo.units import units
from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.domain.uids import derive_uid
from tpi_dhis2.package.release import bundle
from tpi_dhis2.provision.lists import Wish
from tpi_dhis2.provision.members import join_groups, package_groups, plan_membership

Json = dict[str, Any]

#: A server wants a role of every account; that of the sync opens nothing.
NO_RIGHTS = "TPI_DEMO_ROLE_NONE"


@dataclass(frozen=True)
class Trainee:
    """An account: its name, what it is for, its role and units by code, and its groups by their words."""

    username: str
    surname: str
    purpose: str
    role: str
    units: tuple[str, ...]
    groups: tuple[str, ...]


PEOPLE = (
    Trainee(
        "facility", "Facility", "enters data at Ndaravi Regional Hospital and sees only what is there",
        "TPI_ROLE_CAPTURE", ("TPI_DEMO_NDARAVI_RH",), ("capture", "functioning"),
    ),
    Trainee(
        "officer", "Officer", "reads the partnerships of all Velundi and changes nothing",
        "TPI_ROLE_ANALYSIS", ("TPI_DEMO_VELUNDI",), ("access",),
    ),
    Trainee(
        "sync", "Sync", "reads and writes records everywhere and nothing else: what a sync should run as",
        NO_RIGHTS, ("TPI_DEMO_VELUNDI", "TPI_CASES"), ("capture", "functioning"),
    ),
)  # fmt: skip


def ensure_people(client: Client, password: str) -> None:
    """Create the accounts, or put them back, and add them to the groups of the package, which must be installed."""
    uids = {unit["code"]: unit["id"] for unit in units()}
    roles = {role["code"]: role["id"] for role in bundle(client.version.short)["userRoles"]}
    roles[NO_RIGHTS] = _uid("userRoles", NO_RIGHTS)
    none = {"id": roles[NO_RIGHTS], "code": NO_RIGHTS, "name": "TPI demo - No rights", "description": "Opens nothing."}
    users = [_user(one, password, roles, uids) for one in PEOPLE]
    Metadata(client).commit({"userRoles": [{**none, "authorities": []}], "users": users})
    wishes = [Wish(one.username, group) for one in PEOPLE for group in one.groups]
    join_groups(client, plan_membership(client, package_groups(), wishes))


def _uid(kind: str, name: str) -> str:
    return derive_uid("tpi-dhis2 demo", kind, name)


def _user(one: Trainee, password: str, roles: dict[str, str], uids: dict[str, str]) -> Json:
    here = [{"id": uids[code]} for code in one.units]
    return {
        "id": _uid("users", one.username), "username": one.username, "password": password, "firstName": "Training",
        "surname": one.surname, "jobTitle": one.purpose, "userRoles": [{"id": roles[one.role]}],
        "organisationUnits": here, "dataViewOrganisationUnits": here, "teiSearchOrganisationUnits": here,
    }  # fmt: skip
