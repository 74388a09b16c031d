"""What a server has already, on each version: used by its code or by a mapping file, never doubled, never changed."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from tests.fault.servers import tpi
from tests.flow.conftest import asked_by, holding, install
from tests.flow.site_objects import FILE, USED, bring, like, option_set, ours, site
from tests.flow.test_uninstall import pinned
from tpi_dhis2.demo.run import FILES
from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.dhis2.mapping import KEY, NAMESPACE, read_mapping
from tpi_dhis2.dhis2.metadata import DataStore, Metadata
from tpi_dhis2.dhis2.tracker import Tracker
from tpi_dhis2.errors import StateChanged, UsageError
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.package.release import bundle
from tpi_dhis2.provision.apply import apply
from tpi_dhis2.provision.mapping_file import read_mapping_file
from tpi_dhis2.provision.plan import make_plan
from tpi_dhis2.provision.uninstall import plan_removal, uninstall
from tpi_dhis2.sandbox.server import Sandbox, serve
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.pull import pull
from tpi_dhis2.sync.push import How, push

FIELDS = package_fields()
TODAY = dt.date(2026, 11, 23)
KINDS = ("optionSets", "options", "dataElements", "trackedEntityAttributes")


def mapping_of(built, folder, text=FILE):
    path = folder / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    return read_mapping_file(path, built)


def used(built):
    return {ours(built, kind, code)["id"]: theirs for (kind, code), theirs in USED.items()}


def own(sandbox):
    """The site's objects as the server holds them."""
    return {row["id"]: row for kind in KINDS for row in sandbox.state.table(kind).values() if "Site" in row["name"]}


@pytest.fixture(scope="session")
def mapped_installations(data_file):
    """The data files of sandboxes of sites that had some of it, with the package installed over it."""

    def fill(client, folder):
        built = bundle(client.version.short)
        bring(client, site(built))
        install(client, folder, mapping_of(built, folder))

    return lambda version: data_file(f"mapped-{version}", lambda: Sandbox(version), fill)


@pytest.fixture
def mapped_sandbox(version, mapped_installations):
    return holding(version, mapped_installations(version))


@pytest.mark.parametrize("command", ["plan", "status", "drift"])
def test_a_server_with_a_recorded_mapping_is_asked_five_times_at_most(command, mapped_sandbox):
    asked = asked_by(mapped_sandbox, command)
    assert len(asked) <= 5, asked
    assert all(line.startswith("GET ") for line in asked)


@pytest.fixture
def mapped(mapped_sandbox):
    with serve(mapped_sandbox) as url:
        yield Client(Account(url, "admin", "district"), pause=0.01)


def test_what_means_the_same_is_used_shown_recorded_and_left_as_it_is(client, sandbox, tmp_path):
    built = bundle(client.version.short)
    bring(client, site(built))
    before = own(sandbox)
    plan = make_plan(client, built, mapping_of(built, tmp_path))
    assert plan.of("clash") == []
    assert plan.mapping == used(built)
    reasons = {step.reason for step in plan.of("adopted")}
    assert "dataElements: the site's own 'Site SiteElem001' (SiteElem001) is used, by its code" in reasons
    assert (
        "trackedEntityAttributes: the site's own 'Site SiteAttrib2' (SiteAttrib2) is used, by the mapping file"
        in reasons
    )
    apply(client, built, plan, tmp_path)
    assert read_mapping(client) == used(built)
    assert own(sandbox) == before


def test_none_of_ours_stands_beside_it(mapped, mapped_sandbox, version):
    built = bundle(version)
    gone = used(built).keys()
    options = {item["id"] for item in built["options"] if item["optionSet"]["id"] in gone}
    there = {row["id"] for kind in KINDS for row in mapped_sandbox.state.table(kind).values()}
    assert there.isdisjoint(gone | options)
    told = json.dumps([[*mapped_sandbox.state.table(kind).values()] for kind in built if kind != "package"])
    assert [uid for uid in gone | options if uid in told] == []


def test_the_second_plan_is_empty_without_the_file_and_asks_little(mapped, mapped_sandbox, version):
    plan = make_plan(mapped, bundle(version))
    asked = list(mapped_sandbox.requests)
    assert plan.is_empty
    assert {step.reason.rsplit(", ", 1)[1] for step in plan.of("adopted")} == {"as recorded"}
    assert plan.counts.keys() == {"adopted", "unchanged"}
    assert len(asked) <= 5
    # The same file again says nothing new.
    assert make_plan(mapped, bundle(version), plan.mapping).is_empty


