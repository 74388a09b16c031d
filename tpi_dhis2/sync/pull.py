"""Pull: what changed on the server since the last time, taken into the store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.mapping import read_mapping
from tpi_dhis2.dhis2.metadata import Json, Metadata
from tpi_dhis2.dhis2.tracker import Tracker
from tpi_dhis2.package.fields import Fields
from tpi_dhis2.store.items import CONFLICT, PARTNERSHIP, RECORD, Item
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.absorb import absorb, take_deletion
from tpi_dhis2.sync.wire import Remote, Wire

#: Looked at again on the next pull: what was committed late, nodes whose clocks differ, and the hour that a server
#: lives through twice when its clocks are set back (its times carry no zone).
OVERLAP = dt.timedelta(minutes=65)


@dataclass
class Pulled:
    """What a pull found: partnerships looked at, objects taken, objects in conflict."""

    seen: int = 0
    taken: int = 0
    conflicts: int = 0


def pull(client: Client, store: Store, fields: Fields, unit: str | None = None, *, whole: bool = False) -> Pulled:
    """Pull what changed since the last pull (``whole``: everything), of all units or of one and those below it.

    The mark of how far the store has come moves only after all is stored, and only by a pull of all units.
    """
    store.bind(client.identify())
    started = _server_time(client)
    since = None if whole or unit else store.setting("pulled")
    tracker = Tracker(client, fields.program, read_mapping(client))
    wire, result = Wire(fields), Pulled()
    for page in tracker.changed(since, unit):
        touched = take_page(store, wire, page)
        result.seen += len(page)
        result.taken += len(touched)
        result.conflicts += sum(item.state == CONFLICT for item in touched)
    if unit is None:
        store.set("pulled", (started - OVERLAP).isoformat(timespec="milliseconds"))
    learn_units(client, store)
    return result


def take_page(store: Store, wire: Wire, entities: Iterable[Json]) -> list[Item]:
    """Take a page of tracked entities into the store, in one transaction."""
    remotes = [remote for entity in entities for remote in wire.remotes(entity)]
    touched = absorb(store.by_uid(remote.uid for remote in remotes), remotes, wire.fields.calculated)
    store.save(touched)
    return touched + _bury(store, remotes)


def _bury(store: Store, remotes: Iterable[Remote]) -> list[Item]:
    """Delete here what stands below a deleted partnership or cycle: servers leave it out of their answer."""
    gone = {remote.uid: remote.partnership for remote in remotes if remote.deleted and remote.type != RECORD}
    near = [item for uid in set(gone.values()) for item in store.items(partnership=uid)]
    below = [item for item in near if gone.keys() & {item.partnership, item.cycle}]
    buried = [item for item in below if take_deletion(item)]
    store.save(buried)
    return buried


def _server_time(client: Client) -> dt.datetime:
    """The server's own clock, in its own zone: what its times of change are told in."""
    return dt.datetime.fromisoformat(str(client.info["serverDate"])).replace(tzinfo=None)


def learn_units(client: Client, store: Store) -> None:
    """Learn the names of the units that the partnerships and their partners stand in."""
    known = store.unit_names()
    items = [item for item in store.items() if item.type == PARTNERSHIP]
    wanted = {item.doc[key] for item in items for key in ("@unit", "partner_unit") if item.doc.get(key)}
    missing = wanted - set(known)
    if missing:
        store.save_units(Metadata(client).units(missing))
