"""Measures pulled from the country's aggregate data, and sent on: nothing doubled, nothing of people's overwritten.

The sandbox has no analytics; a proxy before it answers as real servers were recorded to.
"""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from tests.fault.servers import Reply, between
from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.domain.uids import derive_uid
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.sandbox.server import serve
from tpi_dhis2.store.items import CONFLICT
from tpi_dhis2.store.partnerships import partnerships
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.hmis import pull_hmis
from tpi_dhis2.sync.hmis_file import HmisLine, HmisMapping
from tpi_dhis2.sync.outcome import CREATED, UPDATED
from tpi_dhis2.sync.pull import pull
from tpi_dhis2.sync.push import How, push
from tpi_dhis2.sync.resolve import resolve

FIELDS = package_fields()
TODAY = dt.date(2026, 11, 23)
UNIT = "TPI_DEMO_NDARAVI_RH"
CYCLE = derive_uid("cycle", "p", "1")
DEATHS, BIRTHS, RATIO, TRACKED = "HmisDeaths1", "HmisBirths1", "HmisRatio01", "HmisTracker"
COMPLIANCE = {"HH_COMPL": HmisLine(numerator="DONE", denominator=BIRTHS)}
COLUMNS = ("pe", "dx", "ou", "value", "numerator", "denominator", "factor", "multiplier", "divisor")


class Hmis:
    """What the country's analytics have: cells from value on, by item and period; at every unit."""

    def __init__(self, values):
        self.values = dict(values)
        self.refused = {}
        self.asked = []

    def __call__(self, asked):
        address = urlsplit(asked.path)
        if address.path != "/api/analytics":
            return None
        query = parse_qs(address.query)
        assert (query["includeNumDen"], query["skipMeta"]) == (["true"], ["true"])
        of = {name: items.split(";") for name, items in (each.split(":", 1) for each in query["dimension"])}
        self.asked.append(of)
        for items in of.values():
            for item in self.refused.keys() & set(items):
                code, said = self.refused[item]
                return Reply(409, {"httpStatusCode": 409, "status": "ERROR", "message": said, "errorCode": code})
        return Reply(body={"headers": [{"name": name} for name in COLUMNS], "rows": self._rows(of)})

    def _rows(self, of):
        cells = [(dx, pe, ou) for dx in of["dx"] for pe in of["pe"] for ou in of["ou"] if (dx, pe) in self.values]
        return [[pe, dx, ou, *(*self.values[dx, pe], *[None] * 5)[:6]] for dx, pe, ou in cells]


def hand_hygiene(**months):
    """Counts of two data elements: month="done/seen"."""
    parts = {month[1:]: text.split("/") for month, text in months.items()}
    return {
        (dx, month): (text,) for month, both in parts.items() for dx, text in zip((DEATHS, BIRTHS), both, strict=True)
    }


def metadata():
    """Aggregate data elements and an indicator of the country."""
    common = {"valueType": "NUMBER", "aggregationType": "SUM", "domainType": "AGGREGATE"}
    elements = [(DEATHS, "DONE"), (BIRTHS, "SEEN"), (TRACKED, "TRACKED")]
    types = [{"id": "HmisFactor1", "name": "HMIS ratio", "factor": 100000, "number": False}]
    indicator = {"id": RATIO, "code": "RATIO", "name": "HMIS ratio", "shortName": "HMIS ratio", "annualized": False,
                 "indicatorType": {"id": "HmisFactor1"}, "numerator": "1", "denominator": "1"}  # fmt: skip
    yearly = {**indicator, "id": "HmisYearly1", "code": "YEARLY", "name": "HMIS yearly", "shortName": "HMIS yearly"}
    made = [
        {"id": uid, "code": code, "name": f"HMIS {code}", "shortName": f"HMIS {code}", **common}
        for uid, code in elements
    ]
    made[-1]["domainType"] = "TRACKER"
    return {"dataElements": made, "indicatorTypes": types, "indicators": [indicator, {**yearly, "annualized": True}]}


def records(tmp_path, *measurements, targets=("HH_COMPL",), **cycle):
    """A file with one partnership that has targets and measurements."""
    made = {
        "agreement": [{"date": "2026-01-10", "host_lead": "Ana", "common_goal": "Fewer infections"}],
        "target": [{"date": "2026-02-01", "target_no": n, "measure": code} for n, code in enumerate(targets, 1)],
        "measurement": list(measurements),
    }
    one = {"key": "p", "unit": UNIT, "attributes": {"name": "Pair (fictional)", "code": "PAIR"},
           "cycles": [{"key": "1", "began": "2026-01-10", "records": made, **cycle}]}  # fmt: skip
    path = tmp_path / "records.yaml"
    path.write_text(yaml.safe_dump({"as_of": TODAY, "partnerships": [one]}), encoding="utf-8")
    return path


