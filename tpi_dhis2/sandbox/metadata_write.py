"""Storing metadata objects: an update replaces all that the object owns."""

from __future__ import annotations

from typing import Any

from tpi_dhis2.sandbox.accounts import Account, hash_password
from tpi_dhis2.sandbox.defaults import defaults, inner_defaults
from tpi_dhis2.sandbox.fresh import COMBO
from tpi_dhis2.sandbox.ids import full_date, new_uid
from tpi_dhis2.sandbox.metadata_delete import remove
from tpi_dhis2.sandbox.metadata_views import store_drawing, store_filters
from tpi_dhis2.sandbox.properties import OWNED
from tpi_dhis2.sandbox.reports import Item
from tpi_dhis2.sandbox.schema import CHILDREN, DATES, FLOATS, REFERENCES
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.thing import user_reference
from tpi_dhis2.sandbox.web import Json

NO_BACK_REFERENCE = {("options", "optionSet"), ("programRuleActions", "programRule"),
                     ("programStageSections", "programStage")}  # fmt: skip
#: Types of which the server does not know who made an object.
NO_CREATOR = frozenset({
    "indicatorTypes", "organisationUnitLevels", "programNotificationTemplates", "programRuleActions",
    "programRuleVariables", "programRules", "programSections", "programStageSections",
})  # fmt: skip
PUBLIC, PRIVATE = "rw------", "--------"


def store(account: Account, item: Item, *, skip_sharing: bool = False, skip_translation: bool = False) -> Json:
    """Store an object in place of the one before, and return it."""
    state, plural, before = account.state, item.type.plural, item.existing or {}
    now, me = state.now(), user_reference(account.user)
    sent = {name: value for name, value in item.sent.items() if name in OWNED[plural] and value is not None}
    new: Json = {**_common(item, now, me), **defaults(plural, state.minor), **sent}
    new["translations"] = list(item.sent.get("translations") or [])
    if skip_translation and item.existing:
        new["translations"] = before.get("translations") or []
    if item.type.shared:
        new["sharing"] = _sharing(account, item, skip=skip_sharing)
    _normalise(plural, new, now, state.minor)
    _of_its_type(state, plural, new, item)
    state.put(plural, item.uid, new)
    return new


def _common(item: Item, now: str, me: Json | None) -> Json:
    before = item.existing or {}
    found = {"id": item.uid, "created": before.get("created") or now, "lastUpdated": now}
    found |= {name: item.sent[name] for name in ("code", "name") if item.sent.get(name) not in (None, "")}
    found["createdBy"] = before.get("createdBy") or me
    values = item.sent.get("attributeValues") or []
    return {**found, "lastUpdatedBy": me, "attributeValues": values}


def _sharing(account: Account, item: Item, *, skip: bool) -> Json:
    """Return the sharing: as sent, kept when skipped, public when nothing was sent."""
    before = (item.existing or {}).get("sharing")
    owner = (before or {}).get("owner") or account.uid
    if skip and before:
        return dict(before)
    sent = None if skip else item.sent.get("sharing")
    public = PRIVATE if skip else (PUBLIC if sent is None else sent.get("public"))
    sent = sent or {}
    found = {"owner": sent.get("owner") or owner, "external": False, "users": sent.get("users") or {},
             "userGroups": sent.get("userGroups") or {}}  # fmt: skip
    return {**found, "public": public} if public is not None else found


def _normalise(plural: str, new: Json, now: str, minor: int) -> None:
    """Write references, dates, numbers and children in the server's form."""
    for name in list(new):
        if name in REFERENCES and name != "attribute":
            new[name] = _bare(new[name])
        if name in DATES and isinstance(new[name], str):
            new[name] = full_date(new[name]) or new[name]
    for name in FLOATS.get(plural, ()):
        new[name] = float(new[name])
    for name in CHILDREN.get(plural, ()):
        common = {"created": now, "lastUpdated": now, "translations": [], **inner_defaults(name, minor)}
        new[name] = [_child(each, plural, new["id"], common) for each in new.get(name) or []]
    for back in [name for owner, name in NO_BACK_REFERENCE if owner == plural]:
        new.pop(back, None)


def _bare(value: Any) -> Any:
    if isinstance(value, list):
        unique = {each["id"]: {"id": each["id"]} for each in value if isinstance(each, dict) and "id" in each}
        return list(unique.values()) if unique or not value else value
    return {"id": value["id"]} if isinstance(value, dict) and "id" in value else value


def _child(sent: Json, plural: str, owner: str, common: Json) -> Json:
    """Return an object that lives inside of another, with an identifier of its own."""
    child: Json = {"id": sent.get("id") or new_uid(), **common}
    child |= {name: _bare(value) if name in REFERENCES else value for name, value in sent.items()}
    if plural in ("programs", "programStages", "trackedEntityTypes"):
        child[plural[:-1]] = {"id": owner}
    return child


