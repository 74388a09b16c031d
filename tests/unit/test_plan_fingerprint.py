"""The number by which a plan is known again: the same for the same server, another when anything would be lost."""

from __future__ import annotations

from typing import Any

from tpi_dhis2.provision.compare import Change
from tpi_dhis2.provision.steps import UPDATE, Plan, Step


def plan(changed: list[Change] | None = None, **payload: Any) -> Plan:
    step = Step("programs", "ourProgram1", "TPI", UPDATE, changed or [Change("name", "Ours", "TPI")], payload)
    return Plan("https://dhis2.example.org", "", "2.42.4.1", "0.2.0", "abc", [step], None)


def units(*uids: str) -> list[dict[str, str]]:
    return [{"id": uid} for uid in uids]


def test_a_server_may_name_units_and_members_in_any_order() -> None:
    one = plan([Change("dataElements", ["a", "b"], ["a"])], organisationUnits=units("a", "b", "c"))
    assert one.fingerprint == plan(
        [Change("dataElements", ["b", "a"], ["a"])], organisationUnits=units("c", "a", "b")
    ).fingerprint  # fmt: skip


def test_a_unit_more_or_another_value_is_another_plan() -> None:
    one = plan(organisationUnits=units("a", "b"), style={"color": "#fff"})
    assert one.fingerprint != plan(organisationUnits=units("a", "b", "c"), style={"color": "#fff"}).fingerprint
    assert one.fingerprint != plan(organisationUnits=units("a", "b"), style={"color": "#000"}).fingerprint
