"""The metadata sources: what they say, and that a mistake in them is named and never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.builders import edit, metadata_copy
from tpi_dhis2.errors import SourceError
from tpi_dhis2.package.build import dump
from tpi_dhis2.package.release import bundle
from tpi_dhis2.package.sources import load

STAGES = (
    "TPI_S1_AGREEMENT",
    "TPI_S2_NEEDS",
    "TPI_S3_PRIORITY",
    "TPI_S4_PLAN",
    "TPI_S4_TARGET",
    "TPI_S5_ACTIVITY",
    "TPI_S5_MEASUREMENT",
    "TPI_S5_CONTACT",
    "TPI_S5_SPREAD",
    "TPI_S6_IMPACT",
    "TPI_S6_FUNCTIONING",
)


def test_the_codes_that_are_stable_for_ever() -> None:
    sources = load()
    assert (sources.package.program.code, sources.package.tracked_entity_type.code) == ("TPI", "TPI_PARTNERSHIP")
    assert tuple(stage.code for stage in sources.stages) == STAGES
    assert set(sources.package.groups) == {"TPI_ACCESS", "TPI_DATA_CAPTURE", "TPI_ADMIN", "TPI_FUNCTIONING"}


def test_the_stage_code_carries_the_step_and_only_agreement_and_plan_come_once_in_a_cycle() -> None:
    stages = load().stages
    assert all(stage.code.startswith(f"TPI_S{stage.step}_") for stage in stages)
    assert [stage.kind for stage in stages if not stage.repeatable] == ["agreement", "plan"]


def test_what_repeats_has_fields_that_tell_its_records_apart() -> None:
    for stage in load().stages:
        fields = {key for section in stage.sections for key in section.fields} | {"@date"}
        assert bool(stage.key) == stage.repeatable, stage.kind
        assert set(stage.key) <= fields, stage.kind


def test_every_section_says_why_it_asks_and_every_stage_what_it_is() -> None:
    for stage in load().stages:
        assert stage.description
        assert all(section.why for section in stage.sections), stage.kind


def test_at_most_twenty_fields_must_be_filled_to_reach_the_end_of_step_three() -> None:
    sources = load()
    elements = sources.elements()
    must = [item.key for item in sources.attributes if item.must]
    for stage in sources.stages:
        if stage.step <= 3:
            fields = [(key, field) for section in stage.sections for key, field in section.fields.items()]
            must += [key for key, field in fields if stage.flagged("must", key, field, elements[key])]
    assert 5 <= len(must) <= 20


def test_a_table_of_a_stage_has_few_enough_columns_to_be_seen_at_once() -> None:
    sources = load()
    elements = sources.elements()
    for stage in sources.stages:
        fields = [(key, field) for section in stage.sections for key, field in section.fields.items()]
        columns = [key for key, field in fields if stage.flagged("list", key, field, elements[key])]
        assert 1 <= len(columns) <= 5, f"{stage.kind}: {columns}"


def test_the_countries_are_the_two_letter_codes_of_the_world() -> None:
    countries = load().option_sets["COUNTRY"].options
    assert {"LR", "JP", "MO", "NO", "GB"} <= set(countries)
    assert all(len(code) == 2 and code.isupper() and name for code, name in countries.items())


def test_labels_of_a_set_differ_so_that_people_may_write_them_instead_of_codes() -> None:
    for name, option_set in load().option_sets.items():
        labels = [label.casefold() for label in option_set.options.values()]
        assert len(set(labels)) == len(labels), name


# Mistakes


def _write(name: str, text: str) -> Callable[[Path], object]:
    return lambda where: (where / name).write_text(text, "utf-8")


def _edit(name: str, old: str, new: str) -> Callable[[Path], object]:
    return lambda where: edit(where / name, old, new)


LEAD = "host_lead_role: {options: ROLE, label: Role of the host lead}"
MISTAKES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a file is missing": (lambda where: (where / "stages.yaml").unlink(), "stages.yaml"),
    "the list of countries is missing": (lambda where: (where / "countries.csv").unlink(), "countries.csv"),
    "a file is not YAML": (_write("options.yaml", "a: [b"), "options.yaml"),
    "a file is empty": (_write("options.yaml", ""), "options"),
    "a file is no mapping": (_write("attributes.yaml", "- name"), "attributes"),
    "the list of stages has another name": (_edit("stages.yaml", "\nstages:\n", "\nforms:\n"), "stages"),
    "a file is not UTF-8": (lambda where: (where / "package.yaml").write_bytes(b"name: Qualit\xe9"), "package.yaml"),
    "a word is misspelt": (_edit("stages.yaml", LEAD, LEAD.replace("label", "lable")), "host_lead_role"),
    "a word is of another type": (_edit("stages.yaml", "step: 1\n", "step: first\n"), "stages.0.step"),
    "a field has no label anywhere": (_edit("stages.yaml", LEAD, "host_lead_role: {}"), "host_lead_role"),
    "an option set is not there": (_edit("stages.yaml", LEAD, LEAD.replace("ROLE", "ROLLE")), "ROLLE"),
    "a use of the groups is not there": (_edit("stages.yaml", "access: functioning", "access: nobody"), "nobody"),
    "a key names no field": (_edit("stages.yaml", "key: [target_no]", "key: [target_number]"), "target_number"),
    "a field stands twice": (_edit("stages.yaml", LEAD, f"{LEAD}\n          {LEAD}"), "host_lead_role"),
}  # fmt: skip


def test_a_code_is_the_text_that_stands_there_with_and_without_quotes(tmp_path: Path) -> None:
    where = metadata_copy(tmp_path)
    before = dump(bundle(metadata=where))
    load.cache_clear()
    _edit("options.yaml", '"YES": "Yes"', "YES: Yes")(where)
    assert dump(bundle(metadata=where)) == before


@pytest.mark.parametrize(("mistake", "named"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_the_sources_is_named(tmp_path: Path, mistake: Callable[[Path], object], named: str) -> None:
    where = metadata_copy(tmp_path)
    mistake(where)
    with pytest.raises(SourceError) as raised:
        bundle(metadata=where, new_uids=True)
    assert named in str(raised.value)
