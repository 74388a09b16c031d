"""What a plan tells of a server in one word: not installed, up to date, older, newer, or damaged."""

from __future__ import annotations

from dataclasses import dataclass

from tpi_dhis2.dhis2.versions import ServerVersion
from tpi_dhis2.provision.installed import Installed
from tpi_dhis2.provision.steps import CREATE, DONE, REMOVE, UNCHANGED, UPDATE, Plan

NOT_INSTALLED, UP_TO_DATE, OLDER, NEWER, DAMAGED = "not installed", "up to date", "older", "newer", "damaged"


@dataclass(frozen=True)
class State:
    """The word, and why."""

    word: str
    why: str


def state(plan: Plan) -> State:
    """The state of the package on the server that a plan was made for."""
    differing = len(plan.of(*DONE))
    if plan.installed is None:
        return _unrecorded(plan, differing)
    if not plan.of(UPDATE, REMOVE, UNCHANGED):
        return State(DAMAGED, "it is recorded as installed, and none of its objects is there")
    order = _compare(plan.installed, plan)
    if order:
        words = f"version {plan.installed.version} is recorded, this tool brings {plan.version}"
        return State(OLDER if order < 0 else NEWER, words)
    if plan.installed.digest == plan.digest:
        return State(DAMAGED, f"{differing} objects differ from what was applied") if differing else _FINE
    built, runs = (ServerVersion.parse(text).short for text in (plan.installed.dhis2, plan.dhis2))
    if built != runs:
        return State(OLDER, f"it was built for DHIS2 {built}, and the server runs {runs} now")
    return State(OLDER, f"another build of version {plan.version} is recorded")


_FINE = State(UP_TO_DATE, "the server is as the package says")


def _unrecorded(plan: Plan, differing: int) -> State:
    if len(plan.of(CREATE)) == differing and not plan.of(UNCHANGED):
        return State(NOT_INSTALLED, "nothing of the package is there")
    if differing:
        return State(DAMAGED, f"part of it is there, {differing} objects differ, and no record says what was applied")
    return State(DAMAGED, "it is complete, and no record says so: 'provision apply' writes one")


def _compare(installed: Installed, plan: Plan) -> int:
    """Below 0 when an earlier version is recorded than the tool brings, above when a later one."""
    recorded, brought = _numbers(installed.version), _numbers(plan.version)
    return (recorded > brought) - (recorded < brought)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))