@contextmanager
def country(sandbox, values):
    """A client of a server with the package, aggregate metadata and analytics, and what stands behind the last."""
    hmis = Hmis(values)
    with serve(sandbox) as url, between(url, first=hmis) as served:
        client = Client(Account(served.url, "admin", "district"), pause=0.01)
        Metadata(client).commit(metadata())
        yield client, hmis


def take(client, store, measures=COMPLIANCE, kind="Monthly", **more):
    return pull_hmis(client, store, FIELDS, HmisMapping(kind, measures), TODAY, **more)


def send(client, store, *paths):
    done = push(client, store, FIELDS, paths, How(today=TODAY))
    assert not done.rejected
    assert not done.refused, done.refused
    return done


def measured(store):
    """The measurements of the store that came from the HMIS, by their day."""
    (partnership,) = partnerships(store)
    found = [record for record in partnership.cycles[0].of("measurement") if record.text("record_source")]
    return {str(record.occurred): record for record in found}


def uid_of(period, measure="HH_COMPL"):
    return derive_uid("hmis", CYCLE, measure, period)


def edit_on_server(client, uid, **values):
    """Somebody changes a measurement in Capture."""
    event = client.get(f"tracker/events/{uid}", {"program": FIELDS.program})
    given = [{"dataElement": FIELDS.elements[key].uid, "value": value} for key, value in values.items()]
    body = {"events": [{**event, "dataValues": given}]}
    client.ask("POST", "tracker", params={"async": "false", "importStrategy": "UPDATE"}, body=body)


def numerators(client, *periods):
    """The numerators that the server has, by the periods of their measurements."""
    events = [client.get(f"tracker/events/{uid_of(period)}", {"program": FIELDS.program}) for period in periods]
    values = [{value["dataElement"]: value["value"] for value in event["dataValues"]} for event in events]
    return [each.get(FIELDS.elements["numerator"].uid) for each in values]


def test_values_become_measurements_once(ready, store, tmp_path, writes):
    given = hand_hygiene(
        m202511="20/100", m202512="25/100", m202601="1/2", m202602="30/120", m202603="0/50", m202610="7/0"
    )
    with country(ready, given) as (client, hmis):
        send(client, store, records(tmp_path))
        first = take(client, store)
        assert (first.asked, first.taken, first.unchanged, first.left_alone, first.problems) == (21, 3, 0, 0, [])
        sent = send(client, store)
        assert sent.number(CREATED) == 3
        before = writes()
        again = take(client, store)
        assert (again.taken, again.unchanged, again.problems) == (0, 3, [])
        assert send(client, store).requests == 0
        assert writes() == before
        with Store.open(f"sqlite:///{tmp_path / 'pulled.sqlite'}") as other:
            pull(client, other, FIELDS)
            found = measured(other)
            assert take(client, other).taken == 0
    assert {day: (r.text("point"), r.text("numerator"), r.text("denominator")) for day, r in found.items()} == {
        "2025-12-31": ("BASELINE", "25", "100"),
        "2026-02-28": ("FOLLOW_UP", "30", "120"),
        "2026-03-31": ("FOLLOW_UP", "0", "50"),
    }
    told = found["2026-02-28"]
    assert (told.text("data_source"), told.text("record_source"), told.text("rate")) == (
        "ROUTINE_SYSTEM", "HMIS, 2026-02: HMIS DONE / HMIS SEEN", "25",
    )  # fmt: skip
    assert hmis.asked[0]["dx"] == [BIRTHS, DEATHS]


def test_a_correction_is_an_update_and_a_change_by_a_person_is_not_overwritten(ready, store, tmp_path):
    with country(ready, hand_hygiene(m202602="30/120", m202603="40/120", m202604="50/100")) as (client, hmis):
        send(client, store, records(tmp_path))
        take(client, store)
        send(client, store)
        edit_on_server(client, uid_of("202603"), numerator="44")
        edit_on_server(client, uid_of("202604"), numerator="55", shown_on="2026-05-05")
        pull(client, store, FIELDS)
        hmis.values |= hand_hygiene(m202602="31.5/120", m202603="41/120", m202604="50/100")
        done = take(client, store)
        assert (done.taken, done.unchanged, done.problems) == (2, 1, [])
        sent = send(client, store)
        # That of February, and the rates of the two that somebody changed.
        assert sent.counts[UPDATED, "measurement"] == 3
        assert sent.conflicts == 1
        assert numerators(client, "202602", "202603", "202604") == [None, "44", "55"]
        (waiting,) = store.items(state=CONFLICT)
        clashes = {key: (clash.here, clash.server) for key, clash in waiting.conflicts.items()}
        assert (waiting.uid, clashes) == (uid_of("202603"), {"numerator": ("41", "44")})
        resolve(store, uid_of("202603"), "server")
        found = measured(store)
    # No whole number any more: the value alone, and nothing of what was said before.
    assert [found["2026-02-28"].text(key) for key in ("numerator", "denominator", "value")] == [None, None, "26.25"]
    assert found["2026-03-31"].text("numerator") == "44"
    assert (found["2026-04-30"].text("numerator"), found["2026-04-30"].text("shown_on")) == ("55", "2026-05-05")


