"""YAML and JSON read as people mean it: a date, a number or a code is the text that stands there.

YAML 1.1 turns the country code NO into false, 00123 into 83, and stops at a day that no calendar has. Here only true,
false and null are more than text; what is a date or a number is decided where the field is known. A name that stands
twice in one place is a mistake, where YAML would silently keep the last.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from tpi_dhis2.errors import UsageError

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]  # its base is chosen at run time
    """The safe loader with fewer implicit types."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the name and form are PyYAML's

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping whose names are told once each."""
        seen: set[str] = set()
        for name, _ in node.value:
            text = str(name.value)
            if text in seen:
                raise yaml.constructor.ConstructorError(None, None, f"'{text}' stands twice", name.start_mark)
            seen.add(text)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping


def _as_text(loader: Any, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


def _as_boolean(loader: Any, node: yaml.ScalarNode) -> bool | str:
    text = _as_text(loader, node)
    return {"true": True, "false": False}.get(text.lower(), text)


for _tag in ("int", "float", "timestamp", "binary"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _as_text)
_Loader.add_constructor("tag:yaml.org,2002:bool", _as_boolean)
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|false|False)$"), list("tTfF"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"^(?:<<)$"), ["<"])


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"'{doubled}' stands twice")
    return mapping


def plain(text: str) -> Any:
    """The content of a YAML or JSON text; yaml.YAMLError or ValueError, with its place if known, when it is neither."""
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_once)
        except json.JSONDecodeError:
            pass  # YAML in one line begins so, too
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader


def plain_file(path: Path) -> Any:
    """The content of a YAML or JSON file; UsageError names the line of a mistake."""
    try:
        return plain(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read.", "Check the name of the file.", str(error)) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not a text file in UTF-8.", "Save it as text in UTF-8.", str(error)) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        why = getattr(error, "problem", None) or (str(error).splitlines() or ["it is not YAML"])[0]
        raise UsageError(
            f"{path}{line}: {why}.", "Mend the file at that line; nothing of it was taken.", str(error)
        ) from error
