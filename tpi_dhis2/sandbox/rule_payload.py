"""What rules see of an import: the values of each event and enrollment, by version, and what stands on the server.

Of the event at hand 2.42 and later see the values of the payload alone; 2.40 and 2.41 those that are stored, too, where
the payload has none. Attributes are seen as they are stored, with those of the payload over them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from tpi_dhis2.sandbox.accounts import Account
from tpi_dhis2.sandbox.indexes import value_of
from tpi_dhis2.sandbox.rule_case import Case, Past
from tpi_dhis2.sandbox.tracker_bundle import ENROLLMENT, EVENT, TRACKED_ENTITY, Tracked
from tpi_dhis2.sandbox.tracker_checks import Bundle
from tpi_dhis2.sandbox.values import texts
from tpi_dhis2.sandbox.web import Json

DAY = len("2026-01-01")
#: From this version on rules see no stored value of an event that the payload brings.
PAYLOAD_ALONE = 42
NOT_ENTERED = "~"  # after every time


class Server:
    """What the server tells rules of its metadata and of who imports."""

    def __init__(self, account: Account):
        self._account, self._state = account, account.state

    def name(self, plural: str, uid: Any) -> str | None:
        """Return the name of a metadata object."""
        found: str | None = (self._state.get(plural, uid) or {}).get("name")
        return found

    def code(self, plural: str, uid: Any) -> str | None:
        """Return the code of a metadata object."""
        found: str | None = (self._state.get(plural, uid) or {}).get("code")
        return found

    def own(self, plural: str) -> set[str]:
        """Return the UIDs of the user's roles or groups."""
        if plural == "userGroups":
            return set(self._state.holders(plural, "users", self._account.uid))
        return {role["id"] for role in self._account.user.get("userRoles") or []}

    def members(self, group: str | None) -> set[str]:
        """Return the org units of a group."""
        row = self._state.get("organisationUnitGroups", group) or {}
        return {unit["id"] for unit in row.get("organisationUnits") or []}


class Cases:
    """The cases of one import; what many of them share is made once."""

    def __init__(self, bundle: Bundle):
        self.bundle, self.state = bundle, bundle.state
        self._server, self._today = Server(bundle.account), bundle.state.now()[:DAY]

    def of_event(self, item: Tracked) -> Case:
        """Return the case of an event."""
        return self._case(item, self._values(item), item.sent, item.sent.get("enrollment"))

    def of_enrollment(self, item: Tracked) -> Case:
        """Return the case of an enrollment."""
        return self._case(item, {}, None, item.uid)

    def _case(self, item: Tracked, values: dict[str, str], event: Json | None, enrollment: Any) -> Case:
        row, attributes, history = self.bundle.once(("rules", enrollment), lambda: self._shared(enrollment))
        return Case(self._today, item.uid, values, event, row, attributes, history, self._server)

    def _shared(self, enrollment: Any) -> tuple[Json | None, dict[str, str], Callable[[], list[Past]]]:
        """Return what all events of an enrollment share: itself, the attributes, and the events when asked for."""
        row = self._sent_or_stored(enrollment)
        return row, self._attributes(row), cache(lambda: self._history(enrollment))

    def _sent_or_stored(self, uid: Any) -> Json | None:
        """Return an enrollment as the payload has it, else as it is stored."""
        item = self._valid(ENROLLMENT, uid)
        stored: Json | None = self.state.get("enrollments", uid)
        return stored if item is None else {**item.sent, "enrollment": uid}

    def _valid(self, kind: str, uid: Any) -> Tracked | None:
        item = self.bundle.by_uid.get((kind, uid))
        return None if item is None or item.errors else item

    def _values(self, item: Tracked) -> dict[str, str]:
        rows = item.sent.get("dataValues") or []
        found = {each["dataElement"]: value if type(value) is str else _text(value)
                 for each in rows if (value := each.get("value")) is not None}  # fmt: skip
        if self.state.minor >= PAYLOAD_ALONE or item.existing is None:
            return found
        sent = {each["dataElement"] for each in rows}
        stored = texts(item.existing.get("dataValues") or {})
        return {**{uid: text for uid, text in stored.items() if uid not in sent}, **found}

    def _attributes(self, enrollment: Json | None) -> dict[str, str]:
        """Return the attributes of the enrolled entity; 2.40 and 2.41 see what is stored over what comes below it."""
        if enrollment is None:
            return {}
        entity = self._valid(TRACKED_ENTITY, enrollment["trackedEntity"])
        of_enrollment, of_entity = _sent_attributes(enrollment), _sent_attributes(entity.sent if entity else {})
        row = self.state.get("trackedEntities", enrollment["trackedEntity"]) or {}
        stored = texts(row.get("attributes") or {})
        if self.state.minor >= PAYLOAD_ALONE:
            return {**stored, **of_entity, **of_enrollment}
        return {**of_enrollment, **stored, **of_entity}

    def _history(self, enrollment: Any) -> list[Past]:
        """Return all events of an enrollment: as they are sent, and those that the payload does not bring."""
        sent = [item for item in self.bundle.below(EVENT, "enrollment", enrollment) if not item.errors]
        rows = self.state.found("events", value_of("enrollment"), enrollment) if enrollment else []
        others = [row for row in rows if not row["deleted"] and (EVENT, row["event"]) not in self.bundle.by_uid]
        return [_past(item.sent, item.existing, self._values(item)) for item in sent] + [
            _past(row, row, texts(row.get("dataValues") or {})) for row in others
        ]


def _past(event: Json, stored: Json | None, values: dict[str, str]) -> Past:
    date = event.get("occurredAt") or event.get("scheduledAt") or ""
    return Past(date, (stored or {}).get("createdAt") or NOT_ENTERED, event["programStage"], values)


def _sent_attributes(sent: Json) -> dict[str, str]:
    values = {each["attribute"]: each.get("value") for each in sent.get("attributes") or []}
    return {uid: _text(value) for uid, value in values.items() if value is not None}


def _text(value: Any) -> str:
    """Return a sent value as rules read it: an empty text is one, too."""
    return str(value).lower() if isinstance(value, bool) else str(value)
