"""What the life of the provisioning needs: a server, the command line, and a way back to how the server was found.

All that is created carries a prefix, in names and in user name; UIDs follow from the same. What is found at the
beginning is noted, and at the end, whatever happened in between, everything else is taken off.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.fault.servers import Ran, tpi
from tests.live.facilities import facilities
from tests.live.names import PREFIX, USERNAME
from tests.live.server import client as live_client
from tests.live.server import uid_of, units
from tests.live.story import Story
from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.dhis2.mapping import KEY, NAMESPACE
from tpi_dhis2.dhis2.metadata import DataStore, Metadata
from tpi_dhis2.dhis2.tracker import Tracker
from tpi_dhis2.errors import NotFound, ServerFailed, TpiError, UsageError
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.package.release import bundle
from tpi_dhis2.provision.hanging import without_stage
from tpi_dhis2.provision.merge import writable
from tpi_dhis2.provision.ours import pinned
from tpi_dhis2.provision.plan import make_plan
from tpi_dhis2.provision.remove import ORDER, remove
from tpi_dhis2.provision.steps import Plan
from tpi_dhis2.provision.uninstall import plan_removal, remove_deleted, uninstall
from tpi_dhis2.sandbox.server import Sandbox, serve

Json = dict[str, Any]

FIELDS = package_fields()
PROGRAM = FIELDS.program
KINDS = (*ORDER, "users", "organisationUnits")
#: How the command line ends when somebody stops it, which it keeps from these tests.
STOPPED = "Stopped. Run the same command again"
#: Partnerships deleted in one request: all below them goes along, and 520 events took a recorded 2.41 two minutes.
DELETED_AT_ONCE = 2
#: What tests add to the program, and all types of which they create something, in the order of removal.
LOCAL = ("programRules", "programRuleVariables", "programStages", "options")
CREATED = (*LOCAL, "trackedEntityAttributes", "dataElements", "optionSets", "users", "userRoles")
#: Servers that this run has found free of partnerships: what is there later is its own, left by a story that failed.
_BEGUN: set[str] = set()


@dataclass
class Life:
    """A server, its two facilities by UID, a folder for files, what is told of it, and what was there at first."""

    client: Client
    units: list[str]
    folder: Path
    story: Story
    found: dict[str, set[str]] = field(default_factory=dict)

    @cached_property
    def built(self) -> Json:
        """The package for this server; not to be changed."""
        return bundle(self.client.version.short)

    def tell(self, *acts: Callable[[Life], Any]) -> None:
        """Take the steps of a story in their order."""
        self.story.tell(*acts, to=self)

    @property
    def is_sandbox(self) -> bool:
        """Whether it is no DHIS2, which lacks what the sandbox has no part of."""
        return self.client.info.get("revision") == "sandbox"

    @property
    def backups(self) -> Path:
        """Where backups go."""
        return self.folder / "backups"

    def run(self, *words: object, code: int = 0, account: Account | None = None) -> Ran:
        """Run the command line; what it said stands in the message when it ends with another code."""
        who = account or self.client.account
        given = {"username": who.username, "password": who.password, "token": who.token}
        store = f"sqlite:///{self.folder / 'store.sqlite'}"
        ran = tpi(*words, "--verbose", url=who.url, store=store, **{name: text for name, text in given.items() if text})
        if STOPPED in ran.err:
            raise KeyboardInterrupt
        assert ran.code == code, f"tpi-dhis2 {' '.join(map(str, words))} ended with {ran.code}\n{ran.out}\n{ran.err}"
        return ran

    def told(self, *words: object, code: int = 0, account: Account | None = None) -> Any:
        """What a command says in JSON."""
        return json.loads(self.run(*words, "--json", code=code, account=account).out)

    def apply(self, *words: object) -> Json:
        """Apply the package; the command's own words."""
        told: Json = self.told("provision", "apply", "--yes", "--backups", self.backups, *words)
        return told

    def roll_back(self, *words: object) -> Json:
        """Undo the last run, or what is named."""
        told: Json = self.told("provision", "rollback", "--yes", "--backups", self.backups, *words)
        return told

    def plan(self) -> Plan:
        """A new plan."""
        return make_plan(self.client, self.built)

    def assert_as_planned(self) -> None:
        """The server is as the package says, and records just that."""
        plan = self.plan()
        left = [f"{step.action} {step.kind} {step.name}: {step.changes or step.reason}" for step in _touching(plan)]
        assert plan.is_empty, "\n".join(left) or f"recorded is {plan.installed}"

    def get(self, kind: str, of: str, fields: str = ":owner") -> Json:
        """An object as the server holds it."""
        return self.client.get_object(f"{kind}/{of}", {"fields": fields})

    def has(self, kind: str, of: str) -> bool:
        """Whether the server holds an object."""
        try:
            return bool(self.get(kind, of, "id"))
        except NotFound:
            return False

    def commit(self, **objects: list[Json]) -> None:
        """Import objects as the site would."""
        Metadata(self.client).commit(objects)

    def change(self, kind: str, of: str, edit: Callable[[Json], Json]) -> None:
        """Change an object of the server as its apps do: read whole, sent back whole."""
        [item] = Metadata(self.client).export([(kind, f"id:eq:{of}")])[kind]
        self.commit(**{kind: [{**writable(item), **edit(item)}]})

    def ids(self) -> dict[str, set[str]]:
        """The UIDs of all that is there, by type."""
        return {kind: {item["id"] for item in Metadata(self.client).all_of(kind, {"fields": "id"})} for kind in KINDS}

    def added(self) -> dict[str, set[str]]:
        """The UIDs of what was not there at the beginning, by type."""
        more = {kind: uids - self.found[kind] for kind, uids in self.ids().items()}
        return {kind: uids for kind, uids in more.items() if uids}

    def import_records(self, body: Json, strategy: str = "CREATE_AND_UPDATE") -> None:
        """Import tracker data, all of it."""
        params = {"async": "false", "importStrategy": strategy}
        answer = self.client.ask("POST", "tracker", params=params, body=body, expect=(409,)).body
        assert answer["status"] in ("OK", "WARNING"), answer["validationReport"]


