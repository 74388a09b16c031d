"""The steps of the live suite that a sandbox has no part of, against answers in the form of recorded servers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fault.servers import Answers, Asked, Reply, message, serving
from tests.live import integrity, test_indicators
from tests.live.facilities import refuse_unseen
from tests.live.integrity import ALLOWED, finds_nothing_wrong_by_the_servers_own_checks
from tests.live.life import Life
from tests.live.look import Server
from tests.live.story import Story
from tests.unit.indicator_sql import coded
from tests.unit.test_indicator_numbers import expected, keys
from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.errors import UsageError
from tpi_dhis2.package.base import code_of

CHECKS = {
    "program_rules_no_action": "programRules",
    "user_groups_scarce": "userGroups",
    "indicators_with_identical_formulas": None,
    "orgunits_orphaned": "organisationUnits",
    "data_elements_aggregate_no_data": "dataElements",
}


@contextmanager
def life_on(answers: Answers, folder: Path, version: str = "2.42.4.1", day: str = "2026-11-23") -> Iterator[Life]:
    """A life on a server that answers so, on a day by its own clock."""
    info = {"version": version, "revision": "abc1234", "serverDate": f"{day}T10:00:00.000"}

    def answered(asked: Asked) -> Reply:
        return Reply(body=info) if asked.path.endswith("/system/info") else answers(asked)

    with serving(answered) as served:
        yield Life(Client(Account(served.url, "admin", "district"), pause=0), ["unitA", "unitB"], folder, Story("one"))


def params(asked: Asked) -> dict[str, list[str]]:
    return parse_qs(urlsplit(asked.path).query)


# Data integrity -----------------------------------------------------------------------------------------------------


BEFORE, CREATED, AFTER = "2026-11-23T09:30:00.000", "2026-11-23T10:00:00.380", "2026-11-23T10:00:00.431"


def integrity_answers(
    issues: dict[str, list[dict[str, str]]], late: str = "", errors: tuple[str, ...] = (), old: tuple[str, ...] = ()
) -> Answers:
    """A server with these issues by check; one check ends only at the second look, some are remembered until then."""
    looks: list[str] = []

    def details(name: str) -> dict[str, object]:
        if name in old and len(looks) == 1:
            return {"name": name, "startTime": BEFORE, "issues": []}
        if name in errors:
            return {"name": name, "startTime": f"{AFTER}{errors.index(name)}", "error": f"{name} has no such column"}
        return {"name": name, "startTime": AFTER, "issues": issues.get(name, [])}

    def answers(asked: Asked) -> Reply:
        path = urlsplit(asked.path).path
        if path.endswith("/dataIntegrity"):
            return Reply(body=[{"name": name, "issuesIdType": of} for name, of in CHECKS.items()])
        checks = params(asked)["checks"][0].split(",")
        if asked.method == "POST":
            return Reply(body={"response": {"id": "aJob", "created": CREATED, "jobParameters": {"checks": checks}}})
        looks.append(path)
        ended = [name for name in checks if name != late or len(looks) > 1]
        return Reply(body={name: details(name) for name in ended})

    return answers


def test_what_a_check_says_of_others_or_for_a_reason_is_no_fault(tmp_path: Path) -> None:
    group = {"id": "", "name": "TPI - Data capture", "comment": "0"}
    issues = {"user_groups_scarce": [group], "program_rules_no_action": [{"id": "aRuleOfASit", "name": "Theirs"}]}
    with life_on(integrity_answers(issues, late="program_rules_no_action"), tmp_path) as life:
        group["id"] = life.built["userGroups"][0]["id"]
        assert "user_groups_scarce" in ALLOWED
        finds_nothing_wrong_by_the_servers_own_checks(life)


def test_an_object_of_ours_that_a_check_names_is_told_with_the_check(tmp_path: Path) -> None:
    issue = {"id": "", "name": "TPI - a rule", "comment": "no action"}
    with life_on(integrity_answers({"program_rules_no_action": [issue]}), tmp_path) as life:
        issue["id"] = life.built["programRules"][0]["id"]
        with pytest.raises(AssertionError, match="program_rules_no_action: programRules TPI - a rule no action"):
            finds_nothing_wrong_by_the_servers_own_checks(life)


def test_what_the_server_remembers_of_an_earlier_run_is_not_taken(tmp_path: Path) -> None:
    issue = {"id": "", "name": "TPI - a rule", "comment": "no action"}
    answers = integrity_answers({"program_rules_no_action": [issue]}, old=("program_rules_no_action",))
    with life_on(answers, tmp_path) as life:
        issue["id"] = life.built["programRules"][0]["id"]
        with pytest.raises(AssertionError, match="program_rules_no_action: programRules TPI - a rule no action"):
            finds_nothing_wrong_by_the_servers_own_checks(life)


def test_checks_that_fail_themselves_are_told_in_the_report_and_fail_nothing(tmp_path: Path) -> None:
    errors = ("user_groups_scarce", "program_rules_no_action")
    with life_on(integrity_answers({}, errors=errors), tmp_path) as life:
        finds_nothing_wrong_by_the_servers_own_checks(life)
    told = life.story.measured["data integrity checks that failed"]
    assert told == "2 of 3, first user_groups_scarce: user_groups_scarce has no such column"


def test_a_check_that_does_not_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrity, "SECONDS", 0.2)
    with (
        life_on(lambda asked: integrity_answers({}, late="user_groups_scarce")(asked), tmp_path) as life,
        pytest.raises(AssertionError, match=r"have not ended within 0\.2 s: user_groups_scarce"),
    ):
        finds_nothing_wrong_by_the_servers_own_checks(life)


def test_only_checks_that_can_name_ours_are_run(tmp_path: Path) -> None:
    started: list[str] = []

    def answers(asked: Asked) -> Reply:
        if asked.method == "POST":
            started.extend(params(asked)["checks"][0].split(","))
        return integrity_answers({})(asked)

    with life_on(answers, tmp_path) as life:
        finds_nothing_wrong_by_the_servers_own_checks(life)
    assert started == ["indicators_with_identical_formulas", "program_rules_no_action", "user_groups_scarce"]


# Numbers ------------------------------------------------------------------------------------------------------------

KEY = {code: key for kind in ("programIndicators", "indicators") for key in keys(kind) for code in [code_of(key)]}


def number(asked: Asked) -> tuple[str, int, str, float]:
    """Key, year, place and the number by hand that a question is about."""
    given = params(asked)
    dx, pe = (part.split(":")[1] for part in given["dimension"])
    kind = "programIndicators" if dx in {item["id"] for item in coded("programIndicators").values()} else "indicators"
    key = KEY[next(code for code, item in coded(kind).items() if item["id"] == dx)]
    place = {"unitA;unitB": "", "unitA": "HOSPITAL", "unitB": "CLINIC"}[given["filter"][0].removeprefix("ou:")]
    return key, int(pe), place, expected(key).get((int(pe), place), 0.0)


def right(asked: Asked) -> Reply:
    key, year, _, value = number(asked)
    return Reply(body={"rows": [[key, str(year), str(value)]] if value else []})


@pytest.mark.parametrize("kind", ["programIndicators", "indicators"])
def test_the_numbers_by_hand_pass(tmp_path: Path, kind: str) -> None:
    with life_on(right, tmp_path) as life:
        test_indicators.gives_the_numbers(life, kind)


def test_all_numbers_that_differ_or_are_refused_are_told_in_one_table(tmp_path: Path) -> None:
    def answers(asked: Asked) -> Reply:
        key, year, place, value = number(asked)
        if (key, year, place) == (wrong, 2026, ""):
            return Reply(body={"rows": [[key, "2026", str(value + 1)]]})
        if (key, year, place) == (refused, 2025, ""):
            return Reply(409, {**message(409, "Query failed").body, "errorCode": "E7145"})
        return right(asked)

    wrong, refused = keys("programIndicators")[:2]
    with life_on(answers, tmp_path) as life, pytest.raises(AssertionError) as told:
        test_indicators.gives_the_numbers(life, "programIndicators")
    lines = str(told.value).splitlines()
    assert lines[0].startswith("2 of ")
    assert lines[2].split(" | ")[:3] == [code_of(wrong), "2026", "both"]
    assert lines[3].split(" | ")[:2] == [code_of(refused), "2025"]
    assert "E7145" in lines[3]
    assert len(lines) == 4


@pytest.mark.parametrize(("day", "outcome"), [("2026-10-31", "skipped"), ("2026-11-01", "passed")])
def test_numbers_are_skipped_on_a_server_whose_clock_is_behind_them(tmp_path: Path, day: str, outcome: str) -> None:
    with life_on(right, tmp_path, day=day) as life:
        life.tell(test_indicators.gives_every_number_of_an_indicator)
    [step] = life.story.steps
    assert step.outcome == outcome
    assert ("by the server's clock it is 2026-10-31" in step.said) == (outcome == "skipped")


# Tables -------------------------------------------------------------------------------------------------------------


def table_answers(*notes: dict[str, object], periods: tuple[str, ...] = ()) -> Answers:
    """A server whose job says so; it has these period types, and takes others."""
    chosen = [{"name": name} for name in periods]

    def answers(asked: Asked) -> Reply:
        path = urlsplit(asked.path).path
        if path.endswith("/dataOutputPeriodTypes") and asked.method == "POST":
            chosen.extend(json.loads(asked.body))
            return Reply(204)
        if path.endswith("/dataOutputPeriodTypes"):
            return Reply(body=chosen)
        if path.endswith("/resourceTables/analytics"):
            return Reply(body={"response": {"id": "aJob"}})
        return Reply(body=list(notes)) if path.endswith("/system/tasks/ANALYTICS_TABLE/aJob") else right(asked)

    return answers


BEGUN = {"level": "INFO", "completed": False, "message": "Analytics table update process started"}
DONE = {**BEGUN, "completed": True}


def test_the_tables_are_waited_for_and_a_job_that_failed_is_told(tmp_path: Path) -> None:
    with life_on(table_answers(DONE, BEGUN), tmp_path) as life:
        test_indicators.makes_its_tables(life)
    assert life.story.measured.keys() == {"analytics tables"}
    failed = {**BEGUN, "level": "ERROR", "message": 'column "yearly" does not exist'}
    with life_on(table_answers(failed, BEGUN), tmp_path) as life, pytest.raises(AssertionError, match="yearly"):
        test_indicators.makes_its_tables(life)


def test_period_types_are_chosen_only_when_told_and_without_any_the_numbers_are_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = (test_indicators.makes_its_tables, test_indicators.gives_every_number_of_an_indicator)
    monkeypatch.delenv("TPI_LIVE_PERIODS", raising=False)
    with life_on(table_answers(DONE), tmp_path, "2.43.1") as life:
        life.tell(*steps)
    assert {step.outcome for step in life.story.steps} == {"skipped"}
    assert all("--set-periods" in step.said for step in life.story.steps)
    monkeypatch.setenv("TPI_LIVE_PERIODS", "1")
    with life_on(table_answers(DONE), tmp_path, "2.43.1") as life:
        life.tell(*steps)
    assert {step.outcome for step in life.story.steps} == {"passed"}


@pytest.mark.parametrize(
    ("version", "periods", "told", "skipped"),
    [
        ("2.43.1", (), "", True),
        ("2.43.1", (), "1", False),
        ("2.43.1", ("Yearly",), "", False),
        ("2.42.4.1", (), "", False),
    ],
)
def test_numbers_that_are_going_to_be_skipped_are_told_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, periods: tuple[str, ...], told: str, skipped: bool
) -> None:
    monkeypatch.setenv("TPI_LIVE_PERIODS", told)

    def answers(asked: Asked) -> Reply:
        path = urlsplit(asked.path).path
        if path.endswith("/me"):
            return Reply(body={"username": "admin", "authorities": ["ALL"]})
        return table_answers(periods=periods)(asked) if "configuration" in path else Reply(body={path[5:]: []})

    with life_on(answers, tmp_path, version) as life:
        lines = Server(life.client).lines()
    assert len(lines) == 3
    assert ("without --set-periods" in lines[2]) == skipped


# Facilities ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seen", "refused"), [([], False), (["aDistrict01"], False), (["elsewhere01"], True)])
def test_facilities_outside_what_the_account_may_analyse_are_refused(
    tmp_path: Path, seen: list[str], refused: bool
) -> None:
    units = [
        {"name": f"Clinic {of}", "path": f"/aCountry001/aDistrict01/{of}"} for of in ("clinicNo001", "clinicNo002")
    ]

    def answers(asked: Asked) -> Reply:
        me = {"dataViewOrganisationUnits": [{"id": of} for of in seen]}
        return Reply(body=me if urlsplit(asked.path).path.endswith("/me") else {"organisationUnits": units})

    with life_on(answers, tmp_path) as life:
        if not refused:
            refuse_unseen(life.client, ["clinicNo001", "clinicNo002"])
            return
        with pytest.raises(UsageError, match="Clinic clinicNo001 is outside"):
            refuse_unseen(life.client, ["clinicNo001", "clinicNo002"])
