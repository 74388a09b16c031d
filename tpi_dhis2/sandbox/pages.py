"""From a path outside /api to the page for people that it names."""

from __future__ import annotations

from tpi_dhis2.sandbox.accounts import authenticate
from tpi_dhis2.sandbox.page import TITLE
from tpi_dhis2.sandbox.partnership_page import partnership_page
from tpi_dhis2.sandbox.start_page import start_page
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.web import RefusalError, Reply, Request, not_found_page

HTML = "text/html;charset=utf-8"
#: No script, no file from elsewhere and no frame, whatever a record holds.
ONLY_TEXT = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
ASK = {"WWW-Authenticate": 'Basic realm="tpi-dhis2 training sandbox", charset="UTF-8"'}


def answer(state: State, request: Request) -> Reply:
    """Answer GET / and /partnership/{uid}; a server has nothing of its own elsewhere."""
    parts = request.parts
    if request.method != "GET" or not (not parts or (len(parts) == 2 and parts[0] == "partnership")):
        return not_found_page()
    if not request.local and not _is_known(state, request):
        line = f"{TITLE}. Log in with one of its accounts.\n"
        return Reply(401, text=line, content_type="text/plain;charset=utf-8", headers=ASK)
    text = partnership_page(state, parts[1]) if parts else start_page(state, request)
    return Reply(200, text=text, content_type=HTML, headers=ONLY_TEXT) if text else not_found_page()


def _is_known(state: State, request: Request) -> bool:
    try:
        authenticate(state, request)
    except RefusalError:
        return False
    return True
