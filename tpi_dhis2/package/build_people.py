"""User roles, and the messages that DHIS2 sends about cycles and planned events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tpi_dhis2.package.base import PREFIX, code_of
from tpi_dhis2.package.build_rules import Ref
from tpi_dhis2.package.people import NAMED, NotificationSource, RoleSource

if TYPE_CHECKING:
    from tpi_dhis2.package.sources import Sources

Json = dict[str, Any]

_TRIGGERS = {"began": "ENROLLMENT", "completed": "COMPLETION", "due": "SCHEDULED_DAYS_DUE_DATE"}
#: People who give roles to others see them; nobody may widen one, since a role with all rights would be the reward.
_SEEN = {"external": False, "public": "r-------", "users": {}, "userGroups": {}}


class PeopleBuilder:
    """Builds both types of objects; ``ref`` gives the reference to an object by type and code."""

    def __init__(self, sources: Sources, ref: Ref) -> None:
        self.sources = sources
        self.ref = ref

    def roles(self) -> list[Json]:
        """The user roles."""
        return [self._role(code, role) for code, role in self.sources.roles.items()]

    def templates(self) -> list[Json]:
        """The messages, as DHIS2 calls them program notification templates."""
        return [self._template(one) for one in self.sources.notifications]

    def listed(self, stage: str | None) -> list[Json]:
        """References to the messages of a stage, or of the cycle."""
        return [self._reference(one) for one in self.sources.notifications if one.at == stage]

    def _role(self, code: str, role: RoleSource) -> Json:
        return {
            **self.ref("userRoles", code),
            "code": code,
            "name": role.name,
            "description": role.description,
            "authorities": list(role.authorities),
            "sharing": _SEEN,
        }

    def _reference(self, one: NotificationSource) -> Json:
        return self.ref("programNotificationTemplates", _code(one))

    def _template(self, one: NotificationSource) -> Json:
        built = {
            **self._reference(one),
            "code": _code(one),
            "name": f"{PREFIX} - {one.name}",
            "subjectTemplate": self._text(one.subject),
            "messageTemplate": self._text(one.message),
            "notificationTrigger": _TRIGGERS[one.when],
            "notificationRecipient": "USER_GROUP",
            "recipientUserGroup": self.ref("userGroups", one.to),
            "notifyUsersInHierarchyOnly": True,
            "deliveryChannels": [],
            "sendRepeatable": False,
        }
        return built | ({} if one.days is None else {"relativeScheduledDays": one.days})

    def _text(self, text: str) -> str:
        """A text with the UIDs of the attributes that it names."""
        return NAMED.sub(lambda match: f"A{{{self._attribute(match[1])}}}", text)

    def _attribute(self, key: str) -> str:
        return str(self.ref("trackedEntityAttributes", code_of(key))["id"])


def _code(one: NotificationSource) -> str:
    return code_of(f"note_{one.key}")
