"""A server for the model of the sync: the sandbox behind the client's own transport, with faults and persons.

Requests do not cross a socket: a pool in urllib3's place hands them to ``Sandbox.handle``, below all retries and errors
of the transport, so that a fault is one that a network has.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

from urllib3 import HTTPConnectionPool, HTTPResponse
from urllib3.exceptions import ProtocolError

from tests.fault.servers import admin, provisioned
from tpi_dhis2.dhis2 import jobs, tracker, transport
from tpi_dhis2.domain.uids import derive_uid
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.sandbox.ids import timestamp
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.web import Reply, Request, message
from tpi_dhis2.store.items import Item
from tpi_dhis2.sync.wire import Remote, Wire

FIELDS = package_fields()
#: When every world begins, by its clock (DHIS2 writes times without a zone).
NOON = datetime(2026, 11, 20, 12)  # noqa: DTZ001
URL = "http://sandbox.test"
TRACKER = "/api/tracker"
_BASIC = {"authorization": "Basic " + base64.b64encode(b"admin:district").decode(), "content-type": "application/json"}
_HTML = "<!doctype html><title>Hospital</title><p>Please log in</p>"
#: What the server's clock alone decides, or fills in by itself.
_OWN = {"@completed", "@incident"}

Docs = dict[str, dict[str, str]]
#: Answers in place of the server's, which does not hear of the request.
NOT_DONE: dict[str, Callable[[], Reply]] = {
    "html": lambda: Reply(200, text=_HTML, content_type="text/html"),
    "401": lambda: message(401, "Unauthorized"),
    "409": lambda: message(409, "Something is wrong"),
    "429": lambda: message(429, "Slow down"),
    "500": lambda: message(500, "NullPointerException"),
    "503": lambda: message(503, "Starting"),
}
FAULTS = ("lost before", "lost after", "garbled", "503 after", "twice", *NOT_DONE)


@dataclass
class Plan:
    """What befalls the requests of one command: a fault of some of them, edits of persons, and a kill."""

    fault: str = ""
    method: str = "POST"
    first: int = 0
    times: int = 1
    kill: tuple[str, int, bool] | None = None
    #: Before the n-th GET of records, or (-1) after the last look and just before the first request that writes.
    edit_at: int | None = None
    edit: Callable[[], None] | None = None

    @property
    def quiet(self) -> bool:
        """Whether nothing befalls it."""
        return not self.fault and self.kill is None and self.edit is None


@dataclass
class World:
    """The server, who watches its writes, and the plan of the command under way."""

    sandbox: Any
    clean: dict[str, Any]
    plan: Plan = field(default_factory=Plan)
    on_write: Callable[[Docs, Docs, Any], None] | None = None
    before_edit: Callable[[], None] | None = None
    writes: int = 0
    seen: dict[str, int] = field(default_factory=dict)
    in_window: bool = False

    @classmethod
    def made(cls) -> World:
        """A provisioned server."""
        sandbox = provisioned()
        return cls(sandbox, sandbox.state.tables)

    def fresh(self) -> None:
        """As provisioned, at noon of a day."""
        self.put_back(self.clean)
        self.time = NOON
        self.plan, self.on_write, self.before_edit, self.writes, self.seen = Plan(), None, None, 0, {}

    @property
    def time(self) -> datetime:
        """What the server's clock says."""
        return self.sandbox.state.moment()

    @time.setter
    def time(self, moment: datetime) -> None:
        self.sandbox.state._time = moment

    def snapshot(self) -> dict[str, Any]:
        """A backup of the database; rows are replaced, never changed."""
        return {name: dict(rows) for name, rows in self.sandbox.state.tables.items()}

    def put_back(self, tables: dict[str, Any]) -> None:
        """Put a backup back."""
        self.sandbox.state.restore(tables)

    def jump(self, minutes: int) -> None:
        """Set the server's clock."""
        self.time += timedelta(minutes=minutes, milliseconds=13)

    # What the client sees -------------------------------------------------------------------------------------

    def begin(self, plan: Plan) -> None:
        """A command begins."""
        self.plan, self.seen = plan, {}

    def answer(self, request: Request) -> Reply:
        """Answer a request of the client, as the plan wants it."""
        writes = request.method == "POST" and request.path == TRACKER and request.one("importMode") != "VALIDATE"
        self._edit(request, writes=writes)
        fault = self._fault(request)
        if fault == "lost before":
            raise ProtocolError("Connection aborted.", ConnectionResetError("lost before"))
        if fault in NOT_DONE:
            return NOT_DONE[fault]()
        reply = self._handle(request, writes=writes)
        if fault == "twice":
            reply = self._handle(request, writes=writes)
        if fault == "lost after":
            raise ProtocolError("Connection aborted.", ConnectionResetError("lost after"))
        if fault == "garbled":
            return Reply(200, text=reply.payload().decode()[: len(reply.payload()) // 2 + 1])
        return message(503, "Gone away") if fault == "503 after" else reply

    def _handle(self, request: Request, *, writes: bool) -> Reply:
        if not writes:
            return self.sandbox.handle(request)
        before = self.docs()
        reply = self.sandbox.handle(request)
        self.writes += 1
        if self.on_write:
            self.on_write(before, self.docs(), json.loads(request.body))
        return reply

    def _fault(self, request: Request) -> str:
        if not self.plan.fault or request.method != self.plan.method or "jobs" in request.path:
            return ""
        number = self.seen.get("fault", 0)
        self.seen["fault"] = number + 1
        return self.plan.fault if self.plan.first <= number < self.plan.first + self.plan.times else ""

    def _edit(self, request: Request, *, writes: bool) -> None:
        if self.plan.edit is None or not (writes or request.path.endswith("trackedEntities")):
            return
        number = -1 if writes else self.seen.get("look", 0)
        self.seen["look"] = self.seen.get("look", 0) + (not writes)
        if self.plan.edit_at == number:
            edit, self.plan.edit = self.plan.edit, None
            if self.before_edit:
                self.before_edit()
            self.in_window = writes
            edit()
            self.in_window = False

    # What persons see and do ------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, query: dict[str, str] | None = None, body: Any = None) -> Reply:
        """A request of a person, whom no fault befalls."""
        content = b"" if body is None else json.dumps(body).encode()
        return self.sandbox.handle(Request(method, f"/api/{path}", list((query or {}).items()), _BASIC, content, URL))

    def entities(self) -> list[dict[str, Any]]:
        """All that the server has of the program."""
        query = {"program": FIELDS.program, "fields": tracker.FIELDS, "includeDeleted": "true", "pageSize": "500"}
        found = self.ask("GET", "tracker/trackedEntities", {**query, "orgUnitMode": "ACCESSIBLE"})
        assert found.status == 200, found
        return list(found.body.get("trackedEntities", []))

    def remotes(self) -> dict[str, Remote]:
        """All living objects of the server."""
        wire = Wire(FIELDS)
        return {each.uid: each for one in self.entities() for each in wire.remotes(one) if not each.deleted}

    def docs(self) -> Docs:
        """The fields that people fill of all living objects."""
        hidden = FIELDS.calculated | _OWN
        return {
            uid: {key: value for key, value in each.doc.items() if key not in hidden}
            for uid, each in self.remotes().items()
        }

    def write(self, body: Any, strategy: str = "CREATE_AND_UPDATE") -> None:
        """A person's write; one that is refused changes nothing."""
        self.ask("POST", "tracker", {"async": "false", "importStrategy": strategy, "atomicMode": "OBJECT"}, body)

    def set_value(self, uid: str, key: str, value: str | None) -> None:
        """A person changes or empties a field."""
        each = self.remotes()[uid]
        if each.type == "partnership":
            given = [{"attribute": FIELDS.attributes[key].uid, "value": value}]
            kind = {"trackedEntity": uid, "trackedEntityType": FIELDS.tracked_entity_type}
            self.write({"trackedEntities": [{**kind, "orgUnit": each.doc["@unit"], "attributes": given}]})
            return
        body = Wire(FIELDS).object(_item(each))
        body["dataValues"] = [{"dataElement": FIELDS.elements[key].uid, "value": value}]
        self.write({"events": [body]})

    def set_status(self, uid: str, status: str) -> None:
        """A person completes an event or an enrollment, or opens it again."""
        each = self.remotes()[uid]
        doc = {key: value for key, value in each.doc.items() if key != "@completed"} | {"@status": status}
        body = Wire(FIELDS).object(_item(each, doc))
        self.write({"enrollments" if each.type == "cycle" else "events": [body]})

    def add_event(self, cycle: str, kind: str, values: dict[str, str], number: int) -> None:
        """A person enters an event, which gets a UID that nobody could guess."""
        parent = self.remotes()[cycle]
        doc = {"@unit": parent.doc["@unit"], "@date": "2026-05-01", "@status": "ACTIVE", **values}
        uid = derive_uid("entered by a person", str(number))
        item = Item(uid, "record", kind, parent.partnership, cycle, doc)
        self.write(Wire(FIELDS).payload([item]))

    def delete(self, uid: str) -> None:
        """A person deletes an object with all below it."""
        name, one = {
            "partnership": ("trackedEntities", "trackedEntity"),
            "cycle": ("enrollments", "enrollment"),
            "record": ("events", "event"),
        }[self.remotes()[uid].type]
        self.write({name: [{one: uid}]}, "DELETE")

    def purge(self) -> None:
        """Maintenance removes for good what is deleted."""
        flags = ("Relationship", "Event", "Enrollment", "TrackedEntity")
        self.ask("POST", "maintenance", {f"softDeleted{flag}Removal": "true" for flag in flags})


def _item(each: Remote, doc: dict[str, str] | None = None) -> Item:
    return Item(each.uid, each.type, each.kind, each.partnership, each.cycle, doc or dict(each.doc), dict(each.doc))


# In place of the network --------------------------------------------------------------------------------------


@contextmanager
def connected(world: World) -> Iterator[None]:
    """Let every client talk to this world, and its clock and jobs run without waiting."""

    class Pool(HTTPConnectionPool):
        def _make_request(self, conn: Any, method: str, url: str, body: Any = None, headers: Any = None, **_: Any):
            address = urlsplit(url)
            content = body.encode() if isinstance(body, str) else body or b""
            known = {name.lower(): value.decode() if isinstance(value, bytes) else value
                     for name, value in headers.items()}  # fmt: skip
            query = parse_qsl(address.query, keep_blank_values=True)
            reply = world.answer(Request(method, address.path, query, known, content, URL))
            given = {"Content-Type": reply.content_type, **reply.headers}
            return HTTPResponse(io.BytesIO(reply.payload()), given, reply.status, preload_content=False)

    class Adapter(transport.PatientAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            self.poolmanager.pool_classes_by_scheme = {"http": Pool}

    def tick(state: State) -> None:
        state._time += timedelta(milliseconds=137)
        state._now = timestamp(state._time)

    with (
        mock.patch.object(transport, "PatientAdapter", Adapter),
        mock.patch.object(State, "_tick", tick),
        mock.patch.object(jobs, "SHORTEST", 0.0),
    ):
        yield


def client():
    """A client of the world."""
    return admin(URL)
