"""Types of indicators: the site's own is used where it means the same."""

from __future__ import annotations

from tpi_dhis2.provision.adopt import find_adopted, with_adopted

OURS = {"id": "OurPercent1", "name": "TPI - Percentage", "factor": 100, "number": False}


def other(uid="SitePercent", name="Per cent", factor=100, number=False):
    return {"id": uid, "name": name, "factor": factor, "number": number}


def found(*there):
    return find_adopted({"indicatorTypes": [OURS]}, {"indicatorTypes": list(there)})


def test_the_same_factor_is_the_same_type():
    assert found(other()) == {"OurPercent1": other()}
    assert found(other(factor=100.0)).keys() == {"OurPercent1"}
    assert found({key: value for key, value in other().items() if key != "number"}).keys() == {"OurPercent1"}


def test_another_factor_or_a_plain_number_is_another_type():
    assert found(other(factor=1), other(number=True)) == {}
    assert found() == {}


def test_ours_stays_where_it_is_there():
    assert found(other(), OURS) == {}


def test_one_of_the_same_name_comes_before_others_and_the_choice_is_always_the_same():
    first, second = other("SitePerc001"), other("SitePerc002")
    assert found(second, first) == found(first, second) == {"OurPercent1": first}
    named = other("SitePerc003", name="TPI - Percentage")
    assert found(first, named) == {"OurPercent1": named}


def test_the_sites_uid_takes_the_place_of_ours_wherever_it_stands():
    desired = {
        "indicatorTypes": [OURS, {**OURS, "id": "OurNumber01"}],
        "indicators": [{"id": "Indicator01", "indicatorType": {"id": "OurPercent1"}, "name": "OurPercent1 stays"}],
    }
    assert with_adopted(desired, {"OurPercent1": other()}) == {
        "indicatorTypes": [{**OURS, "id": "OurNumber01"}],
        "indicators": [{"id": "Indicator01", "indicatorType": {"id": "SitePercent"}, "name": "OurPercent1 stays"}],
    }
    assert desired["indicators"][0]["indicatorType"] == {"id": "OurPercent1"}


def test_without_adoption_nothing_is_touched():
    desired = {"indicators": [{"id": "Indicator01"}]}
    assert with_adopted(desired, {}) is desired
