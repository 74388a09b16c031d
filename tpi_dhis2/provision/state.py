"""What a plan tells of a server in one word: not installed, up to date, older, newer, or damaged."""

from __future__ import annotations

from dataclasses import dataclass

from tpi_dhis2.dhis2.versions import ServerVersion
from tpi_dhis2.provision.plan import CREATE, UNCHANGED, UPDATE, Plan

NOT_INSTALLED, UP_TO_DATE, OLDER, NEWER, DAMAGED = "not installed", "up to date", "older", "newer", "damaged"


@dataclass(frozen=True)
class State:
    """The word, and why."""

    word: str
    why: str


def state(plan: Plan) -> State:
    """The state of the package on the server that a plan was made for."""
    differing = len(plan.of(CREATE)) + len(plan.of(UPDATE))
    if plan.installed is None:
        return _unrecorded(plan, differing)
    recorded, brought = _numbers(plan.installed.version), _numbers(plan.version)
    if recorded != brought:
        words = f"version {plan.installed.version} is recorded, this tool brings {plan.version}"
        return State(OLDER if recorded < brought else NEWER, words)
    built, runs = (ServerVersion.parse(text).short for text in (plan.installed.dhis2, plan.dhis2))
    if built != runs:
        return State(OLDER, f"it was built for DHIS2 {built}, and the server runs {runs} now")
    if differing:
        return State(DAMAGED, f"{differing} objects differ from what was applied")
    if not plan.is_recorded:
        return State(OLDER, f"another build of version {plan.version} is recorded")
    return State(UP_TO_DATE, "the server is as the package says")


def _unrecorded(plan: Plan, differing: int) -> State:
    if len(plan.of(CREATE)) == differing and not plan.of(UNCHANGED):
        return State(NOT_INSTALLED, "nothing of the package is there")
    if differing:
        return State(DAMAGED, f"part of it is there, {differing} objects differ, and no record says what was applied")
    return State(DAMAGED, "it is complete, and no record says so: 'provision apply' writes one")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))