def test_what_somebody_changes_is_seen_and_put_right_beside_what_is_the_sites(mapped, version, tmp_path):
    built = bundle(version)
    stage = FIELDS.stages["activity"].uid
    Metadata(mapped).patch("programStages", stage, [{"op": "replace", "path": "/name", "value": "Changed"}])
    Metadata(mapped).patch("dataElements", "SiteElem001", [{"op": "replace", "path": "/name", "value": "Site - Cost"}])
    plan = make_plan(mapped, built)
    assert [(step.kind, step.action) for step in plan.steps if step.action not in ("unchanged", "adopted")] == [
        ("programStages", "update")
    ]
    apply(mapped, built, plan, tmp_path)
    assert make_plan(mapped, built).is_empty
    assert mapped.get("dataElements/SiteElem001")["name"] == "Site - Cost"


def test_records_go_through_what_is_the_sites_and_come_back_the_same(mapped, mapped_sandbox, store, tmp_path):
    first = push(mapped, store, FIELDS, FILES, How(today=TODAY))
    assert first.is_clean
    second = push(mapped, store, FIELDS, FILES, How(today=TODAY))
    assert (dict(second.counts), second.requests) == ({}, 0)
    assert _values(mapped, "SiteElem002") >= {"IPC_HAND_HYGIENE", "WASH"}
    assert _values(mapped, FIELDS.elements["area"].uid) == set()
    with Store.open(f"sqlite:///{tmp_path / 'pulled.sqlite'}") as pulled:
        assert pull(mapped, pulled, FIELDS).seen == 17
        docs = [(item.uid, _plain(item.doc)) for item in pulled.items()]
    assert docs == [(item.uid, _plain(item.doc)) for item in store.items()]
    assert any("spent" in doc for _, doc in docs)
    assert not [key for _, doc in docs for key in doc if key.startswith("#")]


def _plain(doc):
    return {key: value for key, value in doc.items() if key not in ("@completed", "@incident")}


def _values(client, element):
    """What the server holds of a data element, by its own UID."""
    asker = Tracker(client, FIELDS.program, {})  # without a mapping: as the server itself calls things
    uids = [each.uid for page in asker.changed() for each in page]
    entities = [entity for page in asker.whole(uids) for entity in page]
    events = [event for entity in entities for cycle in entity["enrollments"] for event in cycle["events"]]
    return {value["value"] for event in events for value in event["dataValues"] if value["dataElement"] == element}


def test_uninstalling_leaves_what_is_the_sites(mapped, mapped_sandbox, version, tmp_path):
    before = own(mapped_sandbox)
    assert len(before) > len(USED)
    removal = plan_removal(mapped, pinned(), FIELDS.program)
    uninstall(mapped, removal, tmp_path)
    assert own(mapped_sandbox) == before
    assert read_mapping(mapped) == {}
    assert plan_removal(mapped, pinned(), FIELDS.program).count == 0


def test_the_commands_take_the_file_once(client, version, tmp_path):
    built, given = bundle(version), {"url": client.base, "username": "admin", "password": "district"}
    bring(client, site(built))
    mapping_of(built, tmp_path)
    file = ("--mapping", tmp_path / "mapping.yaml")
    shown = tpi("provision", "plan", "--all", *file, **given)
    assert "= dataElements TPI - Spent to date\n    dataElements: the site's own 'Site SiteElem001'" in shown.out
    assert json.loads(tpi("provision", "plan", "--json", *file, **given).out)["counts"]["adopted"] == len(USED)
    done = tpi("provision", "apply", "--yes", "--json", "--backups", tmp_path, *file, **given)
    assert json.loads(done.out)["installed"]["mapping"] == used(built)
    assert json.loads(tpi("provision", "status", "--json", **given).out)["state"] == "up to date"
    (tmp_path / "mapping.yaml").write_text("dataElements: [", encoding="utf-8")
    refused = tpi("provision", "plan", *file, **given)
    assert (refused.code, "Traceback" in refused.err) == (1, False)
    assert "mapping.yaml, line" in refused.err


# What cannot be used ---------------------------------------------------------------------------------------------


