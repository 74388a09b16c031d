"""Assigning units and people on a server of each version, from the command line and from files."""

from __future__ import annotations

import json

import pytest

from tests.fault.servers import tpi
from tpi_dhis2.demo.units import ensure_units, units
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.domain.uids import derive_uid
from tpi_dhis2.errors import Forbidden, StateChanged, UsageError
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.provision.assign import Choice, assign, plan_assignment
from tpi_dhis2.provision.lists import Named, Wish
from tpi_dhis2.provision.members import join_groups, package_groups, plan_membership

PROGRAM = package_fields().program
GROUPS = {group.short: group.uid for group in package_groups()}
ADMIN = {"username": "admin", "password": "district"}
CODES = [unit["code"] for unit in units()]


def user(client, name, disabled=False, authorities=("F_USER_VIEW",)):
    """Create a user with a role of its own; the UID."""
    role, uid = (derive_uid("test", kind, name) for kind in ("role", "user"))
    client.ask("POST", "userRoles", body={"id": role, "name": f"Role {name}", "authorities": list(authorities)})
    person = {"id": uid, "username": name, "firstName": "Some", "surname": "Body", "password": "District1!"}
    client.ask("POST", "users", body={**person, "userRoles": [{"id": role}], "disabled": disabled})
    return uid


def members(client, short):
    body = client.get(f"userGroups/{GROUPS[short]}", {"fields": "users[username]"})
    return sorted(one["username"] for one in body.get("users", []))


def assigned(client):
    return {
        one["id"] for one in client.get(f"programs/{PROGRAM}", {"fields": "organisationUnits[id]"})["organisationUnits"]
    }


def unassign(client):
    Metadata(client).patch("programs", PROGRAM, [{"op": "replace", "path": "/organisationUnits", "value": []}])


def run(client, *words):
    return tpi("provision", "assign", *words, url=client.base, **ADMIN)


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        (Choice(units=("NOWHERE",)), "no unit 'NOWHERE'"),
        (Choice(levels=(9,)), "no unit of level '9'"),
        (Choice(units=("None",)), "no unit 'None'"),
        (Choice(units=("",)), "no unit is named"),
        (Choice(groups=("NOBODY",)), "no unit of group 'NOBODY'"),
        (Choice(listed=(Named("A,B", 7),)), "line 7: there is no unit 'A,B'"),
    ],
)
def test_units_that_are_not_there_are_named_and_nothing_is_assigned(installed, ready, choice, says):
    unassign(installed)
    planned = plan_assignment(
        installed, PROGRAM, Choice(choice.levels, choice.groups, (*choice.units, CODES[0]), choice.listed)
    )
    with pytest.raises(UsageError, match=says):
        assign(installed, planned)
    assert assigned(installed) == set()
    assert assign(installed, planned, skip_unknown=True) == 1


def test_units_of_a_file_are_assigned_and_a_second_run_has_nothing_to_do(installed, ready, tmp_path):
    unassign(installed)
    path = tmp_path / "units.csv"
    lines = ["Name;ID;Code;", *(f"{unit['name']};{number};{unit['code']};" for number, unit in enumerate(units()))]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    first = run(installed, "--units", path, "--yes")
    assert (first.code, first.err) == (0, "")
    assert f"{len(units())} units to add; 0 are there already" in first.out
    assert f"Done: {len(units())} units are assigned." in first.out
    assert assigned(installed) == {unit["id"] for unit in units()}
    ready.requests.clear()
    second = run(installed, "--units", path)
    assert second.code == 0
    assert "Nothing to do" in second.out
    assert {method for method, _ in ready.requests} == {"GET"}


def test_a_unit_with_a_comma_in_its_code_is_found(installed):
    Metadata(installed).patch(
        "organisationUnits", units()[-1]["id"], [{"op": "replace", "path": "/code", "value": "A,[1]"}]
    )
    planned = plan_assignment(installed, PROGRAM, Choice(units=("A,[1]", CODES[0], CODES[1])))
    assert len(planned.already) == 3
    assert planned.unknown == []


def test_unknown_lines_of_a_file_are_all_named_and_the_good_ones_go_on_when_asked(installed, tmp_path):
    unassign(installed)
    path = tmp_path / "units.txt"
    path.write_text(f"# facilities\n{CODES[0]}\nNOWHERE\n\nNEVERLAND\n{units()[1]['id']}\n")
    stopped = run(installed, "--units", path, "--yes")
    assert stopped.code == 1
    assert "? line 3: there is no unit 'NOWHERE'\n? line 5: there is no unit 'NEVERLAND'\n" in stopped.out
    assert "Nothing was changed: line 3: there is no unit 'NOWHERE' (and 1 more like it)." in stopped.err
    assert "--skip-unknown" in stopped.err
    assert assigned(installed) == set()
    ran = run(installed, "--units", path, "--yes", "--skip-unknown", "--exit-code")
    assert ran.code == 3
    assert assigned(installed) == {unit["id"] for unit in units()[:2]}


