"""How an answer differs from the recorded one: in status, codes, counts, identifiers or shape."""

from __future__ import annotations

import re
from typing import Any

import requests

from tests.contract.recordings import Exchange
from tests.contract.shape import Rules

#: An answer to this has the identifiers of jobs for keys.
JOBS = re.compile(r"/api/system/tasks/[A-Z_]+")
#: Where the warnings of a tracker import stand.
WARNINGS = "validationReport.warningReports"
IDENTITIES = ("event", "enrollment", "trackedEntity", "relationship", "id", "attribute", "dataElement", "key", "name")


def essence(body: Any) -> dict[str, Any]:
    """Return what clients rely on in a JSON body: statuses, counts, error codes, identifiers of lists."""
    if isinstance(body, list):
        return {"list": True}
    if not isinstance(body, dict):
        return {}
    report = body.get("response") if isinstance(body.get("response"), dict) else body
    found: dict[str, Any] = {"status": body.get("status"), "report": report.get("status")}
    found["code"] = body.get("errorCode")
    if isinstance(report.get("stats"), dict):
        found["stats"] = report["stats"]
    found["errors"] = sorted(_metadata_errors(report) + _tracker_errors(body))
    found |= _lists(body)
    return found


def _metadata_errors(report: dict[str, Any]) -> list[str]:
    objects = [each for kind in report.get("typeReports") or [] for each in kind.get("objectReports") or []]
    objects += [report] if report.get("errorReports") else []
    return [f"{error['errorCode']} {each.get('uid')}" for each in objects for error in each.get("errorReports") or []]


def _tracker_errors(body: dict[str, Any]) -> list[str]:
    report = body.get("validationReport") or {}
    found = [f"{each['errorCode']} {each['trackerType']} {each['uid']}" for each in report.get("errorReports") or []]
    return sorted(set(found))


def warnings(body: Any) -> list[str]:
    """Return the codes of warnings of a tracker import, and what they are about."""
    report = body.get("validationReport") or {} if isinstance(body, dict) else {}
    return sorted(
        f"{each['warningCode']} {each['trackerType']} {each['uid']}" for each in report.get("warningReports") or []
    )


def _lists(body: dict[str, Any]) -> dict[str, Any]:
    """Return the identifiers of each list of objects, and of a single object what tells it apart."""
    found: dict[str, Any] = {}
    for key, value in body.items():
        if isinstance(value, list) and value and isinstance(value[0], dict) and "completed" in value[0]:
            found[key] = "notifications"
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            found[key] = sorted(str(_identity(each)) for each in value)
        elif value == [] and key not in ("favorites", "translations"):
            found[key] = []
    pager = body.get("pager")
    if isinstance(pager, dict):
        found["pager"] = {name: pager.get(name) for name in ("page", "pageSize", "total", "pageCount")}
    for key in ("id", "trackedEntity", "enrollment", "event", "version", "code", "name"):
        if isinstance(body.get(key), str | int):
            found[key] = body[key]
    return found


def _identity(each: dict[str, Any]) -> Any:
    for key in IDENTITIES:
        if each.get(key) is not None:
            return each[key].get("id") if isinstance(each[key], dict) else each[key]
    return len(each)


def difference(exchange: Exchange, expected: Any, response: requests.Response, rules: Rules) -> str | None:
    """Return how an answer differs from the recorded one, or None; ``expected`` is the recorded body."""
    recorded = exchange.response
    if response.status_code != recorded["status"]:
        return f"status {response.status_code}, recorded {recorded['status']}: {response.text[:300]}"
    if not isinstance(recorded["body"], dict | list):
        return None
    try:
        played = response.json()
    except ValueError:
        return f"no JSON: {response.text[:100]}"
    address = exchange.request["path"]
    if JOBS.fullmatch(address):
        expected, played = list(expected.values()), list(played.values())
    old, new = essence(expected), essence(played)
    for key in sorted(set(old) | set(new)):
        if (old.get(key) or None) != (new.get(key) or None):
            return f"{key}: {new.get(key)!r}, recorded {old.get(key)!r}"[:400]
    told, said = warnings(expected), warnings(played)
    if told != said and not rules.excepted(address, WARNINGS):
        return f"warnings: {said}, recorded {told}"[:400]
    return rules.difference(address, expected, played)
