"""Carry out a plan: look once more, check on the server, back up, send, remove, read back, record.

One atomic request brings everything but the lists of records, whose fields must be there before them, and in an upgrade
the rules; a second one brings those. Whatever goes wrong is told together with how the server is afterwards: as before,
as planned, or what is there of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.jobs import Told, tell_nobody
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.errors import OutcomeUnknown, StateChanged, TpiError
from tpi_dhis2.provision.backup import Backup, moment, write_backup
from tpi_dhis2.provision.installed import Installed
from tpi_dhis2.provision.record import Record
from tpi_dhis2.provision.remove import remove_all
from tpi_dhis2.provision.rights import refuse_missing
from tpi_dhis2.provision.steps import CREATE, DONE, REMOVE, UPDATE, Plan, Step

#: Pauses before looking again when nobody knows whether the server is still at work.
PAUSES = (5.0, 15.0, 40.0)


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
    told: Told = tell_nobody
    pauses: Sequence[float] = field(default_factory=lambda: PAUSES)

    def run(self) -> Done:
        """Make the server as the plan says.

        StateChanged when something stands in the way, when the server is not what it was when the plan was made, or
        does not hold afterwards what was sent; ServerRefused, ServerFailed, OutcomeUnknown and the connection's errors
        say how the server is.
        """
        self.plan.refuse()
        refuse_missing(self.client, self.plan)
        self._still_true()
        if not self.plan.of(*DONE):
            return Done({}, None, self._record.end(None))
        metadata, requests = Metadata(self.client), self.plan.requests()
        if requests:
            self.told("The server checks what will be sent")
            metadata.validate(requests[0], self.told)
        if self.plan.of(UPDATE, REMOVE):
            # The check takes minutes, in which somebody may have assigned a unit or joined a group: it would be lost.
            self._still_true()
        self._record.refuse_company()
        begun = self._record.begin(*write_backup(self.backups, self._backup()))
        stats = self._send(metadata, requests)
        self._verify()
        return Done(stats, self.backups / begun.backup, self._record.end(begun))

    @property
    def _record(self) -> Record:
        return Record(self.client, self.plan, self.what, self.leaves)

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
                    metadata.validate(request, self.told)
                stats = _sum(stats, metadata.commit(request, self.told))
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
        wanted = {item["id"] for items in request.values() for item in items}
        try:
            left = self._left(wanted, self.pauses if isinstance(error, OutcomeUnknown) else ())
        except TpiError:
            error.args = (f"{error} {_UNKNOWN if error.taken else _NOT_SENT}",)
            raise error from None
        if not wanted & {step.uid for step in left}:
            return
        error.args = (self._told(error, {step.uid for step in left}),)
        raise error

    def _left(self, wanted: Set[str], pauses: Sequence[float]) -> list[Step]:
        """What the server lacks of the plan: looked for again after each pause, until it has what is wanted."""
        for pause in (0.0, *pauses):
            time.sleep(pause)
            self.told("Looking how the server is")
            left = self.again().of(*DONE)
            if not wanted & {step.uid for step in left}:
                break
        return left

    def _told(self, error: TpiError, left: set[str]) -> str:
        """The error, and how much of the plan the server has."""
        if not {step.uid for step in self.plan.of(CREATE, UPDATE)} <= left:
            missing = list(dict.fromkeys(step.kind for step in self.plan.of(*DONE) if step.uid in left))
            # What a refusal says it did not write is its own request; the one before it is there.
            said = str(error).replace(" and wrote nothing", "")
            return f"All but {', '.join(missing)} is installed; the same command sends the rest. {said}"
        if isinstance(error, OutcomeUnknown):
            return f"{error} {_SO_FAR}"
        self._record.take_back()
        return f"{error} The server is as before."

    def _verify(self) -> None:
        wanted = {step.uid for step in self.plan.of(*DONE)}
        try:
            # A server of 2.40 reports an import before its database has taken it.
            left = [step for step in self._left(wanted, self.pauses[:1]) if step.uid in wanted]
        except TpiError as error:
            error.args = (f"{error} The server took what was sent, and could not be asked whether it holds it.",)
            error.advice = "Run the same command again: it looks, and writes the record."
            raise
        if left:
            first = left[0]
            raise StateChanged(
                f"The server took the metadata but holds something else for {len(left)} of {len(wanted)} objects, first"
                f" {first.kind} '{first.name}'.",
                "Run 'tpi-dhis2 provision plan' to see what differs, and report it with what --verbose shows.",
                "\n".join(f"{step.kind} {step.name}: {step.action} {step.changes}" for step in left),
            )


_UNKNOWN = (
    "The server cannot be asked how it is: it is as before or as planned, since a request works whole or not at all."
    " Run the same command when it answers again: it looks first."
)
_NOT_SENT = "The request did not reach the server: what was there before it is unchanged."
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
