"""Lint: finds each fault that a server would refuse, or take and break on later."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from tests.unit.builders import finds, own_bundle
from tpi_dhis2.package.build import DHIS2_VERSIONS
from tpi_dhis2.package.lint import lint
from tpi_dhis2.package.release import bundle

Bundle = dict[str, Any]


@cache
def _built() -> Bundle:
    return bundle()


def find(built: Bundle, kind: str, code: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in built[kind] if item.get("code") == code)
    return found


def element(built: Bundle) -> dict[str, Any]:
    return find(built, "dataElements", "TPI_HOST_LEAD")


def stage(built: Bundle) -> dict[str, Any]:
    return find(built, "programStages", "TPI_S3_PRIORITY")


def section(built: Bundle) -> dict[str, Any]:
    uid = stage(built)["programStageSections"][0]["id"]
    found: dict[str, Any] = next(item for item in built["programStageSections"] if item["id"] == uid)
    return found


def put(kind: str, code: str, prop: str, value: object) -> Callable[[Bundle], object]:
    return lambda built: find(built, kind, code).__setitem__(prop, value)


def share(kind: str, access: str) -> Callable[[Bundle], object]:
    return lambda built: built[kind][0]["sharing"].__setitem__("public", access)


def double_field(built: Bundle) -> None:
    entries = stage(built)["programStageDataElements"]
    entries.append(copy.deepcopy(entries[0]))
    section(built)["dataElements"].append(copy.deepcopy(section(built)["dataElements"][0]))


DE, TEA = "dataElements", "trackedEntityAttributes"
FAULTS: dict[str, tuple[Callable[[Bundle], object], str]] = {
    "long name": (put(DE, "TPI_HOST_LEAD", "name", "x" * 231), "name has 231 characters, at most 230"),
    "long short name": (put(DE, "TPI_HOST_LEAD", "shortName", "x" * 51), "shortName has 51 characters, at most 50"),
    "long code": (put(DE, "TPI_HOST_LEAD", "code", "X" * 51), "code has 51 characters, at most 50"),
    "long form name": (put(DE, "TPI_HOST_LEAD", "formName", "x" * 231), "formName has 231 characters"),
    "long option code": (lambda b: b["options"][0].update(code="X" * 231), "code has 231 characters, at most 230"),
    "space before": (put(DE, "TPI_HOST_LEAD", "shortName", " Lead"), "shortName has needless spaces"),
    "space after": (put("programs", "TPI", "name", "Twinning "), "name has needless spaces"),
    "two spaces": (put(TEA, "TPI_NAME", "formName", "The  name"), "formName has needless spaces"),
    "line break": (put(DE, "TPI_HOST_LEAD", "name", "Lead\nhost"), "name has needless spaces"),
    "no name": (put("userGroups", "TPI_ADMIN", "name", ""), "has no name"),
    "no short name of a data element": (lambda b: element(b).pop("shortName"), "has no short name"),
    "no short name of an attribute": (put(TEA, "TPI_NAME", "shortName", ""), "has no short name"),
    "no short name of the type": (lambda b: b["trackedEntityTypes"][0].pop("shortName"), "has no short name"),
    "no short name of the program": (lambda b: b["programs"][0].pop("shortName"), "has no short name"),
    "no code": (lambda b: element(b).pop("code"), "is not made of capitals"),
    "small code": (put("programStages", "TPI_S1_AGREEMENT", "code", "tpi_s1"), "is not made of capitals"),
    "code with space": (put("optionSets", "TPI_ROLE", "code", "TPI ROLE"), "is not made of capitals"),
    "a category combination": (
        put(DE, "TPI_HOST_LEAD", "categoryCombo", {"id": "bjDvmb4bfuf"}), "says categoryCombo, which is the server's"),
    "an attribute option combination below": (
        lambda b: section(b)["dataElements"].append({"id": "HllvX50cXC0", "attributeOptionCombo": {}}),
        "says attributeOptionCombo, which is the server's own"),
    "malformed UID": (lambda b: section(b).update(id="short"), "UID 'short' is malformed"),
    "no UID": (lambda b: b["userGroups"][0].pop("id"), "is malformed"),
    "finding 3: malformed sharing": (share("programs", "rwrw"), "sharing 'rwrw' is malformed"),
    "sharing with other letters": (share("dataElements", "rx------"), "sharing 'rx------' is malformed"),
    "finding 3: data access to a data element": (
        share("dataElements", "r-r-----"), "gives data access to a type that has none"),
    "data access to an option set": (share("optionSets", "r-rw----"), "gives data access to a type that has none"),
    "group with malformed sharing": (
        lambda b: next(iter(element(b)["sharing"]["userGroups"].values())).update(access="all"), "sharing 'all'"),
    "two of one UID": (lambda b: b["options"][1].update(id=b["options"][0]["id"]), "stands 2 times"),
    "two of one code": (put(DE, "TPI_HOST_BEDS", "code", "TPI_HOST_LEAD"), "code 'TPI_HOST_LEAD' stands 2 times"),
    "two of one name": (
        lambda b: find(b, DE, "TPI_HOST_BEDS").update(name=element(b)["name"]), "stands 2 times"),
    "two of one short name": (
        lambda b: find(b, TEA, "TPI_CODE").update(shortName=find(b, TEA, "TPI_NAME")["shortName"]), "stands 2 times"),
    "section of another bundle": (
        lambda b: stage(b)["programStageSections"].append({"id": "abcdefghijk"}), "points to abcdefghijk"),
    "element of another bundle": (
        lambda b: stage(b)["programStageDataElements"][0]["dataElement"].update(id="abcdefghijk"),
        "programStageDataElements.dataElement points to abcdefghijk"),
    "option set of another bundle": (
        lambda b: find(b, DE, "TPI_HOST_TYPE")["optionSet"].update(id="abcdefghijk"),
        "optionSet points to abcdefghijk"),
    "a section not listed on its stage (Capture shows none)": (
        lambda b: stage(b)["programStageSections"].pop(), "do not hold each of its fields once"),
    "field in no section": (lambda b: section(b)["dataElements"].pop(), "do not hold each of its fields once"),
    "field in two sections": (
        lambda b: section(b)["dataElements"].append(section(b)["dataElements"][0]),
        "do not hold each of its fields once"),
    "field twice on a stage": (double_field, "do not hold each of its fields once"),
    "finding 3: value type unlike the set's": (
        put(DE, "TPI_SCORE_IPC", "valueType", "TEXT"), "value type TEXT is not that of its option set"),
    "attribute's type unlike the set's": (
        put(TEA, "TPI_MODEL", "valueType", "NUMBER"), "value type NUMBER is not that of its option set"),
    "a text that a language lacks": (lambda b: element(b)["translations"].pop(0), "has no translation in fr"),
    "finding 3: a text translated twice": (
        lambda b: element(b)["translations"].append(element(b)["translations"][0]), "is translated 2 times in fr"),
    "a translation of nothing": (lambda b: element(b)["translations"][0].update(value=""), "in fr"),
    "a translation of nothing but the prefix": (
        lambda b: element(b)["translations"][0].update(value="TPI - "), "in fr"),
    "a long translation of a short name": (
        lambda b: next(one for one in element(b)["translations"] if one["property"] == "SHORT_NAME").update(
            value="x" * 51),
        "SHORT_NAME in fr is longer than 50 characters"),
    "finding 1.7: no sharing": (lambda b: element(b).pop("sharing"), "says nothing of sharing"),
    "finding 1.7: everybody may write": (share("dataElements", "rw------"), "lets everybody write ('rw------')"),
    "finding 3: sharing of old": (
        lambda b: element(b).update(publicAccess="r-------"), "which servers ignore from 2.41"),
    "shared with one user": (
        lambda b: element(b)["sharing"]["users"].update(abcdefghijk={"id": "abcdefghijk", "access": "rw------"}),
        "with the outside or with single users"),
    "shared with a group of others": (
        lambda b: element(b)["sharing"]["userGroups"].update(abcdefghijk={"id": "abcdefghijk", "access": "r-------"}),
        "with a group that is not of this package"),
    "finding 3: tracker program without a type": (
        lambda b: b["programs"][0].pop("trackedEntityType"), "has no tracked entity type"),
    "finding 1.6: units in the package": (
        lambda b: b["programs"][0].update(organisationUnits=[{"id": b["programs"][0]["id"]}]), "ships units"),
    "finding 3: option without a set": (lambda b: b["options"][0].pop("optionSet"), "is in no option set"),
    "finding 3: order of options": (
        lambda b: b["optionSets"][0]["options"].reverse(), "are not numbered from 1 in their order"),
    "two options of one code": (
        lambda b: b["options"][1].update(code=b["options"][0]["code"]), "two of its options have one code"),
    "a set of one option": (
        lambda b: find(b, "optionSets", "TPI_ONE_ARM")["options"].pop(), "has fewer than 2 options"),
    "a sum of texts": (lambda b: element(b).update(aggregationType="SUM"), "TEXT with aggregation SUM"),
    "a number that is not counted": (
        put(DE, "TPI_BASELINE", "aggregationType", "NONE"), "NUMBER with aggregation NONE"),
    "finding 1.12: several codes in one value": (
        put(DE, "TPI_HOST_LEAD", "valueType", "MULTI_TEXT"), "MULTI_TEXT takes only one code on 2.40"),
}  # fmt: skip


@pytest.mark.parametrize("version", DHIS2_VERSIONS)
def test_the_package_is_clean(version: str) -> None:
    assert lint(bundle(version)) == []


@pytest.mark.parametrize(("plant", "found"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found(plant: Callable[[Bundle], object], found: str) -> None:
    built = own_bundle()
    plant(built)
    assert finds(built, found), lint(built)


def test_a_finding_names_the_object() -> None:
    built = own_bundle()
    element(built)["shortName"] = ""
    assert lint(built) == [f"dataElements '{element(built)['name']}': has no short name"]


def test_what_is_just_within_its_limits_is_no_fault() -> None:
    built = own_bundle()
    element(built).update(name="x" * 230, shortName="x" * 50, code="X" * 50, formName="x" * 230)
    built["options"][0].update(code="X" * 230)
    assert lint(built) == []
