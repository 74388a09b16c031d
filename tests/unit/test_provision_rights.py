"""Which rights an account lacks, from what a server says of its types, of the account and of its objects."""

from __future__ import annotations

import pytest

from tpi_dhis2.errors import Forbidden
from tpi_dhis2.provision.rights import Lack, missing_rights, refuse_missing, standing_rights
from tpi_dhis2.provision.steps import CREATE, UPDATE, Plan, Step
from tpi_dhis2.provision.weigh import Rights

OPEN, CLOSED = (
    {"sharing": {"public": "r-------", "owner": "other"}},
    {"sharing": {"public": "--------", "owner": "other"}},
)


def schema(plural, shareable, implicit=False, **authorities):
    asked = [{"type": kind, "authorities": names} for kind, names in authorities.items()]
    return {
        "plural": plural, "shareable": shareable, "implicitPrivateAuthority": implicit, "authorities": asked,
    }  # fmt: skip


SCHEMAS = [
    schema("dataElements", True, CREATE_PUBLIC=["DE_PUBLIC"], CREATE_PRIVATE=["DE_PRIVATE"], DELETE=["DE_DELETE"]),
    schema("constants", True, CREATE=["C_ADD"]),
    schema("programRules", False, CREATE=["R_ADD", "R_MANAGE"]),
    schema("options", False, CREATE_PUBLIC=["OS_PUBLIC"], CREATE_PRIVATE=["OS_PRIVATE"]),
    schema("dashboards", True, True, CREATE_PUBLIC=["D_PUBLIC"]),
    schema("trackedEntityTypes", True, CREATE=["T_ADD"], UPDATE=["T_UPDATE"]),
    schema("userRoles", True, CREATE_PUBLIC=["UR_PUBLIC"]),
    {"singular": "somethingElse"},
]


class Server:
    """Answers what the rights are found by."""

    def __init__(self, *authorities, groups=(), refused=()):
        self.authorities, self.groups, self.refused, self.asked = list(authorities), groups, refused, []

    def get_object(self, path, params=None):
        self.asked.append(path)
        if path == "me":
            return {"id": "me", "authorities": self.authorities, "userGroups": [{"id": uid} for uid in self.groups]}
        if path == "schemas":
            return {"schemas": SCHEMAS}
        uids = params["filter"].removeprefix("id:in:[").removesuffix("]").split(",")
        return {path: [{"id": uid, "access": {"update": uid not in self.refused}} for uid in uids]}


def plan(*steps):
    """A plan of steps (type, action, object); the server has the object of an update."""
    made = [
        Step(kind, f"uid{number}", f"Name {number}", action, payload={"id": f"uid{number}", **item})
        for number, (kind, action, item) in enumerate(steps)
    ]
    actual = {}
    for step in made:
        if step.action != CREATE:
            actual.setdefault(step.kind, []).append(step.payload)
    return Plan("https://x", "system", "2.42.4", "1", "d", made, None, actual)


def lacking(server, *steps):
    return [str(lack) for lack in missing_rights(Rights(server), plan(*steps))]


def test_a_superuser_lacks_nothing_and_is_asked_one_thing():
    server = Server("ALL")
    assert lacking(server, ("dataElements", CREATE, OPEN)) == []
    assert server.asked == ["me"]


@pytest.mark.parametrize(
    ("kind", "item", "held", "missing"),
    [
        ("dataElements", OPEN, [], "DE_PUBLIC"),
        ("dataElements", OPEN, ["DE_PRIVATE"], "DE_PUBLIC"),  # it would be refused as public (E3008)
        ("dataElements", CLOSED, [], "DE_PUBLIC or DE_PRIVATE"),
        ("dataElements", CLOSED, ["DE_PRIVATE"], None),
        ("dataElements", OPEN, ["DE_PUBLIC"], None),
        ("constants", OPEN, [], None),  # recorded: imported by an account without authorities
        ("programRules", {}, [], "R_ADD or R_MANAGE"),
        ("programRules", {}, ["R_MANAGE"], None),
        ("options", {}, [], None),
        ("dashboards", CLOSED, [], None),
        ("unknownThings", OPEN, [], None),  # the server will judge
        ("userRoles", {**OPEN, "authorities": ["ALL"]}, ["UR_PUBLIC"], "ALL"),
        ("userRoles", {**OPEN, "authorities": ["M_dhis-web-capture"]}, ["UR_PUBLIC"], None),
    ],
)
def test_what_creating_needs(kind, item, held, missing):
    expected = [f"{missing} for 1 {kind} to create"] if missing else []
    assert lacking(Server(*held), (kind, CREATE, item)) == expected


