"""Partnerships built by hand for the tests of the documents, and labels read from the package's sources."""

from __future__ import annotations

import csv
import datetime as dt
import itertools
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import yaml

from tpi_dhis2.domain.records import Cycle, Partnership, Record
from tpi_dhis2.resources import folder

TODAY = dt.date(2018, 9, 1)
HOSTILE = """<script>alert("1")</script> | O'Brien & "co"\n# heading\n| a | b |"""
_uids = itertools.count(1)


class YamlLabels:
    """Labels as the forms have them, straight from the YAML sources."""

    def __init__(self) -> None:
        self.fields: dict[str, dict[str, Any]] = {}
        for key, field in _fields():
            self.fields.setdefault(key, {}).update(field)
        with (folder("metadata") / "countries.csv").open(encoding="utf-8") as lines:
            self.countries = {row["code"]: row["en"] for row in csv.DictReader(lines)}
        self.options = yaml.safe_load((folder("metadata") / "options.yaml").read_text("utf-8"))

    def show(self, key: str, value: str | None) -> str | None:
        if value is None:
            return None
        chosen = self.options.get(self.fields.get(key, {}).get("options", ""), {})
        options: Mapping[str, str] = chosen.get("options", {})
        if key == "partner_country":
            options = self.countries
        if key.endswith("_result"):
            options = self.options["RESULT"]["options"]
        return options.get(value, value)

    def label(self, key: str) -> str:
        return str(self.fields[key]["label"])


def _fields() -> Iterator[tuple[str, dict[str, Any]]]:
    attributes = yaml.safe_load((folder("metadata") / "attributes.yaml").read_text("utf-8"))["attributes"]
    for attribute in attributes:
        yield attribute["key"], attribute
    for stage in yaml.safe_load((folder("metadata") / "stages.yaml").read_text("utf-8"))["stages"]:
        for section in stage["sections"]:
            yield from section["fields"].items()


@cache
def labels() -> YamlLabels:
    return YamlLabels()


def record(kind: str, on: str | None = None, status: str = "ACTIVE", **values: object) -> Record:
    occurred = dt.date.fromisoformat(on) if on else None
    return Record(f"r{next(_uids):010d}", kind, {key: str(value) for key, value in values.items()}, occurred, status)


def measured(on: str | None, **values: object) -> Record:
    return record("measurement", on, **{"measure": "HH_COMPL", **values})


def cycle(*records: Record, began: str = "2016-08-01") -> Cycle:
    return Cycle(f"c{next(_uids):010d}", dt.date.fromisoformat(began), records=records)


def partnership(*cycles: Cycle, **values: object) -> Partnership:
    named = {"name": "Sample pair (fictional)", **{key: str(value) for key, value in values.items()}}
    return Partnership("p0000000001", named, host_name=None, cycles=cycles)


def answers(arm: str, scores: Mapping[str, int] | None = None, default: int | None = 3, **values: object) -> Record:
    items = {} if default is None else {f"pf{number:02d}": default for number in range(1, 25)}
    return record(
        "functioning",
        "2018-08-20",
        evaluation_round="END_OF_CYCLE",
        one_arm=arm,
        **{**items, **(scores or {}), **values},
    )


def rich() -> Partnership:
    """A partnership with something in every section, good and bad."""
    records = (
        *_beginning(),
        *_planning(),
        *_activities(),
        *_measurements(),
        *_meetings(),
        *_ending(),
    )
    first = cycle(*records)
    return Partnership(
        "p0000000002",
        {
            "name": "Kisoro Hill and Aldermoor (fictional)",
            "code": "KHA",
            "model": "HOSPITAL_HOSPITAL",
            "partner_name": "Aldermoor University Hospital",
            "partner_country": "GB",
            "pstatus": "ACTIVE",
            "next_review": "2018-11-15",
        },
        host_name="Kisoro Hill Referral Hospital",
        cycles=(first,),
    )


