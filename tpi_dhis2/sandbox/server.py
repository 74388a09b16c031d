"""The sandbox over real HTTP: an embedded stand-in for a DHIS2, for training, the demo and tests.

It speaks the part of the Web API that tpi-dhis2 uses, as recorded from real servers of four versions, and runs program
rules on import. Notifications, those of rules too, and files are not part of it, nor are the tables of analytics.
"""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tpi_dhis2.sandbox import fresh, routes
from tpi_dhis2.sandbox.guard import foreign, is_loopback
from tpi_dhis2.sandbox.kept import Kept
from tpi_dhis2.sandbox.state import FULL_VERSION, State
from tpi_dhis2.sandbox.web import Json, RefusalError, Reply, Request, message

REMEMBERED = 10000


class Sandbox:
    """One server with its data: in memory, or kept in a file between runs."""

    def __init__(self, version: str = "2.42", file: Path | None = None):
        self.minor = int(version.partition(".")[2].split(".")[0])
        if self.minor not in FULL_VERSION:
            raise ValueError(f"There is no sandbox for version {version}; there is one for 2.40, 2.41, 2.42 and 2.43")
        self._kept = Kept(file) if file else None
        self.requests: deque[tuple[str, str]] = deque(maxlen=REMEMBERED)
        self._lock = threading.Lock()
        self.state = State(self.minor, is_kept=file is not None)
        if file is None or not self.state.load(file):
            fresh.fill(self.state)
        self._save()

    @property
    def version(self) -> str:
        """Return the version it speaks as."""
        return f"2.{self.minor}"

    @property
    def is_fresh(self) -> bool:
        """Say whether nobody has put anything in: no unit, no program, nobody but the account of a fresh server."""
        filled = any(self.state.table(name) for name in ("organisationUnits", "programs", "dataElements"))
        return not filled and len(self.state.table("users")) == 1

    def reset(self) -> None:
        """Go back to a fresh server."""
        with self._lock:
            self.state = State(self.minor, is_kept=self._kept is not None)
            fresh.fill(self.state)
            self._save()

    def snapshot(self) -> dict[str, Json]:
        """Return a backup of all data, to be given to ``restore``."""
        with self._lock:
            return self.state.snapshot()

    def restore(self, backup: dict[str, Json]) -> None:
        """Go back to a backup, as often as wanted; the clock goes on, and jobs that waited are forgotten."""
        with self._lock:
            self.state.restore(backup)
            self._save()

    def _save(self) -> None:
        if self._kept:
            self._kept.save(self.minor, self.state.tables)

    def handle(self, request: Request) -> Reply:
        """Answer a request, one at a time; one that fails changes nothing."""
        with self._lock:
            self.requests.append((request.method, request.path))
            try:
                with self.state.transaction():
                    reply = routes.answer(self.state, request)
            except RefusalError as refusal:
                reply = refusal.reply
            if self._kept and self.state.changed:
                self._kept.add(self.state.changes(), self.minor, self.state.tables)
            return reply


class Handler(BaseHTTPRequestHandler):
    """Reads a request, lets the sandbox answer it, writes the reply."""

    protocol_version = "HTTP/1.1"
    server_version = "tpi-dhis2-sandbox"
    sandbox: Sandbox
    disable_nagle_algorithm = True
    local = True

    def _answer(self) -> None:
        try:
            request = self._request()
            reply = foreign(request) or self.sandbox.handle(request)
        except Exception as error:
            self._send(message(500, f"{type(error).__name__}: {error}"))
            raise
        self._send(reply)

    def _request(self) -> Request:
        address = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        method = "GET" if self.command == "HEAD" else self.command
        headers = {name.lower(): value for name, value in self.headers.items()}
        base = f"http://{headers.get('host', 'localhost')}"
        query = parse_qsl(address.query, keep_blank_values=True)
        body = self.rfile.read(length) if length else b""
        return Request(method, unquote(address.path).rstrip("/") or "/", query, headers, body, base,
                       self.client_address[0], self.local)  # fmt: skip

    def _send(self, reply: Reply) -> None:
        payload = reply.payload()
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(payload)))
        self.send_header("X-TPI-Sandbox", "true")
        self.send_header("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate")
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 (the names are the base class's)

    def do_OPTIONS(self) -> None:
        """Say that the path exists."""
        self._send(Reply(200, text="", headers={"Allow": "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS"}))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is the base class's)
        """Keep the terminal to the one who started the sandbox."""


class _Server6(ThreadingHTTPServer):
    address_family = socket.AF_INET6


@contextmanager
def serve(sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve a sandbox in a thread and give its URL; OSError when the address or the port cannot be had."""
    handler = type("SandboxHandler", (Handler,), {"sandbox": sandbox, "local": is_loopback(host)})
    server = (_Server6 if ":" in host else ThreadingHTTPServer)((host, port), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
