"""Removing objects: one that the server holds on to does not hold back the others."""

from __future__ import annotations

import pytest

from tpi_dhis2.dhis2.client import Answer
from tpi_dhis2.dhis2.metadata import Metadata, Refusal
from tpi_dhis2.errors import NotFound, ServerRefused
from tpi_dhis2.provision.remove import remove


class Server:
    """Objects of one type; those ``held`` by a foreign key make a request fail whole, without a report."""

    def __init__(self, *there, held=()):
        self.there, self.held, self.asked = set(there), set(held), []

    def delete(self, bundle):
        (items,) = bundle.values()
        uids = [item["id"] for item in items]
        self.asked.append(uids)
        gone = [uid for uid in uids if uid not in self.there]
        if gone:
            return [Refusal("Kind", uid, "E5001", "No matching object") for uid in gone]
        if self.held & set(uids):
            return [Refusal("", "", "409", "violates foreign key constraint")]
        self.there -= set(uids)
        return []

    def delete_one(self, kind, uid):
        self.asked.append(uid)
        self.there.discard(uid)
        return []

    def named(self, kind, prop, names, fields):
        return [{"id": uid, "name": uid} for uid in sorted(self.there & set(names))]


def test_what_a_foreign_key_holds_is_the_only_one_left_and_named():
    server = Server("a", "b", "c", "d", "e", held=["d"])
    with pytest.raises(ServerRefused, match=r"keeps 1 of 5 dataElements, first 'd': .*foreign key"):
        remove(server, "dataElements", ["a", "b", "c", "d", "e"])
    assert server.there == {"d"}


def test_what_is_gone_already_holds_back_nothing():
    server = Server("b", "c")
    remove(server, "programRuleActions", ["a", "b", "c"])
    assert server.there == set()
    assert server.asked == [["a", "b", "c"], ["b", "c"]]


def test_groups_are_deleted_one_by_one_so_that_they_leave_the_sharing_of_other_objects():
    server = Server("a", "b")
    remove(server, "userGroups", ["a", "b"])
    assert server.asked == ["a", "b"]


class Client:
    """Answers a DELETE."""

    def __init__(self, answer):
        self.answer = answer

    def ask(self, method, path, expect=()):
        assert (method, path) == ("DELETE", "userGroups/ourGroup001")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_the_answers_to_one_deletion():
    reported = {"response": {"uid": "ourGroup001", "klass": "org.hisp.dhis.user.UserGroup", "errorReports": [
        {"message": "associated with another object: Configuration", "errorCode": "E4030"}]}}  # fmt: skip
    for answer, said in (
        (Answer(200, {}), []),
        (Answer(204, None), []),
        (NotFound("gone"), []),
        (Answer(409, reported), ["UserGroup ourGroup001: associated with another object: Configuration (E4030)"]),
        (Answer(409, {"message": "foreign key"}), ["userGroups ourGroup001: foreign key (409)"]),
    ):
        assert [str(reason) for reason in Metadata(Client(answer)).delete_one("userGroups", "ourGroup001")] == said
