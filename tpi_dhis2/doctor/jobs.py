"""What the account may do, job by job, and what it lacks for the others.

An account is meant for some of the jobs, and nobody has told which. So what it lacks is good to know as long as it can
do one of them, and to be seen to when it can do none, or when it may write records and has no unit to write them in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.doctor.account import GROUPS, Reach, Who
from tpi_dhis2.doctor.finding import NOTE, OK, WARN, Finding
from tpi_dhis2.provision.plan import Plan
from tpi_dhis2.provision.rights import Rights, missing_rights

_MAINTAIN = "F_PERFORM_MAINTENANCE"
_VIEW = "F_VIEW_EVENT_ANALYTICS"
_ASK = "Ask an administrator of the server for it if this account is to do that"


@dataclass(frozen=True)
class Job:
    """A job, what the account lacks for it, and whether it has the most of it."""

    name: str
    may: str
    lacks: tuple[str, ...] = ()
    advice: str = f"{_ASK}."
    is_half: bool = False


def examine(client: Client, who: Who, reach: Reach, plan: Plan) -> Iterator[Finding]:
    """All jobs; a superuser's are told in one line."""
    mine = [GROUPS[code] for code in GROUPS if code in who.groups]
    if who.is_super:
        yield Finding(OK, "account", f"{who.username} is a superuser and may do every job.")
        return
    yield Finding(OK, "account", f"{who.username}, {_groups(mine)}; {_units(who)}.")
    yield from told([*of_metadata(client, who, reach, plan), *of_records(who, reach)])


def _groups(names: list[str]) -> str:
    return f"in {', '.join(names)}" if names else "in none of the four TPI groups"


def _units(who: Who) -> str:
    return f"{who.capture} capture, {who.search} search and {who.view} data view units"


def told(jobs: Sequence[Job]) -> Iterator[Finding]:
    """A line for each job; the account is useless when it can do none."""
    useless = all(job.lacks for job in jobs)
    for job in jobs:
        if not job.lacks:
            yield Finding(OK, job.name, f"This account may {job.may}.")
            continue
        first, *others = job.lacks
        more = f" and {len(others)} more" if others else ""
        level = WARN if useless or job.is_half else NOTE
        yield Finding(level, job.name, f"This account may not {job.may}: {first}{more}.", job.advice, job.lacks)


def of_metadata(client: Client, who: Who, reach: Reach, plan: Plan) -> Iterator[Job]:
    """Installing, assigning units and removing; of the types of the package where nothing is to be done now."""
    kinds = list(dict.fromkeys(step.kind for step in plan.steps))
    rights = Rights(client)
    lacks = tuple(map(str, missing_rights(client, plan))) or _by_type(rights, kinds, "UPDATE")
    yield Job("provision", "install or upgrade the package", lacks, f"{_ASK}, or use a superuser's account.")
    changes = () if reach.update else ("no write access to the program (group TPI - Admin and F_PROGRAM_PUBLIC_ADD)",)
    yield Job("assign", "assign units to the program", changes)
    gone = _by_type(rights, kinds, "DELETE")
    yield Job(
        "uninstall",
        "remove the package",
        (*gone, *(f"{name} to clear deleted records" for name in _no(who, _MAINTAIN))),
    )


def _by_type(rights: Rights, kinds: list[str], what: str) -> tuple[str, ...]:
    asked = {kind: rights.to_change(kind, what) for kind in kinds}
    return tuple(f"{' or '.join(names)} for {kind}" for kind, names in asked.items() if names)


def _no(who: Who, *authorities: str) -> list[str]:
    return [name for name in authorities if not who.may(name)]


def of_records(who: Who, reach: Reach) -> Iterator[Job]:
    """Sending, reading and analysing records."""
    absent = () if reach.there else ("the program is not on this server, or not for this account",)
    writing = _sharing("write", reach.unwritten, "TPI - Data capture")
    placed = () if who.capture else ("no capture unit",)
    yield Job(
        "push", _with_arms("send records", reach.functioning), absent or (*writing, *placed), _PLACE,
        is_half=reach.there and not writing,
    )  # fmt: skip
    reading = _sharing("read", reach.unread, "TPI - Access")
    seen = () if who.search or who.capture else ("no search or capture unit",)
    yield Job("pull", "read records and make documents of them", absent or (*reading, *seen), _PLACE)
    lacks = (*_no(who, _VIEW), *reading, *(() if who.view or who.capture else ("no data view unit",)))
    yield Job(
        "analytics",
        _with_tables("see charts and dashboards", who),
        absent or lacks,
        f"{_ASK} (role TPI - Data analysis).",
    )


_PLACE = "Put the account into that group in the Users app and give it its units (capture and search), then try again."


def _sharing(what: str, names: list[str], group: str) -> tuple[str, ...]:
    if not names:
        return ()
    more = f" and {len(names) - 1} stages or types" if len(names) > 1 else ""
    return (f"no right to {what} the records of {names[0]}{more} (group {group})",)


def _with_arms(words: str, may: bool) -> str:
    return f"{words}, the arms' answers on how the relation works {'included' if may else 'aside'}"


def _with_tables(words: str, who: Who) -> str:
    return f"{words}, and {'build' if who.may(_MAINTAIN) else 'not build'} the analytics tables"
