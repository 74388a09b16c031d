"""Real files, real bundles and server answers for the tests of the rooms below the command line."""

from __future__ import annotations

import datetime as dt
import pickle
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tpi_dhis2.demo.units import FOLDER, units
from tpi_dhis2.domain.records import Cycle, Partnership, Record
from tpi_dhis2.package.fields import FieldInfo, package_fields
from tpi_dhis2.package.lint import checks
from tpi_dhis2.package.release import bundle
from tpi_dhis2.resources import folder
from tpi_dhis2.store.items import Item
from tpi_dhis2.store.partnerships import assemble
from tpi_dhis2.sync import files
from tpi_dhis2.sync.draft_dates import Patch
from tpi_dhis2.sync.drafts import Draft, Drafter, Drafts
from tpi_dhis2.sync.wire import Json

UNIT, OTHER_UNIT = "ImspTQPwCqd", "O6uvpzGd5pu"
UNITS = {UNIT: UNIT, "HOSPITAL": UNIT, OTHER_UNIT: OTHER_UNIT, "CLINIC": OTHER_UNIT}
DEMO_FILES = (FOLDER / "published.yaml", FOLDER / "fictional.yaml")
DEMO_UNITS = {name: unit["id"] for unit in units() for name in (unit["id"], unit["code"])}
SOURCES = (
    *("package.yaml", "attributes.yaml", "options.yaml", "stages.yaml", "rules.yaml"),
    *("indicators.yaml", "dashboards.yaml", "worklists.yaml", "roles.yaml", "notifications.yaml"),
    *("countries.csv", "uids.csv"),
)


def info(key: str) -> FieldInfo:
    """A field of the package."""
    fields = package_fields()
    return (fields.elements | fields.attributes)[key]


@cache
def _bundle(version: str) -> bytes:
    return pickle.dumps(bundle(version))


def own_bundle(version: str = "2.42") -> dict[str, Any]:
    """The package's bundle, to be broken; read back rather than copied, since copying takes five times as long."""
    built: dict[str, Any] = pickle.loads(_bundle(version))  # noqa: S301 - our own
    return built


def finds(built: dict[str, Any], text: str, *first: str) -> bool:
    """Whether the lint finds this; the checks that are named run first, and once it is found the others need not."""
    found = checks(built)
    return any(text in finding for name in [*first, *found] for finding in found[name]())


def metadata_copy(tmp_path: Path, *, languages: bool = False) -> Path:
    """The metadata sources in a folder of their own, to be broken or added to; in English only unless asked."""
    where = tmp_path / "metadata"
    where.mkdir()
    for name in SOURCES:
        shutil.copy(folder("metadata") / name, where)
    if languages:
        shutil.copytree(folder("metadata") / "translations", where / "translations")
    return where


def edit(path: Path, old: str, new: str) -> None:
    """Replace one place of a file; the test is wrong when it is not there exactly once."""
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path.name}"
    path.write_text(text.replace(old, new), "utf-8")


def one(*records: tuple[str, dict[str, Any]], key: str = "pair", **cycle: Any) -> dict[str, Any]:
    """A file's content with one partnership, one cycle and its records of (kind, fields)."""
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for kind, fields in records:
        by_kind.setdefault(kind, []).append(fields)
    made = {"key": "1", "began": "2016-08-01", **cycle, "records": by_kind}
    return {"as_of": dt.date(2026, 11, 23), "partnerships": [partnership_entry(key, made)]}


def partnership_entry(key: str, *cycles: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    """A partnership as it stands in a file."""
    named = {"name": f"Pair {key}", **attributes}
    return {"key": key, "unit": "HOSPITAL", "attributes": named, "cycles": list(cycles)}


def record_file(tmp_path: Path, content: Any) -> Path:
    """A record file; text as it is, anything else as YAML."""
    path = tmp_path / "records.yaml"
    text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
    path.write_text(text, "utf-8")
    return path


def read(tmp_path: Path, content: Any) -> files.RecordFile:
    """What the reader makes of a record file."""
    return files.read(record_file(tmp_path, content))


def draft(tmp_path: Path, content: Any) -> Drafts:
    """The drafts of a record file."""
    return Drafter(package_fields(), UNITS).drafts(read(tmp_path, content))


def demo_drafts() -> list[Drafts]:
    """The drafts of the demo's files, given all its units."""
    return [Drafter(package_fields(), DEMO_UNITS).drafts(files.read(path)) for path in DEMO_FILES]


def patched(doc: dict[str, str], patch: Patch) -> dict[str, str]:
    """A doc with what a draft says laid over it."""
    return {key: value for key, value in {**doc, **patch}.items() if value is not None}


def item_of(draft: Draft, before: Item | None = None) -> Item:
    """The store's object of a draft."""
    doc = patched(before.doc if before else {}, draft.patch)
    return Item(draft.uid, draft.type, draft.kind, draft.partnership, draft.cycle, doc)


def partnerships_of(drafts: Drafts) -> list[Partnership]:
    """The drafts as the reports see them."""
    return assemble([item_of(draft) for draft in drafts.drafts], {})


def only_cycle(drafts: Drafts) -> Cycle:
    """The one cycle of the drafts."""
    (partnership,) = partnerships_of(drafts)
    (cycle,) = partnership.cycles
    return cycle


def only_record(drafts: Drafts) -> Record:
    """The one record of the drafts."""
    (record,) = only_cycle(drafts).records
    return record


def answer(payload: Json) -> list[Json]:
    """What a server gives back of a flat payload: nested, values that were taken away gone, days as timestamps."""
    events = [{**event, "dataValues": _kept(event.get("dataValues"))} for event in payload.get("events", [])]
    enrollments = [
        {**each, "events": [event for event in events if event["enrollment"] == each["enrollment"]]}
        for each in payload.get("enrollments", [])
    ]
    return [
        {
            **entity,
            "attributes": _kept(entity.get("attributes")),
            "enrollments": [each for each in enrollments if each["trackedEntity"] == entity["trackedEntity"]],
        }
        for entity in payload.get("trackedEntities", [])
    ]


def _kept(values: list[Json] | None) -> list[Json]:
    return [value for value in values or [] if value["value"] is not None]
