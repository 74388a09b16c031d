"""What every page of the sandbox has: that it is one, in words, and a look that is readable on a phone and on paper."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from tpi_dhis2.sandbox.state import FULL_VERSION, State

TITLE = "This is the training sandbox of tpi-dhis2, not a DHIS2"
STYLE = """
:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:0 1rem 2rem}
.says{border:2px solid #b35900;border-radius:.4rem;padding:.4rem .8rem;margin:1rem 0}
h1{font-size:1.5rem;line-height:1.25}h2{font-size:1.2rem;margin-top:2rem}h3{font-size:1rem;margin:1.5rem 0 .2rem}
h4{font-size:.9rem;margin:.8rem 0 0;font-weight:600}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid #8886}
dl{display:grid;grid-template-columns:minmax(9rem,18rem) 1fr;gap:.1rem 1rem;margin:.2rem 0}
dd{margin:0;overflow-wrap:anywhere;white-space:pre-line}
dt{opacity:.75}
pre{overflow-x:auto;border-left:3px solid #8886;padding:.2rem .8rem}
.small{font-size:.875rem;opacity:.8}
.counts{white-space:nowrap}
@media (max-width:40rem){
 thead{display:none}tr,td{display:block;border:0;padding:.1rem 0}tr{border-bottom:1px solid #8886;padding:.6rem 0}
 td[data-of]::before{content:attr(data-of) ": ";opacity:.75}
 dl{display:block}dd{margin:0 0 .5rem}
}
@media print{body{max-width:none}a{color:inherit;text-decoration:none}h3,h4{break-after:avoid}}
"""


def page(state: State, title: str, body: str) -> str:
    """Return a page: what it is, then the body, which is HTML."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} - tpi-dhis2 training sandbox</title>
<style>{STYLE}</style>
</head>
<body>
<p class="says"><strong>{TITLE}.</strong> It speaks as DHIS2
{escape(FULL_VERSION[state.minor])}. What stands in it is for practice: put no real records into it.</p>
{body}
</body>
</html>
"""


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table; the cells are HTML, the heads text."""
    heads = list(heads)
    top = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    lines = "".join(f"<tr>{_cells(heads, row)}</tr>\n" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>\n{lines}</tbody></table>"


def _cells(heads: list[str], row: Iterable[str]) -> str:
    return "".join(f'<td data-of="{escape(head)}">{cell}</td>' for head, cell in zip(heads, row, strict=True))


def pairs(found: Iterable[tuple[str, str]]) -> str:
    """Return what is called what, as a list; empty when there is nothing."""
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>\n" for name, value in found)
    return f"<dl>\n{lines}</dl>\n" if lines else ""
