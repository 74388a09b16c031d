"""Servers that misbehave, over real sockets: every answer that is not a DHIS2's, and a proxy that loses answers."""

from __future__ import annotations

import io
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from tpi_dhis2.cli.common import SETTINGS
from tpi_dhis2.cli.main import main
from tpi_dhis2.demo.units import ensure_units, units
from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.package.release import bundle
from tpi_dhis2.provision.apply import apply
from tpi_dhis2.provision.assign import Choice, assign, plan_assignment
from tpi_dhis2.provision.plan import make_plan
from tpi_dhis2.sandbox.server import Sandbox, serve

ROOT = Path(__file__).parents[2]
#: Words that nothing but a leak can bring into an output.
PASSWORD = "Geheim-wort-4711"
TOKEN = "d2p_Geheim4711Geheim4711"
SECRETS = (PASSWORD, TOKEN, "YWRtaW46R2VoZWltLXdvcnQtNDcxMQ")  # the last is "admin:PASSWORD" as Basic writes it


@dataclass(frozen=True)
class Asked:
    """A request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """An answer: a text or JSON body, or one of the faults that a network has."""

    status: int = 200
    body: Any = ""
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "application/json;charset=UTF-8"
    #: Close the connection without an answer.
    dropped: bool = False
    #: Send only half of the body that the header announces.
    cut: bool = False
    #: Wait before the answer.
    seconds: float = 0

    @property
    def payload(self) -> bytes:
        """The bytes of the body."""
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


def html(status: int = 200, title: str = "Welcome to the hospital") -> Reply:
    """A page for people, as proxies and other services give it."""
    return Reply(status, f"<!doctype html><html><title>{title}</title><p>{title}</p></html>", kind="text/html")


def message(status: int, text: str, **headers: str) -> Reply:
    """DHIS2's own envelope for an error."""
    body = {"httpStatusCode": status, "status": "ERROR", "message": text}
    return Reply(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def info(version: str = "2.42.4.1") -> Reply:
    """What a DHIS2 says of itself."""
    return Reply(body={"version": version, "serverDate": "2026-11-23T10:00:00.000", "contextPath": "http://x"})


DROPPED = Reply(dropped=True)
Answers = Callable[[Asked], Reply]
#: What a proxy does with a request, given a way to pass it on to the server, as often as it likes.
Around = Callable[[Asked, Callable[[], Reply]], Reply]


@dataclass
class Served:
    """A running server: its address and what it was asked."""

    url: str
    asked: list[Asked] = field(default_factory=list)

    def count(self, method: str, path: str = "") -> int:
        """How many requests of a method had this in their path."""
        return sum(one.method == method and path in one.path for one in self.asked)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    served: Served
    answers: Answers

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            self._hang_up()  # the client was killed in the middle of it
            return
        asked = Asked(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        self.served.asked.append(asked)
        reply = type(self).answers(asked)
        time.sleep(reply.seconds)
        if reply.dropped:
            self._hang_up()
            return
        try:
            self._send(reply)
        except OSError:
            self.close_connection = True  # the client has given up, or was killed

    def _send(self, reply: Reply) -> None:
        payload = reply.payload
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.kind)
        self.send_header("Content-Length", str(len(payload)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload[: len(payload) // 2] if reply.cut else payload)
        if reply.cut:
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - http.server asks for these names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in the base class
        """Say nothing."""


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that went away in the middle is what these tests are about."""


@contextmanager
def serving(answers: Answers) -> Iterator[Served]:
    """Serve what a function answers."""
    served = Served("")
    # A function in a class would be bound to it; staticmethod keeps it one.
    handler = type("FaultHandler", (_Handler,), {"served": served, "answers": staticmethod(answers)})
    with _Quiet(("127.0.0.1", 0), handler) as server:
        served.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()


def always(reply: Reply) -> Answers:
    """The same answer to everything."""
    return lambda _: reply


def in_turn(*replies: Reply) -> Answers:
    """One answer after the other; the last one for ever."""
    left = list(replies)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def passed(url: str, asked: Asked) -> Reply:
    """The answer of a good server to a request that is passed on to it."""
    target = urlsplit(url)
    connection = HTTPConnection(target.hostname or "", target.port, timeout=20)
    try:
        headers = {name: value for name, value in asked.headers.items() if name not in ("host", "connection")}
        connection.request(asked.method, asked.path, asked.body, headers)
        response = connection.getresponse()
        text, kind = response.read().decode(), response.headers.get("Content-Type", "")
    finally:
        connection.close()
    kept = {name: value for name, value in response.headers.items() if name in ("Location", "WWW-Authenticate")}
    return Reply(response.status, text, kept, kind)


@contextmanager
def around(url: str, does: Around) -> Iterator[Served]:
    """A proxy before a good server that does with each request what a function says."""
    with serving(lambda asked: does(asked, lambda: passed(url, asked))) as served:
        yield served


@contextmanager
def between(
    url: str, lose: Callable[[Asked], bool] = lambda _: False, first: Callable[[Asked], Reply | None] = lambda _: None
) -> Iterator[Served]:
    """A proxy before a good server: it passes every request on, and loses the answer where ``lose`` says so.

    Where ``first`` has an answer of its own, that is given and nothing is passed on.
    """

    def does(asked: Asked, ask: Callable[[], Reply]) -> Reply:
        own = first(asked)
        if own is not None:
            return own
        reply = ask()
        return DROPPED if lose(asked) else reply

    with around(url, does) as served:
        yield served


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def admin(url: str) -> Client:
    """A client for the sandbox's administrator that does not wait between attempts."""
    return Client(Account(url, "admin", "district"), pause=0)


@cache
def _provisioned(version: str) -> str:
    """The state of a sandbox with the package and the demo's units, made once in a run of the tests."""
    sandbox = Sandbox(version)
    with TemporaryDirectory() as folder, serve(sandbox) as url:
        client = admin(url)
        ensure_units(client)
        built = bundle(version)
        apply(client, built, make_plan(client, built), Path(folder))
        codes = tuple(unit["code"] for unit in units())
        assign(client, plan_assignment(client, package_fields().program, Choice(units=codes)))
        kept = Path(folder) / "state.json"
        sandbox.state.save(kept)
        return kept.read_text(encoding="utf-8")


def provisioned(version: str = "2.42") -> Sandbox:
    """A sandbox of its own with the package and the demo's units."""
    sandbox = Sandbox(version)
    with TemporaryDirectory() as folder:
        kept = Path(folder) / "state.json"
        kept.write_text(_provisioned(version), encoding="utf-8")
        sandbox.state.load(kept)
    return sandbox


@dataclass(frozen=True)
class Ran:
    """What a run of the command line left: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What was said on standard error, line by line."""
        return [line for line in self.err.splitlines() if line]


def environment(**given: str) -> dict[str, str]:
    """This process's environment without proxies and without settings of tpi-dhis2 other than those given."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TPI_DHIS2") and not name.lower().endswith("_proxy")
    }
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**kept, "PYTHONPATH": path, **{f"TPI_DHIS2_{name.upper()}": value for name, value in given.items()}}


def tpi(*args: object, **given: str) -> Ran:
    """Run the command line in this process; ``url="..."`` and the like stand in the environment as TPI_DHIS2_URL."""
    SETTINGS.verbose = False
    out, err = io.StringIO(), io.StringIO()
    with mock.patch.dict(os.environ, environment(**given), clear=True), redirect_stdout(out), redirect_stderr(err):
        try:
            main([str(arg) for arg in args])
        except SystemExit as left:
            code = left.code
    return Ran(int(code or 0), out.getvalue(), err.getvalue())
