"""An object names what somebody has deleted: it is sent without it, and its step says so."""

from __future__ import annotations

from tpi_dhis2.errors import Forbidden
from tpi_dhis2.provision.gone import without_gone
from tpi_dhis2.provision.steps import CREATE, UPDATE, Step


class Server:
    """Knows some UIDs; may hide its users."""

    def __init__(self, *there, hides=False):
        self.there, self.hides, self.asked = set(there), hides, []

    def named(self, kind, _prop, names, _fields):
        self.asked.append((kind, sorted(names)))
        if self.hides and kind == "users":
            raise Forbidden("no")
        return [{"id": uid} for uid in names if uid in self.there]


def program(action=CREATE):
    sharing = {
        "public": "r-------",
        "users": {"user2": {"access": "rw------"}},
        "userGroups": {"ours1": {}, "theirs1": {}},
    }
    return Step("programs", "prog1", "TPI", action, payload={
        "id": "prog1", "organisationUnits": [{"id": "unit1"}, {"id": "unit2"}], "sharing": sharing,
    })  # fmt: skip


def group():
    return Step("userGroups", "ours1", "TPI - Access", CREATE, payload={"id": "ours1", "users": [{"id": "user1"}]})


def test_what_is_there_stays_and_what_comes_back_along_counts_as_there():
    steps = [program(), group()]
    server = Server("unit1", "unit2", "user1", "user2", "theirs1")
    assert without_gone(server, steps) == steps
    assert ("userGroups", ["theirs1"]) in server.asked


def test_what_is_gone_is_left_out_and_told():
    made, joined = without_gone(Server("unit1", "user2"), [program(), group()])
    assert made.payload["organisationUnits"] == [{"id": "unit1"}]
    assert made.payload["sharing"]["userGroups"] == {"ours1": {}}
    assert made.payload["sharing"]["users"] == {"user2": {"access": "rw------"}}
    assert (
        made.reason == "programs: 'TPI' is sent without 1 organisationUnits and 1 userGroups that somebody has deleted"
    )
    assert joined.payload["users"] == []
    assert joined.reason == "userGroups: 'TPI - Access' is sent without 1 users that somebody has deleted"


def test_people_whom_the_account_may_not_see_are_not_gone():
    steps = [group()]
    assert without_gone(Server(hides=True), steps) == steps


def test_of_what_is_changed_only_the_sharing_is_asked_for():
    server = Server("user2")
    (changed,) = without_gone(server, [program(UPDATE)], {"ours1"})
    assert server.asked == [("users", ["user2"]), ("userGroups", ["theirs1"])]
    assert changed.payload["organisationUnits"] == [{"id": "unit1"}, {"id": "unit2"}]
    assert changed.payload["sharing"] == {
        "public": "r-------", "users": {"user2": {"access": "rw------"}}, "userGroups": {"ours1": {}},
    }  # fmt: skip


def test_what_is_known_to_be_there_is_not_asked_for():
    server = Server()
    assert without_gone(server, [program(UPDATE)], {"ours1", "theirs1", "user2"}) == [program(UPDATE)]
    assert server.asked == []
