"""Requests that an earlier run began and did not hear the end of."""

from __future__ import annotations

from tpi_dhis2.dhis2.tracker import Tracker
from tpi_dhis2.errors import OutcomeUnknown
from tpi_dhis2.store.items import Item
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.outcome import Pushed, note, refused_among
from tpi_dhis2.sync.stamps import UNKNOWN

#: How long a job that an earlier run began may say nothing, in seconds; then the records themselves are looked at.
_FORGOTTEN = 10.0


def see_to_unheard(tracker: Tracker, store: Store, result: Pushed) -> None:
    """Note what became of such requests as far as the server tells; of what it does not, nothing is known any more.

    What the server is still at stays under way.
    """
    for upload, job in store.uploads().items():
        items = store.uploaded(upload)
        stale = refused_among(items)
        if job and _is_under_way(tracker, job, items, result):
            continue
        for item in items:
            if item.upload == upload:
                item.settle()
        unknown = dict.fromkeys((item.partnership for item in items), UNKNOWN)
        store.end_upload(upload, items, unknown, stale | refused_among(items))


def _is_under_way(tracker: Tracker, job: str, items: list[Item], result: Pushed) -> bool:
    """Note what a job came to; whether the server is still at it."""
    try:
        report = tracker.finish(job, _FORGOTTEN)
    except OutcomeUnknown as error:
        return error.under_way
    known = [item for item in items if item.uid in report.done]
    note(known, report, "", result)
    return False
