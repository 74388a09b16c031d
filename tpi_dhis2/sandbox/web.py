"""Requests and replies as the rooms of the sandbox see them, and the envelope of DHIS2's web messages."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

Json = dict[str, Any]

NOT_FOUND_PAGE = (
    '<!doctype html><html lang="en"><head><title>HTTP Status 404 - Not Found</title></head>'
    "<body><h1>HTTP Status 404 - Not Found</h1></body></html>"
)


@dataclass(frozen=True)
class Reply:
    """An answer: a JSON value, or a text of another content type."""

    status: int
    body: Any = None
    text: str | None = None
    content_type: str = "application/json;charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)

    def payload(self) -> bytes:
        """Return the bytes to send."""
        if self.text is not None:
            return self.text.encode()
        return b"" if self.body is None else json.dumps(self.body, separators=(",", ":")).encode()


class RefusalError(Exception):
    """A request that ends here with a reply; nothing it did is kept, unless the server is known to keep it."""

    keep = False

    def __init__(self, reply: Reply):
        super().__init__(reply.status)
        self.reply = reply


@dataclass
class Request:
    """A request: path without /api, query pairs in their order, headers in lower case."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    base_url: str
    address: str = "127.0.0.1"
    #: Whether nobody but this machine can ask.
    local: bool = True

    @property
    def parts(self) -> list[str]:
        """Return the segments of the path."""
        return [part for part in self.path.split("/") if part]

    def one(self, name: str, default: str | None = None) -> str | None:
        """Return the last value of a parameter; an empty one counts as absent."""
        values = [value for key, value in self.query if key == name and value != ""]
        return values[-1] if values else default

    def many(self, name: str) -> list[str]:
        """Return all values of a repeated parameter."""
        return [value for key, value in self.query if key == name and value != ""]

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a parameter as a boolean."""
        value = self.one(name)
        return default if value is None else value.lower() == "true"


def message(status: int, text: str, code: str | None = None, *, response: Json | None = None) -> Reply:
    """Return DHIS2's web message."""
    level = "OK" if status < HTTPStatus.BAD_REQUEST else "ERROR"
    body: Json = {"httpStatus": HTTPStatus(status).phrase, "httpStatusCode": status, "status": level}
    if text:
        body["message"] = text
    if response is not None:
        body["response"] = response
    if code:
        body["errorCode"] = code
    return Reply(status, body)


def refuse(status: int, text: str, code: str | None = None) -> RefusalError:
    """Return the exception for a web message."""
    return RefusalError(message(status, text, code))


def bad_parameter(text: str) -> RefusalError:
    """Return the exception for a 400 with E1003."""
    return refuse(HTTPStatus.BAD_REQUEST, text, "E1003")


def missing(name: str, uid: str) -> RefusalError:
    """Return the exception for an object that does not exist."""
    return refuse(HTTPStatus.NOT_FOUND, f"{name} with id {uid} could not be found.", "E1005")


def not_found_page() -> Reply:
    """Return the container's page for a path that does not exist."""
    return Reply(HTTPStatus.NOT_FOUND, text=NOT_FOUND_PAGE, content_type="text/html;charset=utf-8")


def wrong_method(method: str) -> RefusalError:
    """Return the exception for a method that a path does not take."""
    return refuse(HTTPStatus.METHOD_NOT_ALLOWED, f"Request method '{method}' is not supported")
