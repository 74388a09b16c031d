"""Single objects: create, replace, delete, JSON Patch, and their collections of members."""

from __future__ import annotations

from typing import Any

from tpi_dhis2.sandbox.accounts import META_WRITE, Account
from tpi_dhis2.sandbox.metadata_delete import remove, take_out_of_sharing
from tpi_dhis2.sandbox.metadata_import import Options, items_of, validate
from tpi_dhis2.sandbox.metadata_read import find
from tpi_dhis2.sandbox.metadata_veto import check_foreign_keys, check_saved_lists, objection
from tpi_dhis2.sandbox.metadata_write import join_groups, link, store
from tpi_dhis2.sandbox.payload import check_content_type, check_shape, read_json
from tpi_dhis2.sandbox.properties import COMMON, OWNED
from tpi_dhis2.sandbox.reports import SEE_REPORT, Item, Problem, no_stats
from tpi_dhis2.sandbox.schema import REFERENCES, TYPES
from tpi_dhis2.sandbox.web import Json, Reply, Request, message, missing, refuse, wrong_method

GZIP_TEXT = "Illegal character ((CTRL-CHAR, code 31)): only regular white space is allowed between tokens"
NOT_AUTHORISED = "You don't have the proper permissions to {} this object."


def _object_reply(account: Account, status: int, item: Item) -> Reply:
    """Return the envelope of an object report."""
    klass = item.type.klass
    report: Json = {"uid": item.uid, "klass": klass, "responseType": "ObjectReportWebMessageResponse"}
    report["errorReports"] = [problem.report(klass, account.state.minor) for problem in item.problems]
    if item.problems:
        return message(409, SEE_REPORT, response=report)
    reply = message(status, "", response=report)
    return Reply(reply.status, reply.body, headers={"Location": f"/api/{item.type.plural}/{item.uid}"})


def _read(account: Account, plural: str, request: Request) -> Json:
    check_content_type(request)
    if request.body.startswith(b"\x1f\x8b"):
        raise refuse(409, GZIP_TEXT)
    body = read_json(request, 409)
    if not isinstance(body, dict):
        raise refuse(409, "No object in the body")
    check_shape(plural, body, account.state.minor)
    return body


def create(account: Account, plural: str, request: Request) -> Reply:
    """Answer POST /api/{type}."""
    options = Options(strategy="CREATE")
    item = items_of(account.state, {plural: [_read(account, plural, request)]}, options)[0]
    validate(account, [item], options)
    if not account.superuser and not item.problems:
        text = f"User is not allowed to create objects of type {item.label}."
        item.problems.append(Problem("E3000", text, "strategy", [account.username, item.label]))
    if not item.problems:
        store(account, item)
        if plural == "users" and account.state.minor == 41:
            item.sent = {**item.sent, "userGroups": None}
        link(account.state, [item])
    return _object_reply(account, 201, item)


def replace(account: Account, plural: str, uid: str, request: Request) -> Reply:
    """Answer PUT /api/{type}/{id}."""
    sent = {**_read(account, plural, request), "id": uid}
    if account.state.get(plural, uid) is None:
        raise missing(TYPES[plural].simple, uid)
    return _update(account, plural, sent)


def _update(account: Account, plural: str, sent: Json) -> Reply:
    options = Options(strategy="UPDATE")
    item = items_of(account.state, {plural: [sent]}, options)[0]
    validate(account, [item], options)
    stored_message = plural == "programRuleActions" and sent.get("templateUid")
    if stored_message and account.state.minor >= 42:
        raise refuse(409, "org.hibernate.TransientPropertyValueException: ProgramRuleAction.notificationTemplate")
    if not item.problems:
        store(account, item)
        link(account.state, [item])
    return _object_reply(account, 200, item)


def delete_object(account: Account, plural: str, uid: str) -> Reply:
    """Answer DELETE /api/{type}/{id}."""
    stored = account.state.get(plural, uid)
    if stored is None:
        raise missing(TYPES[plural].simple, uid)
    if not account.superuser and not (TYPES[plural].shared and account.may(stored, META_WRITE)):
        raise refuse(403, NOT_AUTHORISED.format("delete"), "E1006")
    found = objection(account.state, plural, uid, {(plural, uid)})
    if found:
        return _vetoed(account, Item(TYPES[plural], 0, stored, uid, problems=[found]))
    check_foreign_keys(account.state, {(plural, uid)})
    check_saved_lists(account.state, {(plural, uid)})
    in_set = plural == "options" and account.state.holders("optionSets", "options", uid)
    if in_set and account.state.minor == 40:
        raise refuse(409, "deleted object would be re-saved by cascade (remove deleted object from associations)")
    if not (in_set and account.state.minor in (41, 42)):
        remove(account.state, plural, uid)
    if plural == "userGroups":
        take_out_of_sharing(account.state, uid)
    return _object_reply(account, 200, Item(TYPES[plural], 0, stored, uid))


def _vetoed(account: Account, item: Item) -> Reply:
    """Return the refusal to delete what something else needs."""
    reply = _object_reply(account, 409, item)
    return Reply(409, {**reply.body, "status": "WARNING"})