def _touching(plan: Plan) -> list[Any]:
    return plan.of("create", "update", "remove", "clash", "refused")


# The server --------------------------------------------------------------------------------------------------------


def sandboxed(version: str, folder: Path, story: Story) -> Iterator[Life]:
    """A life on a sandbox with two facilities."""
    with serve(Sandbox(version)) as url:
        client = Client(Account(url, "admin", "district"), pause=0.01)
        with facilities(client) as places:
            yield from lived(Life(client, places, folder, story))


def taken_over(folder: Path, story: Story) -> Iterator[Life]:
    """A life on the server of the environment."""
    client = live_client()
    client.log_in_again()
    yield from lived(Life(client, [uid_of(unit) for unit in units()], folder, story))


def lived(life: Life) -> Iterator[Life]:
    """Give a life, and afterwards, whatever happened in it, put the server back to how it was found.

    What an earlier story of the run could not clear away is cleared first, so that one failure costs one story.
    """
    if life.client.base in _BEGUN:
        clear(life)
    else:
        refuse_occupied(life)
        _BEGUN.add(life.client.base)
    life.found = life.ids()
    try:
        yield life
    finally:
        life.tell(leaves_the_server_as_it_was_found)


def leaves_the_server_as_it_was_found(life: Life) -> None:
    """All that was created is removed, also after a failure: no type has an object more, and there is no record."""
    clear(life)
    left = life.added()
    assert left == {}, f"left behind on {life.client.base}: {left}"
    assert DataStore(life.client, NAMESPACE).get(KEY) is None, "the record of the package is still there"


def refuse_occupied(life: Life) -> None:
    """Stop on a server that is in use for partnerships, unless TPI_LIVE_CLEAR=1 says to take all of it off first.

    Stop, too, on one of which the package could not be taken off again.
    """
    _refuse_lists_of_no_stage(life)
    there = plan_removal(life.client, pinned(), PROGRAM)
    ours = _in_the_way(life)
    if there.count or ours or DataStore(life.client, NAMESPACE).get(KEY):
        if os.environ.get("TPI_LIVE_CLEAR") != "1":
            raise UsageError(
                f"{life.client.base} has {there.count} objects of the package"
                f"{' and partnership records' if there.records.any else ''}"
                f"{' and ' + ', '.join(ours[:3]) if ours else ''}.",
                "Use another server, or add --clear (TPI_LIVE_CLEAR=1), which takes all of it off for good first.",
            )
        clear(life)


