"""The language of the `fields` parameter: names, nesting, presets, exclusions and transformers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

TOKEN = re.compile(r"[^,\[\]()]+(\([^)]*\))?|[\[\],]")


@dataclass
class Field:
    """One wanted field."""

    name: str
    fields: list[Field] = field(default_factory=list)
    alias: str = ""
    transform: str = ""
    argument: str = ""

    @property
    def preset(self) -> bool:
        """Say whether this stands for a set of fields."""
        return self.name == "*" or self.name.startswith(":")

    @property
    def excluded(self) -> bool:
        """Say whether the field is unwanted."""
        return self.name.startswith("!")


def parse_fields(text: str) -> list[Field]:
    """Return the wanted fields; a bracket that is not closed ends with the text, as on the server."""
    tokens = [match.group(0).strip() for match in TOKEN.finditer(text)]
    return _level(tokens)


def _level(tokens: list[str]) -> list[Field]:
    found: list[Field] = []
    while tokens:
        part = tokens.pop(0)
        if part == "]":
            return found
        if part == "[":
            inner = _level(tokens)
            if found:
                found[-1].fields = inner
        elif part and part != ",":
            found.append(_field(part))
    return found


def _field(text: str) -> Field:
    name, *transforms = re.split(r"~|\|", text)
    wanted = Field(name, alias=name)
    for transform in transforms:
        kind, _, argument = transform.partition("(")
        argument = argument.rstrip(")")
        if kind == "rename":
            wanted.alias = argument
        else:
            wanted.transform, wanted.argument = kind, argument
    return wanted


def expand(wanted: list[Field], names_of: dict[str, list[str]]) -> list[Field]:
    """Return the fields with presets replaced by their names, without what is excluded, each once."""
    chosen: dict[str, Field] = {}
    for each in wanted:
        if each.preset:
            for name in names_of.get(each.name, []):
                chosen.setdefault(name, Field(name, alias=name))
        elif not each.excluded:
            chosen[each.name] = each
    for each in wanted:
        if each.excluded:
            chosen.pop(each.name[1:], None)
    return list(chosen.values())
