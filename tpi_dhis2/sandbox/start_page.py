"""The page a browser sees first: what this is, the accounts, what to do first, and the partnerships that are in it."""

from __future__ import annotations

from html import escape

from tpi_dhis2.sandbox.datastore import SEPARATOR
from tpi_dhis2.sandbox.page import page, table
from tpi_dhis2.sandbox.records import Records
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.training import known_accounts
from tpi_dhis2.sandbox.web import Json, Request
from tpi_dhis2.sandbox.words import moment

PAGE_SIZE = 50
HEADS = ("Partnership", "Code", "Host unit", "Cycle", "Current step", "Records by stage", "Last updated")
#: Where tpi-dhis2 records on a server what it has installed.
RECORD = f"tpi-dhis2{SEPARATOR}package"
LACKS = (
    "It answers the part of the DHIS2 Web API that tpi-dhis2 uses. It has no apps and no forms, sends no messages, and"
    " has no analytics: dashboards, charts and numbers of indicators need a real server."
)


def start_page(state: State, request: Request) -> str:
    """Return the start page; ?page=2 has the next partnerships."""
    parts = [
        "<h1>A place to train with tpi-dhis2</h1>",
        f"<p>{LACKS}</p><p>{_kept(state)}</p>",
        _accounts(state),
        _first_steps(state, request),
        _partnerships(state, request),
    ]
    return page(state, "Start", "\n".join(parts))


def _kept(state: State) -> str:
    place = (
        "a file on the machine that runs it, and are there again after a restart"
        if state.is_kept
        else ("memory only, and are gone when it stops")
    )
    return f"Its data are kept in {place}. <code>tpi-dhis2 sandbox reset</code> empties it."


def _accounts(state: State) -> str:
    rows = [
        (f"<code>{escape(each.username)}</code>", f"<code>{escape(each.password)}</code>", escape(each.purpose))
        for each in known_accounts(state)
    ]
    made = table(("User", "Password", "What for"), rows) if rows else "<p>None has a password that may be shown.</p>"
    return f"<h2>Accounts</h2>\n{made}"


def _installed(state: State) -> str | None:
    record = state.get("dataStore", RECORD)
    value = record["value"] if record else None
    return str(value.get("version")) if isinstance(value, dict) and state.table("programs") else None


def _first_steps(state: State, request: Request) -> str:
    version = _installed(state)
    said = f"The package is installed: version {version}." if version else "The package is not installed."
    todo = (
        ["tpi-dhis2 doctor", "tpi-dhis2 sync pull", "tpi-dhis2 report evaluation --all --out documents"]
        if version
        else ["tpi-dhis2 provision plan", "tpi-dhis2 provision apply"]
    )
    shown = escape("\n".join([_login(state, request), *todo]))
    return f"<h2>What to do first</h2>\n<p>{escape(said)} In a terminal:</p>\n<pre>{shown}</pre>"


def _login(state: State, request: Request) -> str:
    """Return the line that names this sandbox and its first account."""
    known = known_accounts(state)
    name, password = (known[0].username, known[0].password) if known else ("...", "...")
    return f"export TPI_DHIS2_URL={request.base_url} TPI_DHIS2_USERNAME={name} TPI_DHIS2_PASSWORD={password}"


def _partnerships(state: State, request: Request) -> str:
    records = Records(state)
    found = records.partnerships
    pages = max(1, -(-len(found) // PAGE_SIZE))
    number = min(max(1, _number(request)), pages)
    shown = found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    made = table(HEADS, [_row(records, entity) for entity in shown]) if found else "<p>None yet.</p>"
    return f'<h2 id="partnerships">Partnerships ({len(found)})</h2>\n{made}\n{_turn(number, pages)}'


def _number(request: Request) -> int:
    text = request.one("page", "1") or "1"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def _turn(number: int, pages: int) -> str:
    """Return the links to the pages before and after."""
    links = [f'<a href="/?page={to}#partnerships" rel="{word.lower()}">{word}</a>' for word, to, there in (
        ("Previous", number - 1, number > 1), ("Next", number + 1, number < pages)) if there]  # fmt: skip
    return f"<p>Page {number} of {pages}. {' '.join(links)}</p>" if pages > 1 else ""


def _row(records: Records, entity: Json) -> tuple[str, ...]:
    words, uid = records.words, entity["trackedEntity"]
    cycles = records.cycles(uid)
    status = cycles[-1]["status"].lower() if cycles else "none"
    counted = "<br>".join(escape(f"{name}: {count}") for name, count in records.counts(uid).items())
    return (
        f'<a href="/partnership/{escape(uid)}">{escape(words.name(entity))}</a>',
        escape(words.attribute(entity, "TPI_CODE")),
        escape(words.unit(entity["orgUnit"])),
        escape(status if len(cycles) < 2 else f"{status} (number {len(cycles)})"),
        escape(words.attribute(entity, "TPI_CURRENT_STEP")),
        f'<div class="small counts">{counted}</div>',
        escape(moment(entity["updatedAt"])),
    )
