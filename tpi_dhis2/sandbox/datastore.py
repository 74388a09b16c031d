"""The data store: JSON values by namespace and key."""

from __future__ import annotations

import json
from typing import Any

from tpi_dhis2.sandbox.accounts import Account
from tpi_dhis2.sandbox.ids import new_uid
from tpi_dhis2.sandbox.legacy import accesses
from tpi_dhis2.sandbox.thing import user_reference
from tpi_dhis2.sandbox.web import Json, Reply, Request, message, refuse, wrong_method

SEPARATOR = "\n"


def datastore(account: Account, parts: list[str], request: Request) -> Reply:
    """Answer /api/dataStore[/{namespace}[/{key}[/metaData]]]."""
    if not parts:
        return Reply(200, sorted({name.split(SEPARATOR)[0] for name in account.state.table("dataStore")}))
    if len(parts) == 1:
        return _namespace(account, parts[0], request)
    return _entry(account, parts, request)


def _keys(account: Account, namespace: str) -> list[str]:
    names = [name.split(SEPARATOR) for name in account.state.table("dataStore")]
    return sorted(key for owner, key in names if owner == namespace)


def _namespace(account: Account, namespace: str, request: Request) -> Reply:
    keys = _keys(account, namespace)
    if request.method == "GET" and request.many("fields"):
        entries = [_projected(account, namespace, key, request) for key in keys]
        return Reply(200, {"pager": {"page": 1, "pageSize": 50}, "entries": [each for each in entries if each]})
    if not keys:
        raise refuse(404, f"Namespace not found: '{namespace}'", "E1005")
    if request.method == "DELETE":
        for key in keys:
            account.state.drop("dataStore", namespace + SEPARATOR + key)
        return message(200, f"Namespace deleted: '{namespace}'")
    if request.method != "GET":
        raise wrong_method(request.method)
    return Reply(200, keys)


def _projected(account: Account, namespace: str, key: str, request: Request) -> Json | None:
    """Return an entry with the wanted parts of its value; None when it has none of them."""
    value = account.state.get("dataStore", namespace + SEPARATOR + key)["value"]
    fields = ",".join(request.many("fields"))
    if fields == ".":
        return {"key": key, "value": value}
    found: Json = {}
    for path in fields.split(","):
        names = path.split(".")
        inner: Any = value
        for name in names:
            inner = inner.get(name) if isinstance(inner, dict) else None
        if inner is not None:
            for name in reversed(names):
                inner = {name: inner}
            found |= inner
    return {"key": key, **found} if found else None


def _entry(account: Account, parts: list[str], request: Request) -> Reply:
    namespace, key = parts[:2]
    name = namespace + SEPARATOR + key
    stored = account.state.get("dataStore", name)
    if request.method in ("POST", "PUT"):
        return _write(account, namespace, key, stored, request)
    if stored is None:
        raise refuse(404, f"Key '{key}' not found in namespace '{namespace}'", "E1005")
    if request.method == "DELETE":
        account.state.drop("dataStore", name)
        return message(200, f"Key '{key}' deleted from namespace '{namespace}'")
    if len(parts) > 2:
        return Reply(200, _described(account, namespace, key, stored))
    return Reply(200, stored["value"])


def _described(account: Account, namespace: str, key: str, stored: Json) -> Json:
    """Return what the server knows of an entry beside its value."""
    names = ("manage", "externalize", "write", "read", "update", "delete")
    outer = {"external": False} if account.state.minor < 43 else {}
    rights = dict.fromkeys([name for name in names if outer or name != "externalize"], True)
    owner = (stored["createdBy"] or {}).get("id")
    sharing: Json = {"owner": owner, **outer, "users": {}, "userGroups": {}, "public": "rw------"}
    found = {"key": key, "namespace": namespace, **{name: each for name, each in stored.items() if name != "value"}}
    return found | (accesses(sharing) if account.state.minor == 40 else {}) | {
        "access": rights, "sharing": sharing, "user": stored["createdBy"], "favorite": False, "favorites": [],
        "translations": [], "attributeValues": [],
    }  # fmt: skip


def _write(account: Account, namespace: str, key: str, stored: Json | None, request: Request) -> Reply:
    try:
        value = json.loads(request.body)
    except ValueError:
        raise refuse(400, f"Invalid JSON value for key '{key}'", "E1003") from None
    if stored is not None and request.method == "POST":
        raise refuse(409, f"Key '{key}' already exists in namespace '{namespace}'", "E1004")
    state, me = account.state, user_reference(account.user)
    now = state.now()
    created = stored or {"id": new_uid(), "created": now, "createdBy": me}
    entry = {**created, "lastUpdated": now, "lastUpdatedBy": me, "value": value}
    state.put("dataStore", namespace + SEPARATOR + key, entry)
    if stored is None:
        return message(201, f"Key created: '{key}'")
    return message(200, f"Key updated: '{key}'")
