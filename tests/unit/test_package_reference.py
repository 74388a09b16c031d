"""The reference: whoever reads only it can name every object of the package; the same bytes twice; text stays text."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml

from tests.fault.servers import ROOT, environment, tpi
from tests.unit.builders import edit, metadata_copy
from tests.unit.test_report_render import Page
from tpi_dhis2.atomic import write_bytes
from tpi_dhis2.errors import SourceError, UsageError
from tpi_dhis2.package import reference_workbook as files
from tpi_dhis2.package.build import DHIS2_VERSIONS, code_of, digest
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.package.reference import TABLES, build
from tpi_dhis2.package.reference_words import access_in_words, kind_in_words, type_in_words
from tpi_dhis2.package.release import bundle
from tpi_dhis2.package.sources import load
from tpi_dhis2.package.uids import Uids
from tpi_dhis2.resources import folder

SHEETS = ["Read me", "Stages", "Fields", "Attributes", "Options", "Rules", "Program indicators", "Indicators"]
SHEETS += [
    "Legends and constants",
    "Charts, lists and maps",
    "Dashboards",
    "Working lists",
    "Messages",
    "Groups",
    "Roles",
]
SHEETS += ["All objects"]
LEAD = "label: Role of the host lead}"
HOSTILE = """=HYPERLINK("http://x") <script>alert('1')</script> & "co" {{ 7*7 }}"""
Json = dict[str, Any]


@cache
def book() -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(files.workbook(files.reference_of())))


def rows(sheet: str) -> list[dict[str, Any]]:
    """The lines of a sheet by their heads, as a reader of the file finds them; an empty cell is an empty text."""
    heads, *lines = book()[sheet].iter_rows(values_only=True)
    return [dict(zip(heads, ("" if cell is None else cell for cell in line), strict=True)) for line in lines]


def facts() -> dict[str, Any]:
    return {name: value for name, value in book()["Read me"].iter_rows(values_only=True) if name and value}


@cache
def html() -> str:
    return files.page(files.reference_of())


# Every object ----------------------------------------------------------------------------------------------------


def test_the_sheets_stand_in_order() -> None:
    assert book().sheetnames == SHEETS


def test_every_object_of_the_bundle_stands_in_the_workbook_once() -> None:
    listed = Counter(row["UID"] for row in rows("All objects"))
    pinned = set(Uids.read(folder("metadata")).pins.values())
    given_up = {line.split(",")[1] for line in (folder("metadata") / "removed.csv").read_text("utf-8").splitlines()[1:]}
    assert set(listed) == pinned - given_up
    assert set(listed.values()) == {1}
    assert {item["id"] for kind, items in bundle().items() if kind != "package" for item in items} <= set(listed)


def test_every_object_can_be_named() -> None:
    known = {item["id"]: item for kind, items in bundle().items() if kind != "package" for item in items}
    for row in rows("All objects"):
        assert row["Type"]
        assert row["Name"] not in ("", row["UID"])
        if row["UID"] in known and "name" in known[row["UID"]]:
            assert (row["Name"], row["Code"]) == tuple(known[row["UID"]].get(key, "") for key in ("name", "code"))


def test_a_part_is_listed_with_what_it_is_a_part_of() -> None:
    listed = {(row["Type"], row["Part of"], row["Name"]) for row in rows("All objects")}
    assert ("Option", "TPI - State of the partnership", "Paused") in listed
    assert ("Section", "4 Action plan", "Signatures") in listed
    assert ("Field in a stage", "1 Partnership development", "Lead at the host arm") in listed
    assert ("Attribute in the program", "Twinning Partnerships for Improvement", "Partnership") in listed
    assert len(listed) == len(rows("All objects"))


def test_a_type_that_nobody_has_named_is_listed_all_the_same() -> None:
    inner = {"id": "a0000000001", "name": "Low", "sortOrder": 0}
    other = {"id": "r0000000001", "name": "Scores", "smallThings": [inner]}
    made = build(load(), {**bundle(), "otherThings": [other]}, {}).tables["All objects"].rows[-2:]
    assert [(row["Type"], row["Name"], row["Part of"]) for row in made] == [
        ("Other thing", "Scores", ""),
        ("Small thing", "Low", "Scores"),
    ]


def test_every_effect_of_a_rule_is_told_with_its_stage_and_message() -> None:
    told = rows("Rules")
    assert len(told) == len(bundle()["programRuleActions"])
    assert all(row["Stage"] and row["Rule"] and row["Condition"] for row in told)
    warned = [row for row in told if str(row["Effect"]).startswith("Warns")]
    assert warned
    assert all(row["Message"] for row in warned)


def test_the_bundle_has_no_type_without_words() -> None:
    unnamed = [kind for kind in bundle() if kind != "package" and not kind_in_words(kind)[0][0].isupper()]
    assert unnamed == []
    assert kind_in_words("trackerThings") == ("Tracker thing", "tracker things", "")


# Stages, fields, attributes, options, groups ---------------------------------------------------------------------


def test_the_stages_are_told() -> None:
    sources = {stage.name: stage for stage in load().stages}
    assert [row["Stage"] for row in rows("Stages")] == list(sources)
    for row in rows("Stages"):
        source = sources[row["Stage"]]
        assert row["Step"] == source.step
        assert row["What one event is"] == source.description
        assert row["Repeats"].startswith("yes" if source.repeatable else "no")
        assert row["Date label"] == source.date_label
        assert row["Number of fields"] == sum(len(section.fields) for section in source.sections)
        assert row["Code"] == source.code


def test_every_field_stands_where_the_sources_have_it_with_label_help_and_flags() -> None:
    fields, expected = package_fields(), []
    for stage in load().stages:
        info = fields.stages[stage.kind]
        for section in stage.sections:
            for key, here in section.fields.items():
                described = info.fields[key].source
                expected.append({
                    "Stage": stage.name,
                    "Section": section.name,
                    "Why it is asked": section.why,
                    "Label": described.label,
                    "Help": described.help or "",
                    "Mandatory when completed": "yes" if key in info.must else "no",
                    "Column in lists": "yes" if stage.flagged("list", key, here, described) else "no",
                    "Calculated": "yes" if described.calculated else "no",
                    "Code": code_of(key),
                    "UID": info.fields[key].uid,
                })  # fmt: skip
    found = rows("Fields")
    assert [{head: row[head] for head in expected[0]} for row in found] == expected
    assert {row["Calculated"] for row in found} == {"yes", "no"}


#: What stands in the sources, and how a programme officer reads it.
IN_WORDS = {
    "TPI_HOST_LEAD": "text, one line",
    "TPI_COMMON_GOAL": "text, several lines",
    "TPI_HOST_LEAD_PHONE": "telephone number",
    "TPI_HOST_LEAD_EMAIL": "e-mail address",
    "TPI_HOST_BEDS": "whole number from 0 up",
    "TPI_PRIORITY_NO": "whole number from 1 up",
    "TPI_BASELINE": "number",
    "TPI_PERCENT_DONE": "percentage from 0 to 100",
    "TPI_AGREEMENT_SIGNED": "yes or no",
    "TPI_PRINCIPLES": "tick, or left empty",
    "TPI_ENDED_ON": "date, today or earlier",
    "TPI_INTENDED_END": "date, also in the future",
    "TPI_EVIDENCE": "web address",
    "TPI_NEEDS_REPORT": "file",
    "TPI_SPREAD_UNIT": "unit of this DHIS2",
    "TPI_AREA": "one of: Area of care",
    "TPI_SCORE_IPC": "one of: How far in place (0-4)",
}


def test_types_are_told_in_plain_words() -> None:
    found = {row["Code"]: row["What is answered"] for row in rows("Fields")}
    assert {code: found[code] for code in IN_WORDS} == IN_WORDS
    infos = package_fields().elements.values()
    seen = {info.value_type for info in infos if info.options is None}
    examples = {info.value_type for info in infos if code_of(info.key) in IN_WORDS and info.options is None}
    assert seen == examples, "each type has an example above"
    assert not [words for words in found.values() if "_" in words or words.isupper()]


def test_a_type_without_words_of_its_own_is_told_as_it_is_called() -> None:
    assert type_in_words({"valueType": "UNIT_INTERVAL"}) == "unit interval"


@pytest.mark.parametrize("sheet", ["Fields", "Attributes"])
def test_a_set_that_is_named_is_one_of_the_options_sheet(sheet: str) -> None:
    sets = {row["Option set"] for row in rows("Options")}
    named = {row["Option set"] for row in rows(sheet)} - {""}
    assert named <= sets
    for row in rows(sheet):
        assert (row["What is answered"] == f"one of: {row['Option set']}") == bool(row["Option set"])


def test_attributes_are_told_with_their_flags() -> None:
    found = rows("Attributes")
    sources = load().attributes
    assert [row["Code"] for row in found] == [code_of(item.key) for item in sources]
    flags = ("Mandatory", "Column in lists", "Can be searched for", "Must be unique", "Calculated")
    for row, item in zip(found, sources, strict=True):
        assert (row["Label"], row["Help"]) == (item.label, item.help)
        told = tuple(row[flag] == "yes" for flag in flags)
        assert told == (item.must, item.list, item.search, item.unique, item.calculated), item.key


def test_options_stand_in_their_order_with_codes_as_texts() -> None:
    expected = [
        (source.name, number, code, label)
        for source in load().option_sets.values()
        for number, (code, label) in enumerate(source.options.items(), 1)
    ]
    assert [
        tuple(row[head] for head in ("Option set", "Order", "Code", "Label")) for row in rows("Options")
    ] == expected
    assert ("How far in place (0-4)", 1, "0", "0 Not present") in expected
    assert ("Country", "AO") in {(row["Option set"], row["Code"]) for row in rows("Options")}


def test_translations_stand_beside_each_text() -> None:
    (lead,) = (row for row in rows("Fields") if row["Code"] == "TPI_HOST_LEAD")
    (angola,) = (row for row in rows("Options") if (row["Option set"], row["Code"]) == ("Country", "CI"))
    (stage,) = (row for row in rows("Stages") if row["Step"] == 2)
    assert lead["French (fr)"] == "Responsable du volet hôte"
    assert angola["French (fr)"].startswith("Côte")
    assert stage["Portuguese (pt)"] == "2 Avaliação das necessidades"
    for sheet in ("Stages", "Fields", "Attributes", "Options"):
        assert not [row for row in rows(sheet) if not (row["French (fr)"] and row["Portuguese (pt)"])], sheet


def test_a_field_is_translated_as_it_stands_in_the_form_and_not_as_it_is_named() -> None:
    known = {item["id"]: item for kind in ("dataElements", "trackedEntityAttributes") for item in bundle()[kind]}
    for row in (*rows("Fields"), *rows("Attributes")):
        given = {(one["locale"], one["property"]): one["value"] for one in known[row["UID"]]["translations"]}
        assert (row["French (fr)"], row["Portuguese (pt)"]) == (given["fr", "FORM_NAME"], given["pt", "FORM_NAME"])


FUNCTIONING = "'6 Evaluation: functioning'"


def test_groups_are_told_in_words_by_kind_of_object() -> None:
    told: dict[str, dict[str, str]] = {}
    for row in rows("Groups"):
        told.setdefault(row["Group"], {})[row["Members may"]] = row["Kind of object"]
    everyone, capture = told["Everybody with an account"], told["TPI - Data capture"]
    assert everyone["see how it is set up; no right to records"].endswith("all stages")
    assert not [words for words in everyone if "read" in words or "change" in words]
    assert f"all stages but {FUNCTIONING}" in capture["see how it is set up; read and write records"]
    assert capture["see how it is set up; no right to records"] == f"of the stages only {FUNCTIONING}"
    own = told["TPI - Functioning of the partnership"]["see how it is set up; read and write records"]
    assert own == f"of the stages only {FUNCTIONING}"
    assert all(words.startswith("see and change how it is set up") for words in told["TPI - Admin"])


@pytest.mark.parametrize(
    ("kind", "access", "words"),
    [
        ("optionSets", "r-------", "see how it is set up"),
        ("optionSets", "rw------", "see and change how it is set up"),
        ("programs", "r-rw----", "see how it is set up; read and write records"),
        ("programs", "--------", "nothing; no right to records"),
        ("programs", "r--w----", "see how it is set up; r--w----"),
    ],
)
def test_access_in_words(kind: str, access: str, words: str) -> None:
    assert access_in_words(kind, access) == words


# Read me ---------------------------------------------------------------------------------------------------------


def test_read_me_says_which_package_this_is_and_how_far_it_can_be_trusted() -> None:
    told, package = facts(), load().package
    assert package.version in told["Package"]
    assert told["For DHIS2"] == ", ".join(DHIS2_VERSIONS)
    assert told["Fingerprint"].startswith(digest(bundle()))
    assert told["Licence"] == "MIT"
    assert "The words are not WHO's" in told["Method and words"]
    assert "not reviewed or endorsed" in told["Method and words"]
    assert set(SHEETS[1:]) <= set(told)


def test_read_me_counts_each_type() -> None:
    told, objects = facts(), bundle()
    counted = {"Stage": "programStages", "Field (data element)": "dataElements", "Option": "options"}
    assert {name: told[name] for name in counted} == {name: len(objects[kind]) for name, kind in counted.items()}
    assert Counter(row["Type"] for row in rows("All objects")).items() <= told.items()


def test_read_me_tells_the_state_of_each_language() -> None:
    review = yaml.safe_load((folder("metadata") / "translations" / "review.yaml").read_text("utf-8"))
    for locale, name in (("fr", "French (fr)"), ("pt", "Portuguese (pt)")):
        assert review[locale]["state"] in facts()[name]
        assert ("not yet read" in facts()[name]) == (review[locale]["read_by"] is None)
    assert facts()["English"].startswith("the original")


def test_a_language_that_was_read_names_its_reader() -> None:
    review = {"fr": {"state": "reviewed", "by": "A", "read_by": "Dr B", "read_on": "2026-03-01"}}
    languages = dict(build(load(), bundle(), review).facts["Languages"])
    assert languages["French (fr)"] == "reviewed by A; read by Dr B on 2026-03-01"
    assert languages["Portuguese (pt)"] == "state of review not stated"


# The workbook as a file ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_can_be_printed_filtered_and_holds_no_formula(name: str) -> None:
    sheet = book()[name]
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.page_setup.fitToWidth in (None, 1)
    if name != "Read me":
        assert (sheet.freeze_panes, sheet.print_title_rows) == ("A2", "$1:$1")
        assert sheet.auto_filter.ref == sheet.dimensions
    cells = [cell for line in sheet.iter_rows() for cell in line]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert all(cell.alignment.wrap_text for cell in cells if cell.value and name != "Read me")


TELL = """
import sys
from tpi_dhis2.package.reference_workbook import write
write(__import__("pathlib").Path(sys.argv[1]))
"""


def test_two_runs_give_the_same_bytes_whatever_the_order_of_hashes_and_the_day(tmp_path: Path) -> None:
    made = []
    for seed, zone in (("1", "UTC"), ("2", "Pacific/Auckland")):
        out = tmp_path / seed
        settings = {**environment(), "PYTHONHASHSEED": seed, "TZ": zone}
        subprocess.run([sys.executable, "-c", TELL, out], check=True, env=settings, cwd=ROOT)  # noqa: S603
        made.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert made[0] == made[1]
    assert book().properties.created.year == 2000


# The page --------------------------------------------------------------------------------------------------------


def test_the_page_is_well_formed_and_self_contained() -> None:
    page = Page(html())
    assert (page.faults, page.open) == ([], [])
    assert not {"script", "link", "img", "iframe", "form", "object"} & {tag for tag, _ in page.tags}
    links = [attrs["href"] for tag, attrs in page.tags if "href" in attrs]
    places = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert links
    assert {link.removeprefix("#") for link in links if link} <= set(places)
    assert all(link and link.startswith("#") for link in links)
    assert len(set(places)) == len(places)
    assert not [text for text in page.inside["td"] if not text.strip()]


def test_the_page_holds_every_stage_field_option_and_group() -> None:
    words = Page(html()).words
    for sheet, heads in {
        "Stages": ("Stage", "What one event is", "UID"),
        "Fields": ("Section", "Why it is asked", "Label", "Help", "What is answered", "UID"),
        "Attributes": ("Label", "UID"),
        "Options": ("Option set", "Label", "UID", "Portuguese (pt)"),
        "Groups": ("Group", "Members may", "Kind of object"),
    }.items():
        missing = {str(row[head]) for row in rows(sheet) for head in heads if str(row[head]) not in words}
        assert not missing, sheet


def test_translated_texts_say_in_which_language_they_are() -> None:
    told = Counter(attrs["lang"] for tag, attrs in Page(html()).tags if tag == "span" and attrs.get("lang"))
    assert set(told) == {"fr", "pt"}
    assert min(told.values()) >= len(rows("Fields")) + len(rows("Options")) + len(rows("Stages"))


def test_a_long_table_is_drawn_as_entries_that_hold_every_text() -> None:
    page = Page(html())
    assert (page.faults, page.open) == ([], [])
    told = " ".join(page.words.split())
    for sheet, column in (("Program indicators", "What it tells"), ("Rules", "Condition"), ("Messages", "Words")):
        missing = [row[column] for row in rows(sheet) if " ".join(str(row[column]).split()) not in told]
        assert missing == []


def test_a_table_that_the_page_does_not_know_is_drawn_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    line = {
        "Name": "Only when signed",
        "Condition": HOSTILE,
        "UID": "r0000000001",
        "French (fr)": "Si signé",
        "Portuguese (pt)": "",
    }
    table = ("What the form does by itself.", lambda _: [line])
    monkeypatch.setitem(TABLES, "Promises", table)
    made = files.reference_of()
    page = Page(files.page(made))
    assert (page.faults, page.open) == ([], [])
    assert HOSTILE in page.words
    assert "#Promises" in [attrs.get("href") for _, attrs in page.tags]
    assert {"Si signé", "not translated"} <= {text.strip() for text in page.inside["td"]}
    assert openpyxl.load_workbook(io.BytesIO(files.workbook(made)))["Promises"]["B2"].value == HOSTILE


def test_a_type_of_which_there_is_none_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TABLES, "Rules", ("What the form does by itself.", lambda _: []))
    made = files.reference_of()
    assert openpyxl.load_workbook(io.BytesIO(files.workbook(made)))["Rules"]["A1"].value == "None in this version"
    assert "None in this version" in Page(files.page(made)).words


# Bad input -------------------------------------------------------------------------------------------------------


def hostile(tmp_path: Path) -> Path:
    where = metadata_copy(tmp_path)
    edit(where / "stages.yaml", LEAD, f"label: {json.dumps(HOSTILE)}}}")
    edit(where / "options.yaml", "OTHER: Other (named below)", f"OTHER: {json.dumps(HOSTILE)}")
    return where


def test_hostile_text_is_shown_as_text(tmp_path: Path) -> None:
    made = files.reference_of(hostile(tmp_path))
    page = files.page(made)
    assert "<script" not in page
    assert Page(page).words.count(HOSTILE) == 2
    sheet = openpyxl.load_workbook(io.BytesIO(files.workbook(made)))["Fields"]
    (cell,) = (cell for line in sheet.iter_rows() for cell in line if cell.value == HOSTILE)
    assert (cell.data_type, cell.hyperlink) == ("s", None)


def test_a_package_without_languages_has_a_reference(tmp_path: Path) -> None:
    written = files.write(tmp_path / "out", metadata_copy(tmp_path))
    assert "lang=" not in written[1].read_text("utf-8").replace('<html lang="en">', "")
    heads = [cell.value for cell in openpyxl.load_workbook(written[0])["Options"][1]]
    assert heads == ["Option set", "Order", "Code", "Label", "UID"]


def test_a_text_that_excel_would_drop_is_refused(tmp_path: Path) -> None:
    where = metadata_copy(tmp_path)
    edit(where / "stages.yaml", LEAD, f"label: Role of the host lead, help: {'x' * 40_000}}}")
    with pytest.raises(SourceError, match="too long"):
        files.workbook(files.reference_of(where))


def test_without_the_library_nothing_is_written_and_the_advice_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(UsageError) as raised:
        files.write(tmp_path / "out")
    assert raised.value.advice == "pip install 'tpi-dhis2[excel]'"
    ran = tpi("package", "reference", "--out", tmp_path / "out")
    assert (ran.code, ran.out) == (1, "")
    assert "pip install 'tpi-dhis2[excel]'" in ran.lines
    assert not (tmp_path / "out").exists()


# The command -----------------------------------------------------------------------------------------------------


def test_the_command_writes_two_files_and_names_them(tmp_path: Path) -> None:
    ran = tpi("package", "reference", "--out", tmp_path / "a" / "b")
    stem = f"TPI_REFERENCE_{load().package.version}"
    expected = [tmp_path / "a" / "b" / f"{stem}.{ending}" for ending in ("xlsx", "html")]
    assert (ran.code, ran.out.splitlines()) == (0, [str(path) for path in expected])
    assert sorted((tmp_path / "a" / "b").iterdir()) == sorted(expected)


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    ran = tpi("package", "reference", "--out", tmp_path / "file" / "below")
    assert ran.code == 1
    assert "--out" in ran.err
    assert "Unexpected" not in ran.err


def test_bytes_that_cannot_be_kept_leave_the_old_file_and_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left")

    path = tmp_path / "kept.xlsx"
    write_bytes(path, b"old")
    monkeypatch.setattr("tpi_dhis2.atomic.os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_bytes(path, b"new")
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"old", [path])
