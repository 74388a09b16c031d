"""Checks of a bundle without a server: what DHIS2 would refuse, and what it would take and break on later.

The finding names the object and what to change. Each room of the package has a module of checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from tpi_dhis2.package.build import Bundle
from tpi_dhis2.package.lint_boards import lint_boards
from tpi_dhis2.package.lint_dashboards import lint_dashboards
from tpi_dhis2.package.lint_forms import lint_forms
from tpi_dhis2.package.lint_indicators import lint_indicators
from tpi_dhis2.package.lint_line_lists import lint_line_lists
from tpi_dhis2.package.lint_objects import lint_objects
from tpi_dhis2.package.lint_people import lint_people
from tpi_dhis2.package.lint_rules import lint_rules
from tpi_dhis2.package.lint_sharing import lint_sharing
from tpi_dhis2.package.lint_translations import lint_translations
from tpi_dhis2.package.lint_worklists import lint_worklists

Objects = list[dict[str, Any]]
Check = Callable[[], list[str]]


def _references(kinds: dict[str, Objects]) -> list[str]:
    known = {item.get("id") for objects in kinds.values() for item in objects}
    return [
        f"{kind} '{item.get('name')}': {place} points to {uid}, which is not in the bundle"
        for kind, objects in kinds.items()
        for item in objects
        for place, uid in _refs(item)
        if uid not in known
    ]


def _refs(item: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in item.items():
        nested = value if isinstance(value, list) else [value]
        for entry in nested:
            if isinstance(entry, dict) and len(entry) == 1 and "id" in entry:
                yield key, entry["id"]
            elif isinstance(entry, dict) and key != "sharing":
                yield from ((f"{key}.{place}", uid) for place, uid in _refs(entry))


#: The checks, in the order of what they rest on.
_CHECKS = (
    lint_objects, lint_sharing, _references, lint_forms, lint_rules, lint_indicators,
    lint_line_lists, lint_dashboards, lint_worklists, lint_people, lint_translations,
)  # fmt: skip


def checks(bundle: Bundle) -> dict[str, Check]:
    """The checks of a bundle by their names, in the order of what they rest on; none has run yet."""
    kinds = {kind: objects for kind, objects in bundle.items() if isinstance(objects, list)}
    boards = partial(lint_boards, kinds, bundle.get("package", {}).get("DHIS2Version", ""))
    return {**{check.__name__: partial(check, kinds) for check in _CHECKS}, "lint_boards": boards}


def lint(bundle: Bundle) -> list[str]:
    """All findings, one plain line each; empty when the bundle is clean."""
    return [finding for check in checks(bundle).values() for finding in check()]
