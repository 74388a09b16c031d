"""What ``bench sync`` has done in processes of their own: a sandbox, stores to push from, the bare loop."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_ADDRESS = "api/tracker?async=false&importStrategy={}&importMode=COMMIT&atomicMode=OBJECT&reportMode=FULL"
_WRITERS = 4
#: The setting of a store that names the unit above all its partnerships.
TOP = "bench top"


def serve(version: str, pace: str, file: str = "") -> None:
    """A sandbox in memory, begun from a file. On each line of input it tells what it has done, or saves its data.

    With a ``pace`` each write takes at least so many seconds, several of them side by side, as on a server.
    """
    from tpi_dhis2.sandbox.server import Sandbox
    from tpi_dhis2.sandbox.server import serve as serve_sandbox

    sandbox = Sandbox(version)
    if file:
        sandbox.state.load(Path(file))
    if float(pace):
        # This one sandbox alone is slowed, not the class that others are measured with.
        sandbox.handle = _paced(sandbox.handle, float(pace))  # type: ignore[assignment,method-assign]
    with serve_sandbox(sandbox) as url:
        _say(url)
        for line in sys.stdin:
            if line.startswith("save "):
                sandbox.state.save(Path(line[5:].strip()))
            _say(str(time.process_time()))


def _paced(handle: Callable[[Any], Any], seconds: float) -> Callable[[Any], Any]:
    def answer(request: Any) -> Any:
        if request.method == "POST" and request.path == "/api/tracker":
            time.sleep(seconds)
        return handle(request)

    return answer


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def install(folder: str) -> None:
    """Install the package and the demo's units."""
    from bench_child import client

    from tpi_dhis2.demo.units import ensure_units, units
    from tpi_dhis2.package.fields import package_fields
    from tpi_dhis2.package.release import bundle
    from tpi_dhis2.provision.apply import apply
    from tpi_dhis2.provision.assign import Choice, assign, plan_assignment
    from tpi_dhis2.provision.plan import make_plan

    server = client()
    ensure_units(server)
    built = bundle(server.version.short)
    apply(server, built, make_plan(server, built), Path(folder))
    codes = tuple(unit["code"] for unit in units())
    assign(server, plan_assignment(server, package_fields().program, Choice(units=codes)))


def fill(url: str, shape: str, seed: str, count: str) -> None:
    """A store with partnerships that wait to be sent, in the program's units below one, which the store names."""
    from bench_child import client
    from bench_data import fill as fill_store

    from tpi_dhis2.package.fields import package_fields
    from tpi_dhis2.store.store import Store

    fields = {"fields": "organisationUnits[id,path]"}
    units = client().get_object(f"programs/{package_fields().program}", fields)["organisationUnits"]
    top = min(unit["path"].split("/")[1] for unit in units)
    inside = sorted(unit["id"] for unit in units if unit["path"].split("/")[1] == top)
    with Store.open(url) as store:
        store.set(TOP, top)
        fill_store(store, shape, seed, int(count), inside)


def bodies(url: str, out: str) -> None:
    """What a push from a store will send, as bodies of requests in files, calculated fields and all."""
    import datetime as dt

    from tpi_dhis2.package.fields import package_fields
    from tpi_dhis2.store.items import WAITING
    from tpi_dhis2.store.store import Store
    from tpi_dhis2.sync.calculated import calculated
    from tpi_dhis2.sync.outbox import parcels
    from tpi_dhis2.sync.wire import Wire

    fields = package_fields()
    wire = Wire(fields)
    Path(out).mkdir()
    with Store.open(url) as store, store.rehearsal():
        today = dt.date.today()  # noqa: DTZ011 - as a push does
        groups = calculated(store, fields, today, store.partnerships(WAITING), store.not_calculated(today.isoformat()))
        for number, parcel in enumerate(parcels(store, groups, set())):
            (Path(out) / f"{number:06}.json").write_text(json.dumps(wire.payload(parcel.items)), "utf-8")


def bare(folder: str) -> None:
    """Post the bodies with four plain sessions and read the answers; nothing is looked at, noted or stored."""
    paths = iter(sorted(Path(folder).iterdir()))
    lock, failed = threading.Lock(), list[str]()
    threads = [threading.Thread(target=_post_all, args=(paths, lock, failed)) for _ in range(_WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        sys.exit(failed[0])


def _post_all(paths: Iterator[Path], lock: threading.Lock, failed: list[str]) -> None:
    with _session() as session:
        while True:
            with lock:
                path = next(paths, None)
            if path is None:
                return
            answer = _post(session, path.read_bytes(), "CREATE_AND_UPDATE")
            if answer.get("status") != "OK" or answer["stats"]["ignored"]:
                failed.append(json.dumps(answer)[:2000])


def _session() -> Any:
    import requests

    session = requests.Session()
    session.headers["Content-Type"] = "application/json"
    if token := os.environ.get("TPI_DHIS2_TOKEN"):
        session.headers["Authorization"] = f"ApiToken {token}"
    else:
        name, password = os.environ.get("TPI_DHIS2_USERNAME", ""), os.environ.get("TPI_DHIS2_PASSWORD", "")
        session.auth = requests.auth.HTTPBasicAuth(name.encode(), password.encode())
    return session


def _post(session: Any, body: bytes, strategy: str) -> Any:
    address = f"{os.environ['TPI_DHIS2_URL'].rstrip('/')}/{_ADDRESS.format(strategy)}"
    return session.post(address, data=body, timeout=600).json()


def change(url: str, count: str) -> None:
    """Change so many partnerships in a store."""
    from bench_data import change as change_some

    from tpi_dhis2.store.store import Store

    with Store.open(url) as store:
        change_some(store, int(count))


def settle(url: str, *units: str) -> None:
    """Put the cursors of a store to now: as if all that is there had changed long ago."""
    from bench_child import client

    from tpi_dhis2.store.store import Store
    from tpi_dhis2.sync.pull import server_time

    now = server_time(client()).isoformat(timespec="milliseconds")
    with Store.open(url) as store:
        store.save([], cursors=dict.fromkeys(units or ("",), now))


def clear(seed: str, count: str) -> None:
    """Delete the partnerships of the bench from a server."""
    from bench_data import uid_of

    with _session() as session:
        for start in range(0, int(count), 50):
            numbers = range(start, min(start + 50, int(count)))
            body = {"trackedEntities": [{"trackedEntity": uid_of(seed, number)} for number in numbers]}
            _post(session, json.dumps(body).encode(), "DELETE")


JOBS: dict[str, Callable[..., None]] = {
    "serve": serve, "install": install, "fill": fill, "bodies": bodies, "post": bare,
    "change": change, "settle": settle, "clear": clear,
}  # fmt: skip
