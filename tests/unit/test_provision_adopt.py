"""Objects of the site in the place of ours: which are chosen, and how their UIDs come to stand wherever ours stood."""

from __future__ import annotations

import pytest

from tpi_dhis2.provision.adopt import adopt
from tpi_dhis2.provision.substitute import left, substituted
from tpi_dhis2.provision.targets import Wanted

OURS = {"id": "OurPercent1", "name": "TPI - Percentage", "factor": 100, "number": False}
UIDS = {"OurElement1": "SiteElem001", "OurAttribut": "SiteAttrib1"}


class Nothing:
    """The metadata of a server that has nothing more than is at hand."""

    def export(self, conditions):
        assert not list(conditions)
        return {}


def other(uid="SitePercent", name="Per cent", factor=100, number=False):
    return {"id": uid, "name": name, "factor": factor, "number": number}


def found(*there, said=None):
    return adopt(Nothing(), said or {"indicatorTypes": [OURS]}, {"indicatorTypes": list(there)}, Wanted())


# Types of indicators ---------------------------------------------------------------------------------------------


def test_the_same_factor_is_the_same_type():
    [use] = found(other()).uses
    assert (use.theirs, use.how) == (other(), "by its factor")
    assert found(other(factor=100.0)).mapping == {"OurPercent1": "SitePercent"}
    assert found({key: value for key, value in other().items() if key != "number"}).mapping


def test_another_factor_or_a_plain_number_is_another_type():
    assert found(other(factor=1), other(number=True)).mapping == {}
    assert found().uses == []


def test_ours_stays_where_it_is_there():
    assert found(other(), OURS).mapping == {}


def test_one_of_the_same_name_comes_before_others_and_the_choice_is_always_the_same():
    first, second = other("SitePerc001"), other("SitePerc002")
    assert found(second, first).mapping == found(first, second).mapping == {"OurPercent1": "SitePerc001"}
    named = other("SitePerc003", name="TPI - Percentage")
    assert found(first, named).mapping == {"OurPercent1": "SitePerc003"}


def test_the_sites_uid_takes_the_place_of_ours_wherever_it_stands():
    said = {
        "indicatorTypes": [OURS, {**OURS, "id": "OurNumber01", "factor": 1}],
        "indicators": [{"id": "Indicator01", "indicatorType": {"id": "OurPercent1"}, "name": "OurPercent1 stays"}],
    }
    assert found(other(), said=said).desired == {
        "indicatorTypes": [{**OURS, "id": "OurNumber01", "factor": 1}],
        "indicators": [{"id": "Indicator01", "indicatorType": {"id": "SitePercent"}, "name": "OurPercent1 stays"}],
    }
    assert said["indicators"][0]["indicatorType"] == {"id": "OurPercent1"}


def test_what_an_earlier_release_mapped_stays_in_the_record():
    adoption = adopt(Nothing(), {"indicatorTypes": [OURS]}, {}, Wanted(recorded={"GoneElem001": "SiteElem009"}))
    assert adoption.mapping == {"GoneElem001": "SiteElem009"}


# Fields ----------------------------------------------------------------------------------------------------------


def field(uid, code="TPI_AREA", **changes):
    return {"id": uid, "code": code, "name": uid, "valueType": "TEXT", "domainType": "TRACKER", **changes}


def options(uid, *codes):
    return [
        {"id": f"{uid[:7]}{number:04}", "code": code, "optionSet": {"id": uid}} for number, code in enumerate(codes)
    ]


class Server:
    """The metadata of a server that answers for option sets."""

    def __init__(self, **objects):
        self.objects = objects
        self.asked = []

    def export(self, conditions):
        self.asked += conditions
        return self.objects if self.asked else {}


