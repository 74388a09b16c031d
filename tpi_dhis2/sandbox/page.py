"""The page a browser sees: what this is, the account, and the partnerships it holds."""

from __future__ import annotations

from html import escape

from tpi_dhis2.sandbox.state import FULL_VERSION, State

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>tpi-dhis2 training sandbox</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}}</style></head>
<body><h1>This is the training sandbox of tpi-dhis2, not a DHIS2</h1>
<p>It answers the part of the DHIS2 {version} Web API that tpi-dhis2 uses. Nothing here reaches a real server.</p>
<p>Account: user <code>admin</code>, password <code>district</code>.</p>
<h2>Tracked partnerships</h2>
{partnerships}
</body></html>
"""


def start_page(state: State) -> str:
    """Return the start page."""
    names = partnership_names(state)
    items = "".join(f"<li>{escape(name)}</li>" for name in names)
    partnerships = f"<ul>{items}</ul>" if names else "<p>None yet.</p>"
    return PAGE.format(version=escape(FULL_VERSION[state.minor]), partnerships=partnerships)


def partnership_names(state: State) -> list[str]:
    """Return the names of the tracked entities that are not deleted: their first attribute that is called a name."""
    attributes = state.table("trackedEntityAttributes")
    named = [uid for uid, row in attributes.items() if "name" in str(row.get("name")).lower()]
    found = []
    for row in state.table("trackedEntities").values():
        if not row["deleted"]:
            values = [row["attributes"][uid][0] for uid in named if uid in row["attributes"]]
            found.append(values[0] if values else row["trackedEntity"])
    return sorted(found)
