"""The shape of a JSON body: which keys there are and of what type.

A list counts as the union of its entries, and so does an object with identifiers for keys: ``programs.name`` is the
name of any of the programs. The types of the entries stand beside ``list``, so an empty list is not like one with some.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.contract.lists import Line, line_for

PREFIX = re.compile(r"^/api(/\d+)?")
#: Objects with identifiers for keys.
MAPS = ("sharing.users", "sharing.userGroups")


def shape(body: Any) -> dict[str, str]:
    """Return the types (joined by ``|``) of each path, such as ``programs.name``."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    _walk(body, "", found)
    return {path: "|".join(sorted(kinds)) for path, kinds in found.items()}


def _walk(value: Any, path: str, found: defaultdict[str, set[str]], *, entry: bool = False) -> None:
    found[path].add(_kind(value))
    if isinstance(value, list) or (isinstance(value, dict) and path.endswith(MAPS) and not entry):
        for each in value if isinstance(value, list) else value.values():
            _walk(each, path, found, entry=True)
    elif isinstance(value, dict):
        for key, each in value.items():
            _walk(each, f"{path}.{key}".lstrip("."), found)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", int: "number", float: "number", list: "list", dict: "object", type(None): "null"}
    return names[type(value)]


class Rules:
    """The exceptions to what is compared, and which of them were needed."""

    def __init__(self, lines: list[Line], version: str):
        self.lines, self.version = lines, version
        self.used: set[Line] = set()

    def difference(self, address: str, recorded: Any, played: Any) -> str | None:
        """Return which keys an answer lacks or has too many, as text, or None when the shapes are the same."""
        old, new = shape(recorded), shape(played)
        paths = [path if path in new else f"-{path}" for path in _outermost(old, new)]
        left = [path.lstrip("-") for path in paths if not self.excepted(address, path)]
        return "shape: " + "; ".join(_told(path, old, new) for path in left) if left else None

    def excepted(self, address: str, path: str) -> bool:
        """Say whether a line excuses what is at a path, and take note of the line."""
        name = PREFIX.sub("", address).removesuffix(".json")
        found = line_for(self.lines, f"{name}:{path}", self.version)
        if found is not None:
            self.used.add(found)
        return found is not None


def _outermost(old: dict[str, str], new: dict[str, str]) -> Iterator[str]:
    """Yield the paths that differ, without what is below one of them."""
    last = None
    for path in sorted({*old, *new}, key=lambda path: path.split(".")):
        if old.get(path) == new.get(path) or (last is not None and path.startswith(f"{last}.")):
            continue
        last = path
        yield path


def _told(path: str, old: dict[str, str], new: dict[str, str]) -> str:
    if path not in new:
        return f"no {path}"
    return f"{path} is {new[path]}, recorded {old[path]}" if path in old else f"{path} is too many"
