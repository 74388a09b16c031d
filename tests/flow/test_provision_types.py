"""Provisioning of every type of object: one request, an empty second plan, and what the site owns survives."""

from __future__ import annotations

import pytest

from tests.flow.conftest import holding
from tests.flow.package_types import TYPES, extended, uid
from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.package.release import bundle
from tpi_dhis2.provision.apply import apply
from tpi_dhis2.provision.plan import make_plan
from tpi_dhis2.sandbox.server import serve


@pytest.fixture
def built(version):
    """The package with a sample of each type."""
    return extended(bundle(version))


@pytest.fixture(scope="session")
def full_installations(installations, data_file):
    """The data files of sandboxes that have all of it."""

    def fill(client, folder):
        built = extended(bundle(client.version.short))
        apply(client, built, make_plan(client, built), folder)

    return lambda version: data_file(f"full-{version}", lambda: holding(version, installations(version)), fill)


@pytest.fixture
def full_sandbox(version, full_installations):
    """A sandbox of its own that has all of it."""
    return holding(version, full_installations(version))


@pytest.fixture
def full(full_sandbox):
    """A client of a server that has all of it."""
    with serve(full_sandbox) as url:
        yield Client(Account(url, "admin", "district"), pause=0.01)


def put(client, kind, prop, value, key=None):
    """Change one property of a sample, as a person of the site would in an app."""
    Metadata(client).patch(kind, key or uid(kind), [{"op": "add", "path": f"/{prop}", "value": value}])


def differing(plan):
    return {(step.kind, step.action, tuple(change.prop for change in step.changes))
            for step in plan.steps if step.action != "unchanged"}  # fmt: skip


def test_one_request_brings_every_type_to_a_fresh_server_and_the_second_plan_is_empty(client, built, tmp_path):
    plan = make_plan(client, built)
    assert plan.counts == {"create": sum(len(items) for kind, items in built.items() if kind != "package")}
    assert apply(client, built, plan, tmp_path).stats["created"] == plan.counts["create"]
    after = make_plan(client, built)
    assert after.is_empty
    assert after.counts.keys() == {"unchanged"}


def test_a_plan_asks_little_and_with_short_addresses(full, built, full_sandbox):
    addresses = []
    full._api.session.hooks["response"].append(lambda answer, *_, **__: addresses.append(answer.url))
    assert make_plan(full, built).is_empty
    assert len(full_sandbox.requests) == len(addresses) <= 5
    assert all(len(address) < 7000 for address in addresses)
    assert any("userRoles" in address for address in addresses)


def test_a_change_in_each_type_is_named_and_put_right(full, built, tmp_path):
    for kind in TYPES:
        put(full, kind, "name", f"Changed {kind}")
    plan = make_plan(full, built)
    assert differing(plan) == {(kind, "update", ("name",)) for kind in TYPES}
    apply(full, built, plan, tmp_path)
    assert make_plan(full, built).is_empty
    assert full.get(f"dashboards/{uid('dashboards')}")["name"] == "TPI - Sample of dashboards"


def site_additions(full):
    """What people of the site add to objects of the package."""
    [item] = full.get(f"dashboards/{uid('dashboards')}", {"fields": "dashboardItems[:owner]"})["dashboardItems"][:1]
    template = {"name": "Ours", "messageTemplate": "Ours", "notificationTrigger": "COMPLETION",
                "notificationRecipient": "USERS_AT_ORGANISATION_UNIT"}  # fmt: skip
    indicator = full.get(f"indicators/{uid('indicators')}", {"fields": ":owner"})
    own = {"id": "SiteIndic01", "code": "SITE_IND", "name": "Ours", "shortName": "Ours"}
    Metadata(full).commit({"programNotificationTemplates": [{**template, "id": "SiteTempl01"}],
                           "indicators": [{**indicator, **own}]})  # fmt: skip
    return {
        "dashboards": ("dashboardItems", {**item, "id": "SiteItem001", "text": "Ours", "y": 50}),
        "indicatorGroups": ("indicators", {"id": "SiteIndic01"}),
        "userRoles": ("authorities", "F_UNCOMPLETE_EVENT"),
        "programs": ("notificationTemplates", {"id": "SiteTempl01"}),
        "programStages": ("notificationTemplates", {"id": "SiteTempl01"}),
    }


def test_what_the_site_added_is_no_change_and_survives_an_update(full, built, tmp_path):
    places = {"programs": built["programs"][0]["id"], "programStages": built["programStages"][-1]["id"]}
    added = site_additions(full)
    for kind, (prop, value) in added.items():
        put(full, kind, f"{prop}/-", value, places.get(kind))
    put(full, "constants", "value", 9)
    assert make_plan(full, built).is_empty
    for kind in (*added, "constants"):
        put(full, kind, "name", f"Changed {kind}", places.get(kind))
    apply(full, built, make_plan(full, built), tmp_path)
    assert make_plan(full, built).is_empty
    for kind, (prop, value) in added.items():
        there = full.get(f"{kind}/{places.get(kind, uid(kind))}")[prop]
        known = [one["id"] if isinstance(one, dict) else one for one in there]
        assert (value["id"] if isinstance(value, dict) else value) in known, kind
        assert len(known) > 1, kind
    assert full.get(f"constants/{uid('constants')}")["value"] == 9


