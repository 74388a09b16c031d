"""The package in words, for people who read no metadata: every stage, field, option, rule, indicator and dashboard.

Pure: from sources and bundle to rows of text. Each object of the bundle stands under "All objects", whatever its type.
An entry of ``TABLES`` gives a type a sheet and a section of the page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tpi_dhis2.package import reference_analytics as analytics
from tpi_dhis2.package.build import DHIS2_VERSIONS, Bundle, digest
from tpi_dhis2.package.reference_view import Form, Part, Row, View
from tpi_dhis2.package.sources import Sources

Json = dict[str, Any]

_ABOUT = """What the package puts into a DHIS2: each stage, field, option, attribute and group with its name, its code \
and its UID. Made from the package itself by 'tpi-dhis2 package reference'; a change in this file changes no DHIS2."""
_UNREAD = "not yet read by a native speaker who works in health care"
_METHOD = """The method is WHO's Twinning Partnerships for Improvement. The words are not WHO's: forms, texts and \
documents are this project's own. WHO has not reviewed or endorsed them."""


@dataclass(frozen=True)
class Table:
    """A sheet of the workbook: what it is about, and its lines."""

    about: str
    rows: list[Row]


@dataclass(frozen=True)
class Reference:
    """All that is told: facts under their headings, tables by name, and what the page draws stage by stage."""

    title: str
    version: str
    languages: dict[str, str]
    facts: dict[str, list[tuple[str, str | int]]]
    tables: dict[str, Table]
    forms: list[Form]
    option_sets: list[Part]


def build(sources: Sources, bundle: Bundle, review: Json) -> Reference:
    """The reference of a bundle and the sources it was built from; ``review`` says who has read which language."""
    view = View(sources, bundle)
    package = sources.package
    tables = {name: Table(about, rows(view)) for name, (about, rows) in TABLES.items()}
    counts = Counter(str(row["Type"]) for row in tables["All objects"].rows)
    facts: dict[str, list[tuple[str, str | int]]] = {
        "What this is": [
            ("About", _ABOUT),
            ("Package", f"{package.code} {package.version}: {package.name}"),
            ("For DHIS2", ", ".join(DHIS2_VERSIONS)),
            ("Fingerprint", f"{digest(bundle)} (the same in two packages that hold the same)"),
            ("Licence", "MIT"),
            ("Method and words", _METHOD),
        ],
        "Languages": [
            ("English", _reviewed(review.get("en"))),
            *((name, _reviewed(review.get(locale))) for locale, name in view.languages.items()),
        ],
        "How many there are": [*counts.items()],
    }
    title = f"{package.name}: reference"
    return Reference(title, package.version, view.languages, facts, tables, view.forms, view.option_sets)


def _reviewed(entry: object) -> str:
    if not isinstance(entry, dict):
        return "state of review not stated"
    state, by, reader = entry.get("state"), entry.get("by"), entry.get("read_by")
    if state == "base":
        return f"the original, by {by}"
    read = f"read by {reader} on {entry.get('read_on')}" if reader else _UNREAD
    return f"{state} by {by}; {read}"


_ABOUT_FIELDS = """What is asked, form by form. A field that stands in several stages is one field with one code and \
UID. Mandatory fields are checked when an event is completed, so that a half-filled form can be kept. Calculated \
fields are written by the tool: do not fill them."""
_ABOUT_GROUPS = """Who may do what. Rights add up: a member of two groups has the rights of both, and everybody's. To \
work with the records of a stage one must also be allowed to read those of the program and of the tracked entity type. \
For which units a person may do it is set by the administrator."""
_ABOUT_RULES = """What a form calculates, hides, warns of and, rarely, refuses. Rules that calculate or refuse run on \
the server for completed events only."""
_ABOUT_PROGRAM_INDICATORS = """What DHIS2 counts, adds up or averages over the records; names in square brackets are \
fields. Where DHIS2 cannot say exactly what is wanted, the text says what is counted instead."""
_ABOUT_MESSAGES = """What DHIS2 sends by itself, inside DHIS2 and, when the site has set that up, by e-mail or SMS."""
_ABOUT_ROLES = """What members may do in the apps; which records they see is a matter of groups and units. Authorities \
are named as DHIS2 names them."""
_ABOUT_OPTIONS = "The answers to choose from. Codes are stored with the data and stay; labels may change."
_ABOUT_OBJECTS = "Each object of the package once, whatever its type; part of: the object it belongs to."
#: The sheets: what each is about, and its rows.
TABLES: dict[str, tuple[str, Callable[[View], list[Row]]]] = {
    "Stages": ("The forms of the six steps in their order.", View.stages),
    "Fields": (_ABOUT_FIELDS, View.fields),
    "Attributes": ("What identifies a partnership, whatever its cycle.", View.attributes),
    "Options": (_ABOUT_OPTIONS, View.options),
    "Rules": (_ABOUT_RULES, View.rules),
    "Program indicators": (_ABOUT_PROGRAM_INDICATORS, analytics.program_indicators),
    "Indicators": ("One program indicator, or several, divided by others.", analytics.indicators),
    "Legends and constants": (
        "Colours and bounds that charts use, and numbers that a site may change.",
        analytics.legends,
    ),
    "Charts, lists and maps": ("What can be opened in the apps of DHIS2 and stands on dashboards.", analytics.charts),
    "Dashboards": ("What stands on each dashboard, from top to bottom.", analytics.dashboards),
    "Working lists": ("What people who enter data find beside the search.", analytics.working_lists),
    "Messages": (_ABOUT_MESSAGES, analytics.messages),
    "Groups": (_ABOUT_GROUPS, View.groups),
    "Roles": (_ABOUT_ROLES, analytics.roles),
    "All objects": (_ABOUT_OBJECTS, View.objects),
}
