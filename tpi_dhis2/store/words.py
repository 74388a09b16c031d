"""Texts as every database takes them: PostgreSQL knows no NUL character, and half a surrogate pair is none at all.

DHIS2 stands on PostgreSQL itself, so neither ever comes from a server as a value: what is left out here could not have
been sent either.
"""

from __future__ import annotations

import json
from typing import Any

import orjson
from sqlalchemy import Dialect, String, Text, TypeDecorator


def clean(text: str) -> str:
    """The text without NUL characters, and with question marks for what is no character."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def as_json(value: Any) -> str:
    """A value as JSON, with every text in it clean."""
    if value == {}:
        return "{}"
    try:
        text = orjson.dumps(value)
    except TypeError:  # half a surrogate pair, or a number of more than 64 bits
        return json.dumps(_cleaned(value))
    return (orjson.dumps(_cleaned(value)) if rb"\u0000" in text else text).decode()


def of_json(text: str) -> Any:
    """The value of a JSON text."""
    return {} if text == "{}" else orjson.loads(text)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(str(key)): _cleaned(part) for key, part in value.items()}
    return [_cleaned(part) for part in value] if isinstance(value, list | tuple) else value


#: How SQLAlchemy writes and reads columns of JSON: docs are most of what passes between the store and its database.
JSON: dict[str, Any] = {"json_serializer": as_json, "json_deserializer": of_json}


class Words(TypeDecorator[str]):
    """A column for text that others wrote: it is clean, and cut where it is longer than the column."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - as in the base
        """What is stored of a text."""
        length = self.impl_instance.length  # type: ignore[attr-defined]
        return None if value is None else clean(value)[:length]


class LongWords(Words):
    """The same without a limit."""

    impl = Text
    cache_ok = True
