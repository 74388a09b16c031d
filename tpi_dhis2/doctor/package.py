"""The package on the server: which version, and whether it is as it says."""

from __future__ import annotations

from collections.abc import Iterator

from tpi_dhis2.doctor.account import Reach, Who
from tpi_dhis2.doctor.finding import BAD, NOTE, OK, WARN, Finding
from tpi_dhis2.provision.state import DAMAGED, NEWER, NOT_INSTALLED, OLDER, UP_TO_DATE, state
from tpi_dhis2.provision.steps import CREATE, UPDATE, Plan

_SEEN_TO = {
    NOT_INSTALLED: (NOTE, "'tpi-dhis2 provision apply' installs it."),
    OLDER: (WARN, "'tpi-dhis2 provision plan' shows what an upgrade changes, 'provision apply' does it."),
    NEWER: (WARN, "Use the release of tpi-dhis2 that brought it, or a later one: pip install --upgrade tpi-dhis2"),
    DAMAGED: (BAD, "'tpi-dhis2 provision plan' shows what differs, 'provision apply' puts it back."),
}


def examine(who: Who, reach: Reach, plan: Plan) -> Iterator[Finding]:
    """The state in a line, and whether anybody can use it."""
    yield of_state(who, plan)
    if reach.there and not reach.units:
        yield Finding(
            NOTE, "units", "The program is assigned to no unit, so nobody can enter anything.",
            "'tpi-dhis2 provision assign' assigns units.",
        )  # fmt: skip


def of_state(who: Who, plan: Plan) -> Finding:
    """The state of the package; what an account may not see is not missing."""
    found = state(plan)
    unseen = len(plan.of(CREATE))
    if found.word == UP_TO_DATE:
        return Finding(OK, "package", f"Version {plan.version} is installed and as it says.")
    if not who.is_super and found.word == DAMAGED and unseen and not plan.of(UPDATE):
        words = f"{_recorded(plan)}; {unseen} of its objects are not there, or not to be seen by this account"
        return Finding(NOTE, "package", f"{words}.", "Run doctor with an administrator's account to know.")
    level, advice = _SEEN_TO[found.word]
    return Finding(level, "package", f"{found.word[0].upper()}{found.word[1:]}: {found.why}.", advice)


def _recorded(plan: Plan) -> str:
    return f"Version {plan.installed.version} is recorded" if plan.installed else "No version is recorded"
