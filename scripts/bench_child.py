"""One process that ``bench`` measures, or that prepares a server for it: python bench_child.py JOB ARGUMENTS.

Nothing is imported that the command itself would not import, so that its time and memory are those of the tool.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

OLD = Path(__file__).parents[1] / "tests" / "data" / "TPI_COMPLETE_0.1.0.json.gz"


class Meter:
    """Counts what a command asks of the server, and how long it waits for it."""

    def __init__(self) -> None:
        self.clients: list[Any] = []
        self.asked: list[tuple[str, str, Any]] = []
        self.asking = False
        self.slept = 0.0

    def attach(self) -> None:
        """Count from now on. Pauses inside of a request are in what its client waited already."""
        sleep = time.sleep

        def paused(seconds: Any) -> None:
            sleep(seconds)
            self.slept += 0 if self.asking else seconds

        time.sleep = paused
        from tpi_dhis2.dhis2.client import Client

        ask = Client.ask

        def asked(client: Client, method: str, path: str, **given: Any) -> Any:
            self.clients += [] if client in self.clients else [client]
            self.asked.append((method, path, given.get("params")))
            self.asking = True
            try:
                return ask(client, method, path, **given)
            finally:
                self.asking = False

        Client.ask = asked  # type: ignore[assignment,method-assign]  # for this process alone

    def figures(self) -> dict[str, Any]:
        """What was counted."""
        counts = {name: sum(getattr(one, name) for one in self.clients) for name in ("requests", "sent", "received")}
        waited = self.slept + sum(one.waited for one in self.clients)
        asked = [one[:2] for one in self.asked]
        return {
            **counts,
            "waited": waited,
            "reads": sum(method == "GET" for method, _ in asked),
            "writes": sum(method != "GET" for method, _ in asked),
            "tracker": sum(path.startswith("tracker") for _, path in asked),
            "addresses": [one[1:] for one in self.asked if one[0] == "GET"],
        }


def run(out: str, *args: str) -> None:
    """Run a command of tpi-dhis2 and write down what it asked of the server."""
    meter = Meter()
    meter.attach()
    from tpi_dhis2.cli.main import main

    try:
        main([*args])
    finally:
        Path(out).write_text(json.dumps(meter.figures()), "utf-8")


def later(out: str, *args: str) -> None:
    """Run a command of tpi-dhis2 as it will run tomorrow, when all is calculated for another day."""
    import datetime as dt

    from tpi_dhis2.sync.push import How

    # Nothing else runs in this process.
    How.day = property(lambda _: dt.date.today() + dt.timedelta(days=1))  # type: ignore[assignment,method-assign] # noqa: DTZ011
    run(out, *args)


def bare(addresses: str) -> None:
    """Ask for the same addresses with nothing around it, and read the JSON."""
    import requests

    token, name = os.environ.get("TPI_DHIS2_TOKEN"), os.environ.get("TPI_DHIS2_USERNAME", "")
    with requests.Session() as session:
        if token:
            session.headers["Authorization"] = f"ApiToken {token}"
        else:
            password = os.environ.get("TPI_DHIS2_PASSWORD", "")
            session.auth = requests.auth.HTTPBasicAuth(name.encode(), password.encode())
        for path, params in json.loads(Path(addresses).read_text("utf-8")):
            session.get(f"{os.environ['TPI_DHIS2_URL'].rstrip('/')}/api/{path}", params=params, timeout=300).json()


def client() -> Any:
    """A client of the server that the environment names."""
    from tpi_dhis2.cli.common import connect

    return connect(os.environ["TPI_DHIS2_URL"], os.environ.get("TPI_DHIS2_USERNAME"))


def first(backups: str) -> None:
    """Install version 0.1.0."""
    from tpi_dhis2.provision.apply import apply
    from tpi_dhis2.provision.plan import make_plan

    server, built = client(), json.loads(gzip.decompress(OLD.read_bytes()))
    apply(server, built, make_plan(server, built), Path(backups))


def touch() -> None:
    """Change one object of the package, as somebody would in an app."""
    from tpi_dhis2.dhis2.metadata import Metadata
    from tpi_dhis2.package.release import bundle

    server = client()
    chart = bundle(server.version.short)["visualizations"][0]
    operation = {"op": "replace", "path": "/name", "value": f"{chart['name']} (bench)"}
    Metadata(server).patch("visualizations", chart["id"], [operation])


JOBS: dict[str, Callable[..., None]] = {"run": run, "later": later, "bare": bare, "first": first, "touch": touch}


def _job(name: str) -> Callable[..., None]:
    if name in JOBS:
        return JOBS[name]
    from bench_child_sync import JOBS as OF_SYNC

    return OF_SYNC[name]


if __name__ == "__main__":
    _job(sys.argv[1])(*sys.argv[2:])