def _of_its_type(state: State, plural: str, new: Json, item: Item) -> None:
    before = item.existing
    if plural in ("programs", "dataElements") and not new.get("categoryCombo"):
        new["categoryCombo"] = {"id": COMBO}
    if plural == "programs":
        new["version"] = _next_version(before, new)
        new.pop("programStages", None)
        new.pop("programSections", None)
    if plural == "optionSets":
        new["version"] = _next_version(before, new)
    for name in _not_kept(plural, state.minor):
        new.pop(name, None)
    if plural == "programIndicators" and state.minor >= 42:
        new.setdefault("categoryCombo", {"id": COMBO})
        new.setdefault("attributeCombo", {"id": COMBO})
    if plural == "users":
        _store_user(state, new)
    store_drawing(state, plural, new)
    store_filters(new)


def _not_kept(plural: str, minor: int) -> tuple[str, ...]:
    """Return the properties that the server takes and forgets."""
    if plural == "trackedEntityTypes" and minor < 42:
        return ("shortName",)
    if plural in NO_CREATOR:
        return ("createdBy",)
    return {"eventFilters": ("code",), "options": ("createdBy", "lastUpdatedBy")}.get(plural, ())


def _next_version(before: Json | None, new: Json) -> int:
    """Return the version that an update leaves: one above what was sent, never below what was stored."""
    sent = int(new.get("version") or 0)
    return max(int(before["version"]), sent + 1) if before else sent


def _store_user(state: State, new: Json) -> None:
    """Keep the password apart, hashed, and let the groups know their member."""
    password = new.pop("password", None)
    new.pop("userGroups", None)
    if password is not None:
        state.put("passwords", new["username"], hash_password(str(password)))


#: Lists of which an entry that an update leaves out is deleted (``delete-orphan`` in the server's mappings).
ORPHANS = {
    "programRules": ("programRuleActions",),
    "programStages": ("programStageSections", "notificationTemplates"),
    "programs": ("notificationTemplates",),
}


def link(state: State, items: list[Item]) -> None:
    """Bring the other sides of references in line after all objects are stored."""
    for item in [each for each in items if each.existing]:
        _delete_orphans(state, item)
        if item.type.plural == "programs":
            _release_stages(state, item)
    sets = {item.uid for item in items if item.type.plural == "optionSets"}
    for item in items:
        if item.type.plural == "optionSets":
            _number_options(state, item.uid)
        elif item.type.plural == "options":
            _join_set(state, item, sets)
        elif item.type.plural == "users" and item.sent.get("userGroups") is not None:
            join_groups(state, item.uid, [ref["id"] for ref in item.sent["userGroups"]])


def _delete_orphans(state: State, item: Item) -> None:
    """Delete what an updated object no longer lists, and nothing else does."""
    for name in ORPHANS.get(item.type.plural, ()):
        left = {each["id"] for each in state.get(item.type.plural, item.uid).get(name) or []}
        for each in (item.existing or {}).get(name) or []:
            held = any(state.holders(owner, name, each["id"]) for owner in ORPHANS if name in ORPHANS[owner])
            if each["id"] not in left and not held:
                remove(state, REFERENCES[name], each["id"])


def _release_stages(state: State, item: Item) -> None:
    """Take the program from the stages that it no longer lists: the column is written by the list, too."""
    listed = {each["id"] for each in item.sent.get("programStages") or []}
    for uid, stage in list(state.table("programStages").items()):
        if (stage.get("program") or {}).get("id") == item.uid and uid not in listed:
            state.change("programStages", uid, program=None)


def _number_options(state: State, uid: str) -> None:
    """Give the options of a set their place as sort order, as 2.41 and later do."""
    if state.minor == 40:
        return
    for place, reference in enumerate(state.get("optionSets", uid).get("options") or []):
        if state.get("options", reference["id"]):
            state.change("options", reference["id"], sortOrder=place)


def _join_set(state: State, item: Item, sets: set[str]) -> None:
    """Put an option at the end of the set it names, unless the bundle's own list of that set leaves it out."""
    uid = (item.sent.get("optionSet") or {}).get("id")
    owner = state.get("optionSets", uid)
    if owner is None or uid in sets or any(ref["id"] == item.uid for ref in owner.get("options") or []):
        return
    options = [*(owner.get("options") or []), {"id": item.uid}]
    state.change("optionSets", uid, options=options, version=int(owner["version"]) + 1)
    if state.minor == 40:
        state.change("options", item.uid, sortOrder=len(options))


def join_groups(state: State, user: str, groups: list[str]) -> None:
    """Make a user a member of exactly these groups."""
    for uid, group in list(state.table("userGroups").items()):
        others = [ref for ref in group.get("users") or [] if ref["id"] != user]
        users = [*others, {"id": user}] if uid in groups else others
        if len(users) != len(group.get("users") or []):
            state.change("userGroups", uid, users=users)
