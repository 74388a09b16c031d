"""What the account may do, job by job, and what it lacks for the others.

An account is meant for some of the jobs, and nobody has told which. So what it lacks is good to know as long as it can
do one of them, and to be seen to when it can do none, or when it may write records and has no unit to write them in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.doctor.account import GROUPS, Reach, Who
from tpi_dhis2.doctor.finding import NOTE, OK, WARN, Finding
from tpi_dhis2.provision.rights import Lack, missing_rights, standing_rights
from tpi_dhis2.provision.steps import UPDATE, Plan
from tpi_dhis2.provision.weigh import Rights

_MAINTAIN = "F_PERFORM_MAINTENANCE"
_VIEW = "F_VIEW_EVENT_ANALYTICS"
_ASK = "Ask an administrator of the server for it if this account is to do that"


@dataclass(frozen=True)
class Job:
    """A job, what the account lacks for it, whether it has the most of it, and what goes with it."""

    name: str
    may: str
    lacks: tuple[str, ...] = ()
    advice: str = f"{_ASK}."
    is_half: bool = False
    besides: str = ""


def examine(client: Client, who: Who, reach: Reach, plan: Plan | None) -> Iterator[Finding]:
    """All jobs; a superuser's are told in one line."""
    if who.is_super:
        yield Finding(OK, "account", f"{who.username} is a superuser and may do every job.")
        return
    found = [*(of_metadata(client, who, reach, plan) if plan else ()), *of_records(who, reach)]
    mine = ", ".join(name for code, name in GROUPS.items() if code in who.groups) or "none of the four TPI groups"
    units = f"{who.capture} capture, {who.search} search and {who.view} data view units"
    useless = all(job.lacks for job in found)
    advice = (
        "Put it into the groups of what it is meant for (Users app), or give it the rights below." if useless else ""
    )
    words = f"{who.username} is in {mine} and has {units}{'; it may do none of the jobs' if useless else ''}."
    yield Finding(WARN if useless else OK, "account", words, advice)
    yield from map(of_job, found)


def of_job(job: Job) -> Finding:
    """A line for a job."""
    if not job.lacks:
        return Finding(OK, job.name, f"This account may {job.may}{job.besides}.")
    level, many = WARN if job.is_half else NOTE, len(job.lacks) > 1
    why = f"{len(job.lacks)} rights are missing" if many else job.lacks[0]
    return Finding(level, job.name, f"This account may not {job.may}: {why}.", job.advice, job.lacks if many else ())


def of_metadata(client: Client, who: Who, reach: Reach, plan: Plan) -> Iterator[Job]:
    """Installing, assigning units and removing: for what is to be done now, else for what is there."""
    rights = Rights(client)
    lacks = missing_rights(rights, plan) or standing_rights(rights, plan, UPDATE)
    yield Job("provision", "install or upgrade the package", _told(lacks), f"{_ASK}, or use a superuser's account.")
    if not reach.there:
        return
    closed = (
        () if reach.update else ("it lacks write access to the program (group TPI - Admin and F_PROGRAM_PUBLIC_ADD)",)
    )
    yield Job("assign", "assign units to the program", closed)
    clearing = tuple(f"it lacks {name} to clear deleted records" for name in _no(who, _MAINTAIN))
    yield Job("uninstall", "remove the package", (*_told(standing_rights(rights, plan, "delete")), *clearing))


def _told(lacks: list[Lack]) -> tuple[str, ...]:
    return tuple(f"it lacks {lack}" for lack in lacks)


def _no(who: Who, *authorities: str) -> list[str]:
    return [name for name in authorities if not who.may(name)]


def of_records(who: Who, reach: Reach) -> Iterator[Job]:
    """Sending, reading and analysing records."""
    absent = () if reach.there else ("the program is not on this server, or not for this account",)
    advice = _PLACE if reach.there else _ABSENT
    writing = _sharing("write", reach.unwritten, "TPI - Data capture")
    placed = () if who.capture else ("it has no capture unit",)
    arms = f"; the arms' answers on how the relation works {'too' if reach.functioning else 'not'}"
    half = reach.there and not writing
    yield Job("push", "send records", absent or (*writing, *placed), advice, half, arms)
    reading = _sharing("read", reach.unread, "TPI - Access")
    seen = () if who.search or who.capture else ("it has no search or capture unit",)
    yield Job("pull", "read records and make documents of them", absent or (*reading, *seen), advice)
    viewing = () if who.view or who.capture else ("it has no data view unit",)
    lacks = absent or (*(f"it lacks {name}" for name in _no(who, _VIEW)), *reading, *viewing)
    tables = f"; build the analytics tables {'too' if who.may(_MAINTAIN) else 'not'}"
    yield Job("analytics", "see charts and dashboards", lacks, _ANALYSE if reach.there else _ABSENT, besides=tables)


_ABSENT = "Install the package first (provision apply); if it is there, put the account into one of the TPI groups."
_ANALYSE = f"{_ASK} (role TPI - Data analysis)."
_PLACE = "Put the account into that group in the Users app and give it its units (capture and search), then try again."


def _sharing(what: str, names: list[str], group: str) -> tuple[str, ...]:
    if not names:
        return ()
    more = f" and {len(names) - 1} stages or types" if len(names) > 1 else ""
    return (f"it has no right to {what} records of {names[0]}{more} (group {group})",)
