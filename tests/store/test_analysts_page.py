"""The queries of docs/analysts.md, run as they stand, count what the documents of this tool count."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from pathlib import Path

from tests.store.analyst_store import analyst_store, ask, cycle, demo_items, pair, record
from tpi_dhis2.domain.work import is_overdue
from tpi_dhis2.store.partnerships import partnerships

PAGE = Path(__file__).parents[2] / "docs" / "analysts.md"
QUARTERS, OVERDUE, STEPS = re.findall(r"```sql\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def test_numerators_and_denominators_are_added_by_quarter(store_url: str) -> None:
    def of(number: int, day: str, **doc: str) -> object:
        return record("measurement", number, day=day, **{"measure": "HH_COMPL", **doc})

    items = [
        of(1, "2020-01-01", numerator="9", denominator="10"),
        of(2, "2020-03-31", numerator="100", denominator="1000"),
        of(3, "2020-04-01", numerator="1", denominator="2", date_known="MONTH"),
        of(4, "2020-01-01", numerator="5", denominator="5", date_known="YEAR"),
        of(5, "2020-12-31", value="80"),
        of(6, "2020-12-31", numerator="3", denominator="0"),
        of(7, "2020-12-31", numerator="3", denominator="4", measure="SSI_RATE"),
    ]
    with analyst_store(store_url, [pair(), cycle(), *items]) as store:
        rows = ask(store, QUARTERS)
    found = [(row["year"], row["quarter"], row["numerator"], row["denominator"]) for row in rows]
    assert found == [("2020", 1, 109, 1010), ("2020", 2, 1, 2)]
    assert [round(float(row["percent"]), 2) for row in rows] == [10.79, 50]


def test_the_activities_that_are_overdue_are_those_of_the_documents(store_url: str) -> None:
    today = dt.datetime.now(dt.UTC).date()
    month, year = today.replace(day=1), today.replace(month=1, day=1)
    late, now = today - dt.timedelta(days=2), today + dt.timedelta(days=2)
    cases = [
        {"planned_end": str(late)},
        {"planned_end": str(now)},
        {"planned_end": str(late), "new_deadline": str(now)},
        {"planned_end": str(month), "date_known": "MONTH"},
        {"planned_end": str(month - dt.timedelta(days=1)), "date_known": "MONTH"},
        {"planned_end": str(year), "date_known": "YEAR"},
        {"planned_end": str(year - dt.timedelta(days=1)), "date_known": "YEAR"},
        {"planned_end": str(late), "date_known": "NOT_STATED"},
        {"planned_end": str(late), "activity_status": "COMPLETED"},
        {"planned_end": str(late), "activity_status": "DELAYED"},
        {},
    ]
    own = [record("activity", number, **case) for number, case in enumerate(cases)]
    with analyst_store(store_url, [*demo_items(), pair(), cycle(), *own]) as store:
        rows = ask(store, OVERDUE)
        known = partnerships(store)
    activities = [each for one in known for ring in one for each in ring.of("activity")]
    wanted = {each.uid for each in activities if is_overdue(each, today)}
    assert {row["uid"] for row in rows} == wanted
    assert {number for number, item in enumerate(own) if item.uid in wanted} == {0, 4, 6, 7, 9}


def test_partnerships_are_counted_by_step(store_url: str) -> None:
    steps = ["5_ACTION", "5_ACTION", "4_ACTION_PLANNING", None]
    items = [pair(f"aPair{n:06d}", **({"current_step": step} if step else {})) for n, step in enumerate(steps)]
    ended = pair("aPair000009", current_step="5_ACTION", pstatus="COMPLETED")
    with analyst_store(store_url, [*items, ended]) as store:
        found = defaultdict(int, {row["step"]: row["partnerships"] for row in ask(store, STEPS)})
    assert found == {"4 Action planning": 1, "5 Action": 2, "No step yet": 1}
