"""From a path to the room that answers it."""

from __future__ import annotations

import re
from collections.abc import Callable

from tpi_dhis2.sandbox import (
    analytics,
    jobs,
    objects,
    pages,
    system,
    tokens,
    tracker_export,
    tracker_find,
    tracker_import,
)
from tpi_dhis2.sandbox.accounts import Account, authenticate
from tpi_dhis2.sandbox.datastore import datastore
from tpi_dhis2.sandbox.import_jobs import post_metadata
from tpi_dhis2.sandbox.maintenance import maintenance
from tpi_dhis2.sandbox.me import me
from tpi_dhis2.sandbox.metadata_read import export, read_list, read_one, read_property
from tpi_dhis2.sandbox.schema import TYPES
from tpi_dhis2.sandbox.schemas import schemas
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.web import Reply, Request, not_found_page, wrong_method

Handler = Callable[[Account, list[str], Request], Reply]
PREFIX = re.compile(r"^/api(/(2[89]|3\d|4[0-3]))?(?=/|$)")
JSON_TYPES = ("*/*", "application/json", "application/*", "text/javascript")
NOT_ACCEPTABLE = 406


def answer(state: State, request: Request) -> Reply:
    """Answer a request."""
    if not PREFIX.match(request.path):
        return pages.answer(state, request)
    request.path = PREFIX.sub("", request.path).removesuffix(".json")
    if request.path == "/ping" and state.minor >= 42:
        return Reply(200, text="")
    account = authenticate(state, request)
    if not _acceptable(request):
        return Reply(NOT_ACCEPTABLE, text="<h1>HTTP Status 406 - Not Acceptable</h1>", content_type="text/html")
    return _route(account, request)


def _acceptable(request: Request) -> bool:
    kinds = [kind.split(";")[0].strip() for kind in request.headers.get("accept", "*/*").split(",")]
    return request.method != "GET" or request.path == "/system/ping" or any(kind in JSON_TYPES for kind in kinds)


def _route(account: Account, request: Request) -> Reply:
    parts = request.parts
    if not parts:
        return not_found_page()
    if parts[0] in TYPES:
        return _objects(account, parts, request)
    handler = ROOMS.get(parts[0])
    return handler(account, parts[1:], request) if handler else not_found_page()


def _objects(account: Account, parts: list[str], request: Request) -> Reply:
    """Answer /api/{type}[/{id}[/{property}[/{itemId}]]]."""
    plural, rest = parts[0], parts[1:]
    by_length: dict[int, Callable[[], Reply]] = {
        0: lambda: _collection(account, plural, request),
        1: lambda: _single(account, plural, rest[0], request),
        2: lambda: _property(account, plural, rest, request),
        3: lambda: objects.change_member(account, plural, rest[0], rest[1], rest[2], request.method),
    }
    return by_length[len(rest)]() if len(rest) in by_length else not_found_page()


def _collection(account: Account, plural: str, request: Request) -> Reply:
    if request.method == "GET":
        return read_list(account, plural, request)
    if request.method == "POST":
        return objects.create(account, plural, request)
    raise wrong_method(request.method)


def _single(account: Account, plural: str, uid: str, request: Request) -> Reply:
    actions: dict[str, Callable[[], Reply]] = {
        "GET": lambda: read_one(account, plural, uid, request),
        "PUT": lambda: objects.replace(account, plural, uid, request),
        "PATCH": lambda: objects.patch(account, plural, uid, request),
        "DELETE": lambda: objects.delete_object(account, plural, uid),
    }
    if request.method not in actions:
        raise wrong_method(request.method)
    return actions[request.method]()


def _property(account: Account, plural: str, rest: list[str], request: Request) -> Reply:
    if request.method == "GET":
        return read_property(account, plural, rest[0], rest[1], request)
    if rest[1] == "sharing" and request.method == "PUT":
        return objects.set_sharing(account, plural, rest[0], request)
    if request.method in ("POST", "PUT"):
        return objects.change_collection(account, plural, rest[0], rest[1], request)
    raise wrong_method(request.method)


def _system(account: Account, parts: list[str], request: Request) -> Reply:
    if request.method != "GET":
        raise wrong_method(request.method)
    answers: dict[str, Callable[[], Reply]] = {
        "info": lambda: system.info(account, request),
        "ping": lambda: Reply(200, text="pong", content_type="text/plain"),
        "id": lambda: system.generate_ids(request),
        "tasks": lambda: jobs.tasks(account.state, parts[1:]),
        "taskSummaries": lambda: jobs.task_summary(account.state, parts[1:]),
    }
    return answers[parts[0]]() if parts and parts[0] in answers else not_found_page()


def _metadata(account: Account, parts: list[str], request: Request) -> Reply:
    if parts:
        return not_found_page()
    if request.method == "POST":
        return post_metadata(account, request)
    if request.method == "GET":
        return export(account, request)
    raise wrong_method(request.method)


def _tracker(account: Account, parts: list[str], request: Request) -> Reply:
    if request.method == "POST" and not parts:
        return tracker_import.post_tracker(account, request)
    if request.method == "GET" and parts:
        return tracker_export.read(account, parts, request)
    if request.method == "POST" and parts[0] in ("enrollments", "events") and parts[2:] == ["note"]:
        return tracker_import.post_note(account, parts, request) if account.state.minor >= 42 else not_found_page()
    if parts and parts[0] not in tracker_find.KINDS:
        return not_found_page()
    raise wrong_method(request.method)


def _tokens(account: Account, parts: list[str], request: Request) -> Reply:
    return tokens.tokens(account, parts, request)


def _token_alias(account: Account, parts: list[str], request: Request) -> Reply:
    return tokens.tokens(account, parts, request) if account.state.minor > 40 else not_found_page()


ROOMS: dict[str, Handler] = {
    "system": _system,
    "me": me,
    "analytics": analytics.query,
    "resourceTables": analytics.build,
    "metadata": _metadata,
    "tracker": _tracker,
    "dataStore": datastore,
    "apiToken": _tokens,
    "apiTokens": _token_alias,
    "maintenance": maintenance,
    "systemSettings": system.settings,
    "schemas": schemas,
    "configuration": system.configuration,
    "ping": lambda _account, _parts, _request: Reply(200, text=""),
}
