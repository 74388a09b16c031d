"""The reader of aggregate analytics: columns by name, short addresses, and one refused item stops no other."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.contract.recordings import VERSIONS, exchanges, needs_recordings
from tests.fault.servers import Reply, always, in_turn, serving
from tpi_dhis2.dhis2.analytics import Analytics, Answers, Row
from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.errors import NotDhis2, ServerRefused
from tpi_dhis2.sandbox.server import Sandbox, serve

COLUMNS = ("dx", "pe", "ou", "value", "numerator", "denominator", "factor", "multiplier", "divisor")


def answer(*rows, columns=COLUMNS) -> Reply:
    return Reply(body={"headers": [{"name": name} for name in columns], "rows": [list(row) for row in rows]})


def refusal(code, said) -> Reply:
    return Reply(409, {"httpStatusCode": 409, "status": "ERROR", "message": said, "errorCode": code})


def asked_of(asked) -> dict[str, list[str]]:
    dimensions = parse_qs(urlsplit(asked.path).query)["dimension"]
    return {name: items.split(";") for name, items in (each.split(":", 1) for each in dimensions)}


def read(answers, dx=("A",), units=("U",), periods=("202601",)) -> Answers:
    with serving(answers) as served:
        return Analytics(Client(Account(served.url, "a", "b"), pause=0)).read(dx, units, periods)


def test_columns_are_found_by_name_and_empty_cells_are_none():
    rows = read(always(answer(("U", "3", "A", None, "202601", ""),
                              columns=("ou", "value", "dx", "numerator", "pe", "denominator")))).rows  # fmt: skip
    assert rows == [Row("A", "U", "202601", 3.0)]


def test_what_is_no_number_is_no_row():
    rows = read(always(answer(*(("A", "202601", "U", value) for value in ("", None, "NaN", "yes", "1.5"))))).rows
    assert [row.value for row in rows] == [1.5]


def test_another_answer_is_told():
    with pytest.raises(NotDhis2, match="no column 'value'"):
        read(always(answer(columns=("dx", "pe", "ou"))))
    with pytest.raises(NotDhis2):
        read(always(Reply(body=[])))


def test_long_questions_are_asked_in_short_addresses_and_nothing_is_asked_twice():
    names = [f"DataElemen{number}.OptionComb{number}" for number in range(35)]
    units, periods = (
        [f"UnitUnit{number:03}" for number in range(120)],
        [str(period) for period in range(202001, 202099)],
    )
    with serving(always(answer())) as served:
        Analytics(Client(Account(served.url, "a", "b"), pause=0)).read([*names, *names], units, periods)
    seen = [asked_of(asked) for asked in served.asked]
    assert max(len(asked.path) for asked in served.asked) < 4000
    together = [(dx, ou, pe) for one in seen for dx in one["dx"] for ou in one["ou"] for pe in one["pe"]]
    assert len(together) == len(set(together)) == 35 * 120 * 98
    assert max(len(one["dx"]) * len(one["ou"]) * len(one["pe"]) for one in seen) <= 100_000


def refusing(name, bad, reply):
    """A server that refuses every request which names this, and else answers 1 for all that it is asked."""

    def answers(asked):
        of = asked_of(asked)
        if bad in of[name]:
            return reply
        return answer(*((dx, pe, ou, "1") for dx in of["dx"] for ou in of["ou"] for pe in of["pe"]))

    return answers


@pytest.mark.parametrize(
    ("name", "reply", "of_unit"),
    [
        ("dx", refusal("E7121", "User is not allowed to read data for: `3`"), False),
        ("ou", refusal("E7120", "User: `rec_sync` is not allowed to view org unit: `3`"), True),
        ("ou", refusal("E7124", "Dimension is present in query without any valid dimension options: `ou`"), True),
        ("dx", refusal("E7124", "Dimension is present in query without any valid dimension options: `dx`"), False),
    ],
)
def test_what_is_refused_stands_alone_and_the_rest_is_answered(name, reply, of_unit):
    items, others = tuple("0123456789"), ("x", "y")
    dx, units = (items, others) if name == "dx" else (others, items)
    found = read(refusing(name, "3", reply), dx, units)
    assert len(found.rows) == 18
    (refused,) = found.refused
    assert refused.of_unit is of_unit
    assert (refused.question.units if of_unit else refused.question.dx) == ("3",)
    assert reply.body["message"] in refused.reason


def test_without_tables_nothing_more_is_asked():
    said = "Query failed because a referenced table does not exist. Please ensure analytics job was run"
    with (
        serving(always(refusal("E7144", said))) as served,
        pytest.raises(ServerRefused, match="no analytics tables") as no,
    ):
        Analytics(Client(Account(served.url, "a", "b"), pause=0)).read(("A", "B"), ("U", "V"), ("202601",))
    assert len(served.asked) == 1
    assert "run analytics" in no.value.advice


def test_a_refusal_that_is_not_of_analytics_is_raised():
    with pytest.raises(ServerRefused):
        read(in_turn(Reply(409, {"message": "no"})), ("A", "B"))


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_answers_are_read(version):
    for slug in ("indicator-died", "indicators"):
        (exchange,) = exchanges(version, "analytics-final", slug)
        rows = read(always(Reply(body=exchange["response"]["body"]))).rows
        assert len(rows) == len(exchange["response"]["body"]["rows"])
        assert Row("fChtOMOOXE3", "vzED6ztXJrj", "2026", 25.0, 150.0, 600.0) in rows
    (plain,) = exchanges(version, "analytics", "analytics-de")
    # The 2.42 was asked before its tables were whole, and gave no row.
    rows = read(always(Reply(body=plain["response"]["body"]))).rows
    assert len(rows) == len(plain["response"]["body"]["rows"])
    assert {(row.dx, row.numerator) for row in rows} <= {("aED7sekRCqS.RdRA5CHmQby", None)}
    (empty,) = exchanges(version, "analytics", "analytics-empty")
    assert read(always(Reply(body=empty["response"]["body"]))) == Answers()


@needs_recordings
def test_the_sandbox_answers_as_a_server_did_before_its_first_run_of_analytics():
    (recorded,) = exchanges("2.41", "analytics", "analytics-before")
    with serve(Sandbox("2.41")) as url:
        client = Client(Account(url, "admin", "district"))
        given = client.ask("GET", "analytics", params=[("dimension", "dx:uXB3Qpcam4l")], expect=(409,))
    assert (given.status, given.body) == (recorded["response"]["status"], recorded["response"]["body"])


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_refusals_are_told(version):
    (unknown,) = exchanges(version, "analytics", "analytics-unknown-dx")
    (refused,) = read(always(Reply(409, unknown["response"]["body"]))).refused
    assert (refused.of_unit, "E7124" in refused.reason) == (False, True)
    before = [one["response"] for one in exchanges(version, "analytics", "analytics-before")]
    for response in before:
        if response["status"] == 409:
            with pytest.raises(ServerRefused, match="no analytics tables"):
                read(always(Reply(409, response["body"])))
    foreign = exchanges(version, "analytics", "sync-analytics-pi-foreign")
    for one in foreign:
        (refused,) = read(always(Reply(409, one["response"]["body"]))).refused
        assert refused.of_unit