def test_what_people_measured_or_deleted_is_left_alone(ready, store, tmp_path):
    own = {"date": "2026-03-12", "measure": "HH_COMPL", "point": "FOLLOW_UP", "numerator": 9, "denominator": 40}
    with country(ready, hand_hygiene(m202602="30/120", m202603="40/120", m202604="50/100")) as (client, _):
        send(client, store, records(tmp_path, own))
        first = take(client, store)
        assert (first.taken, first.left_alone) == (2, 1)
        send(client, store)
        body = {"events": [{"event": uid_of("202602")}]}
        client.ask("POST", "tracker", params={"async": "false", "importStrategy": "DELETE"}, body=body)
        edit_on_server(client, uid_of("202604"), measure="ABHR_POC")
        pull(client, store, FIELDS)
        second = take(client, store)
        assert (second.taken, second.unchanged, second.left_alone, second.problems) == (0, 0, 3, [])
        sent = send(client, store)
        assert {kind for _, kind in sent.counts} == {"target"}  # its latest value is another now


def test_a_baseline_is_pulled_once_and_not_beside_another(ready, store, tmp_path):
    with country(ready, hand_hygiene(m202510="20/100")) as (client, hmis):
        send(client, store, records(tmp_path))
        assert take(client, store).taken == 1
        hmis.values |= hand_hygiene(m202510="22/100", m202511="30/100")
        assert take(client, store).taken == 1
        (only,) = measured(store).values()
    assert (str(only.occurred), only.text("numerator"), only.text("point")) == ("2025-10-31", "22", "BASELINE")


def test_indicators_and_single_values_for_the_measures_that_are_named(ready, store, tmp_path):
    mapped = {
        "MAT_DEATH": HmisLine(indicator="RATIO"),
        "WATER_DAYS": HmisLine(value=DEATHS),
        "HAI_PREV": HmisLine(value="SEEN"),
    }
    values = {(RATIO, "2026Q2"): ("250.0", "5.0", "2000.0", "100000.0", "100000", "1"), (DEATHS, "2026Q3"): ("90.0",)}
    with country(ready, values) as (client, hmis):
        send(client, store, records(tmp_path, targets=("MAT_DEATH", "WATER_DAYS")))
        assert take(client, store, mapped, "Quarterly").problems == []
        send(client, store)
        found = {(day, r.text("measure")): r for day, r in measured(store).items()}
    assert found.keys() == {("2026-06-30", "MAT_DEATH"), ("2026-09-30", "WATER_DAYS")}
    deaths, water = found["2026-06-30", "MAT_DEATH"], found["2026-09-30", "WATER_DAYS"]
    assert [deaths.text(key) for key in ("numerator", "denominator", "value", "rate")] == ["5", "2000", None, "2.5"]
    assert (water.text("value"), water.text("record_source")) == ("90", "HMIS, 2026 Q3: HMIS DONE")
    assert {dx for asked in hmis.asked for dx in asked["dx"]} == {RATIO, DEATHS}


def test_a_wrong_line_is_told_and_the_others_go_on(ready, store, tmp_path):
    mapped = {
        **COMPLIANCE,
        "SHARPS": HmisLine(value="NOWHERE"),
        "MAT_DEATH": HmisLine(indicator="YEARLY"),
        "INP_DEATH": HmisLine(indicator="DONE"),
        "HAI_PREV": HmisLine(value="TRACKED"),
        "SSI_RATE": HmisLine(value=f"{DEATHS}.HmisNowhere"),
    }
    with country(ready, hand_hygiene(m202602="30/120")) as (client, _):
        send(client, store, records(tmp_path, targets=tuple(mapped)))
        done = take(client, store, mapped)
    assert done.taken == 1
    assert [line.removeprefix("HMIS file, ") for line in done.problems] == [
        "SHARPS: the server has no data element 'NOWHERE', or this account may not read it",
        "MAT_DEATH: the indicator 'YEARLY' is annualized, and the measure is not; name its data elements",
        "INP_DEATH: the server has no indicator 'DONE', or this account may not read it",
        "HAI_PREV: the data element 'TRACKED' belongs to tracker forms, not to aggregate data",
        "SSI_RATE: the server has no category option combination 'HmisNowhere', or this account may not read it",
    ]