def test_people_join_groups_by_user_name_once(installed):
    user(installed, "host_lead")
    user(installed, "partner_lead")
    words = ("--user", "host_lead", "--user", "partner_lead", "--to", "capture", "--to", "TPI_FUNCTIONING", "--yes")
    ran = run(installed, *words)
    assert (ran.code, ran.err) == (0, "")
    assert "+ host_lead (Some Body) in TPI - Data capture" in ran.out
    assert "4 memberships to add; 0 are there already" in ran.out
    assert "after logging in again" in ran.out
    assert members(installed, "capture") == members(installed, "functioning") == ["host_lead", "partner_lead"]
    again = run(installed, *words[:-1])
    assert again.code == 0
    assert "0 memberships to add; 4 are there already" in again.out
    assert "Nothing to do" in again.out


def test_people_of_a_file_join_and_those_who_are_there_stay(installed, tmp_path):
    user(installed, "host_lead")
    user(installed, "ministry", disabled=True)
    Metadata(installed).add_to_collection("userGroups", GROUPS["access"], "users", [user(installed, "before")])
    path = tmp_path / "people.csv"
    path.write_text(
        "Group,Username\nTPI - Access,ministry\nTPI_DATA_CAPTURE,host_lead\nADMIN,host_lead\naccess,before\n"
    )
    ran = run(installed, "--users", path, "--yes", "--json")
    told = json.loads(ran.out)
    assert ran.code == 0
    assert told["done"] == {"units": 0, "people": 3}
    assert told["units"] is None
    assert told["people"]["already"] == [{"username": "before", "disabled": False, "group": "TPI - Access"}]
    assert {"username": "ministry", "disabled": True, "group": "TPI - Access"} in told["people"]["added"]
    assert members(installed, "access") == ["before", "ministry"]
    assert members(installed, "capture") == members(installed, "admin") == ["host_lead"]


def test_a_name_in_other_letters_is_found_unless_two_have_it(installed):
    user(installed, "Host_Lead")
    user(installed, "Twin_one")
    user(installed, "tWin_one")
    asked = [Wish("HOST_LEAD", "access"), Wish("TWIN_ONE", "access"), Wish("Twin_one", "capture")]
    planned = plan_membership(installed, package_groups(), asked)
    assert [(one.user["username"], one.group["name"]) for one in planned.added] == [
        ("Host_Lead", "TPI - Access"),
        ("Twin_one", "TPI - Data capture"),
    ]
    assert [str(one) for one in planned.unknown] == ["there is no user 'TWIN_ONE'"]


def test_unknown_people_and_groups_are_named_with_their_lines(installed, tmp_path):
    user(installed, "host_lead")
    path = tmp_path / "people.csv"
    path.write_text("username\tgroup\nnobody\taccess\nhost_lead\tSuperusers\n\taccess\nhost_lead\taccess\n")
    ran = run(installed, "--users", path, "--yes", "--json")
    assert ran.code == 1
    assert json.loads(ran.out)["unknown"] == [
        {"what": "user", "name": "nobody", "line": 2},
        {"what": "group of the package", "name": "Superusers", "line": 3},
        {"what": "user", "name": "", "line": 4},
    ]
    assert members(installed, "access") == []
    assert run(installed, "--users", path, "--yes", "--skip-unknown").code == 0
    assert members(installed, "access") == ["host_lead"]


def test_a_group_that_the_site_renamed_is_still_the_group(installed):
    user(installed, "host_lead")
    Metadata(installed).patch("userGroups", GROUPS["access"], [{"op": "replace", "path": "/name", "value": "Jumelage"}])
    ran = run(installed, "--user", "host_lead", "--to", "access", "--yes")
    assert "+ host_lead (Some Body) in Jumelage" in ran.out
    assert "1 are there already" in run(installed, "--user", "host_lead", "--to", "jumelage").out
    assert members(installed, "access") == ["host_lead"]


def test_without_the_package_people_and_units_are_told_what_to_do(client):
    ensure_units(client)
    for words in (("--user", "admin", "--to", "access"), ("--unit", CODES[0])):
        ran = run(client, *words, "--yes")
        assert ran.code == 1
        assert "is not on this server" in ran.err
        assert "Run 'tpi-dhis2 provision apply' first." in ran.err


