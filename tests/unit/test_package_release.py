"""The release: bundles that equal their sources, and UIDs that only ever grow in number."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.builders import edit, metadata_copy
from tests.unit.test_package_sources import STAGES
from tpi_dhis2.domain.uids import is_uid
from tpi_dhis2.errors import SourceError
from tpi_dhis2.package.base import code_of
from tpi_dhis2.package.build import DHIS2_VERSIONS, dump
from tpi_dhis2.package.release import build_all, bundle, bundle_path
from tpi_dhis2.package.sources import load
from tpi_dhis2.package.translate import texts_of, texts_within
from tpi_dhis2.package.uids import Uids
from tpi_dhis2.resources import folder

NEW_FIELD = "host_pager: {type: TEXT, label: Pager of the host lead}"
LEAD = "host_lead_role: {options: ROLE, label: Role of the host lead}"


TELL = """
import sys
from tpi_dhis2.package.build import dump
from tpi_dhis2.package.release import bundle
sys.stdout.write(dump(bundle()))
"""


def rows(where: Path) -> list[dict[str, str]]:
    with (where / "uids.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_built_bundles_are_not_stale() -> None:
    for version in DHIS2_VERSIONS:
        path = bundle_path(folder("metadata"), load().package.version, version)
        same = path.read_text("utf-8") == dump(bundle(version))
        assert same, f"{path.name} differs from the sources: run 'tpi-dhis2 package build'"


def test_no_bundle_of_another_version_lies_beside_them() -> None:
    version = load().package.version
    built = {bundle_path(folder("metadata"), version, dhis2).name for dhis2 in DHIS2_VERSIONS}
    assert {path.name for path in (folder("metadata") / "bundles").iterdir()} == built


def test_a_build_gives_the_same_bytes_whatever_the_order_of_hashes() -> None:
    told = [
        subprocess.run(  # noqa: S603 - this very Python
            [sys.executable, "-c", TELL],
            check=True,
            capture_output=True,
            cwd=folder("metadata").parent,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0] == told[1] == dump(bundle()).encode()


def test_a_second_build_changes_no_byte_and_pins_nothing(tmp_path: Path) -> None:
    where = metadata_copy(tmp_path, languages=True)
    first, pinned = build_all(where)
    content = {path: path.read_bytes() for path in (*first, where / "uids.csv")}
    second, again = build_all(where)
    assert (pinned, again) == (0, 0)
    assert first == second
    assert {path: path.read_bytes() for path in content} == content


# UIDs


def test_every_pinned_uid_is_well_formed_and_pinned_once() -> None:
    found = rows(folder("metadata"))
    uids = [row["uid"] for row in found]
    assert all(is_uid(uid) for uid in uids)
    assert len(set(uids)) == len(uids) == len({(row["type"], row["code"]) for row in found})


def _uids_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["id"]} if "id" in value else set()
        return own.union(*(_uids_in(each) for each in value.values()))
    return set().union(*(_uids_in(each) for each in value)) if isinstance(value, list) else set()


def test_the_pins_cover_every_object_of_the_bundle_and_nothing_is_pinned_for_nothing() -> None:
    with (folder("metadata") / "removed.csv").open(encoding="utf-8", newline="") as file:
        given_up = {row["uid"] for row in csv.DictReader(file)}
    assert _uids_in(bundle()) | given_up == {row["uid"] for row in rows(folder("metadata"))}
    assert not _uids_in(bundle()) & given_up


@pytest.mark.parametrize(
    ("kind", "code", "uid"),
    [
        ("programs", "TPI", "P7HWfyBG6wv"),
        ("trackedEntityTypes", "TPI_PARTNERSHIP", "wOfa4jvHjBh"),
        ("userGroups", "TPI_FUNCTIONING", "Q9wG7MZlE6x"),
        ("trackedEntityAttributes", "TPI_NAME", "mXXG5wF2Jg9"),
        ("dataElements", "TPI_PRIORITY_NO", "Wqk6DSya3Bf"),
        ("dataElements", "TPI_MEASURE", "yjvtdlgKyyd"),
        ("optionSets", "TPI_MEASURE", "ECB4DWrG9RO"),
        ("options", "TPI_MEASURE.HH_COMPL", "lnQgYelXokF"),
        ("programStageSections", "TPI_S3_PRIORITY.gap", "rJY37qrmTvs"),
        *zip(
            ["programStages"] * 11,
            STAGES,
            [
                "DhDg5t7xNmI",
                "Vjb2in0zZcI",
                "sHLwBYx1HwS",
                "CyV477jHZeN",
                "Tn9epgRFdNv",
                "sJ3478IfOwq",
                "geEB9cm1Qli",
                "ZbH1KWksdqX",
                "ZPpeY4YQKZG",
                "iJ5nQtau7PC",
                "ygsD57vo0EW",
            ],
            strict=True,
        ),
    ],
)
def test_an_object_that_was_released_keeps_its_code_and_uid(kind: str, code: str, uid: str) -> None:
    assert Uids.read(folder("metadata"))(kind, code) == uid


def test_a_field_is_added_with_one_line_and_gets_exactly_the_new_uids(tmp_path: Path) -> None:
    where = metadata_copy(tmp_path)
    before = (where / "uids.csv").read_text("utf-8")
    edit(where / "stages.yaml", LEAD, f"{LEAD}\n          {NEW_FIELD}")
    written, pinned = build_all(where)
    after = (where / "uids.csv").read_text("utf-8")
    assert after.startswith(before)
    added = [line.split(",")[:2] for line in after.removeprefix(before).splitlines()]
    assert added == [
        ["dataElements", "TPI_HOST_PAGER"],
        ["programStageDataElements", "TPI_S1_AGREEMENT.TPI_HOST_PAGER"],
    ]
    assert (pinned, len(written)) == (2, len(DHIS2_VERSIONS))
    assert all('"TPI_HOST_PAGER"' in path.read_text("utf-8") for path in written)


def test_a_field_that_a_language_lacks_is_named_and_is_built_once_each_has_its_line(tmp_path: Path) -> None:
    where = metadata_copy(tmp_path, languages=True)
    edit(where / "stages.yaml", LEAD, f"{LEAD}\n          {NEW_FIELD}")
    with pytest.raises(SourceError, match=r"Pager of the host lead.* has no translation in fr"):
        build_all(where)
    assert not (where / "bundles").exists()
    for language in sorted((where / "translations").glob("*.csv")):
        with language.open("a", encoding="utf-8") as file:
            file.write("Pager of the host lead,xxx,\n")
    assert build_all(where)[1] == 2


def test_a_field_that_is_not_pinned_yet_cannot_be_released_by_accident(tmp_path: Path) -> None:
    where = metadata_copy(tmp_path)
    edit(where / "stages.yaml", LEAD, f"{LEAD}\n          {NEW_FIELD}")
    with pytest.raises(SourceError, match="2 objects have no pinned UID, first dataElements TPI_HOST_PAGER"):
        bundle(metadata=where)
    assert code_of("host_pager") not in (where / "uids.csv").read_text("utf-8")


def test_another_wording_changes_no_uid(tmp_path: Path) -> None:
    where = metadata_copy(tmp_path)
    edit(where / "stages.yaml", LEAD, LEAD.replace("Role of the host lead", "What the host lead does"))
    _, pinned = build_all(where)
    assert pinned == 0
    assert (where / "uids.csv").read_bytes() == (folder("metadata") / "uids.csv").read_bytes()


def test_a_package_that_is_not_clean_is_not_built_and_nothing_is_written(tmp_path: Path) -> None:
    where = metadata_copy(tmp_path)
    edit(where / "stages.yaml", LEAD, f"{LEAD}\n          host_pager: {{type: TEXT, label: {'long ' * 11}}}")
    before = (where / "uids.csv").read_bytes()
    with pytest.raises(SourceError, match="not clean") as raised:
        build_all(where)
    assert "shortName" in raised.value.detail
    assert (where / "uids.csv").read_bytes() == before
    assert not (where / "bundles").exists()


BAD_PINS = {
    "a malformed UID": "options,TPI_X.A,tooshort",
    "an empty UID": "options,TPI_X.A,",
    "a UID of another object": "options,TPI_X.A,P7HWfyBG6wv",
    "two UIDs for one object": "programs,TPI,abcdefghijk",
    "a line that is cut off": "options,TPI_X.A",
}


@pytest.mark.parametrize("line", BAD_PINS.values(), ids=BAD_PINS)
def test_pins_that_cannot_be_right_are_refused(tmp_path: Path, line: str) -> None:
    where = metadata_copy(tmp_path)
    with (where / "uids.csv").open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    with pytest.raises(SourceError, match=r"uids\.csv"):
        bundle(metadata=where)


def test_pins_without_their_head_are_refused(tmp_path: Path) -> None:
    where = metadata_copy(tmp_path)
    (where / "uids.csv").write_text("programs,TPI,P7HWfyBG6wv\n", "utf-8")
    with pytest.raises(SourceError, match=r"uids\.csv"):
        bundle(metadata=where)


def test_new_pins_begin_a_line_even_when_an_editor_took_the_last_line_break(tmp_path: Path) -> None:
    path = tmp_path / "uids.csv"
    path.write_text("type,code,uid\nprograms,TPI,P7HWfyBG6wv", "utf-8")
    uids = Uids.read(tmp_path)
    made = uids("options", "TPI_X.A")
    uids.pin(tmp_path)
    again = Uids.read(tmp_path)
    assert (again("programs", "TPI"), again("options", "TPI_X.A"), again.new) == ("P7HWfyBG6wv", made, {})


def test_the_first_pins_make_the_file_with_its_head(tmp_path: Path) -> None:
    uids = Uids.read(tmp_path)
    made = uids("programs", "TPI")
    assert (uids.pin(tmp_path), uids.pin(tmp_path)) == (1, 0)
    assert (tmp_path / "uids.csv").read_text("utf-8") == f"type,code,uid\nprograms,TPI,{made}\n"


# Translations


def test_no_translation_is_kept_for_a_text_that_is_gone() -> None:
    bundles = [bundle(version) for version in DHIS2_VERSIONS]
    objects = [item for built in bundles for kind, items in built.items() if kind != "package" for item in items]
    used = {english for item in texts_within(objects) for _, _, english, _ in texts_of(item)}
    for locale in ("fr", "pt"):
        with (folder("metadata") / "translations" / f"{locale}.csv").open(encoding="utf-8", newline="") as file:
            assert [row["en"] for row in csv.DictReader(file) if row["en"] not in used] == []
