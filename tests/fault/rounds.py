"""Rounds of a sync under faults: a small world where people work on both sides, and what must be true in the end.

The store knows four partnerships; people have changed, entered and deleted records of them on the server since, and a
record file changes others, one of them the same field, deletes a record and brings a partnership of its own.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from tests.fault.servers import Asked, Ran, Reply, Served, admin, around, provisioned, tpi
from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.tracker import Tracker
from tpi_dhis2.domain.uids import derive_uid
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.sandbox.server import Sandbox, serve
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync import files
from tpi_dhis2.sync.push import How, Pusher
from tpi_dhis2.sync.wire import Remote, Wire

FIELDS = package_fields()
TODAY = "2026-11-23"
ACCOUNT = {"username": "admin", "password": "district"}
#: Whether there is time for many more rounds, and for all versions.
LONG = bool(os.environ.get("TPI_LONG"))
VERSIONS = ("2.40", "2.41", "2.42", "2.43") if LONG else ("2.42",)
UNIT = "TPI_DEMO_NDARAVI_RH"
Json = dict[str, Any]


def seeds(rounds: int) -> list[int]:
    """The seeds of so many rounds, or of ten times as many."""
    return [20261125 + number for number in range(rounds * (10 if LONG else 1))]


def die_of(*parts: object) -> random.Random:
    """A die of its own for a round."""
    return random.Random("/".join(map(str, parts)))  # noqa: S311 - a die, no secret


# Records ----------------------------------------------------------------------------------------------------------


def activity(number: int, **changes: object) -> Json:
    """An activity of the action plan."""
    usual = {"date": "2026-02-01", "activity_no": number, "activity_title": f"Train {number}", "spent": 50}
    return {**usual, "activity_status": "ON_TRACK", **changes}


def partnership(key: str, *activities: Json, **measured: int) -> Json:
    """A partnership with an agreement, a target, measurements and activities."""
    measurements = [
        {"date": date.replace("d", "").replace("_", "-"), "measure": "HH_COMPL", "value": value}
        for date, value in measured.items()
    ]
    target = {"date": "2026-02-01", "target_no": 1, "measure": "HH_COMPL", "baseline": 20, "short_target": 50}
    records = {
        "agreement": [{"date": "2026-01-10", "host_lead": f"Ana {key}", "common_goal": "Fewer infections"}],
        "target": [{**target, "short_due": "2026-06-30"}],
        "measurement": measurements,
        "activity": list(activities),
    }
    attributes = {"name": f"Pair {key} (fictional)", "code": f"PAIR_{key.upper()}"}
    cycle = {"key": "1", "began": "2026-01-10", "records": records}
    return {"key": key, "unit": UNIT, "attributes": attributes, "cycles": [cycle]}


def first() -> list[Json]:
    """What the store and the server begin with."""
    numbers = range(1, 5)
    return [partnership(key, *map(activity, numbers), d2026_03_01=40, d2026_06_01=60) for key in "abc"]


def second() -> list[Json]:
    """What the file says later."""
    a, b, c = first()
    _activities(a)[1] = activity(2, spent=80, activity_title="Train 2 again")
    a["cycles"][0]["records"]["measurement"].append({"date": "2026-09-01", "measure": "HH_COMPL", "value": 66})
    _activities(b)[2]["deleted"] = True
    _activities(c)[0] = activity(1, spent=100)
    return [a, b, c, partnership("d", *map(activity, range(1, 7)), d2026_06_01=55)]


def _activities(entry: Json) -> list[Json]:
    found: list[Json] = entry["cycles"][0]["records"]["activity"]
    return found


def record_file(folder: Path, partnerships: list[Json], name: str = "records.yaml") -> Path:
    """A record file."""
    path = folder / name
    path.write_text(yaml.safe_dump({"as_of": TODAY, "partnerships": partnerships}), encoding="utf-8")
    return path


def uid_of(key: str, number: int = 1, kind: str = "activity") -> str:
    """The UID of a record."""
    return derive_uid("record", key, "1", kind, str(number))


# People on the server ---------------------------------------------------------------------------------------------


def edit(client: Client, uid: str, **values: str) -> None:
    """Somebody changes values of a record in Capture."""
    event = client.get(f"tracker/events/{uid}", {"program": FIELDS.program})
    given = [{"dataElement": FIELDS.elements[key].uid, "value": value} for key, value in values.items()]
    post(client, "UPDATE", events=[{**event, "dataValues": given}])


def enter(client: Client, key: str, uid: str, kind: str = "contact", **values: str) -> None:
    """Somebody enters a record in the cycle of a partnership."""
    given = [{"dataElement": FIELDS.elements[name].uid, "value": value} for name, value in values.items()]
    like = client.get(f"tracker/events/{uid_of(key)}", {"program": FIELDS.program})
    kept = {name: like[name] for name in ("program", "enrollment", "orgUnit", "status")}
    stage = FIELDS.stages[kind].uid
    event = {**kept, "event": uid, "programStage": stage, "occurredAt": "2026-10-01", "dataValues": given}
    post(client, "CREATE", events=[event])


def post(client: Client, strategy: str, **objects: list[Json]) -> None:
    """Write objects as another client of the server does."""
    params = {"async": "false", "importStrategy": strategy}
    client.ask("POST", "tracker", params=params, body=objects)


def delete(client: Client, uid: str, kind: str = "event") -> None:
    """Somebody deletes an object."""
    lists = {"event": "events", "enrollment": "enrollments", "trackedEntity": "trackedEntities"}
    post(client, "DELETE", **{lists[kind]: [{kind: uid}]})


def people_work(client: Client) -> None:
    """Change, enter and delete records, as people do between two syncs."""
    edit(client, uid_of("a"), spent="70", obstacle="FUNDS")
    delete(client, uid_of("b", 2))
    enter(client, "b", "pEvent00001", contact_type="CALL")
    edit(client, uid_of("c"), spent="75")


# The world --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """A server as it was when the store last saw it and after people worked on it, and stores as files.

    In ``behind`` nothing waits; in ``ahead`` the later record file is taken and not sent.
    """

    version: str
    before: dict[str, Json]
    after: dict[str, Json]
    behind: bytes
    ahead: bytes


@cache
def world(version: str = "2.42") -> World:
    """The world, made once in a run of the tests."""
    sandbox = provisioned(version)
    with TemporaryDirectory() as name, serve(sandbox) as url:
        folder, client = Path(name), admin(url)
        path = folder / "store.sqlite"
        made = tpi("sync", "push", record_file(folder, first()), url=url, store=f"sqlite:///{path}", **ACCOUNT)
        assert made.code == 0, made
        assert tpi("sync", "run", url=url, store=f"sqlite:///{path}", **ACCOUNT).code == 0
        behind, before = path.read_bytes(), sandbox.snapshot()
        with Store.open(f"sqlite:///{path}") as store:
            pusher = Pusher(client, store, FIELDS, How())
            pusher.take_file("records.yaml", files.read(record_file(folder, second())))
        ahead = path.read_bytes()
        people_work(client)
        return World(version, before, sandbox.snapshot(), behind, ahead)


def server_with(tables: dict[str, Json], version: str = "2.42") -> Sandbox:
    """A sandbox of its own with these data."""
    sandbox = Sandbox(version)
    sandbox.restore(tables)
    return sandbox


class Desk:
    """A store in a folder, the server that it mirrors, and a person who runs commands."""

    def __init__(self, folder: Path, url: str, content: bytes | None = None, name: str = "store") -> None:
        self.folder, self.url = folder, url
        self.path = folder / f"{name}.sqlite"
        self.store = f"sqlite:///{self.path}"
        if content is not None:
            self.path.write_bytes(content)
            with Store.open(self.store) as store:
                store.set("server", url)

    def tpi(self, *args: object) -> Ran:
        """Run a command."""
        return tpi(*args, url=self.url, store=self.store, **ACCOUNT)

    def well(self, *args: object) -> Ran:
        """Run a command that must end well."""
        ran = self.tpi(*args)
        assert ran.code == 0, ran
        return ran

    def push(self, partnerships: list[Json]) -> Ran:
        """Push a record file, well."""
        return self.well("sync", "push", record_file(self.folder, partnerships))

    def items(self) -> dict[str, Json]:
        """The objects of the store as they stand; without what the server said of them, and when."""
        with Store.open(self.store) as store:
            return {
                item.uid: {
                    "doc": item.doc, "base": item.base, "state": item.state, "deleted": item.deleted,
                    "removed": item.removed, "said": item.said,
                    "conflicts": {key: (clash.here, clash.server) for key, clash in item.conflicts.items()},
                }
                for item in store.items()
            }  # fmt: skip

    def states(self) -> Counter[str]:
        """How many objects are in which state."""
        with Store.open(self.store) as store:
            return Counter(store.states())


def objects(url: str) -> list[Remote]:
    """All partnerships, cycles and records that the server gives back, as often as it has them."""
    tracker = Tracker(admin(url), FIELDS.program)
    uids = [stamp.uid for page in tracker.changed() for stamp in page]
    found = [remote for page in tracker.whole(uids) for entity in page for remote in Wire(FIELDS).remotes(entity)]
    for remote in found:
        remote.doc.pop("@completed", None)  # the server's clock
    return found


def there(url: str) -> dict[str, Remote]:
    """The objects of the server by UID, each just once."""
    found = objects(url)
    assert max(Counter(remote.uid for remote in found).values(), default=1) == 1, "something is doubled"
    return {remote.uid: remote for remote in found}


def writes(sandbox: Sandbox) -> int:
    """How often the server was asked to write."""
    return sum(method != "GET" for method, _ in sandbox.requests)


def is_plain(ran: Ran) -> bool:
    """Whether a command ended well, or with one line that says what is wrong."""
    said = [line for line in ran.lines if line.startswith("Error: ")]
    plain = "Error: Unexpected" not in ran.err and "Traceback" not in ran.out + ran.err
    return plain and len(said) == (ran.code != 0) and ran.code in (0, 1)


def assert_calm(desk: Desk, sandbox: Sandbox) -> None:
    """Nothing waits, and a further run writes nothing."""
    waiting = desk.states().keys() - {"synced", "warning", "conflict"}
    assert not waiting, desk.states()
    before = writes(sandbox)
    desk.well("sync", "run")
    assert writes(sandbox) == before, "a further run wrote something"


class Proxy:
    """What stands between: it may be told what to do with requests, and to let them be."""

    def __init__(self) -> None:
        self.does: Callable[[Asked, Callable[[], Reply]], Reply] | None = None
        self.under_way = 0

    def __call__(self, asked: Asked, ask: Callable[[], Reply]) -> Reply:
        """Deal with a request."""
        self.under_way += 1
        try:
            return self.does(asked, ask) if self.does else ask()
        finally:
            self.under_way -= 1

    @contextmanager
    def before(self, url: str) -> Iterator[Served]:
        """Stand before a server."""
        with around(url, self) as served:
            yield served


def sent(served: Served, since: int = 0) -> list[str]:
    """The UIDs of objects in requests that write, from one request on, as often as they were sent."""
    bodies = [json.loads(one.body) for one in served.asked[since:] if one.method == "POST" and "tracker" in one.path]
    names = {"trackedEntities": "trackedEntity", "enrollments": "enrollment", "events": "event"}
    return [each[names[kind]] for body in bodies for kind, rows in body.items() for each in rows]
