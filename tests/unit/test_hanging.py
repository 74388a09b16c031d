"""What of the site an uninstall would take along, or be held by: named before anything is removed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tpi_dhis2.dhis2.versions import ServerVersion
from tpi_dhis2.provision.hanging import hanging

PROGRAM = "ourProgram1"
OURS = {
    "programs": [{"id": PROGRAM, "notificationTemplates": [{"id": "ourMessage1"}, {"id": "mess0000001"}]}],
    "programStages": [{"id": "ourStage001", "programStageSections": [{"id": "ourSection1"}, {"id": "sect0000001"}]}],
    "programStageSections": [{"id": "ourSection1"}],
    "programNotificationTemplates": [{"id": "ourMessage1"}],
    "optionSets": [{"id": "ourSet00001", "options": [{"id": "ourOption01"}, None, {"id": "opti0000001"}]}],
    "options": [{"id": "ourOption01"}],
    "trackedEntityAttributes": [{"id": "ourAttribut"}],
    "eventVisualizations": [{"id": "ourChart001"}],
}  # fmt: skip


class Server:
    """Lists of a server, and what was asked of them."""

    def __init__(self, version="2.42.4.1", **lists):
        self.client = SimpleNamespace(version=ServerVersion.parse(version))
        self.lists, self.asked = lists, []

    def all_of(self, kind, params):
        self.asked.append((kind, params.get("filter")))
        return self.lists.get(f"{kind}_null" if params.get("filter") == "programStage:null" else kind, [])

    def named(self, kind, prop, names, fields):
        return [{"id": uid, "name": f"Site's {uid}"} for uid in sorted(names)]


def entry(uid):
    return [{"trackedEntityAttribute": {"id": uid}}]


def test_what_is_ours_hangs_on_nothing():
    ours = {**OURS, "programs": [{"id": PROGRAM}], "programStages": [{"id": "ourStage001"}], "optionSets": []}
    server = Server(
        programStages=[{"id": "ourStage001", "name": "1 Profile"}],
        eventVisualizations=[{"id": "ourChart001", "name": "TPI"}],
        programs=[
            {"id": PROGRAM, "name": "TPI", "programTrackedEntityAttributes": entry("ourAttribut")},
            {"id": "otherProg01", "name": "Malaria", "programTrackedEntityAttributes": entry("theirAttrib")},
        ],
        relationshipTypes=[
            {"id": "relation001", "name": "Mother", "fromConstraint": {"program": {"id": "otherProg01"}}}
        ],
    )
    assert hanging(server, PROGRAM, ours) == []


@pytest.mark.parametrize(
    "kind",
    ["trackedEntityInstanceFilters", "programStageWorkingLists", "eventVisualizations", "programStages"],
)
def test_what_people_saved_of_the_program_is_named(kind):
    server = Server(**{kind: [{"id": "theirs00001", "name": "Mine"}]})
    assert f"{kind} 'Mine' (theirs00001)" in hanging(server, PROGRAM, OURS)
    assert (kind, f"program.id:eq:{PROGRAM}") in server.asked


def test_what_the_site_put_into_our_objects_is_named():
    found = hanging(Server(), PROGRAM, OURS)
    assert found == [
        "programNotificationTemplates 'Site's mess0000001' (mess0000001)",
        "programStageSections 'Site's sect0000001' (sect0000001)",
        "options 'Site's opti0000001' (opti0000001)",
    ]


@pytest.mark.parametrize("side", ["fromConstraint", "toConstraint"])
def test_a_type_of_relationships_that_names_the_program_goes_with_it(side):
    server = Server(relationshipTypes=[{"id": "relation001", "name": "Twins", side: {"program": {"id": PROGRAM}}}])
    assert "relationshipTypes 'Twins' (relation001)" in hanging(server, PROGRAM, OURS)


def test_a_program_that_asks_our_attribute_would_lose_it():
    other = {"id": "otherProg01", "name": "Malaria", "programTrackedEntityAttributes": entry("ourAttribut")}
    assert "programs 'Malaria' (otherProg01)" in hanging(Server(programs=[other]), PROGRAM, OURS)


def data(**item):
    return {"dataDimensionItems": [{"indicator": {"id": "theirs00002"}}, item]}


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("visualizations", data(programIndicator={"id": "ourCount001"})),
        ("visualizations", data(programDataElement={"program": {"id": PROGRAM}, "dataElement": {"id": "theirElem01"}})),
        ("maps", {"mapViews": [{"program": {"id": PROGRAM}}]}),
        ("maps", {"mapViews": [data(programIndicator={"id": "ourCount001"})]}),
        ("dashboards", {"dashboardItems": [{}, {"eventVisualization": {"id": "ourChart001"}}]}),
        ("indicators", {"numerator": "I{ourCount001}+1", "denominator": "1"}),
        ("indicators", {"numerator": "1", "denominator": f"D{{{PROGRAM}.theirElem01}}"}),
        ("eventFilters", {"program": PROGRAM}),
    ],
)
def test_what_shows_or_names_ours_is_named(kind, item):
    ours = {**OURS, "programIndicators": [{"id": "ourCount001"}]}
    others = [{"id": "theirs00003", "name": "Births", "numerator": "I{theirCount1}", "denominator": "1", **data()}]
    server = Server(**{kind: [{"id": "theirs00001", "name": "Mine", **item}, *others]})
    found = hanging(server, PROGRAM, ours)
    assert f"{kind} 'Mine' (theirs00001)" in found
    assert not any("Births" in line for line in found)


@pytest.mark.parametrize(("version", "held"), [("2.40.12", True), ("2.41.5.1", False), ("2.43.1", False)])
def test_a_chart_of_no_stage_keeps_a_2_40_from_deleting_any_program(version, held):
    server = Server(version, eventVisualizations_null=[{"id": "ourChart001"}, {"id": "theirs00001", "name": "Births"}])
    found = [line for line in hanging(server, PROGRAM, OURS) if "names no stage" in line]
    assert len(found) == held
    assert all(line.startswith("eventVisualizations 'Births' (theirs00001)") for line in found)
