"""The bundle: the shape that servers of every version take, from nothing but the sources."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.test_package_sources import STAGES
from tpi_dhis2.package.base import code_of
from tpi_dhis2.package.build import DHIS2_VERSIONS, digest
from tpi_dhis2.package.release import bundle
from tpi_dhis2.package.sources import load

Json = dict[str, Any]


def objects(kind: str) -> list[Json]:
    found: list[Json] = bundle()[kind]
    return found


def ids(refs: list[Json]) -> list[str]:
    return [ref["id"] for ref in refs]


def by_code(kind: str) -> dict[str, Json]:
    return {item["code"]: item for item in objects(kind)}


def test_the_bundle_holds_only_these_types_and_never_units_users_or_data() -> None:
    assert list(bundle()) == [
        "package",
        "userGroups",
        "userRoles",
        "optionSets",
        "options",
        "constants",
        "legendSets",
        "trackedEntityAttributes",
        "trackedEntityTypes",
        "dataElements",
        "dataElementGroups",
        "programNotificationTemplates",
        "programs",
        "programStages",
        "programStageSections",
        "programRuleVariables",
        "programRules",
        "programRuleActions",
        "programIndicators",
        "programIndicatorGroups",
        "indicatorTypes",
        "indicators",
        "indicatorGroups",
        "trackedEntityInstanceFilters",
        "programStageWorkingLists",
        "visualizations",
        "maps",
        "eventVisualizations",
        "dashboards",
    ]
    assert "organisationUnits" not in objects("programs")[0]
    assert not any("users" in group for group in objects("userGroups"))


@pytest.mark.parametrize("version", DHIS2_VERSIONS)
def test_the_head_says_for_which_dhis2_the_bundle_is(version: str) -> None:
    head = bundle(version)["package"]
    assert (head["DHIS2Version"], head["name"]) == (version, f"TPI_TRK_DHIS{version}-en")
    assert head["version"] == load().package.version


def test_the_fingerprint_is_of_what_the_package_holds_and_not_of_the_version_it_is_for() -> None:
    # 2.40 gets no map and a table in its place (test_package_boards.py).
    assert len({digest(bundle(version)) for version in DHIS2_VERSIONS if version != "2.40"}) == 1
    changed = bundle()
    changed["programs"][0]["name"] = "another"
    assert digest(changed) != digest(bundle())


def test_the_program_lists_its_stages_in_order_and_lets_a_partnership_begin_again() -> None:
    (program,) = objects("programs")
    assert ids(program["programStages"]) == [stage["id"] for stage in objects("programStages")]
    assert [stage["code"] for stage in objects("programStages")] == list(STAGES)
    assert [stage["sortOrder"] for stage in objects("programStages")] == list(range(1, 12))
    assert program["onlyEnrollOnce"] is False
    assert program["displayIncidentDate"] is False
    assert program["programType"] == "WITH_REGISTRATION"


def test_a_stage_lists_its_sections_and_they_hold_each_of_its_fields_once() -> None:
    sections = {section["id"]: section for section in objects("programStageSections")}
    listed = [ref for stage in objects("programStages") for ref in ids(stage["programStageSections"])]
    assert sorted(listed) == sorted(sections)
    for stage in objects("programStages"):
        held = [uid for ref in ids(stage["programStageSections"]) for uid in ids(sections[ref]["dataElements"])]
        assert held == [entry["dataElement"]["id"] for entry in stage["programStageDataElements"]]
        assert len(set(held)) == len(held)


def test_stages_check_mandatory_fields_only_on_completion_so_that_half_a_form_can_be_kept() -> None:
    assert {stage["validationStrategy"] for stage in objects("programStages")} == {"ON_COMPLETE"}


def test_a_mandatory_or_listed_field_of_the_sources_is_so_on_the_stage() -> None:
    elements, stages = by_code("dataElements"), by_code("programStages")
    entries = {entry["dataElement"]["id"]: entry for entry in stages["TPI_S3_PRIORITY"]["programStageDataElements"]}
    number, cause = (entries[elements[code]["id"]] for code in ("TPI_PRIORITY_NO", "TPI_ROOT_CAUSE"))
    assert (number["compulsory"], number["displayInReports"]) == (True, True)
    assert (cause["compulsory"], cause["displayInReports"]) == (False, False)


def test_a_field_of_two_stages_is_one_data_element_and_may_be_mandatory_in_one_of_them_only() -> None:
    number, stages = by_code("dataElements")["TPI_PRIORITY_NO"]["id"], by_code("programStages")
    must = {
        code: entry["compulsory"]
        for code, stage in stages.items()
        for entry in stage["programStageDataElements"]
        if entry["dataElement"]["id"] == number
    }
    assert must == {"TPI_S3_PRIORITY": True, "TPI_S4_TARGET": True, "TPI_S5_ACTIVITY": False}


def test_dates_in_the_future_are_allowed_where_the_sources_say_so() -> None:
    elements = {item["id"]: item["code"] for item in objects("dataElements")}
    allowed = {
        elements[entry["dataElement"]["id"]]
        for stage in objects("programStages")
        for entry in stage["programStageDataElements"]
        if entry["allowFutureDate"]
    }
    assert {"TPI_LONG_DUE", "TPI_PLANNED_END", "TPI_PLAN_END"} <= allowed
    assert not {"TPI_BASELINE_DATE", "TPI_ACTUAL_END", "TPI_SHOWN_ON"} & allowed


def test_an_option_stands_in_its_set_and_names_it() -> None:
    options = {option["id"]: option for option in objects("options")}
    for option_set in objects("optionSets"):
        held = [options[uid] for uid in ids(option_set["options"])]
        assert all(option["optionSet"]["id"] == option_set["id"] for option in held)
        assert [option["sortOrder"] for option in held] == list(range(1, len(held) + 1))
    assert sum(len(option_set["options"]) for option_set in objects("optionSets")) == len(options)


def test_a_field_with_options_has_the_value_type_of_its_set() -> None:
    sets = {option_set["id"]: option_set["valueType"] for option_set in objects("optionSets")}
    for item in (*objects("dataElements"), *objects("trackedEntityAttributes")):
        if "optionSet" in item:
            assert item["valueType"] == sets[item["optionSet"]["id"]], item["code"]
    assert by_code("dataElements")["TPI_SCORE_IPC"]["valueType"] == "INTEGER_ZERO_OR_POSITIVE"


@pytest.mark.parametrize(
    ("code", "aggregation"),
    [
        ("TPI_TRAINED", "SUM"),
        ("TPI_VALUE", "AVERAGE"),
        ("TPI_SCORE_IPC", "AVERAGE"),
        ("TPI_PF01", "AVERAGE"),
        ("TPI_LESSONS", "NONE"),
    ],
)
def test_people_are_added_and_rates_and_scores_never_are(code: str, aggregation: str) -> None:
    assert by_code("dataElements")[code]["aggregationType"] == aggregation


def test_the_tracked_entity_type_has_the_short_name_that_servers_require_since_2_42() -> None:
    (kind,) = objects("trackedEntityTypes")
    assert kind["shortName"]
    listed = [entry["trackedEntityAttribute"]["id"] for entry in kind["trackedEntityTypeAttributes"]]
    assert by_code("trackedEntityAttributes")["TPI_NAME"]["id"] in listed


def _access(item: Json) -> dict[str, str]:
    groups = {group["id"]: group["code"] for group in objects("userGroups")}
    return {groups[uid]: entry["access"] for uid, entry in item["sharing"]["userGroups"].items()}


def test_the_answers_on_the_relation_are_for_the_arms_and_not_for_those_who_capture_the_rest() -> None:
    stages = by_code("programStages")
    nothing = "r-------"
    assert _access(stages["TPI_S6_FUNCTIONING"]) == {
        "TPI_ACCESS": nothing, "TPI_DATA_CAPTURE": nothing, "TPI_ADMIN": "rw------", "TPI_FUNCTIONING": "r-rw----",
    }  # fmt: skip
    assert _access(stages["TPI_S5_ACTIVITY"]) == {
        "TPI_ACCESS": "r-r-----", "TPI_DATA_CAPTURE": "r-rw----", "TPI_ADMIN": "rw------", "TPI_FUNCTIONING": nothing,
    }  # fmt: skip


def test_the_public_may_read_what_a_form_is_and_no_data() -> None:
    # Dashboards are for the groups of the package alone (test_package_boards.py).
    apart = ("package", "dashboards")
    shared = [item for kind, items in bundle().items() if kind not in apart for item in items if "sharing" in item]
    assert {item["sharing"]["public"] for item in shared} == {"r-------"}
    assert not any(item["sharing"]["external"] or item["sharing"]["users"] for item in shared)


def test_the_code_of_a_field_is_its_key_in_capitals() -> None:
    assert code_of("host_lead") == "TPI_HOST_LEAD"
    assert set(by_code("dataElements")) == {code_of(key) for key in load().elements()}