def test_a_set_that_is_used_brings_its_options_and_its_fields():
    said = {
        "optionSets": [{"id": "OurOptions1", "code": "TPI_AREA", "name": "Area", "valueType": "TEXT"}],
        "options": options("OurOptions1", "A", "B"),
        "dataElements": [field("OurElement1", optionSet={"id": "OurOptions1"})],
        "programRuleActions": [{"id": "OurAction01", "option": {"id": "OurOpti0001"}}],
    }
    theirs = {**said["optionSets"][0], "id": "SiteOptSet1"}
    actual = {"optionSets": [theirs], "dataElements": [field("SiteElem001", optionSet={"id": "SiteOptSet1"})]}
    server = Server(options=options("SiteOptSet1", "C", "B", "A"))
    adoption = adopt(server, said, actual, Wanted())
    assert adoption.clashes == {}
    assert adoption.mapping == {"OurOptions1": "SiteOptSet1", "OurElement1": "SiteElem001"}
    assert adoption.desired == {
        "optionSets": [], "options": [], "dataElements": [],
        "programRuleActions": [{"id": "OurAction01", "option": {"id": "SiteOpt0001"}}],
    }  # fmt: skip
    assert server.asked == [("options", "optionSet.id:in:[SiteOptSet1]")]


def test_a_field_falls_with_its_set():
    said = {
        "optionSets": [{"id": "OurOptions1", "code": "TPI_AREA", "name": "Area", "valueType": "TEXT"}],
        "options": options("OurOptions1", *"ABCDEFG"),
        "dataElements": [field("OurElement1", optionSet={"id": "OurOptions1"})],
    }
    theirs = {**said["optionSets"][0], "id": "SiteOptSet1"}
    actual = {"optionSets": [theirs], "dataElements": [field("SiteElem001", optionSet={"id": "SiteOptSet1"})]}
    adoption = adopt(Server(options=options("SiteOptSet1", "A")), said, actual, Wanted())
    assert adoption.mapping == {}
    assert adoption.desired == said
    assert adoption.clashes["OurOptions1"].endswith("it lacks the options B, C, D, E, F and 1 more")
    assert adoption.clashes["OurElement1"].endswith("its option set lacks the options B, C, D, E, F and 1 more")


def test_what_a_file_gives_away_is_not_taken_by_its_code_too():
    said = {"dataElements": [field("OurElement1", "TPI_ONE"), field("OurElement2", "TPI_TWO")]}
    actual = {"dataElements": [field("SiteElem002", "TPI_TWO")]}
    adoption = adopt(Server(), said, actual, Wanted(named={"OurElement1": "SiteElem002"}))
    assert adoption.mapping == {"OurElement1": "SiteElem002"}


# UIDs in texts ---------------------------------------------------------------------------------------------------

TEXTS = {
    "alone": ("OurElement1", "SiteElem001"),
    "in an expression": ("#{Stage000001.OurElement1} - #{OurElement1}", "#{Stage000001.SiteElem001} - #{SiteElem001}"),
    "with a comparison": ("d2:hasValue(A{OurAttribut}) && #{S.OurElement1}=='A'",
                          "d2:hasValue(A{SiteAttrib1}) && #{S.SiteElem001}=='A'"),
    "in a message": ("A{OurAttribut}, V{org_unit_name}: done", "A{SiteAttrib1}, V{org_unit_name}: done"),
    "with its stage": ("Stage000001.OurElement1", "Stage000001.SiteElem001"),
    "with an order": ("OurElement1:asc", "SiteElem001:asc"),
    "longer": ("#{OurElement12}", "#{OurElement12}"),
    "shorter": ("#{urElement1}", "#{urElement1}"),
    "in a sentence": ("An OurElement1 or an xOurElement1 too", "An OurElement1 or an xOurElement1 too"),
    "unknown": ("#{OtherElem01}", "#{OtherElem01}"),
    "empty": ("", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_uids_are_exchanged_where_they_name_something(name):
    before, after = TEXTS[name]
    assert substituted({"a": [before, 1, None, True]}, UIDS) == {"a": [after, 1, None, True]}


def test_names_of_properties_stay():
    assert substituted({"OurElement1": {"id": "OurElement1"}}, UIDS) == {"OurElement1": {"id": "SiteElem001"}}


def test_a_set_goes_with_its_options():
    said = {"optionSets": [{"id": "OurOptions1"}, {"id": "OurOptions2"}],
            "options": [*options("OurOptions1", "A"), *options("OurOptions2", "A")]}  # fmt: skip
    assert left(said, {"OurOptions1": "SiteOptSet1"}) == {
        "optionSets": [{"id": "OurOptions2"}], "options": options("OurOptions2", "A")
    }  # fmt: skip
    assert left(said, {}) == said
