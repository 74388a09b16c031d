"""The real server that the live tests run against: named by the environment, else they skip and say so.

TPI_LIVE=1, TPI_DHIS2_URL and an account (TPI_DHIS2_USERNAME and TPI_DHIS2_PASSWORD, or TPI_DHIS2_TOKEN). TPI_LIVE_UNITS
names two facilities (code or UID, "A,B") that the account may enter data for. ``scripts/live`` sets all of it.
"""

from __future__ import annotations

import os
from functools import cache

import pytest

from tpi_dhis2.dhis2.client import Account, Client

ASKED = os.environ.get("TPI_LIVE") == "1" and bool(os.environ.get("TPI_DHIS2_URL"))
needs_server = pytest.mark.skipif(not ASKED, reason="TPI_LIVE=1 and TPI_DHIS2_URL are not set, so no server was asked")


@cache
def client() -> Client:
    """A client of the server."""
    env = {name: os.environ.get(f"TPI_DHIS2_{name.upper()}", "") for name in ("username", "password", "token")}
    return Client(Account(os.environ["TPI_DHIS2_URL"], **env))


def units() -> list[str]:
    """The two facilities as they were named."""
    given = [name for name in os.environ.get("TPI_LIVE_UNITS", "").split(",") if name]
    assert len(given) == 2, "TPI_LIVE_UNITS names two facilities, with a comma between"
    return given


def uid_of(unit: str) -> str:
    """The UID of a unit that is given by UID or code."""
    params = {"filter": f"code:eq:{unit}", "fields": "id", "paging": "false"}
    found = client().get_object("organisationUnits", params)["organisationUnits"]
    return str(found[0]["id"]) if found else unit