def test_objects_of_one_type_that_lack_the_same_are_one_line():
    steps = [("dataElements", CREATE, OPEN)] * 350
    assert lacking(Server(), *steps) == ["DE_PUBLIC for 350 dataElements to create"]


def test_what_the_server_lets_change_is_not_questioned():
    assert lacking(Server(), ("dataElements", UPDATE, OPEN)) == []


@pytest.mark.parametrize(
    ("kind", "item", "held", "groups", "missing"),
    [
        ("trackedEntityTypes", OPEN, ["T_ADD"], [], ["T_UPDATE", "write access by sharing"]),
        ("dataElements", OPEN, ["DE_PUBLIC"], [], ["write access by sharing"]),
        ("dataElements", OPEN, ["DE_PRIVATE"], [], ["DE_PUBLIC", "write access by sharing"]),
        ("dataElements", {"sharing": {"public": "rw------", "owner": "other"}}, [], [], ["DE_PUBLIC"]),
        ("programRules", {}, [], [], ["R_ADD or R_MANAGE"]),
        ("options", {}, [], [], ["OS_PUBLIC or OS_PRIVATE"]),
        ("dataElements", OPEN, ["DE_PUBLIC"], ["g"], ["write access by sharing"]),  # whatever it is, it is refused
    ],
)
def test_why_an_object_may_not_be_changed(kind, item, held, groups, missing):
    found = lacking(Server(*held, groups=groups, refused={"uid0"}), (kind, UPDATE, item))
    assert [line.split(" for ")[0] for line in found] == missing


def test_what_sharing_closes_is_named():
    found = lacking(Server("DE_PUBLIC", refused={f"uid{n}" for n in range(5)}), *[("dataElements", UPDATE, OPEN)] * 5)
    assert found == ["write access by sharing for 5 dataElements to update (Name 0, Name 1, Name 2 and 2 more)"]


@pytest.mark.parametrize(
    ("sharing", "may"),
    [
        ({"public": "--------", "owner": "me"}, True),
        ({"public": "--------", "owner": "x", "userGroups": {"g": {"id": "g", "access": "rw------"}}}, True),
        ({"public": "--------", "owner": "x", "userGroups": {"g": {"id": "g", "access": "r-rw----"}}}, False),
        ({"public": "--------", "owner": "x", "users": {"me": {"id": "me", "access": "rw------"}}}, True),
        ({"public": "--------", "owner": "x", "users": {"you": {"id": "you", "access": "rw------"}}}, False),
    ],
)
def test_some_types_are_changed_by_sharing_alone(sharing, may):
    made = plan(("dashboards", UPDATE, {"sharing": sharing}))
    assert (standing_rights(Rights(Server(groups=["g"])), made, UPDATE) == []) == may


def test_deleting_has_authorities_of_its_own():
    made = plan(("dataElements", UPDATE, {"sharing": {"public": "rw------", "owner": "other"}}))
    assert [lack.authorities for lack in standing_rights(Rights(Server("DE_PUBLIC")), made, "delete")] == [
        ("DE_DELETE",)
    ]
    assert standing_rights(Rights(Server("DE_PUBLIC", "DE_DELETE")), made, "delete") == []


def test_the_error_names_all_that_is_missing():
    made = plan(("dataElements", CREATE, OPEN), ("programRules", CREATE, {}))
    with pytest.raises(Forbidden) as caught:
        refuse_missing(Server(), made)
    for text in (str(caught.value), caught.value.detail):
        assert "DE_PUBLIC for 1 dataElements to create" in text
        assert "R_ADD or R_MANAGE for 1 programRules to create" in text
    refuse_missing(Server("DE_PUBLIC", "R_ADD"), made)


def test_a_lack_reads_as_a_line():
    assert str(Lack("dataElements", "create", 2, ("A", "B"), ("x", "y"))) == "A or B for 2 dataElements to create"
