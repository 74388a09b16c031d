"""A backup undoes a run of its own server only; recorded servers of 2.41 and 2.42 do not say who they are."""

from __future__ import annotations

import pytest

from tpi_dhis2.errors import UsageError
from tpi_dhis2.provision.backup import Backup
from tpi_dhis2.provision.installed import Installed, Run
from tpi_dhis2.provision.rollback import Rollback

HERE, THERE = "https://dhis2.example.org", "https://staging.example.org"


class Client:
    """A server at an address, with an identity or without."""

    base = HERE

    def __init__(self, system=""):
        self.system = system


@pytest.mark.parametrize(
    ("system", "of", "address", "recorded", "same"),
    [
        ("a", "a", THERE, False, True),
        ("a", "b", HERE, True, False),
        ("", "", HERE, False, True),
        ("", "", THERE, False, False),
        ("", "", THERE, True, True),
        ("a", "", THERE, False, False),
        ("", "a", THERE, True, True),
    ],
    ids=[
        "moved", "other", "no identity", "no identity and another address", "moved and recorded",
        "identity since, another address", "identity lost, recorded",
    ],
)  # fmt: skip
def test_whose_backup_it_is(monkeypatch, system, of, address, recorded, same):
    runs = [Run("one", "apply", "0.2.0", "", "", "apply-one.json", "")] if recorded else []
    monkeypatch.setattr(
        "tpi_dhis2.provision.rollback.read_installed", lambda _: Installed("0.2.0", "", "", "", "", runs=runs)
    )
    backup = Backup("one", "apply", address, of, "2.42.4.1", {}, {}, None)
    if same:
        assert Rollback(Client(system), [backup]).goal is None
        return
    with pytest.raises(UsageError, match="another server"):
        Rollback(Client(system), [backup])
