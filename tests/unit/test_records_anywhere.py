"""Whether there are records is asked of the whole server, since an administrator often has no unit of his own."""

from __future__ import annotations

import pytest
import responses
from responses import matchers

from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.dhis2.versions import ServerVersion
from tpi_dhis2.provision.records import read_records

URL = "https://dhis2.example.org"
MODES = {"2.40.12": ("ouMode", "instances"), "2.41.5": ("orgUnitMode", "trackedEntities"),
         "2.42.4": ("orgUnitMode", "trackedEntities")}  # fmt: skip


def answer(mode, name, **reply):
    matching = [matchers.query_param_matcher({name: mode, "includeDeleted": "true"}, strict_match=False)]
    responses.get(f"{URL}/api/tracker/trackedEntities", match=matching, **reply)


def asked(version):
    client = Client(Account(URL, "admin", "secret"), pause=0)
    client.__dict__["version"] = ServerVersion.parse(version)
    return read_records(client, "P7HWfyBG6wv")


@responses.activate
@pytest.mark.parametrize("version", MODES)
def test_records_beyond_the_units_of_the_account_are_seen(version):
    name, key = MODES[version]
    answer("ALL", name, json={key: [{"trackedEntity": "abcdefghijk", "deleted": False}]})
    answer("ACCESSIBLE", name, json={key: []})
    assert asked(version).living


@responses.activate
@pytest.mark.parametrize("version", MODES)
@pytest.mark.parametrize("status", [403, 400, 409])
def test_an_account_that_may_not_look_everywhere_is_told_what_it_may_see(version, status):
    name, key = MODES[version]
    answer("ALL", name, status=status, json={"message": "User is not authorized to query across all units"})
    answer("ACCESSIBLE", name, json={key: []} if version < "2.42" else {key: [], "pager": {}})
    assert not asked(version).any