def test_a_dry_run_changes_nothing(installed, ready):
    unassign(installed)
    ready.requests.clear()
    ran = run(installed, "--level", "4", "--user", "admin", "--to", "access", "--dry-run", "--exit-code")
    assert ran.code == 3
    assert "+ admin (admin admin) in TPI - Access" in ran.out
    assert "nothing was changed" in ran.out
    assert {method for method, _ in ready.requests} == {"GET"}


def as_user(client, name, *words):
    return tpi("provision", "assign", *words, url=client.base, username=name, password="District1!")


def test_who_may_not_look_up_users_is_told_which_right_is_missing(installed):
    user(installed, "officer", authorities=())
    ran = as_user(installed, "officer", "--user", "admin", "--to", "access", "--yes")
    assert ran.code == 1
    assert "may not look up users" in ran.err
    assert "F_USER_VIEW" in ran.err


def test_who_may_not_change_group_or_program_is_told_before_anything_is_sent(installed, ready):
    user(installed, "officer")
    unassign(installed)
    ready.requests.clear()
    people = as_user(installed, "officer", "--user", "admin", "--to", "access", "--yes")
    place = as_user(installed, "officer", "--unit", CODES[0], "--yes")
    assert (people.code, place.code) == (1, 1)
    assert "may not change the group TPI - Access" in people.err
    assert "F_USERGROUP_PUBLIC_ADD" in people.err
    assert "may not change the program" in place.err
    assert {method for method, _ in ready.requests} == {"GET"}


def test_units_that_are_not_the_accounts_own_are_reported(installed, ready):
    uid = user(installed, "officer", authorities=("F_USER_VIEW", "F_PROGRAM_PUBLIC_ADD"))
    unassign(installed)
    facilities = [unit for unit in units() if "geometry" in unit]
    mine, other = facilities[0], facilities[-1]
    Metadata(installed).patch("users", uid, [{"op": "add", "path": "/organisationUnits", "value": [mine["parent"]]}])
    program = ready.state.get("programs", PROGRAM)
    ready.state.change("programs", PROGRAM, sharing={**program["sharing"], "public": "rw------"})
    words = ("--unit", mine["code"], "--unit", other["code"], "--yes")
    ran = as_user(installed, "officer", *words, "--dry-run", "--json")
    assert json.loads(ran.out)["units"]["outside"] == [other["id"]]
    assert "! 1 of them are not below the units of this account." in as_user(installed, "officer", *words).out
    assert assigned(installed) == {mine["id"], other["id"]}


def test_ten_thousand_units_take_few_requests_and_short_addresses(installed, ready, version, tmp_path):
    if version != "2.43":
        pytest.skip("one version is enough for the size")
    many = [f"Unit{number:07}" for number in range(10_000)]
    parent = {"id": units()[0]["id"]}
    for uid in many:
        unit = {
            "id": uid,
            "name": uid,
            "shortName": uid,
            "code": f"C{uid}",
            "openingDate": "2020-01-01",
            "parent": parent,
        }
        ready.state.put("organisationUnits", uid, unit)
    path = tmp_path / "units.txt"
    path.write_text("\n".join(f"C{uid}" if int(uid[4:]) % 2 else uid for uid in many))
    ready.requests.clear()
    ran = run(installed, "--units", path, "--yes")
    assert (ran.code, ran.err) == (0, "")
    assert "+ and 9960 more" in ran.out
    assert set(many) <= assigned(installed)
    assert sum(method == "POST" for method, _ in ready.requests) == 10
    assert len(ready.requests) < 50
    assert max(len(path) for _, path in ready.requests) < 8000


def test_what_the_server_drops_in_silence_is_named(installed, ready):
    unassign(installed)
    planned = plan_assignment(installed, PROGRAM, Choice(units=tuple(CODES[:3])))
    joining = plan_membership(installed, package_groups(), [Wish("admin", "access"), Wish(one := "gone", "access")])
    assert [str(found) for found in joining.unknown] == [f"there is no user '{one}'"]
    uid = user(installed, "leaver")
    joining = plan_membership(installed, package_groups(), [Wish("leaver", "access"), Wish("admin", "access")])
    gone = planned.added[1]
    ready.state.table("organisationUnits").pop(gone["id"])
    ready.state.table("users").pop(uid)
    with pytest.raises(StateChanged, match=rf"did not take 1 of 3 units, first {gone['name']}"):
        assign(installed, planned)
    with pytest.raises(StateChanged, match="did not take 1 of 2, first leaver"):
        join_groups(installed, joining)
    assert members(installed, "access") == ["admin"]


def test_a_right_lost_meanwhile_is_the_servers_to_say(installed, ready):
    user(installed, "officer")
    planned = plan_membership(installed, package_groups(), [Wish("officer", "access")])
    planned.added[0].group["access"]["update"] = False
    with pytest.raises(Forbidden, match="may not change the group"):
        join_groups(installed, planned)
