"""Where ``bench sync`` measures: sandboxes in processes of their own, as fresh as wanted, or the named server."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import click
from bench_common import CHILD, Place, environment, on_a_core_of_its_own


@dataclass(frozen=True)
class Row:
    """What a command cost: seconds by the clock and of the processor, requests, megabytes at most.

    ``tracker`` counts the requests for tracker data, ``busy`` is the share of the time that the sandbox's own process
    worked, None where that is not known.
    """

    name: str
    objects: int
    seconds: float
    cpu: float
    memory: float
    reads: int = 0
    writes: int = 0
    tracker: int = 0
    busy: float | None = None

    @property
    def work(self) -> float:
        """Seconds of the processor for command and sandbox: what it takes by the clock where nothing else runs."""
        return self.seconds if self.busy is None else min(self.seconds, self.cpu + self.busy * self.seconds)

    @property
    def rate(self) -> float:
        """Objects a second."""
        return self.objects / self.seconds


class Server(Place):
    """A server, by the environment of the commands; ``served`` is the sandbox's process, where it is one."""

    def __init__(self, folder: Path, served: subprocess.Popen[str] | None = None, **given: str) -> None:
        super().__init__(folder, **given)
        self.served = served

    def command(self, name: str, objects: int, *words: str, job: str = "run") -> Row:
        """Measure a command of tpi-dhis2."""
        out = self.folder / "figures.json"
        row = self.job(name, objects, job, str(out), *words)
        told = json.loads(out.read_text("utf-8"))
        return Row(**{**vars(row), **{key: told[key] for key in ("reads", "writes", "tracker")}})

    def job(self, name: str, objects: int, *words: str) -> Row:
        """Measure a job of the bench's own."""
        before = self.worked()
        ended = self.run(*words)
        busy = None if before is None else ((self.worked() or 0) - before) / ended.wall
        return Row(name, objects, ended.wall, ended.cpu, ended.memory, busy=busy)

    def worked(self) -> float | None:
        """Seconds that the sandbox's process has worked."""
        return None if self.served is None else float(ask(self.served, "worked"))


def ask(served: subprocess.Popen[str], line: str) -> str:
    """Say a line to a sandbox's process, and hear its answer."""
    if served.stdin is None or served.stdout is None:
        raise AssertionError("the sandbox was begun without pipes")
    if line:
        served.stdin.write(f"{line}\n")
        served.stdin.flush()
    said = served.stdout.readline().strip()
    if not said:
        raise click.ClickException("The sandbox has stopped.")
    return said


class Site(Protocol):
    """Gives servers to measure on, and a word that tells what is made there from all that was made before."""

    name: str

    def fresh(self) -> AbstractContextManager[Server]:
        """A server without partnerships of the bench, as far as there can be one."""

    def seed(self, count: int) -> str:
        """A word for so many new partnerships."""


class Sandboxes:
    """A fresh sandbox of a version each time, with the package and the demo's units."""

    def __init__(self, version: str, folder: Path, pace: float = 0) -> None:
        self.version, self.folder, self.pace = version, folder, pace
        self.name = f"sandbox {version}" + (f", each write at least {pace:g} s" if pace else "")
        self._installed = folder / "installed.json"
        self._count = 0

    @contextmanager
    def fresh(self) -> Iterator[Server]:
        """A sandbox that begins where the installation has ended."""
        if not self._installed.exists():
            with self._served() as server:
                server.run("install", str(server.folder / "backups"))
                if server.served:
                    ask(server.served, f"save {self._installed}")
        with self._served(str(self._installed)) as server:
            yield server

    def seed(self, count: int) -> str:  # noqa: ARG002 - nothing has to be cleared away
        """Each sandbox is its own world."""
        return "1"

    @contextmanager
    def _served(self, *file: str) -> Iterator[Server]:
        self._count += 1
        folder = self.folder / str(self._count)
        folder.mkdir()
        served = subprocess.Popen(  # noqa: S603 - our own sandbox
            [sys.executable, str(CHILD), "serve", self.version, str(self.pace), *file],
            env=environment(folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        on_a_core_of_its_own(served.pid)
        try:
            url = ask(served, "")
            yield Server(folder, served, url=url, username="admin", password="district")  # noqa: S106 - the sandbox's
        finally:
            served.terminate()
            served.communicate()


class Named:
    """The server that the environment names; what was made there is deleted again in the end."""

    def __init__(self, folder: Path) -> None:
        self.name, self.folder = os.environ["TPI_DHIS2_URL"], folder
        self._run = secrets.token_hex(3)
        self._made: list[tuple[str, int]] = []
        self._count = 0

    @contextmanager
    def fresh(self) -> Iterator[Server]:
        """The server; what it has besides stays."""
        self._count += 1
        folder = self.folder / str(self._count)
        folder.mkdir()
        server = Server(folder)
        try:
            yield server
        finally:
            for seed, count in self._made:
                server.run("clear", seed, str(count))
            self._made.clear()

    def seed(self, count: int) -> str:
        """A word that no run has used before: the UID of what was deleted can never be used again."""
        self._made.append((f"{self._run}{len(self._made)}{self._count}", count))
        return self._made[-1][0]