def clash(client, built, mapping=None):
    [step] = make_plan(client, built, mapping).of("clash")
    return step.reason


WHY_NOT = {
    "value type": (
        lambda built: {"dataElements": [like(built, "dataElements", "TPI_SPENT", "SiteElem001", valueType="TEXT")]},
        "which cannot be used instead: its value type is TEXT, not NUMBER",
    ),
    "aggregate": (
        lambda built: {"dataElements": [
            like(built, "dataElements", "TPI_SPENT", "SiteElem001", domainType="AGGREGATE")]},
        "its domain is AGGREGATE, not TRACKER",
    ),
    "unique": (
        lambda built: {"trackedEntityAttributes": [
            like(built, "trackedEntityAttributes", "TPI_NAME", "SiteAttrib1", unique=True)]},
        "its mark 'unique' is yes, not no",
    ),
    "options lack": (
        lambda built: option_set(built, "TPI_OBSTACLE", "SiteOptSet1", lacking=("FUNDS",)),
        "is taken by 'Site SiteOptSet1' (SiteOptSet1), which cannot be used instead: it lacks the option FUNDS",
    ),
    "no set": (
        lambda built: {"dataElements": [
            {k: v for k, v in like(built, "dataElements", "TPI_AREA", "SiteElem002").items() if k != "optionSet"}]},
        "it has no option set",
    ),
    "another set": (
        lambda built: {
            **option_set(built, "TPI_AREA", "SiteOptSet3", code="LOCAL", lacking=("WASH",)),
            "dataElements": [like(built, "dataElements", "TPI_AREA", "SiteElem002", optionSet={"id": "SiteOptSet3"})]},
        "its option set lacks the option WASH",
    ),
    "needless set": (
        lambda built: {
            **option_set(built, "TPI_AREA", "SiteOptSet3", code="LOCAL"),
            "dataElements": [like(built, "dataElements", "TPI_HOST_LEAD", "SiteElem002",
                                  optionSet={"id": "SiteOptSet3"})]},
        "it has an option set, ours has none",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WHY_NOT)
def test_what_means_something_else_is_refused_with_the_reason(client, tmp_path, name):
    make, reason = WHY_NOT[name]
    built = bundle(client.version.short)
    bring(client, make(built))
    assert clash(client, built).endswith(reason)
    with pytest.raises(StateChanged, match="cannot be used instead"):
        apply(client, built, make_plan(client, built), tmp_path)
    assert DataStore(client, NAMESPACE).get(KEY) is None


def test_what_a_file_names_must_mean_the_same(client, tmp_path):
    built = bundle(client.version.short)
    bring(
        client,
        {"dataElements": [like(built, "dataElements", "TPI_SPENT", "SiteElem001", code="COST", valueType="TEXT")]},
    )
    reason = clash(client, built, mapping_of(built, tmp_path, "dataElements: {TPI_SPENT: COST}"))
    assert reason == (
        "dataElements: 'Site SiteElem001' (SiteElem001) cannot be used for TPI_SPENT, by the mapping file: its value"
        " type is TEXT, not NUMBER"
    )


def test_the_line_that_a_clash_of_names_tells_is_the_one_that_helps(client, tmp_path):
    built = bundle(client.version.short)
    name = ours(built, "dataElements", "TPI_SPENT")["name"]
    bring(client, {"dataElements": [like(built, "dataElements", "TPI_SPENT", "SiteElem001", code="COST", name=name)]})
    line = clash(client, built).partition("a mapping file can say ")[2]
    plan = make_plan(client, built, mapping_of(built, tmp_path, line))
    assert plan.of("clash") == []
    assert plan.mapping == {ours(built, "dataElements", "TPI_SPENT")["id"]: "SiteElem001"}


NOT_THERE = {
    "unknown": ("dataElements: {TPI_SPENT: NOWHERE}", UsageError, "TPI_SPENT: the server has no 'NOWHERE'"),
    "of another type": ("dataElements: {TPI_SPENT: SiteAttrib1}", UsageError, "the server has no 'SiteAttrib1'"),
    "with a comma": ("dataElements: {TPI_SPENT: 'LOCAL,SiteElem001'}", UsageError, "the server has no 'LOCAL,Site"),
    "ambiguous": ("dataElements: {TPI_SPENT: SiteElem001}", UsageError, "more than one 'SiteElem001'"),
    "twice": ("dataElements: {TPI_SPENT: LOCAL, TPI_BASELINE: SiteElem002}", UsageError, "is to stand for both"),
}


@pytest.mark.parametrize("name", NOT_THERE)
def test_what_a_file_names_must_be_there_and_be_one(client, tmp_path, name):
    text, error, words = NOT_THERE[name]
    built = bundle(client.version.short)
    bring(client, {
        "dataElements": [
            like(built, "dataElements", "TPI_SPENT", "SiteElem001", code="COST"),
            like(built, "dataElements", "TPI_SPENT", "SiteElem002", code="LOCAL"),
            like(built, "dataElements", "TPI_SPENT", "SiteElem003", code="SiteElem001"),
        ],
        "trackedEntityAttributes": [like(built, "trackedEntityAttributes", "TPI_NAME", "SiteAttrib1")],
    })  # fmt: skip
    with pytest.raises(error, match=words):
        make_plan(client, built, mapping_of(built, tmp_path, text))


def test_one_of_ours_that_is_installed_stays_itself(installed, tmp_path):
    built = bundle(installed.version.short)
    bring(installed, {"dataElements": [like(built, "dataElements", "TPI_SPENT", "SiteElem001", code="COST")]})
    with pytest.raises(StateChanged, match="TPI_SPENT is installed already"):
        make_plan(installed, built, mapping_of(built, tmp_path, "dataElements: {TPI_SPENT: COST}"))


def test_an_object_of_the_package_stands_only_for_itself(installed, tmp_path):
    built = bundle(installed.version.short)
    later = {
        **ours(built, "dataElements", "TPI_SPENT"),
        "id": "LaterElem01",
        "code": "TPI_LATER",
        "name": "TPI - Later",
    }
    built["dataElements"].append(later)
    with pytest.raises(UsageError, match="is an object of the package itself"):
        make_plan(installed, built, mapping_of(built, tmp_path, "dataElements: {TPI_LATER: TPI_SPENT}"))


def test_a_mapping_is_not_changed_while_the_package_is_installed(mapped, version, tmp_path):
    built = bundle(version)
    with pytest.raises(StateChanged, match=r"TPI_BASELINE stands for 'Site SiteElem003' .* not for 'Site SiteElem001'"):
        make_plan(mapped, built, mapping_of(built, tmp_path, "dataElements: {TPI_BASELINE: SiteElem001}"))


def test_what_is_recorded_and_gone_from_the_server_is_named(mapped, version):
    record = DataStore(mapped, NAMESPACE)
    found = record.get(KEY)
    gone = {ours(bundle(version), "dataElements", "TPI_BASELINE")["id"]: "GoneElem001"}
    record.put(KEY, {**found, "mapping": {**found["mapping"], **gone}})
    with pytest.raises(
        StateChanged, match="has no GoneElem001 any more, which is recorded as standing for TPI_BASELINE"
    ):
        make_plan(mapped, bundle(version))


def test_what_is_recorded_and_means_something_else_now_is_a_clash(mapped, version):
    options = mapped.get("optionSets/SiteOptSet1", {"fields": "options[id,code]"})["options"]
    uid = next(option["id"] for option in options if option["code"] == "FUNDS")
    Metadata(mapped).patch("options", uid, [{"op": "replace", "path": "/code", "value": "MONEY"}])
    plan = make_plan(mapped, bundle(version))
    [reason] = [step.reason for step in plan.of("clash")]
    assert reason.endswith("(SiteOptSet1) cannot be used for TPI_OBSTACLE, as recorded: it lacks the option FUNDS")


def test_a_record_without_the_mapping_that_is_in_force_is_written_anew(mapped, version, tmp_path):
    built, record = bundle(version), DataStore(mapped, NAMESPACE)
    by_code = {uid: theirs for uid, theirs in used(built).items() if theirs in ("SiteOptSet1", "SiteAttrib1")}
    by_file = {uid: theirs for uid, theirs in used(built).items() if uid not in by_code}
    record.put(KEY, {**record.get(KEY), "mapping": by_file})
    plan = make_plan(mapped, built)
    assert not plan.is_empty
    assert plan.bundle() == {}
    apply(mapped, built, plan, tmp_path)
    assert read_mapping(mapped) == used(built)
    assert make_plan(mapped, built).is_empty