def patch(account: Account, plural: str, uid: str, request: Request) -> Reply:
    """Answer PATCH /api/{type}/{id} with a JSON Patch."""
    old = account.state.minor == 40
    kind = request.headers.get("content-type", "").split(";")[0]
    if old and kind == "application/json":
        stored = find(account, plural, uid).stored
        _update(account, plural, {**stored, **_read(account, plural, request)})
        return Reply(204, text="")
    check_content_type(request, patch=True)
    operations = read_json(request, 400)
    broken = 400 if account.state.minor >= 43 else 500
    if not isinstance(operations, list):
        raise refuse(broken, "Cannot deserialize value of type `JsonPatch`")
    stored = find(account, plural, uid).stored
    if stored.get("templateUid") and account.state.minor >= 42:
        raise refuse(500, 'Cannot invoke "ProgramRule.getProgram()" because "rule" is null')
    changed: Json = dict(stored)
    if plural == "userGroups":
        changed["users"] = stored.get("users") or []
    if plural == "programs":
        changed["programStages"] = [
            {"id": each.stored["id"]} for each in find(account, plural, uid).value("programStages")
        ]
    for operation in operations:
        changed = _apply(changed, plural, operation, broken)
    return _update(account, plural, changed)


def _apply(target: Json, plural: str, operation: Json, broken: int) -> Json:
    """Return the object with one operation done."""
    kind, path = operation.get("op"), str(operation.get("path", "")).strip("/").split("/")
    if kind not in ("add", "replace", "remove", "remove-by-id"):
        raise refuse(broken, f"Could not resolve type id '{kind}' as a subtype of `JsonPatchOperation`")
    if path[0] not in OWNED[plural] and path[0] not in COMMON:
        raise refuse(400, f"Property {path[0]} does not exist on Schema")
    found = _edit(target, path, kind, operation)
    return dict(found)


def _edit(target: Any, path: list[str], kind: str, operation: Json) -> Any:
    """Return a copy of a value with the operation done at the path."""
    head, rest = path[0], path[1:]
    if rest and not (rest == ["-"] or isinstance(target.get(head), list)):
        return {**target, head: _edit(target.get(head) or {}, rest, kind, operation)}
    if rest:
        return {**target, head: _edit_list(list(target.get(head) or []), rest[0], kind, operation.get("value"))}
    if kind == "remove-by-id":
        return {**target, head: [each for each in target.get(head) or [] if each.get("id") != operation.get("id")]}
    if kind == "remove":
        return {name: value for name, value in target.items() if name != head}
    return {**target, head: operation.get("value")}


def _edit_list(values: list[Any], place: str, kind: str, value: Any) -> list[Any]:
    if place == "-":
        return [*values, value]
    index = int(place)
    return values[:index] + ([] if kind == "remove" else [value]) + values[index + (kind != "add") :]


def change_collection(account: Account, plural: str, uid: str, name: str, request: Request) -> Reply:
    """Answer POST and PUT /api/{type}/{id}/{collection}."""
    body = read_json(request, 400) or {}

    def ids(key: str) -> list[str]:
        return [each["id"] for each in body.get(key) or []]

    before = _members(account, plural, uid, name)
    if request.method == "PUT":
        wanted = ids("identifiableObjects")
        return _set_members(account, plural, uid, name, [*ids("additions"), *wanted],
                            [each for each in before if each not in wanted])  # fmt: skip
    return _set_members(account, plural, uid, name, ids("additions") + ids("identifiableObjects"), ids("deletions"))


def change_member(account: Account, plural: str, uid: str, name: str, member: str, method: str) -> Reply:
    """Answer POST and DELETE /api/{type}/{id}/{collection}/{itemId}."""
    if method not in ("POST", "PUT", "DELETE"):
        raise wrong_method(method)
    deleting = method == "DELETE"
    return _set_members(account, plural, uid, name, [] if deleting else [member], [member] if deleting else [])


def _members(account: Account, plural: str, uid: str, name: str) -> list[str]:
    value = find(account, plural, uid).value(name)
    if name not in REFERENCES or not isinstance(value, list | None):
        raise refuse(409, f"Property {name} is not a collection")
    found = [each if isinstance(each, dict) else each.stored for each in value or []]
    return [each["id"] for each in found]


def _set_members(
    account: Account, plural: str, uid: str, name: str, additions: list[str], deletions: list[str]
) -> Reply:
    """Add and remove members, count them, and leave everything else of the owner alone."""
    state, before = account.state, _members(account, plural, uid, name)
    if not account.superuser and not account.may(state.get(plural, uid), META_WRITE):
        raise refuse(403, NOT_AUTHORISED.format("update"), "E1006")
    known = [each for each in additions if state.get(REFERENCES[name], each)]
    new = list(dict.fromkeys(each for each in known if each not in before))
    gone = [each for each in deletions if each in before]
    stats = no_stats() | {"updated": len(new), "deleted": len(gone), "ignored": len(known) - len(new)}
    stats["total"] = sum(stats.values())
    after = [each for each in [*before, *new] if each not in gone]
    if (plural, name) == ("users", "userGroups"):
        join_groups(state, uid, after)
    elif new or gone:
        state.change(plural, uid, **{name: [{"id": each} for each in after]})
    report = {"status": "OK", "stats": stats, "objectReports": [], "responseType": "TypeReportWebMessageResponse"}
    return message(200, "", response=report)


def set_sharing(account: Account, plural: str, uid: str, request: Request) -> Reply:
    """Answer PUT /api/{type}/{id}/sharing."""
    thing, body = find(account, plural, uid), read_json(request, 400) or {}
    owner = (thing.stored.get("sharing") or {}).get("owner")
    sharing = {"owner": owner, "external": False, "users": {}, "userGroups": {}, **body}
    account.state.change(plural, uid, sharing=sharing)
    return Reply(204, text="")
