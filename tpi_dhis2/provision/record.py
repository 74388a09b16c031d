"""The record of a run on the server: written when it begins, made whole when it ends, taken back when it did nothing.

It is written before anything is sent, so that a run that is killed can be undone like any other.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.errors import StateChanged, TpiError
from tpi_dhis2.provision.installed import Installed, Run, forget_installed, read_installed, write_installed
from tpi_dhis2.provision.steps import Plan


@dataclass(frozen=True)
class Record:
    """What is written of a plan that is carried out; ``leaves`` is what is installed when it is done."""

    client: Client
    plan: Plan
    what: str
    leaves: Installed | None

    def refuse_company(self) -> None:
        """Two who apply the same plan side by side would wait for each other's locks and forget each other's run."""
        if read_installed(self.client) != self.plan.installed:
            raise StateChanged(
                "Somebody else has begun to change the package on this server; nothing was sent.",
                "Plan again when they are done: 'tpi-dhis2 provision rollback --list' shows who.",
            )

    def begin(self, path: Path, seal: str) -> Run:
        """Write that a run begins, with its backup and the mapping that holds from now on."""
        run = Run(path.stem.split("-", 1)[1], self.what, "", _now(), self._by(), path.name, seal)
        before = self.plan.installed or Installed("", "", self.plan.dhis2, "", "")
        try:
            write_installed(self.client, replace(before, mapping=self.plan.mapping, runs=[*before.runs, run]))
        except TpiError as error:
            error.args = (f"{error} The run could not be recorded, so no metadata was sent.",)
            raise
        return run

    def take_back(self) -> None:
        """Forget a run that did nothing; should that fail, undoing it later does nothing."""
        with contextlib.suppress(TpiError):
            if self.plan.installed:
                write_installed(self.client, self.plan.installed)
            else:
                forget_installed(self.client)

    def end(self, run: Run | None) -> Installed | None:
        """Write what is installed now; None when nothing is, and then nothing stays of the record."""
        try:
            return self._end(run)
        except TpiError as error:
            error.args = (f"{error} The server is as planned; only its record of that is missing.",)
            error.advice = "Run the same command again: it writes the record."
            raise

    def _end(self, run: Run | None) -> Installed | None:
        if self.leaves is None:
            forget_installed(self.client)
            return None
        runs = [*(self.plan.installed.runs if self.plan.installed else [])]
        runs += [replace(run, version=self.leaves.version)] if run else []
        return write_installed(self.client, replace(self.leaves, applied=_now(), by=self._by(), runs=runs))

    def _by(self) -> str:
        return str(Metadata(self.client).me("username").get("username", ""))


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
