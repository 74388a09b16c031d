"""Sharing as 2.40 tells it beside the object ``sharing``: one property for each part of it."""

from __future__ import annotations

from tpi_dhis2.sandbox.web import Json


def accesses(sharing: Json) -> Json:
    """Return the parts of a sharing as properties of their own; publicAccess only where there is one."""
    found: Json = {
        "externalAccess": bool(sharing.get("external")),
        "userAccesses": _listed(sharing.get("users") or {}, "userUid"),
        "userGroupAccesses": _listed(sharing.get("userGroups") or {}, "userGroupUid"),
    }
    return {**found, "publicAccess": sharing["public"]} if sharing.get("public") else found


def _listed(given: Json, name: str) -> list[Json]:
    return [{**each, name: uid, "id": uid} for uid, each in given.items()]
