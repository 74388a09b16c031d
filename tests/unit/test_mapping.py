"""The site's fields that stand for ours: read from the server's record, exchanged where records pass."""

from __future__ import annotations

import json

import pytest

from tpi_dhis2.dhis2.client import Answer
from tpi_dhis2.dhis2.mapping import exchanged, read_mapping
from tpi_dhis2.dhis2.tracker import Tracker
from tpi_dhis2.dhis2.versions import ServerVersion
from tpi_dhis2.errors import NotFound, StateChanged

MAPPING = {"OurElement1": "SiteElem001", "OurAttribut": "SiteAttrib1"}


class Server:
    """Answers each request with one body, and keeps what was sent."""

    version = ServerVersion.parse("2.42.4")

    def __init__(self, body):
        self.body = body
        self.sent = None

    def get_object(self, path, params=None):
        if self.body is None:
            raise NotFound("There is none.")
        return self.body

    def ask(self, method, path, *, params=None, body=None, expect=()):
        self.sent = body
        return Answer(200, {"validationReport": {}})


def entity(attribute, element):
    event = {"event": "OurElement1", "dataValues": [{"dataElement": element, "value": "OurElement1"}]}
    return {
        "trackedEntity": "OurAttribut",
        "attributes": [{"attribute": attribute, "value": "OurAttribut"}],
        "enrollments": [{"enrollment": "Enrollment1", "events": [event]}],
    }


OURS, THEIRS = entity("OurAttribut", "OurElement1"), entity("SiteAttrib1", "SiteElem001")


def test_only_what_names_a_field_is_exchanged():
    assert exchanged(OURS, MAPPING) == THEIRS
    assert exchanged(THEIRS, MAPPING) == THEIRS
    assert exchanged(OURS, {}) == OURS


def test_what_is_sent_names_the_sites_fields_and_the_payload_stays_as_it_was():
    server, payload = Server({}), {"trackedEntities": [entity("OurAttribut", "OtherElem01")]}
    tracker = Tracker(server, "P", MAPPING)
    tracker.send(tracker.body(payload))
    assert json.loads(server.sent) == {"trackedEntities": [entity("SiteAttrib1", "OtherElem01")]}
    assert payload == {"trackedEntities": [entity("OurAttribut", "OtherElem01")]}


def test_what_comes_names_ours():
    server = Server({"trackedEntities": [THEIRS]})
    assert list(Tracker(server, "P", MAPPING).whole(["OurAttribut"])) == [[OURS]]
    assert list(Tracker(server, "P", {}).whole(["OurAttribut"])) == [[THEIRS]]


def test_the_mapping_stands_in_the_servers_record():
    assert read_mapping(Server({"version": "0.2.0", "mapping": MAPPING})) == MAPPING
    assert read_mapping(Server({"version": "0.1.0"})) == read_mapping(Server(None)) == {}


@pytest.mark.parametrize("broken", [[], "text", None, {"OurElement1": 3}, {"OurElement1": None}])
def test_a_mapping_that_cannot_be_read_is_not_taken_as_none(broken):
    with pytest.raises(StateChanged, match=r"record of the package .* is damaged"):
        read_mapping(Server({"mapping": broken}))
