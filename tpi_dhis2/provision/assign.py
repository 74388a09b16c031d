"""Which units offer the program: chosen by level, by group or one by one; only ever added, never taken away here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import UNIT_FIELDS, Metadata
from tpi_dhis2.domain.uids import is_uid
from tpi_dhis2.errors import Forbidden, NotFound, StateChanged
from tpi_dhis2.provision.lists import Named
from tpi_dhis2.provision.unknown import Unknown, refuse_unknown

Json = dict[str, Any]
Found = Iterator[tuple[Unknown, list[Json]]]

_FIELDS = f"{UNIT_FIELDS},path"


@dataclass(frozen=True)
class Choice:
    """What to assign: levels of the hierarchy, unit groups and units by UID or code, units that a file lists."""

    levels: tuple[int, ...] = ()
    groups: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    listed: tuple[Named, ...] = ()


@dataclass(frozen=True)
class Assignment:
    """The units that would be added, those that are there already, and what is unknown.

    ``outside`` are those of the added that are not below the account's own units; ``may`` whether it may add any.
    """

    program: str
    added: list[Json]
    already: list[Json]
    unknown: list[Unknown] = field(default_factory=list)
    outside: list[Json] = field(default_factory=list)
    may: bool = True

    def refuse_without_right(self) -> None:
        """Raise Forbidden when there is something to add and the account may not."""
        if self.added and not self.may:
            raise Forbidden(
                "This account may not change the program, so it can assign no units.",
                "It needs the right to edit the program, in its sharing, and the authority F_PROGRAM_PUBLIC_ADD.",
            )


def plan_assignment(client: Client, program: str, choice: Choice) -> Assignment:
    """Find the units of a choice, and which of them the program does not have yet."""
    metadata = Metadata(client)
    assigned, may = _assigned(client, program)
    asked = list(_chosen(metadata, choice))
    chosen = {unit["id"]: unit for _, units in asked for unit in units}
    units = sorted(chosen.values(), key=lambda unit: str(unit["name"]))
    added = [unit for unit in units if unit["id"] not in assigned]
    return Assignment(
        program,
        added,
        [unit for unit in units if unit["id"] in assigned],
        [what for what, found in asked if not found],
        _outside(metadata, added) if added else [],
        may,
    )


def _assigned(client: Client, program: str) -> tuple[set[str], bool]:
    try:
        body = client.get_object(f"programs/{program}", {"fields": "organisationUnits[id],access"})
    except NotFound as error:
        raise StateChanged("The program is not on this server.", "Run 'tpi-dhis2 provision apply' first.") from error
    return {unit["id"] for unit in body.get("organisationUnits", [])}, body.get("access", {}).get("update", True)


def _chosen(metadata: Metadata, choice: Choice) -> Found:
    """What is asked for, each with its units; none of them when it is unknown."""
    for level in choice.levels:
        params = {"level": str(level), "fields": _FIELDS}
        yield Unknown("unit of level", str(level)), metadata.all_of("organisationUnits", params)
    for group in choice.groups:
        yield Unknown("unit of group", group), _of_group(metadata, group)
    yield from _named(metadata, [*map(Named, choice.units), *choice.listed])


def _of_group(metadata: Metadata, group: str) -> list[Json]:
    prop = "id" if is_uid(group) else "code"
    found = metadata.named("organisationUnitGroups", prop, [group], f"organisationUnits[{_FIELDS}]")
    return [unit for item in found for unit in item["organisationUnits"]]


def _named(metadata: Metadata, names: list[Named]) -> Found:
    units = metadata.units((one.name for one in names), _FIELDS)
    coded = {unit["code"]: unit for unit in units if unit.get("code")}
    known = coded | {unit["id"]: unit for unit in units}
    for one in names:
        yield Unknown("unit", one.name, one.line), [known[one.name]] if one.name in known else []


def _outside(metadata: Metadata, units: list[Json]) -> list[Json]:
    """The units that are not below one of the account's own; a superuser has no limits."""
    me = metadata.me("authorities,organisationUnits[id]")
    if "ALL" in me.get("authorities", []):
        return []
    roots = {unit["id"] for unit in me.get("organisationUnits", [])}
    return [unit for unit in units if not roots & set(str(unit.get("path")).split("/"))]


def assign(client: Client, assignment: Assignment, *, skip_unknown: bool = False) -> int:
    """Add the units and read back that all are there; the number added."""
    if not skip_unknown:
        refuse_unknown(assignment.unknown)
    assignment.refuse_without_right()
    if assignment.added:
        uids = [unit["id"] for unit in assignment.added]
        Metadata(client).add_to_collection("programs", assignment.program, "organisationUnits", uids)
        _verify(assignment.added, _assigned(client, assignment.program)[0])
    return len(assignment.added)


def _verify(added: list[Json], assigned: set[str]) -> None:
    missing = [f"{unit['name']} ({unit['id']})" for unit in added if unit["id"] not in assigned]
    if missing:
        raise StateChanged(
            f"The server did not take {len(missing)} of {len(added)} units, first {missing[0]}.",
            "Run the same command again; a unit may have been deleted meanwhile.",
            "\n".join(missing),
        )