def _refuse_lists_of_no_stage(life: Life) -> None:
    """Stop on a 2.40 with a chart or line list of no stage: it deletes no program then (E4060)."""
    named = without_stage(Metadata(life.client), {of for uids in pinned().values() for of in uids})
    if named:
        raise UsageError(
            f"The package could not be taken off {life.client.base} again: {named[0]}.",
            "Give what is named a stage or delete it, or use another server; --verbose lists all.",
            "\n".join(named),
        )


# The way back -------------------------------------------------------------------------------------------------------


def clear(life: Life) -> None:
    """Take off the records, the site's own in the program, the package, then the rest with the prefix."""
    there = plan_removal(life.client, pinned(), PROGRAM)
    with ExitStack() as still:
        still.callback(_remove_of_tests, life)
        if there.count:
            _clear_records(life)
            _remove_of_tests(life, LOCAL)
            uninstall(life.client, plan_removal(life.client, pinned(), PROGRAM), life.backups)
        DataStore(life.client, NAMESPACE).delete(KEY)


def _clear_records(life: Life) -> None:
    if not life.has("programs", PROGRAM):
        return
    before: list[str] = []
    while there := _some_records(life):
        assert list(there) != before, f"the server does not remove for good what was deleted, such as {before[0]}"
        before, living = list(there), [{"trackedEntity": of} for of, deleted in there.items() if not deleted]
        for start in range(0, len(living), DELETED_AT_ONCE):
            life.import_records({"trackedEntities": living[start : start + DELETED_AT_ONCE]}, "DELETE")
        remove_deleted(life.client, PROGRAM)


def _some_records(life: Life) -> dict[str, bool]:
    """The first page of partnerships (50), and whether they are deleted."""
    page: list[Json] = next(Tracker(life.client, PROGRAM, {}).anywhere(), [])
    return {each["trackedEntity"]: bool(each.get("deleted")) for each in page}


def _of_tests(life: Life) -> dict[str, list[Json]]:
    """What has the prefix, by type in the order of removal; not the package's own that a test renamed."""
    ours = {of for uids in pinned().values() for of in uids}
    found: dict[str, list[Json]] = {}
    for kind in CREATED:
        named = f"username:$like:{USERNAME}" if kind == "users" else f"name:$like:{PREFIX}"
        fields = f"id,name{',disabled,userRoles[id]' if kind == 'users' else ''}"
        items = Metadata(life.client).all_of(kind, {"filter": named, "fields": fields})
        found[kind] = [item for item in items if item["id"] not in ours]
    return {kind: items for kind, items in found.items() if items}


def _in_the_way(life: Life) -> list[str]:
    """What has the prefix, in words; without users whom a server did not let go, and their roles."""
    found = _of_tests(life)
    stay = [user for user in found.get("users", []) if user["disabled"]]
    kept = {each["id"] for user in stay for each in (user, *user["userRoles"])}
    return [f"{kind} {item['name']}" for kind, items in found.items() for item in items if item["id"] not in kept]


def _remove_of_tests(life: Life, kinds: tuple[str, ...] = CREATED) -> None:
    for kind, items in _of_tests(life).items():
        if kind in kinds and kind == "users":
            _remove_users(life, [item["id"] for item in items])
        elif kind in kinds:
            kept = life.found.get(kind, set())
            remove(Metadata(life.client), kind, [item["id"] for item in items if item["id"] not in kept])


def _remove_users(life: Life, uids: list[str]) -> None:
    """Delete users; one that the server keeps, since it has done something, can log in no more and keeps its role."""
    for of in uids:
        try:
            life.client.ask("DELETE", f"users/{of}")
        except TpiError:
            with suppress(ServerFailed):
                Metadata(life.client).patch("users", of, [{"op": "replace", "path": "/disabled", "value": True}])
            life.found.setdefault("users", set()).add(of)
            roles = life.get("users", of, "userRoles[id]")["userRoles"]
            life.found.setdefault("userRoles", set()).update(role["id"] for role in roles)
            print(f"{life.client.base} keeps the user {of}, who is disabled now")  # noqa: T201 - for whoever runs it
