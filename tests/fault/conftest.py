"""What the tests of a sync under faults share."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.fault.rounds import TODAY
from tpi_dhis2.dhis2 import transport
from tpi_dhis2.dhis2.tracker import Tracker
from tpi_dhis2.sync import outbox, push, unheard


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses, a partnership a request, one day for all that is calculated, and little patience with silent jobs."""
    monkeypatch.setattr(transport.PatientRetry, "sleep", lambda *_: None)
    monkeypatch.setattr(outbox.parcels, "__defaults__", (10,))
    monkeypatch.setattr(push.How, "day", property(lambda _: dt.date.fromisoformat(TODAY)))
    monkeypatch.setattr(Tracker.finish, "__defaults__", (0.3,))
    monkeypatch.setattr(unheard, "_FORGOTTEN", 0.3)
