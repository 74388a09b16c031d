"""What a release has promised stays: each broken promise is found, and a removal must be said."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.fault.servers import tpi
from tests.unit.builders import edit, metadata_copy
from tpi_dhis2.errors import SourceError
from tpi_dhis2.package.release import build_all, bundle
from tpi_dhis2.package.sources import load
from tpi_dhis2.package.stable import broken, promises, write_promises
from tpi_dhis2.resources import folder

Bundle = dict[str, Any]
BEDS = "host_beds: {type: INTEGER_ZERO_OR_POSITIVE,"


@cache
def built() -> Bundle:
    return bundle()


def element(changed: Bundle, code: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in changed["dataElements"] if item["code"] == code)
    return found


def drop(kind: str) -> Callable[[Bundle], object]:
    return lambda changed: changed[kind].pop()


BROKEN: dict[str, tuple[Callable[[Bundle], object], str]] = {
    "another code": (lambda b: element(b, "TPI_HOST_BEDS").update(code="TPI_BEDS"), "has another code (TPI_BEDS)"),
    "another code of an option": (lambda b: b["options"][0].update(code="HOSPITALS"), "has another code (HOSPITALS)"),
    "another value type": (lambda b: element(b, "TPI_HOST_BEDS").update(valueType="TEXT"), "and is TEXT"),
    "another name of a variable": (lambda b: b["programRuleVariables"][0].update(name="OTHER"), "and is OTHER"),
    "another UID": (lambda b: element(b, "TPI_HOST_BEDS").update(id="abcdefghijk"), "TPI_HOST_BEDS: is gone"),
    "a field that is gone": (drop("dataElements"), "is gone"),
    "an option that is gone": (drop("options"), "is gone"),
    "a stage that lost a field": (
        lambda b: b["programStages"][0]["programStageDataElements"].pop(), "programStageDataElements"),
}  # fmt: skip


def test_this_package_keeps_what_earlier_versions_promised() -> None:
    earlier = {path.stem for path in (folder("metadata") / "releases").glob("*.csv")} - {load().package.version}
    assert earlier
    assert broken(folder("metadata"), load().package.version, built()) == []


@pytest.mark.parametrize(("change", "found"), BROKEN.values(), ids=BROKEN)
def test_a_broken_promise_is_found_and_names_the_version(
    tmp_path: Path, change: Callable[[Bundle], object], found: str
) -> None:
    write_promises(tmp_path, "1.0.0", built())
    changed = copy.deepcopy(built())
    change(changed)
    findings = broken(tmp_path, "1.1.0", changed)
    assert len(findings) == 1
    assert found in findings[0]
    assert findings[0].endswith("since version 1.0.0")
    assert broken(tmp_path, "1.0.0", changed) == [], "a version is not held to itself"


def test_what_is_added_and_worded_otherwise_breaks_nothing(tmp_path: Path) -> None:
    write_promises(tmp_path, "1.0.0", built())
    changed = copy.deepcopy(built())
    element(changed, "TPI_HOST_BEDS").update(name="TPI - Beds", formName="Beds")
    changed["dataElements"].append({**element(changed, "TPI_HOST_BEDS"), "id": "abcdefghijk", "code": "TPI_NEW"})
    assert broken(tmp_path, "1.1.0", changed) == []


def test_a_removal_is_allowed_when_it_is_said_and_only_then(tmp_path: Path) -> None:
    write_promises(tmp_path, "1.0.0", built())
    changed = copy.deepcopy(built())
    gone = changed["programRuleActions"].pop()
    (tmp_path / "removed.csv").write_text(
        f"type,uid,since,why\nprogramRuleActions,{gone['id']},1.1.0,a better rule took its place\n", "utf-8"
    )
    assert broken(tmp_path, "1.1.0", changed) == []
    assert "is there all the same" in broken(tmp_path, "1.1.0", built())[0]


def test_a_damaged_table_of_promises_is_named(tmp_path: Path) -> None:
    path = write_promises(tmp_path, "1.0.0", built())
    path.write_text("type,uid\nprograms\n", "utf-8")
    with pytest.raises(SourceError, match=r"1\.0\.0\.csv is not a table of type, uid, code, stays"):
        broken(tmp_path, "1.1.0", built())


def test_promises_hold_objects_inside_others() -> None:
    kinds = {promise.type for promise in promises(built())}
    assert {"programStageDataElements", "programTrackedEntityAttributes", "dataElements", "options"} <= kinds


def test_a_build_writes_what_it_promises_and_refuses_to_break_it(tmp_path: Path) -> None:
    (tmp_path / "earlier").mkdir()
    earlier = metadata_copy(tmp_path / "earlier")
    build_all(earlier)
    kept = earlier / "releases" / f"{load().package.version}.csv"
    assert len(kept.read_text("utf-8").splitlines()) == len(promises(built())) + 1
    where = metadata_copy(tmp_path)
    (where / "releases").mkdir()
    kept.rename(where / "releases" / "0.0.9.csv")
    edit(where / "stages.yaml", BEDS, BEDS.replace("INTEGER_ZERO_OR_POSITIVE", "TEXT"))
    with pytest.raises(
        SourceError, match=r"TPI_HOST_BEDS: was INTEGER_ZERO_OR_POSITIVE and is TEXT since version 0\.0\.9"
    ):
        build_all(where)
    told = tpi("package", "lint", "--metadata", str(where))
    assert told.code == 1
    assert "TPI_HOST_BEDS: was INTEGER_ZERO_OR_POSITIVE and is TEXT since version 0.0.9" in told.out
