"""A UID that was deleted on the server while the store had changed it: seen or not before the push, then removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fault.rounds import (
    Desk,
    Json,
    Proxy,
    assert_calm,
    delete,
    first,
    is_plain,
    server_with,
    there,
    uid_of,
    world,
)
from tests.fault.servers import Asked, Reply, admin
from tpi_dhis2.domain.uids import derive_uid, next_generation
from tpi_dhis2.sandbox.server import serve

pytestmark = pytest.mark.usefixtures("quick")

UIDS = {
    "event": uid_of("a", 2),
    "enrollment": derive_uid("cycle", "a", "1"),
    "trackedEntity": derive_uid("partnership", "a"),
}
REMOVALS = ("Event", "Enrollment", "TrackedEntity")


def changed() -> list[Json]:
    """A file that changes the record, and the partnership's own name."""
    a, b, c = first()
    a["cycles"][0]["records"]["activity"][1]["spent"] = 80
    return [a, b, c]


@pytest.mark.parametrize("removed", [False, True], ids=["marked as deleted", "then removed for good"])
@pytest.mark.parametrize("late", [False, True], ids=["seen by the look", "after the look"])
@pytest.mark.parametrize("kind", UIDS)
def test_what_was_deleted_there_and_changed_here_waits_for_a_person_and_comes_back_when_wanted(
    tmp_path: Path, kind: str, late: bool, removed: bool
):
    made, proxy = world("2.42"), Proxy()
    sandbox = server_with(made.before)
    with serve(sandbox) as real, proxy.before(real) as served:
        desk, client, left = Desk(tmp_path, served.url, made.behind), admin(real), [True]

        def somebody_deletes() -> None:
            left.clear()
            delete(client, UIDS[kind], kind)
            if removed:
                client.ask("POST", "maintenance", params={f"softDeleted{name}Removal": "true" for name in REMOVALS})

        def just_before(asked: Asked, ask) -> Reply:
            if left and asked.method == "POST":
                somebody_deletes()
            return ask()

        if late:
            proxy.does = just_before
        else:
            somebody_deletes()
        desk.push(changed())
        proxy.does = None
        ran = desk.well("sync", "run")
        assert is_plain(ran)
        assert not left
        before = there(real)
        one = uid_of("a", 2)
        back = one in before and not before[one].deleted
        if not back:
            assert "@deleted" in desk.items()[one]["conflicts"], "what was changed here was lost in silence"
            # The topmost is decided: a server does not give a partnership that has no cycle in the program any more.
            items = desk.items()
            top = next(uid for uid in (UIDS["trackedEntity"], UIDS["enrollment"], one) if items[uid]["conflicts"])
            ran = desk.tpi("sync", "resolve", top, "--take", "here")
            if ran.code:
                # What it belongs to comes first, as the command says.
                assert f"sync resolve {UIDS[kind]}" in ran.err
                desk.well("sync", "resolve", UIDS[kind], "--take", "here")
            desk.well("sync", "run")
        now = there(real)
        living = [now[uid] for uid in (one, next_generation(one)) if uid in now and not now[uid].deleted]
        assert [remote.doc["spent"] for remote in living] == ["80"]
        assert_calm(desk, sandbox)
