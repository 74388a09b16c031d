"""Pull: what changed on the server since the last time, taken into the store.

The server is asked which partnerships changed, by its own clock, in one request; those that the store does not have as
they are now are fetched. So a pull that was cut off goes on where it was, one that finds nothing new costs one request,
and how far the store has come is noted only when all of it is stored.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.dhis2.tracker import Tracker
from tpi_dhis2.errors import UsageError
from tpi_dhis2.package.fields import Fields
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.mirror import Mirror, Taken
from tpi_dhis2.sync.stamps import is_known, is_older, known, shows_older

Told = Callable[[int, int], None]
log = logging.getLogger("tpi_dhis2.sync")

#: Looked at again on the next pull: what was committed late, nodes whose clocks differ, and the hour that a server
#: lives through twice when its clocks are set back (its times carry no zone).
OVERLAP = dt.timedelta(minutes=65)


@dataclass(frozen=True)
class Wanted:
    """What to pull: units with all below them, partnerships by UID, or all; changed since a time, or everything.

    The ``whole`` is fetched whatever its time says. Some things change here without moving it: this account gains a
    group and reads more forms, and a server that merges units or data elements writes the new ones into old records.
    """

    units: tuple[str, ...] = ()
    partnerships: tuple[str, ...] = ()
    since: str | None = None
    whole: bool = False


ALL = Wanted()


def pull(client: Client, store: Store, fields: Fields, wanted: Wanted = ALL, told: Told | None = None) -> Taken:
    """Take what changed on the server into the store; ``told(done, total)`` hears of partnerships fetched."""
    store.bind(client.identify())
    mirror = Mirror(Tracker(client, fields.program), store, fields)
    total = Taken()
    if wanted.partnerships:
        _add(total, mirror.take(sorted(wanted.partnerships), told))
    else:
        for unit in wanted.units or ("",):
            _add(total, _pull_unit(mirror, unit, wanted, told))
    mirror.name_authors()
    log.info("pulled", extra={name: getattr(total, name) for name in _COUNTS})
    return total


_COUNTS = ("seen", "taken", "conflicts", "deleted", "lost")


def _add(total: Taken, more: Taken) -> None:
    for name in _COUNTS:
        setattr(total, name, getattr(total, name) + getattr(more, name))


def _pull_unit(mirror: Mirror, unit: str, wanted: Wanted, told: Told | None) -> Taken:
    store, started = mirror.store, server_time(mirror.tracker.client)
    expected = store.expected()
    if unit:
        inside = store.in_units([unit])
        expected = {uid: stamp for uid, stamp in expected.items() if uid in inside}
    since = None if wanted.whole else wanted.since or _since(store, unit, expected, started)
    there = _there(mirror.tracker, since, unit)
    if since and _looks_older(expected, there, since):
        # The server lacks something that it had: what else it lacks can only be told from all of it.
        since, there = None, _there(mirror.tracker, None, unit)
    if since is None:
        mirror.went_back = shows_older(expected, there)
    asked = sorted({*there, *expected}) if wanted.whole else list(_different(store, expected, there, since))
    result = mirror.take(asked, told)
    if not wanted.since:
        moment = (started - OVERLAP).isoformat(timespec="milliseconds")
        store.save([], cursors={unit: moment})
    return result


def _there(tracker: Tracker, since: str | None, unit: str) -> dict[str, str]:
    return {each.uid: each.at for page in tracker.changed(since, unit or None) for each in page}


def _since(store: Store, unit: str, expected: dict[str, str], started: dt.datetime) -> str | None:
    """From when on to ask: no later than the newest change that is known, so that it is seen to be still there."""
    cursor = max(filter(None, (store.cursor(), store.cursor(unit))), default=None)
    if cursor is None or cursor > started.isoformat():
        # Never pulled, or the server's clock was set back since.
        return None
    return min(cursor, max(map(known, expected.values()), default=cursor) or cursor)


def _looks_older(expected: dict[str, str], there: dict[str, str], since: str) -> bool:
    """Whether a partnership that must be among those that changed is not, or changed earlier than it is known to."""
    due = {uid: stamp for uid, stamp in expected.items() if not is_known(stamp) or stamp >= since}
    return any(uid not in there or is_older(stamp, there[uid]) for uid, stamp in due.items())


def _different(store: Store, expected: dict[str, str], there: dict[str, str], since: str | None) -> Iterator[str]:
    """The partnerships to fetch: changed, or missing from a list of all."""
    noted = store.stamps()
    yield from (uid for uid, stamp in there.items() if noted.get(uid) != stamp)
    if since is None:
        yield from (uid for uid in expected if uid not in there)


def server_time(client: Client) -> dt.datetime:
    """The server's own clock, in its own zone: what its times of change are told in."""
    return dt.datetime.fromisoformat(str(client.info["serverDate"])).replace(tzinfo=None)


def units_named(client: Client, names: Iterable[str]) -> tuple[str, ...]:
    """The UIDs of units by code or UID; UsageError when one of them is not there."""
    wanted = list(names)
    found = Metadata(client).units(wanted)
    known = {name for unit in found for name in (unit["id"], unit.get("code"))}
    missing = [name for name in wanted if name not in known]
    if missing:
        raise UsageError(f"There is no unit '{missing[0]}' for this account.", "Give its code or its UID.")
    return tuple(unit["id"] for unit in found)