def _beginning() -> tuple[Record, ...]:
    scores = {"score_leadership": 2, "score_ipc": 1, "score_wash": 1, "score_waste": 0, "score_surgery": 2}
    scores |= {"score_medicines": 3, "score_workforce": 2, "score_information": 1, "score_community": 3}
    return (
        record(
            "agreement",
            "2016-08-01",
            host_lead="Dr Amina Kato",
            host_type="REGIONAL_HOSPITAL",
            partner_lead="Prof. Helen Marsh",
            partner_type="UNIVERSITY_HOSPITAL",
            common_goal="Clean hands and safe operations for every patient of Kisoro Hill.\nLearning goes both ways.",
            agreement_signed="true",
            contact_frequency="TWO_WEEKLY",
            contact_channel="VIDEO",
            currency="USD",
            date_known="MONTH",
            record_source="Letter of agreement, page 2",
        ),
        record(
            "needs",
            "2016-10-03",
            needs_round="BASELINE",
            needs_jointly="true",
            strengths="Committed ward sisters.",
            **scores,
        ),
        record("needs", "2018-06-03", needs_round="END_OF_CYCLE", score_ipc=3, score_waste=2, score_wash=1),
        record(
            "priority",
            "2016-10-28",
            priority_no=1,
            area="IPC_HAND_HYGIENE",
            gap_statement="Hands are cleaned at one of four moments; three of four is the national standard.",
            measure="HH_COMPL",
            baseline=23.7,
            baseline_date="2016-10-05",
            desired=75,
            impact=5,
            feasibility=4,
            decision="ACT_NOW",
            rank=1,
        ),
        record(
            "priority",
            "2016-10-28",
            priority_no=2,
            area="SAFE_SURGERY_ANAESTHESIA",
            gap_statement="Wounds become infected after one of twelve operations.",
            measure="SSI_RATE",
            baseline=8,
            desired=4,
            impact=5,
            feasibility=3,
            decision="ACT_NOW",
        ),
        record(
            "priority",
            "2016-10-28",
            priority_no=3,
            area="WASTE_MANAGEMENT",
            gap_statement="The incinerator has been broken since 2014.",
            decision="REFER_UP",
            impact=4,
        ),
    )


def _planning() -> tuple[Record, ...]:
    return (
        record(
            "plan",
            "2016-12-02",
            plan_title="Clean hands, safe operations 2017-2018",
            plan_start="2017-01-01",
            plan_end="2018-12-31",
            plan_meeting="Joint planning workshop, Kisoro",
            review_frequency="QUARTERLY",
            plan_risks="Stock-outs of alcohol: local production as answer.",
            communication_between="Video call every second Thursday.",
            communication_within="Ward meetings; a board with the run chart on each ward.",
            spread_plan="Two district hospitals visit in the second year.",
            budget_total=48000,
            currency="USD",
            budget_host=6000,
            budget_partner=30000,
            budget_third=12000,
            plan_host_signatory="Dr Amina Kato",
            plan_host_signed="2016-12-02",
            plan_partner_signatory="Prof. Helen Marsh",
            plan_partner_signed="2016-12-09",
            record_source="Signed plan, 9 December 2016",
        ),
        record(
            "target",
            target_no=1,
            priority_no=1,
            objective="Hands are cleaned at three of four moments on all wards",
            measure="HH_COMPL",
            baseline=23.7,
            baseline_date="2016-10-05",
            short_target=50,
            short_due="2017-12-31",
            long_target=75,
            long_due="2018-12-31",
        ),
        record(
            "target",
            target_no=2,
            priority_no=2,
            objective="Half as many infected wounds",
            measure="SSI_RATE",
            baseline=8,
            short_target=6,
            short_due="2017-12-31",
            long_target=4,
            long_due="2018-06-30",
        ),
        record(
            "target",
            target_no=3,
            priority_no=2,
            objective="The checklist is used in full at every operation",
            measure="SSC_USE",
            short_target=80,
            short_due="2017-12-31",
            long_target=95,
            long_due="2018-12-31",
        ),
        record(
            "target",
            target_no=4,
            objective="Staff know the five moments",
            measure="HH_KNOW",
            baseline=14,
            short_target=18,
            short_due="2017-12-31",
            long_target=20,
            long_due="2018-07-31",
        ),
        record(
            "target",
            target_no=5,
            objective="Fewer sharps injuries",
            measure="SHARPS",
            short_target=3,
            short_due="2018-01-31",
        ),
    )


def _activities() -> tuple[Record, ...]:
    return (
        record(
            "activity",
            activity_no=1,
            priority_no=1,
            activity_title="Produce alcohol handrub in the pharmacy",
            owner_host="J. Okello, pharmacist",
            owner_partner="R. Patel, pharmacist",
            planned_start="2017-01-15",
            planned_end="2017-06-30",
            activity_budget=9000,
            payer="PARTNER",
            expected_output="60 litres a month, seen in the stock book",
            activity_status="COMPLETED",
            actual_end="2017-05-20",
            spent=8700,
            trained=6,
            learning="Bottles, not alcohol, were the bottleneck.",
        ),
        record(
            "activity",
            activity_no=2,
            priority_no=2,
            activity_title="Train theatre teams in the surgical safety checklist",
            owner_host="Sr Grace Nakato, theatre",
            planned_start="2017-03-01",
            planned_end="2017-09-30",
            new_deadline="2018-03-31",
            new_deadline_reason="State of emergency, visit put off",
            activity_budget=15500,
            payer="DONOR",
            activity_status="DELAYED",
            spent=9100,
            trained=41,
            obstacle="TRAVEL_VISA_SECURITY",
        ),
        record(
            "activity",
            activity_no=3,
            priority_no=1,
            activity_title="Ward boards with run charts",
            planned_end="2017-04-30",
            activity_budget=0,
            payer="NONE",
        ),
        record(
            "activity",
            activity_no=4,
            activity_title="Repair of the incinerator",
            planned_end="2018-01-31",
            activity_status="CANCELLED",
            activity_budget=20000,
        ),
        record(
            "activity",
            activity_no=5,
            activity_title="Learning visit of two district hospitals",
            planned_end="2018-11-30",
            activity_status="NOT_STARTED",
            date_known="MONTH",
        ),
    )


