"""Roll back: undo a recorded run and all after it, out of their backups, and nothing that people did since."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.jobs import Told, tell_nobody
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.errors import UsageError
from tpi_dhis2.provision.backup import Backup, read_backup
from tpi_dhis2.provision.carry_out import Done, Job
from tpi_dhis2.provision.gone import without_gone
from tpi_dhis2.provision.installed import Installed, Run, read_installed
from tpi_dhis2.provision.ours import pinned
from tpi_dhis2.provision.read import batches
from tpi_dhis2.provision.records import OF_RECORDS, read_records
from tpi_dhis2.provision.stability import breaking, reason
from tpi_dhis2.provision.steps import CREATE, KEEP, REFUSE, REMOVE, UNCHANGED, UPDATE, Plan, Step, name_of
from tpi_dhis2.provision.undo import differing, undo
from tpi_dhis2.provision.uninstall import plan_removal

Json = dict[str, Any]
Objects = dict[str, list[Json]]


def chosen_runs(installed: Installed | None, wanted: str) -> list[Run]:
    """The run that is named, or the last one, and all after it, the newest first; UsageError when there is none."""
    runs = list(installed.runs) if installed else []
    if not runs:
        raise UsageError(
            "No run is recorded on this server.", "Name a backup with --file to undo the run it belongs to."
        )
    known = [run.id for run in runs]
    if wanted and wanted not in known:
        raise UsageError(f"No run {wanted} is recorded on this server.", f"Recorded: {', '.join(known)}.")
    return runs[known.index(wanted or known[-1]) :][::-1]


def read_backups(runs: Sequence[Run], folder: Path) -> list[Backup]:
    """The backups of recorded runs; UsageError names the first that is missing, damaged, or another one."""
    return [read_backup(folder / run.backup, run.checksum) for run in runs]


class Rollback:
    """The runs to undo, by their backups, the newest first."""

    def __init__(self, client: Client, backups: Sequence[Backup]) -> None:
        self.client, self.goal = client, backups[-1].installed
        self.kinds = _kinds(backups)
        self.states = [(_by_uid(backup.before), _by_uid(backup.sent)) for backup in backups]
        self.program = pinned()["programs"][0]
        _refuse_other_server(client, backups)

    def plan(self) -> Plan:
        """What would go back, go away and return; StateChanged when records or the site's own stand in the way."""
        client, goal = self.client, self.goal
        metadata = Metadata(client)
        actual = self._read(metadata)
        steps = without_gone(metadata, list(self._steps(_by_uid(actual))), _by_uid(actual))
        if any(step.uid == self.program and step.action == REMOVE for step in steps):
            plan_removal(client, pinned(), self.program).refuse()
        return Plan(
            client.base, client.system, client.version.text, goal.version if goal else "",
            goal.digest if goal else "", steps, read_installed(client), actual, goal.mapping if goal else {},
        )  # fmt: skip

    def run(self, plan: Plan, folder: Path, told: Told = tell_nobody) -> Done:
        """Carry the plan out; what was installed before the oldest run is what is recorded then."""
        return Job(self.client, plan, self.plan, "rollback", self.goal, folder, told).run()

    def _read(self, metadata: Metadata) -> Objects:
        uids: dict[str, list[str]] = {}
        for uid, kind in self.kinds.items():
            uids.setdefault(kind, []).append(uid)
        return metadata.export([(kind, f"id:in:[{some}]") for kind, all_ in uids.items() for some in batches(all_)])

    def _steps(self, there: dict[str, Json]) -> Iterator[Step]:
        kept = self._kept(there)
        for uid, kind in self.kinds.items():
            now = there.get(uid)
            step = _step(kind, uid, self._undone(kind, uid, now, kept), now, uid in kept)
            if step is not None:
                yield self._guarded(step)

    def _undone(self, kind: str, uid: str, now: Json | None, kept: frozenset[str]) -> Json | None:
        for before, sent in self.states:
            now = undo(kind, before.get(uid), sent.get(uid), now, kept)
        return now

    def _kept(self, there: dict[str, Json]) -> frozenset[str]:
        """What the runs made and records may need by now; whether the program may go is another matter."""
        made = [
            uid
            for uid, kind in self.kinds.items()
            if kind in OF_RECORDS and uid in there and self._undone(kind, uid, there[uid], frozenset()) is None
        ]
        return frozenset(made if made and self.program not in made and self._has_records else ())

    def _guarded(self, step: Step) -> Step:
        bad = breaking(step.kind, step.changes) if step.action == UPDATE else []
        if bad and self._has_records:
            return replace(step, action=REFUSE, payload={}, reason=reason(step.kind, step.name, bad[0]))
        return step

    @property
    def _has_records(self) -> bool:
        return (
            bool(Metadata(self.client).named("programs", "id", [self.program], "id"))
            and read_records(self.client, self.program).any
        )


def _refuse_other_server(client: Client, backups: Sequence[Backup]) -> None:
    """UsageError for another server's backup: told by the identities, or without them by record and address."""
    installed = read_installed(client)
    recorded = {run.id for run in installed.runs} if installed else set()
    for backup in backups:
        told = backup.system and client.system
        same = backup.system == client.system if told else backup.id in recorded or backup.server == client.base
        if not same:
            raise UsageError(f"The backup {backup.id} is of another server ({backup.server}).", "Name that server.")


def _kinds(backups: Sequence[Backup]) -> dict[str, str]:
    """The types of all objects that the runs touched, in the order of the package."""
    found = (objects for backup in backups for objects in (backup.sent, backup.before))
    return {item["id"]: kind for objects in found for kind, items in objects.items() for item in items}


def _by_uid(objects: Objects) -> dict[str, Json]:
    return {item["id"]: item for items in objects.values() for item in items}


def _step(kind: str, uid: str, goal: Json | None, now: Json | None, kept: bool) -> Step | None:
    """What happens to an object; nothing is said of one that is not there and was not."""
    if goal is None:
        return None if now is None else Step(kind, uid, name_of(now), REMOVE, reason=f"{kind}: the run made it")
    if kept:
        return Step(kind, uid, name_of(goal), KEEP, reason=f"{kind}: the run made it and it stays: there are records")
    if now is None:
        return Step(kind, uid, name_of(goal), CREATE, payload=goal)
    found = differing(kind, goal, now)
    return Step(kind, uid, name_of(now), UPDATE if found else UNCHANGED, found, goal if found else {})
