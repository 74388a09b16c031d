"""What the benches share: processes that are measured, sandboxes, limits, the report."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click

ROOT = Path(__file__).parents[1]
CHILD = Path(__file__).with_name("bench_child.py")
VERSIONS = ("2.40", "2.41", "2.42", "2.43")
#: The cores at hand, where the system lets a process be put on some of them.
_CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []
#: Exit codes of a command with --exit-code that did its work.
_GOOD = (0, 3)


@dataclass(frozen=True)
class Limit:
    """A limit, what was measured, and whether that is within; None where it could not be told."""

    words: str
    found: str
    within: bool | None


@dataclass(frozen=True)
class Ended:
    """A process that has ended: seconds of the processor and by the clock, megabytes at most, and exit code."""

    cpu: float
    wall: float
    memory: float
    code: int


class Place:
    """Where commands run: a folder of their own, and an environment that names the server."""

    def __init__(self, folder: Path, **given: str) -> None:
        self.folder = folder
        self.environment = environment(folder, **given)

    def run(self, *args: str) -> Ended:
        """Run a job of ``bench_child`` to its end."""
        started = time.perf_counter()
        log = self.folder / "said.txt"
        with log.open("wb") as said:
            child = subprocess.Popen(  # noqa: S603 - our own script
                [sys.executable, str(CHILD), *args], env=self.environment, stdout=said, stderr=subprocess.STDOUT
            )
            _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in _GOOD:
            raise click.ClickException(f"{' '.join(args)} failed:\n{log.read_text('utf-8', 'replace')}")
        unit = 1 if sys.platform == "darwin" else 1024
        return Ended(used.ru_utime + used.ru_stime, wall, used.ru_maxrss * unit / 1e6, child.returncode)


def environment(folder: Path, **given: str) -> dict[str, str]:
    """The environment of the commands: this checkout, its byte code in a folder of its own, and what is given."""
    without = "PYTHONDONTWRITEBYTECODE"
    kept = {name: value for name, value in os.environ.items() if name != without}
    if given:
        kept = {name: value for name, value in kept.items() if not name.startswith("TPI_DHIS2_") and not _proxy(name)}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    named = {f"TPI_DHIS2_{name.upper()}": value for name, value in given.items()}
    return {**kept, **named, "PYTHONPATH": path, "PYTHONPYCACHEPREFIX": str(folder.parent / "bytecode")}


def _proxy(name: str) -> bool:
    return name.lower().endswith("_proxy")


def on_a_core_of_its_own(server: int) -> None:
    """Part a server's process from all else that runs here, as on two machines; nothing where that cannot be done."""
    if len(_CORES) > 1:
        with suppress(OSError):
            os.sched_setaffinity(server, _CORES[:1])
            os.sched_setaffinity(0, _CORES[1:])


def show_limits(limits: Iterable[Limit]) -> None:
    """Print how what was found stands to the limits."""
    for limit in limits:
        word = {True: "within", False: "over", None: "not told"}[limit.within]
        click.secho(f"{word}: {limit.words} ({limit.found})", fg="red" if limit.within is False else None)


def leave(limits: Iterable[Limit], *, check: bool) -> None:
    """Leave with code 1 when that was asked for and a limit is exceeded."""
    if check and any(limit.within is False for limit in limits):
        raise click.exceptions.Exit(1)
