"""Partnerships for the story of the sync: as files say them, as people change them, as server and stores hold them.

Names, codes and keys begin with the prefix; all of it goes when the records of the program are cleared.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from tests.live.exchanges import EXCHANGES
from tests.live.life import FIELDS, PROGRAM, Life
from tests.live.names import PREFIX, USERNAME
from tests.live.people import put_person
from tpi_dhis2.demo.units import FOLDER
from tpi_dhis2.dhis2.client import Account
from tpi_dhis2.dhis2.tracker import Tracker
from tpi_dhis2.domain.uids import derive_uid
from tpi_dhis2.errors import NotFound
from tpi_dhis2.store.items import Item
from tpi_dhis2.store.store import Store

Json = dict[str, Any]

PAIR = "zz-live-pair"
_EVENT = "event,program,programStage,enrollment,orgUnit,occurredAt,status"
_KEYS = {info.uid: key for key, info in FIELDS.elements.items()}
#: Set by a server when it completes, or given back by it for what it was not told.
_ITS_OWN = ("@completed", "@incident")


def install(life: Life) -> None:
    """Install the package and assign it to the two facilities."""
    life.apply()
    places = life.folder / "places.csv"
    places.write_text("\n".join(["unit", *life.units]))
    life.run("provision", "assign", "--units", places, "--yes")


# Files --------------------------------------------------------------------------------------------------------------


def write(life: Life, name: str, partnerships: list[Json]) -> Path:
    """A record file."""
    path = life.folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({"as_of": dt.date(2026, 11, 23), "partnerships": partnerships}), encoding="utf-8")
    return path


def demo_file(life: Life) -> Path:
    """The fictional partnerships of the demo, which have every kind of record, in the two facilities in turn."""
    found = yaml.safe_load((FOLDER / "fictional.yaml").read_text("utf-8"))["partnerships"]
    for number, each in enumerate(found):
        attributes = each["attributes"]
        each.update(key=f"zz-live-{each['key']}", unit=life.units[number % 2])
        attributes.update(name=f"{PREFIX} {attributes['name']}", code=f"ZZ_LIVE_{attributes['code']}")
        if "partner_unit" in attributes:
            attributes["partner_unit"] = life.units[1 - number % 2]
    return write(life, "demo", found)


def pair(life: Life, key: str = PAIR, unit: int = 0, **activities: Json) -> Json:
    """A partnership with activities by number (``a1={...}``), each with these values besides what it must have."""
    common = {"date": "2026-02-01", "activity_title": "Train", "activity_status": "ON_TRACK"}
    rows = [{**common, "activity_no": int(number[1:]), **values} for number, values in activities.items()]
    agreement = {"date": "2026-01-10", "host_lead": "Ana", "common_goal": "Fewer infections"}
    cycle = {"key": "1", "began": "2026-01-10", "records": {"agreement": [agreement], "activity": rows}}
    attributes = {"name": f"{PREFIX} {key}", "code": key.upper()}
    return {"key": key, "unit": life.units[unit], "attributes": attributes, "cycles": [cycle]}


def pair_file(life: Life, **activities: Json) -> Path:
    """A file of the one partnership that both sides work on."""
    return write(life, "pair", [pair(life, **activities)])


def many_file(life: Life, events: int, each: int = 50) -> Path:
    """So many contacts, fifty in a partnership."""
    contact = {"contact_type": "CALL", "visit_direction": "REMOTE"}
    day = dt.date(2026, 1, 10)
    rows = [{**contact, "key": str(n), "date": (day + dt.timedelta(n)).isoformat()} for n in range(each)]
    found = []
    for number in range(events // each):
        made = pair(life, f"zz-live-many-{number}", number % 2)
        made["cycles"][0]["records"] = {"contact": rows}
        found.append(made)
    return write(life, "many", found)


def activity(number: int, key: str = PAIR) -> str:
    """The UID of an activity of the pair."""
    return derive_uid("record", key, "1", "activity", str(number))


# The server ---------------------------------------------------------------------------------------------------------


def values(life: Life, event: str) -> dict[str, str]:
    """The values of a record on the server, by the keys of their fields."""
    held = life.client.get_object(f"tracker/events/{event}", {"fields": "dataValues[dataElement,value]"})
    return {_KEYS[each["dataElement"]]: str(each["value"]) for each in held.get("dataValues", [])}


def spent(life: Life, *numbers: int) -> list[str | None]:
    """What the server says was spent on activities of the pair."""
    return [values(life, activity(number)).get("spent") for number in numbers]


def edit(life: Life, event: str, **given: str) -> None:
    """Somebody changes values of a record in Capture."""
    held = life.client.get_object(f"tracker/events/{event}", {"fields": _EVENT})
    new = [{"dataElement": FIELDS.elements[key].uid, "value": value} for key, value in given.items()]
    life.import_records({"events": [{**held, "dataValues": new}]}, "UPDATE")


def delete(life: Life, event: str) -> None:
    """Somebody deletes a record in Capture."""
    life.import_records({"events": [{"event": event}]}, "DELETE")


def is_there(life: Life, event: str) -> bool:
    """Whether the server has a record, and not as a deleted one."""
    try:
        return not life.client.get_object(f"tracker/events/{event}", {"fields": "event,deleted"}).get("deleted")
    except NotFound:
        return False


def on_server(life: Life) -> dict[str, str]:
    """The partnerships of the server with the time of their last change."""
    pages = Tracker(life.client, PROGRAM).changed()
    return {each.uid: each.at for page in pages for each in page}


def asked_since(mark: int, method: str = "") -> list[str]:
    """What was asked of the tracker since so many requests; with ``method``, by that one only."""
    return [asked for asked in EXCHANGES.asked[mark:] if "/api/tracker" in asked and asked.startswith(method)]


# Stores and accounts ------------------------------------------------------------------------------------------------


def store_at(life: Life, name: str = "store") -> str:
    """The address of a store; without a name, of the one that commands use."""
    return f"sqlite:///{life.folder / f'{name}.sqlite'}"


def held(life: Life, name: str = "store") -> dict[str, Item]:
    """All that a store has, by UID."""
    with Store.open(store_at(life, name), reading=True) as store:
        return {item.uid: item for item in store.items()}


def docs(items: Iterable[Item]) -> dict[str, dict[str, str]]:
    """What objects say, without what servers add of their own."""
    return {item.uid: {k: v for k, v in item.doc.items() if k not in _ITS_OWN} for item in items if not item.deleted}


def add_member(life: Life, name: str, groups: str, units: list[str]) -> Account:
    """A person without any authority, in some groups of the package, for some facilities."""
    here = [{"id": unit} for unit in units]
    scopes = dict.fromkeys(("organisationUnits", "dataViewOrganisationUnits", "teiSearchOrganisationUnits"), here)
    account = put_person(life, name, f"{USERNAME}_{name}", **scopes)
    people = life.folder / f"{name}.csv"
    people.write_text("\n".join(["username,group", *(f"{account.username},{group}" for group in groups.split())]))
    life.run("provision", "assign", "--users", people, "--yes")
    return account
