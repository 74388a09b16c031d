"""The server itself: its version, its clock, the age of its analytics tables, and deleted records that it keeps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.clock import Difference, clock_difference
from tpi_dhis2.dhis2.tracker import Tracker
from tpi_dhis2.doctor.finding import BAD, NOTE, OK, WARN, Finding

_SECONDS = 60
_OLD = dt.timedelta(hours=48)
#: Partnerships that are looked at for what was deleted below them.
_MOST = 1000
_PERIODS = "configuration/dataOutputPeriodTypes"


def version(client: Client) -> Iterator[Finding]:
    """Whether this tool knows the server's version (UnsupportedVersion says so when not)."""
    yield Finding(OK, "version", f"DHIS2 {client.version.text}, which this tool knows.")


def clock(client: Client) -> Iterator[Finding]:
    """Whether the clocks agree, as far as it matters."""
    yield of_clock(clock_difference(client))


def of_clock(found: Difference | None) -> Finding:
    """What a difference means."""
    if found is None:
        return Finding(NOTE, "clock", "The server tells no time that can be compared.", "Compare the clocks by hand.")
    way = "ahead of" if found.seconds > 0 else "behind"
    words = f"This machine's clock is {abs(found.seconds):.0f} s {way} the server's"
    if found.at_least <= _SECONDS:
        return Finding(OK, "clock", f"{words} (give or take {found.margin:.0f} s).")
    advice = (
        "Set the clock by the network (NTP), here or there: the server refuses dates in its future, and documents count"
        " what is overdue by this machine's day. What a pull asks for goes by the server's clock alone."
    )
    return Finding(WARN, "clock", f"{words}.", advice)


def analytics(client: Client) -> Iterator[Finding]:
    """How old the tables are that charts and dashboards are drawn from, and whether they can be built."""
    if client.version.minor >= 43 and not client.get(_PERIODS):
        advice = (
            f'Choose them in the system settings, or POST a list such as [{{"name": "Monthly"}}, {{"name":'
            f' "Yearly"}}] to /api/{_PERIODS} (authority F_SYSTEM_SETTING), then run the tables.'
        )
        yield Finding(
            BAD, "analytics tables", "No period types are chosen for the tables: they cannot be built.", advice
        )
    yield of_tables(client.info)


def of_tables(info: Mapping[str, Any]) -> Finding:
    """What the server says of its last run; both times are told in its own zone."""
    advice = (
        "Run or schedule 'Analytics tables' (Data Administration or Scheduler app; authority F_PERFORM_MAINTENANCE)."
    )
    last = dt.datetime.fromisoformat(str(info.get("lastAnalyticsTableSuccess") or "1970-01-01"))
    if last.year == 1970:
        return Finding(WARN, "analytics tables", "They were never built: dashboards and charts stay empty.", advice)
    age = dt.datetime.fromisoformat(str(info["serverDate"])) - last
    words = f"They were built {_told(age)} ago: what came later is on no dashboard yet."
    return Finding(WARN if age > _OLD else OK, "analytics tables", words, advice if age > _OLD else "")


def _told(age: dt.timedelta) -> str:
    hours = age.total_seconds() / 3600
    return f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} hours" if hours >= 1 else "less than an hour"


def deleted(client: Client, program: str) -> Iterator[Finding]:
    """What was deleted and is still kept, among a bounded number of partnerships."""
    kept = Tracker(client, program).kept_deleted(_MOST)
    least = "" if kept.whole else "at least "
    if not kept.count:
        words = f"Nothing deleted is kept among the {least}{kept.seen} partnerships that this account sees."
        yield Finding(OK, "deleted records", words)
        return
    advice = (
        "An uninstall waits for them, and their UIDs stay taken. Maintenance (Data Administration app, or provision"
        " uninstall --remove-deleted) removes for good what was deleted, of all programs."
    )
    yield Finding(NOTE, "deleted records", f"The server still keeps {least}{kept.count} deleted records.", advice)
