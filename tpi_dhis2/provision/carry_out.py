"""Carry out a plan: look once more, check on the server, back up, send, remove, read back, record.

One atomic request brings everything but the lists of records, whose fields must be there before them; a second one
brings those. Whatever goes wrong is told together with how the server is afterwards: as before, as planned, or what is
there of it.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.errors import OutcomeUnknown, StateChanged, TpiError
from tpi_dhis2.provision.backup import Backup, moment, write_backup
from tpi_dhis2.provision.installed import Installed, Run, forget_installed, write_installed
from tpi_dhis2.provision.remove import remove_all
from tpi_dhis2.provision.steps import CREATE, DONE, UPDATE, Plan

Told = Callable[[str], None]
#: Pauses before looking again when nobody knows whether the server is still at work.
PAUSES = (5.0, 15.0, 40.0)


def quiet(_text: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Done:
    """What a run did: the server's counts, the file with what was there before, and the record that it left."""

    stats: dict[str, int]
    backup: Path | None
    record: Installed | None


@dataclass(frozen=True)
class Job:
    """A plan to carry out: how to make it anew, what it is called, and what is recorded when it is done."""

    client: Client
    plan: Plan
    again: Callable[[], Plan]
    what: str
    leaves: Installed | None
    backups: Path
    told: Told = quiet
    pauses: Sequence[float] = PAUSES

    def run(self) -> Done:
        """Make the server as the plan says.

        StateChanged when something stands in the way, when the server is not what it was when the plan was made, or
        does not hold afterwards what was sent; ServerRefused, ServerFailed, OutcomeUnknown and the connection's errors
        say how the server is.
        """
        self.plan.refuse()
        self._still_true()
        if not self.plan.of(*DONE):
            return Done({}, None, self._recorded(None, ""))
        metadata, requests = Metadata(self.client), self.plan.requests()
        if requests:
            self.told("The server checks what will be sent")
            metadata.validate(requests[0])
        path, seal = write_backup(self.backups, self._backup())
        stats = self._send(metadata, requests)
        self._verify()
        return Done(stats, path, self._recorded(path, seal))

    def _still_true(self) -> None:
        """Between the plan and the yes of a person the server may have changed; what was read then must not go back."""
        now = self.again()
        if now.fingerprint != self.plan.fingerprint:
            raise StateChanged(
                "The server has changed since the plan was made; nothing was sent.",
                "Plan again.",
                differences(self.plan, now),
            )

    def _backup(self) -> Backup:
        plan = self.plan
        return Backup(
            moment(), self.what, plan.server, plan.system, plan.dhis2, plan.before(), plan.bundle(), plan.installed
        )

    def _send(self, metadata: Metadata, requests: list[dict[str, list[Any]]]) -> dict[str, int]:
        stats: dict[str, int] = {}
        for number, request in enumerate(requests):
            try:
                self.told(f"Sending {sum(map(len, request.values()))} objects")
                if number:
                    metadata.validate(request)
                stats = _sum(stats, metadata.commit(request))
            except TpiError as error:
                self._settle(error, request)
        removed = self.plan.removed()
        if removed:
            self._remove(metadata, removed)
            stats = _sum(stats, {"deleted": sum(map(len, removed.values()))})
        return stats

    def _remove(self, metadata: Metadata, removed: dict[str, list[str]]) -> None:
        try:
            remove_all(metadata, removed)
        except TpiError as error:
            error.args = (f"{error} What the package brings is installed; the same command goes on from here.",)
            raise

    def _settle(self, error: TpiError, request: dict[str, list[Any]]) -> None:
        """Look how the server is after an error: return when it took the request, else say so and raise."""
        for pause in (0.0, *(self.pauses if isinstance(error, OutcomeUnknown) else ())):
            time.sleep(pause)
            self.told("Looking how the server is")
            try:
                left = {step.uid for step in self.again().of(*DONE)}
            except TpiError:
                error.args = (f"{error} {_UNKNOWN}",)
                raise error from None
            if not left & {item["id"] for items in request.values() for item in items}:
                return
        error.args = (self._told(error, left),)
        raise error

    def _told(self, error: TpiError, left: set[str]) -> str:
        """The error, and how much of the plan the server has."""
        if {step.uid for step in self.plan.of(CREATE, UPDATE)} <= left:
            return f"{error} {_SO_FAR if isinstance(error, OutcomeUnknown) else 'The server is as before.'}"
        missing = list(dict.fromkeys(step.kind for step in self.plan.of(*DONE) if step.uid in left))
        return f"All but {', '.join(missing)} is installed; the same command sends the rest. {error}"

    def _verify(self) -> None:
        left = self.again().of(*DONE)
        if left:
            first = left[0]
            raise StateChanged(
                f"The server took the metadata but holds something else for {len(left)} objects, first {first.kind}"
                f" '{first.name}'.",
                "Run 'tpi-dhis2 provision plan' to see what differs, and report it with what --verbose shows.",
                "\n".join(f"{step.kind} {step.name}: {step.action} {step.changes}" for step in left),
            )

    def _recorded(self, path: Path | None, seal: str) -> Installed | None:
        try:
            return self._record(path, seal)
        except TpiError as error:
            error.args = (f"{error} The server is as planned; only its record of that is missing.",)
            error.advice = "Run the same command again: it writes the record."
            raise

    def _record(self, path: Path | None, seal: str) -> Installed | None:
        if self.leaves is None:
            forget_installed(self.client)
            return None
        by = str(self.client.get_object("me", {"fields": "username"}).get("username", ""))
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        runs = [*(self.plan.installed.runs if self.plan.installed else [])]
        if path is not None:
            runs.append(Run(path.stem.split("-", 1)[1], self.what, self.leaves.version, now, by, path.name, seal))
        return write_installed(self.client, replace(self.leaves, applied=now, by=by, runs=runs))


_UNKNOWN = (
    "The server cannot be asked how it is: it is as before or as planned, since a request works whole or not at all."
    " Run the same command when it answers again: it looks first."
)
_SO_FAR = "So far the server is as before; if it is still at work, 'provision plan' shows the result in some minutes."


def differences(old: Plan, new: Plan) -> str:
    """What two plans would do differently, a line an object."""
    was = {step.uid: (step.action, step.changes) for step in old.steps}
    now = {step.uid: (step.action, step.changes) for step in new.steps}
    names = {step.uid: f"{step.kind} {step.name}" for plan in (old, new) for step in plan.steps}
    lines = [
        f"{names[uid]}: {was.get(uid, ('not planned',))[0]} -> {now.get(uid, ('not planned',))[0]}"
        for uid in names
        if was.get(uid) != now.get(uid)
    ]
    return "\n".join(lines) or "what would be sent for the same objects"


def _sum(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}
