"""A command in a process of its own that ends at a given write of the store: killed, or with no room on the disk.

The processes come from one server of the multiprocessing module that has loaded the program already, so that each costs
little.
"""

from __future__ import annotations

import datetime as dt
import json
import multiprocessing
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from tests.fault.servers import Ran, tpi
from tpi_dhis2.dhis2 import transport
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync import outbox, push

#: Before the write, in it just before its commit, after it; or from it on no file may grow any more.
BEFORE, INSIDE, AFTER, FULL = "before", "inside", "after", "full disk"


@cache
def _processes() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "tpi_dhis2.cli.sync", "tpi_dhis2.sync.run"])
    return context


def run_until(args: list[str], given: dict[str, str], today: str, number: int, moment: str, told: Path) -> Ran | None:
    """Run a command that ends at the n-th write of the store; None when it was killed, else what it left."""
    process = _processes().Process(target=_run, args=(args, given, today, number, moment, told))
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return Ran(**json.loads(told.read_text(encoding="utf-8"))) if process.exitcode == 0 else None


def _run(args: list[str], given: dict[str, str], today: str, number: int, moment: str, told: Path) -> None:
    # In this process alone, which ends after it.
    transport.PatientRetry.sleep = lambda *_: None  # type: ignore[method-assign]
    outbox.parcels.__defaults__ = (10,)
    push.How.day = property(lambda _: dt.date.fromisoformat(today))  # type: ignore[assignment,misc]
    _end_at(number, moment, Path(given["store"].removeprefix("sqlite:///")))
    ran = tpi(*args, **given)
    told.write_text(json.dumps(vars(ran)), encoding="utf-8")


def _end_at(number: int, moment: str, file: Path) -> None:
    writing, seen = Store._writing, [0]

    @contextmanager
    def ending(store: Store) -> Iterator[Any]:
        seen[0] += 1
        now = moment if seen[0] == number else ""
        if now == BEFORE:
            _die()
        if now == FULL:
            _fill(file)
        with writing(store) as connection:
            yield connection
            if now == INSIDE:
                _die()
        if now == AFTER:
            _die()

    Store._writing = ending  # type: ignore[method-assign]


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _fill(file: Path) -> None:
    """No file may grow beyond what the store's journal has now."""
    size = max(4096, Path(f"{file}-wal").stat().st_size)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