def test_what_the_server_refuses_is_told_by_line_and_unit(ready, store, tmp_path):
    mapped = {**COMPLIANCE, "WATER_DAYS": HmisLine(value=DEATHS), "MAT_DEATH": HmisLine(indicator=RATIO)}
    values = {(DEATHS, "202602"): ("30",), (BIRTHS, "202602"): ("120",)}
    with country(ready, values) as (client, hmis):
        send(client, store, records(tmp_path, targets=tuple(mapped)))
        hmis.refused[RATIO] = ("E7121", "User: `admin` is not allowed to read data for x")
        done = take(client, store, mapped)
        assert done.taken == 2
        (line,) = done.problems
        assert line.startswith(f"HMIS file, MAT_DEATH: the server gives no values of {RATIO}. ")
        assert line.endswith("is not allowed to read data for x (E7121)")
        (partnership,) = partnerships(store)
        hmis.refused = {
            partnership.unit: ("E7120", f"User: `admin` is not allowed to view org unit: `{partnership.unit}`")
        }
        (line,) = take(client, store, mapped).problems
    assert line.startswith(f"{partnership.host_name}: no HMIS values.")
    assert "data view" in line


def test_one_combination_of_a_data_element(ready, store, tmp_path):
    with country(ready, {}) as (client, hmis):
        combo = Metadata(client).all_of("categoryOptionCombos", {"fields": "id,name"})[0]
        operand = f"{DEATHS}.{combo['id']}"
        hmis.values[operand, "202602"] = ("28",)
        send(client, store, records(tmp_path, targets=("WATER_DAYS",)))
        assert take(client, store, {"WATER_DAYS": HmisLine(value=operand)}).taken == 1
        (found,) = measured(store).values()
    assert (found.text("value"), found.text("record_source")) == ("28", f"HMIS, 2026-02: HMIS DONE ({combo['name']})")


def test_only_the_partnerships_asked_for_and_only_cycles_that_go_on(ready, store, tmp_path):
    with country(ready, hand_hygiene(m202602="30/120")) as (client, hmis):
        send(client, store, records(tmp_path))
        assert take(client, store, partnerships=[]).asked == 0
        assert take(client, store, partnerships=[derive_uid("partnership", "p")]).asked == 21
        send(client, store, records(tmp_path, status="COMPLETED"))
        asked = len(hmis.asked)
        assert take(client, store).asked == 0
        assert len(hmis.asked) == asked


def test_a_server_without_analytics_tables_stops_nothing_else(installed, store, tmp_path):
    Metadata(installed).commit(metadata())
    send(installed, store, records(tmp_path))
    done = take(installed, store)
    assert done.taken == 0
    (line,) = done.problems
    assert "no analytics tables" in line
    assert "run analytics" in line
    assert send(installed, store).is_clean


def test_a_server_with_another_calendar_is_told(ready, store, tmp_path):
    with country(ready, hand_hygiene(m202602="30/120")) as (client, hmis):
        send(client, store, records(tmp_path))
        client.info["calendar"] = "ethiopian"
        done = take(client, store)
        assert (done.asked, hmis.asked) == (0, [])
    assert "'ethiopian'" in done.problems[0]


def test_a_cycle_of_which_nobody_knows_when_it_began_is_told(ready, store, tmp_path):
    with country(ready, hand_hygiene(m202602="30/120")) as (client, _):
        path = records(tmp_path, began=None)
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        del content["partnerships"][0]["cycles"][0]["records"]["agreement"]
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        send(client, store, path)
        assert take(client, store).problems == [
            "Pair (fictional): nobody stated when its cycle began, so no HMIS values for it."
        ]


@pytest.mark.parametrize("status", [403, 500])
def test_a_server_that_fails_is_told_too(ready, store, tmp_path, status):
    with country(ready, {}) as (client, _):
        send(client, store, records(tmp_path))
    broken = Reply(status, {"httpStatusCode": status, "status": "ERROR", "message": "something broke"})
    with (
        serve(ready) as url,
        between(url, first=lambda asked: broken if "/analytics" in asked.path else None) as served,
        Store.open(f"sqlite:///{tmp_path / 'broken.sqlite'}") as other,
    ):
        client = Client(Account(served.url, "admin", "district"), pause=0.01)
        pull(client, other, FIELDS)
        (line,) = take(client, other).problems
    assert "something broke" in line
