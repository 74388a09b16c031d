"""Reading metadata of many types: few requests, short addresses, and conditions of one type as alternatives."""

from __future__ import annotations

from urllib.parse import urlencode

from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.domain.uids import derive_uid


class Answering(Client):
    """Answers each request for metadata with one object of each type that it asks for."""

    def __init__(self) -> None:
        super().__init__(Account("https://dhis2.example.org", "someone", "something"))
        self.asked: list[list[tuple[str, str]]] = []

    def get_object(self, path, params=None):
        self.asked.append(list(params))
        kinds = {name.split(":")[0] for name, _ in params}
        return {kind: [{"id": f"{kind}{len(self.asked)}"}, {"id": kind}] for kind in kinds if kind != "maps"}


def export(*conditions):
    client = Answering()
    return client, Metadata(client).export(conditions)


def test_types_of_short_conditions_travel_together_and_one_without_objects_is_an_empty_list():
    client, found = export(("programs", "code:$like:TPI"), ("maps", "code:$like:TPI"), ("indicatorTypes", ""))
    assert client.asked == [
        [
            ("programs:filter", "code:$like:TPI"),
            ("programs:fields", ":owner"),
            ("maps:filter", "code:$like:TPI"),
            ("maps:fields", ":owner"),
            ("indicatorTypes:fields", ":owner"),
        ]
    ]
    assert found["maps"] == []
    assert [item["id"] for item in found["programs"]] == ["programs1", "programs"]


def test_two_conditions_of_one_type_are_asked_apart_and_their_answers_joined():
    client, found = export(("options", "optionSet.id:in:[a]"), ("options", "optionSet.id:in:[b]"))
    assert [dict(params)["options:filter"] for params in client.asked] == ["optionSet.id:in:[a]", "optionSet.id:in:[b]"]
    assert [item["id"] for item in found["options"]] == ["options1", "options", "options2"]


def test_a_large_package_makes_more_requests_and_no_longer_addresses():
    uids = [derive_uid("tests", "rule", str(number)) for number in range(900)]
    conditions = [
        ("programRuleActions", f"programRule.id:in:[{','.join(uids[at : at + 100])}]") for at in range(0, 900, 100)
    ]
    conditions += [(f"type{number}", f"id:in:[{','.join(uids[:90])}]") for number in range(9)]
    client, found = export(*conditions)
    assert all(len(urlencode(params)) < 6900 for params in client.asked)
    assert len(client.asked) < len(conditions)
    asked = [pair for params in client.asked for pair in params if pair[0].endswith(":filter")]
    assert asked == [(f"{kind}:filter", condition) for kind, condition in conditions]
    assert found.keys() == {kind for kind, _ in conditions}
