"""What provisioning costs: requests, bytes, time and memory of each command, and whether the limits are kept.

Each command is a process of its own, and so is the sandbox, so that its time and memory are not counted. Machines are
noisy: what counts is the ratio to a bare loop that asks for the same addresses as a plan and reads the JSON, measured
in the same run; of several runs of a command that only reads the quickest is taken.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from bench_common import ROOT, VERSIONS, Limit, Place, environment, leave, show_limits

OLD = ROOT / "tests" / "data" / "TPI_COMPLETE_0.1.0.json.gz"
#: What a plan may ask, and how long it may work, when nothing is to be done; what any command may have in memory.
REQUESTS, SECONDS, MEGABYTES = 5, 2.0, 200.0
UP_TO_DATE = "plan, up to date"


@dataclass(frozen=True)
class Figures:
    """What a command cost. Times are in seconds, memory is the most the process ever had, in megabytes."""

    name: str
    requests: int
    sent: int
    received: int
    cpu: float
    own: float
    waited: float
    memory: float
    settled: bool

    @property
    def work(self) -> float:
        """Seconds of its own: by the clock or by the processor, whichever is more."""
        return max(self.cpu, self.own)


@dataclass(frozen=True)
class Report:
    """All that was measured on one server."""

    server: str
    bare: float
    rows: list[Figures]

    def limits(self) -> list[Limit]:
        """Each limit and how the server's figures stand to it."""
        plan = next((row for row in self.rows if row.name == UP_TO_DATE and row.settled), None)
        most = max(self.rows, key=lambda row: row.memory)
        memory = Limit(
            f"no command has more than {MEGABYTES:.0f} MB in memory",
            f"{most.memory:.0f} MB, {most.name}", most.memory <= MEGABYTES,
        )  # fmt: skip
        asks = f"a plan asks at most {REQUESTS} times when nothing is to be done"
        works = f"and works at most {SECONDS:.0f} s"
        if plan is None:
            return [Limit(asks, "the server is not up to date", None), memory]
        return [
            Limit(asks, f"{plan.requests} times", plan.requests <= REQUESTS),
            Limit(works, f"{plan.work:.2f} s", plan.work <= SECONDS),
            memory,
        ]


class Server(Place):
    """A server to measure on, by the environment of the commands."""

    def __init__(self, folder: Path, times: int, **given: str) -> None:
        super().__init__(folder, **given)
        self.times = times
        self.rows: list[Figures] = []
        self.addresses: list[Any] = []

    def reads(self, name: str, *args: str) -> None:
        """Measure a command that only reads, some times; the quickest counts."""
        found = [self._measured(name, *args) for _ in range(self.times)]
        self.rows.append(min(found, key=lambda row: row.cpu))

    def writes(self, name: str, *args: str) -> None:
        """Measure a command that writes, so it can be run only once."""
        self.rows.append(self._measured(name, *args, "--yes", "--backups", str(self.folder / "backups")))

    def prepare(self, *args: str) -> None:
        """Change the server without measuring."""
        self.run(*args)

    def bare(self) -> float:
        """Seconds of the processor for a bare loop over the addresses of the last plan."""
        path = self.folder / "addresses.json"
        path.write_text(json.dumps(self.addresses), "utf-8")
        return min(self.run("bare", str(path)).cpu for _ in range(self.times))

    def _measured(self, name: str, *args: str) -> Figures:
        out = self.folder / "figures.json"
        ended = self.run("run", str(out), "provision", *args)
        told = json.loads(out.read_text("utf-8"))
        if args[0] == "plan":
            self.addresses = told["addresses"]
        counts = {key: told[key] for key in ("requests", "sent", "received", "waited")}
        own = ended.wall - told["waited"]
        return Figures(name=name, cpu=ended.cpu, own=own, memory=ended.memory, settled=ended.code == 0, **counts)


@contextmanager
def sandbox(version: str, folder: Path, times: int) -> Iterator[Server]:
    """A fresh sandbox in a process of its own."""
    folder.mkdir()
    command = [sys.executable, "-m", "tpi_dhis2", "sandbox", "serve", "--port", "0", "--as", version]
    served = subprocess.Popen(  # noqa: S603 - our own sandbox
        [*command, "--file", str(folder / "sandbox.json")], env=environment(folder), stdout=subprocess.PIPE, text=True
    )
    try:
        line = served.stdout.readline() if served.stdout else ""
        urls = [word for word in line.split() if word.startswith("http://")]
        if not urls:
            raise click.ClickException(f"The sandbox does not start: {line}")
        yield Server(folder, times, url=urls[0], username="admin", password="district")  # noqa: S106 - the sandbox's
    finally:
        served.terminate()
        served.communicate()


