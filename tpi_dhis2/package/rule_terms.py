"""Terms of the rules: a piece of an expression that several rules share, told once and written out where it is used.

``$both`` in a rule or in a later term stands for the term ``both``, in brackets. DHIS2 has a variable of its own for
that, the calculated value; engines before 3.3.7 (2.41.0 to 2.41.3) fail on an import that fills one in.
"""

from __future__ import annotations

import re
from typing import Any

from tpi_dhis2.errors import SourceError

_TERM = re.compile(r"\$(\w+)")


def write_out(source: dict[str, Any]) -> list[Any]:
    """The rules of ``rules.yaml`` with all terms written out; SourceError for one that is unknown or never used."""
    terms: dict[str, str] = {}
    used: set[str] = set()

    def written(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: written(each) for key, each in value.items()}
        return _TERM.sub(term, value) if isinstance(value, str) else value

    def term(match: re.Match[str]) -> str:
        if match[1] not in terms:
            raise SourceError(f"rules.yaml: ${match[1]} is no term, or comes later")
        used.add(match[1])
        return f"({terms[match[1]]})"

    for name, text in (source.get("terms") or {}).items():
        terms[name] = written(str(text))
    rules = [written(rule) for rule in source.get("rules") or []]
    idle = sorted(terms.keys() - used)
    if idle:
        raise SourceError(f"rules.yaml: the term {idle[0]} is used nowhere")
    return rules