def test_what_the_package_draws_is_put_back_as_it_was(full, built, tmp_path):
    [chart] = [item for item in built["visualizations"] if item["id"] == uid("visualizations")]
    put(full, "visualizations", "columnDimensions", ["pe"])
    put(full, "visualizations", "rowDimensions", ["dx", "ou"])
    put(full, "legendSets", "legends/-", {"id": "SiteLegend1", "name": "Ours", "startValue": 90, "endValue": 95})
    plan = make_plan(full, built)
    assert differing(plan) == {
        ("visualizations", "update", ("columnDimensions", "rowDimensions")),
        ("legendSets", "update", ("legends[SiteLegend1]",)),
    }
    apply(full, built, plan, tmp_path)
    stored = full.get(f"visualizations/{chart['id']}")
    assert [stored["columnDimensions"], stored["rowDimensions"]] == [["dx"], ["pe"]]
    assert len(full.get(f"legendSets/{uid('legendSets')}")["legends"]) == 2


def test_an_item_of_a_dashboard_that_was_moved_or_removed_is_put_back(full, built, tmp_path):
    items = full.get(f"dashboards/{uid('dashboards')}", {"fields": "dashboardItems[:owner]"})["dashboardItems"]
    moved = [{**item, "x": 7} if item["type"] == "MAP" else item for item in items if item["type"] != "TEXT"]
    put(full, "dashboards", "dashboardItems", moved)
    plan = make_plan(full, built)
    [step] = plan.of("update")
    assert {change.prop for change in step.changes} == {
        f"dashboardItems[{uid('a text')}]", f"dashboardItems[{uid('a map')}].x"
    }  # fmt: skip
    done = apply(full, built, plan, tmp_path)
    assert make_plan(full, built).is_empty
    assert '"x": 7' in done.backup.read_text("utf-8")


def _type(name="Per 10,000", **more):
    return {"id": "SiteType001", "name": name, "factor": 10000, "number": False, **more}


def test_the_sites_own_type_of_indicator_is_used_and_none_is_doubled(installed, built, tmp_path):
    Metadata(installed).commit({"indicatorTypes": [_type(), _type("Per mille", id="SiteNumber1", factor=1000)]})
    plan = make_plan(installed, built)
    [step] = plan.of("adopted")
    assert step.reason == "indicatorTypes: the site's own 'Per 10,000' (SiteType001) is used, by its factor"
    apply(installed, built, plan, tmp_path)
    after = make_plan(installed, built)
    assert after.is_empty
    assert after.counts.keys() == {"unchanged", "adopted"}
    assert installed.get(f"indicatorTypes?filter=id:eq:{uid('indicatorTypes')}")["indicatorTypes"] == []
    indicator = installed.get(f"indicators/{uid('indicators')}", {"fields": "indicatorType[id]"})
    assert indicator["indicatorType"] == {"id": "SiteType001"}


def test_our_type_of_indicator_stays_once_it_is_there(full, built):
    Metadata(full).commit({"indicatorTypes": [_type()]})
    plan = make_plan(full, built)
    assert plan.is_empty
    assert not plan.of("adopted")


def test_a_type_of_indicator_with_another_factor_is_not_ours(installed, built, tmp_path):
    Metadata(installed).commit(
        {"indicatorTypes": [_type("Per mille", factor=1000), _type("N", number=True, id="SiteNumber1")]}
    )
    plan = make_plan(installed, built)
    assert not plan.of("adopted")
    apply(installed, built, plan, tmp_path)
    assert make_plan(installed, built).is_empty


#: What may be given once on a server.
NAMES = ("constants", "legendSets", "programIndicators", "programIndicatorGroups", "userRoles")
TAKEN = {
    "name": NAMES,
    "shortName": ("constants", "programIndicators"),
    "code": (*NAMES, "indicators", "visualizations", "maps", "dashboards", "programNotificationTemplates"),
}
_REFERRING = {"program", "programIndicators", "legendSets", "indicatorType", "dashboardItems", "mapViews", "legends",
              "analyticsPeriodBoundaries", "sharing", "recipientUserGroup"}  # fmt: skip


def site_owner(number, sample, prop):
    """An object of the site that has one property of ours."""
    own = {"id": f"SiteOwn{number:04}", "name": f"Ours {number}", "shortName": f"Ours {number}", "code": f"OUR{number}"}
    bare = {name: value for name, value in sample.items() if name not in _REFERRING}
    referring = {"program": {"id": "SiteProgr01"}, "indicatorType": {"id": "SiteType001"}}
    return {**bare, **own, **{name: to for name, to in referring.items() if name in sample}, prop: sample[prop]}


@pytest.mark.parametrize(("prop", "word"), [("code", "code"), ("name", "name"), ("shortName", "short name")])
def test_what_the_site_has_taken_is_named(client, built, prop, word):
    program = {"id": "SiteProgr01", "name": "Ours", "shortName": "Ours", "programType": "WITHOUT_REGISTRATION"}
    Metadata(client).commit({"programs": [program], "indicatorTypes": [_type("Per mille", factor=1000)]})
    samples = {kind: next(item for item in built[kind] if item["id"] == uid(kind)) for kind in TAKEN[prop]}
    others = {kind: site_owner(number, samples[kind], prop) for number, kind in enumerate(samples)}
    Metadata(client).commit({kind: [other] for kind, other in others.items()})
    assert {step.reason for step in make_plan(client, built).of("clash")} == {
        f"{kind}: the {word} {samples[kind][prop]} is taken by '{other['name']}' ({other['id']})"
        for kind, other in others.items()
    }
