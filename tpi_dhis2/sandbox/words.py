"""What is stored as people read it: names of options, units and accounts in place of codes and UIDs."""

from __future__ import annotations

from tpi_dhis2.sandbox.indexes import value_of
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.values import text_of
from tpi_dhis2.sandbox.web import Json

TRUTH = {"true": "Yes", "false": "No"}
DAY, MINUTE = len("2026-01-01"), len("2026-01-01T00:00")


class Words:
    """The words of one state."""

    def __init__(self, state: State):
        self.state = state
        self._options: dict[str, dict[str, str]] = {}

    def options(self, option_set: str) -> dict[str, str]:
        """Return the names of the options of a set by their codes."""
        if option_set not in self._options:
            listed = (self.state.get("optionSets", option_set) or {}).get("options") or []
            rows = [self.state.get("options", each["id"]) for each in listed]
            self._options[option_set] = {row["code"]: row["name"] for row in rows if row and "code" in row}
        return self._options[option_set]

    def value(self, field: Json, text: str) -> str:
        """Return a value as its field means it."""
        if field.get("optionSet"):
            names = self.options(field["optionSet"]["id"])
            codes = text.split(",") if field.get("valueType") == "MULTI_TEXT" else [text]
            return ", ".join(names.get(code, code) for code in codes)
        if field.get("valueType") in ("BOOLEAN", "TRUE_ONLY"):
            return TRUTH.get(text, text)
        return self.unit(text) if field.get("valueType") == "ORGANISATION_UNIT" else text

    def unit(self, uid: str | None) -> str:
        """Return the name of an org unit."""
        return str((self.state.get("organisationUnits", uid) or {}).get("name") or uid or "")

    def attribute(self, entity: Json, code: str) -> str:
        """Return what stands in the attribute of a code; the empty text for nothing."""
        found = self.state.found("trackedEntityAttributes", value_of("code"), code)
        text = text_of(entity["attributes"].get(found[0]["id"])) if found else None
        return self.value(found[0], text) if text else ""

    def name(self, entity: Json) -> str:
        """Return what a tracked entity is called: by its first attribute that is called a name, or by its UID."""
        for uid, field in self.state.table("trackedEntityAttributes").items():
            if uid in entity["attributes"] and (
                field.get("code") == "TPI_NAME" or "name" in str(field["name"]).lower()
            ):
                return str(text_of(entity["attributes"][uid]))
        return str(entity["trackedEntity"])


def day(time: str | None) -> str:
    """Return the day of a timestamp."""
    return (time or "")[:DAY]


def moment(time: str) -> str:
    """Return day and minute of a timestamp."""
    return time[:MINUTE].replace("T", " ")


def label(field: Json) -> str:
    """Return what stands beside a field in a form."""
    return str(field.get("formName") or field.get("name") or field["id"])