def on_server(server: Server, name: str, *, write: bool) -> Report:
    """Measure on a server what may be measured there; afterwards it is as the package says, or as it was."""
    # Once without measuring, so that nobody pays for what Python compiles.
    server.prepare("run", str(server.folder / "figures.json"), "provision", "status")
    if write:
        server.reads("plan, as found", "plan", "--exit-code")
        server.writes("apply, as found", "apply")
    server.reads(UP_TO_DATE, "plan", "--exit-code")
    bare = server.bare()
    server.reads("status", "status")
    server.reads("drift" if server.rows[-2].settled else "plan, all of it", *_drift(server))
    if write:
        server.prepare("touch")
        server.writes("apply, one object", "apply")
        server.writes("rollback, one object", "rollback")
        server.writes("apply, one object again", "apply")
    return Report(name, bare, server.rows)


def _drift(server: Server) -> tuple[str, ...]:
    """There is no drift to tell where another version is recorded, or none."""
    return ("drift",) if server.rows[-2].settled else ("plan", "--all")


def on_sandbox(version: str, folder: Path, times: int) -> Report:
    """Measure all of it on sandboxes of a version: a first installation, small changes, an upgrade."""
    with sandbox(version, folder / "first", times) as server:
        report = on_server(server, f"sandbox {version}", write=True)
    if not OLD.exists():
        return report
    with sandbox(version, folder / "upgrade", times) as server:
        server.prepare("first", str(server.folder / "backups"))
        server.reads("plan, upgrade from 0.1.0", "plan")
        server.writes("apply, upgrade from 0.1.0", "apply")
        server.writes("rollback, the upgrade", "rollback")
    return Report(report.server, report.bare, [*report.rows, *server.rows])


def show(report: Report) -> None:
    """Print what was measured as a table, and how it stands to the limits."""
    click.secho(f"\n{report.server}: a bare loop over a plan's addresses takes {report.bare:.2f} s (1.0)", bold=True)
    click.echo(
        f"{'':28}{'asks':>6}{'sent kB':>9}{'got kB':>9}{'CPU s':>8}{'ratio':>7}{'own s':>8}{'waits s':>9}{'MB':>6}"
    )
    for row in report.rows:
        click.echo(
            f"{row.name:28}{row.requests:6}{row.sent / 1e3:9.0f}{row.received / 1e3:9.0f}{row.cpu:8.2f}"
            f"{row.cpu / report.bare:7.1f}{row.own:8.2f}{row.waited:9.2f}{row.memory:6.0f}"
        )
    show_limits(report.limits())


def as_json(report: Report) -> dict[str, Any]:
    """The same for scripts."""
    rows = [{**asdict(row), "ratio": round(row.cpu / report.bare, 2)} for row in report.rows]
    return {**asdict(report), "rows": rows, "limits": [asdict(limit) for limit in report.limits()]}


def named_server(folder: Path, times: int, *, write: bool, yes: bool) -> Report:
    """Measure on the server that the environment names, when somebody agrees."""
    url = os.environ["TPI_DHIS2_URL"]
    what = "install the package on, change and put back" if write else "read the metadata of"
    if not yes:
        click.confirm(f"Measure on {url}? This will {what} this server.", abort=True, err=True)
    (folder / "server").mkdir()
    return on_server(Server(folder / "server", times), url, write=write)


@click.command()
@click.option("--as", "versions", multiple=True, type=click.Choice(VERSIONS), help="Sandbox to use (default: each).")
@click.option("--times", default=3, type=click.IntRange(1), show_default=True, help="Runs of what only reads.")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON for scripts.")
@click.option("--check", is_flag=True, help="Leave with code 1 when a limit is exceeded.")
@click.option("--write", is_flag=True, help="With a server in TPI_DHIS2_URL: install, change and put back there, too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def provision(versions: tuple[str, ...], times: int, json_wanted: bool, check: bool, write: bool, yes: bool) -> None:
    """Measure what provisioning costs: on sandboxes, or on the server in TPI_DHIS2_URL."""
    reports = []
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if os.environ.get("TPI_DHIS2_URL"):
            reports.append(named_server(folder, times, write=write, yes=yes))
        else:
            for version in versions or VERSIONS:
                (folder / version).mkdir()
                reports.append(on_sandbox(version, folder / version, times))
    if json_wanted:
        click.echo(json.dumps([as_json(report) for report in reports], indent=2))
    else:
        for report in reports:
            show(report)
    leave((limit for report in reports for limit in report.limits()), check=check)