def _measurements() -> tuple[Record, ...]:
    hands = [("2016-10-05", 237, 1000), ("2017-03-10", 180, 480), ("2017-07-14", 210, 390), ("2017-12-04", 260, 470)]
    hands += [("2018-03-09", 285, 400), ("2018-06-20", 17, 25)]
    points = ["BASELINE"] + ["FOLLOW_UP"] * 5
    return (
        *(
            measured(on, numerator=top, denominator=bottom, point=point, data_source="OBSERVATION")
            for (on, top, bottom), point in zip(hands, points, strict=True)
        ),
        measured("2016-09-01", measure="SSI_RATE", value=8, point="BASELINE", date_known="MONTH"),
        measured("2017-11-01", measure="SSI_RATE", value=3.8, point="FOLLOW_UP", date_known="MONTH"),
        measured(
            "2018-06-01", measure="SSI_RATE", value=8.9, point="LATER", value_qualifier="ABOUT", date_known="MONTH"
        ),
        measured("2016-01-01", measure="HH_KNOW", value=14, point="BASELINE", date_known="NOT_STATED"),
        measured("2016-01-01", measure="HH_KNOW", value=17, point="FOLLOW_UP", date_known="NOT_STATED"),
        measured("2016-01-01", measure="HH_KNOW", value=13, point="LATER", date_known="NOT_STATED"),
        measured(
            "2017-01-01",
            measure="SHARPS",
            change_stated=-50,
            compared_with="the year before the partnership",
            date_known="YEAR",
        ),
    )


def _meetings() -> tuple[Record, ...]:
    return (
        record(
            "contact",
            "2017-03-01",
            contact_type="EXCHANGE_VISIT",
            visit_direction="PARTNER_TO_HOST",
            initiated_by="PARTNER",
        ),
        record(
            "contact",
            "2017-10-01",
            contact_type="EXCHANGE_VISIT",
            visit_direction="HOST_TO_PARTNER",
            initiated_by="BOTH",
        ),
        record(
            "contact",
            "2017-01-12",
            contact_type="CALL",
            visit_direction="REMOTE",
            contact_count=22,
            initiated_by="PARTNER",
        ),
        record("contact", "2018-10-12", "SCHEDULE", contact_type="CALL", visit_direction="REMOTE"),
        record("contact", "2018-02-12", contact_type="COACHING_VISIT"),
        record(
            "spread",
            "2018-02-01",
            spread_level="LOCAL",
            spread_kind="TOOL_ADOPTED",
            spread_what="Handrub recipe and stock book",
            facilities_reached=6,
            facilities_adopted=2,
        ),
        record(
            "spread",
            "2018-05-01",
            spread_level="LOCAL",
            spread_kind="TRAINING_GIVEN",
            spread_what="Five moments training",
            workers_reached=120,
        ),
        record(
            "spread",
            "2018-06-01",
            spread_level="NATIONAL",
            spread_kind="POLICY_INFLUENCED",
            spread_what="National handrub guideline",
            date_known="YEAR",
        ),
    )


def _ending() -> tuple[Record, ...]:
    low = {"pf13": 2, "pf14": 1, "pf15": 2}
    high = {"pf01": 4, "pf02": 4, "pf13": 4, "pf14": 3, "pf15": 4, "pf10": 4, "pf11": 4}
    effect = {"effect_1": 2.56, "effect_2a": 1.25, "effect_2b": 2.7, "effect_overall": 2.5}
    return (
        record(
            "impact",
            "2018-08-21",
            evaluation_round="END_OF_CYCLE",
            rating="PARTLY",
            share="CONTRIBUTED",
            impact_text="Handrub is at hand on every ward. Infections after operations fell and rose again.",
            embedded_procedure="true",
            embedded_supply="true",
            lessons="A gain without a budget line does not last.",
            refinements="Put handrub into the hospital's own budget.",
            next_decision="NEW_CYCLE",
            results_to_staff="2018-08-28",
        ),
        answers("HOST", low, pf_wish="YES_WITH_CHANGES", **effect),
        answers("PARTNER", high, pf_wish="YES", effect_1=3.23, effect_2a=2.04, effect_overall=2.69),
    )
