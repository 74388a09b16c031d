"""Which units offer the program: chosen by level, by group or one by one; only ever added, never taken away here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import UNIT_FIELDS, Metadata
from tpi_dhis2.domain.uids import is_uid
from tpi_dhis2.errors import NotFound, StateChanged, UsageError

Json = dict[str, Any]


@dataclass(frozen=True)
class Choice:
    """What to assign: levels of the hierarchy, codes of unit groups, UIDs or codes of units."""

    levels: tuple[int, ...] = ()
    groups: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assignment:
    """The units that would be added, and how many are assigned already."""

    program: str
    added: list[Json]
    already: int


def plan_assignment(client: Client, program: str, choice: Choice) -> Assignment:
    """Find the units of a choice that the program does not have yet; UsageError names what is not on the server."""
    assigned = _assigned(client, program)
    chosen = {unit["id"]: unit for unit in _chosen(Metadata(client), choice)}
    added = [unit for uid, unit in chosen.items() if uid not in assigned]
    return Assignment(program, sorted(added, key=lambda unit: str(unit["name"])), len(assigned))


def _assigned(client: Client, program: str) -> set[str]:
    try:
        body = client.get_object(f"programs/{program}", {"fields": "organisationUnits[id]"})
    except NotFound as error:
        raise StateChanged("The program is not on this server.", "Run 'tpi-dhis2 provision apply' first.") from error
    return {unit["id"] for unit in body.get("organisationUnits", [])}


def _chosen(metadata: Metadata, choice: Choice) -> list[Json]:
    found: list[Json] = []
    for level in choice.levels:
        some = metadata.all_of("organisationUnits", {"level": str(level), "fields": UNIT_FIELDS})
        found += _some(some, f"level {level}")
    for group in choice.groups:
        params = {
            "filter": f"{'id' if is_uid(group) else 'code'}:eq:{group}",
            "fields": f"organisationUnits[{UNIT_FIELDS}]",
        }
        groups = metadata.all_of("organisationUnitGroups", params)
        found += _some([unit for item in groups for unit in item["organisationUnits"]], f"group {group}")
    return found + find_units(metadata, choice.units)


def find_units(metadata: Metadata, names: tuple[str, ...]) -> list[Json]:
    """The units with these UIDs or codes; UsageError names those that the server does not have."""
    found = metadata.units(names)
    known = {unit["id"] for unit in found} | {unit.get("code") for unit in found}
    missing = [name for name in names if name not in known]
    if missing:
        raise UsageError(
            f"The server has no unit '{missing[0]}'{f' and {len(missing) - 1} more' if len(missing) > 1 else ''}.",
            "Give the UID or the code of units that the account may read.",
            ", ".join(missing),
        )
    return found


def _some(units: list[Json], what: str) -> list[Json]:
    if not units:
        raise UsageError(
            f"The server has no unit of {what}.", "Check the number or code, and what the account may read."
        )
    return units


def assign(client: Client, assignment: Assignment) -> int:
    """Add the units and read back that all are there; the number added."""
    uids = [unit["id"] for unit in assignment.added]
    if uids:
        Metadata(client).add_to_collection("programs", assignment.program, "organisationUnits", uids)
        missing = set(uids) - _assigned(client, assignment.program)
        if missing:
            raise StateChanged(
                f"The server did not take {len(missing)} of {len(uids)} units.", "Plan again.", ", ".join(missing)
            )
    return len(uids)
