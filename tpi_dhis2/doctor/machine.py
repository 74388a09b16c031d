"""What of this machine matters: Python and tool, proxies in the environment, and whose module ``dhis2`` is."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import platform
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

from tpi_dhis2.doctor.finding import BAD, NOTE, OK, WARN, Finding

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
#: The two packages of PyPI that bring a module of this name; ours is the first.
_OURS, _OTHER = "dhis2.py", "dhis2"
_AGAIN = "Uninstall both, then install ours again: pip uninstall dhis2 dhis2.py; pip install dhis2.py"


def examine() -> Iterator[Finding]:
    """All that can be told without a server."""
    yield Finding(OK, "tool", f"tpi-dhis2 {_version('tpi-dhis2') or '(from a checkout)'}, Python {_python()}.")
    yield module_clash()
    yield from proxies(os.environ)


def _python() -> str:
    return f"{platform.python_version()} on {platform.system()}"


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def proxies(environment: Mapping[str, str]) -> Iterator[Finding]:
    """The names of the settings that lead requests elsewhere; their values may hold passwords."""
    found = sorted(name for name, value in environment.items() if name.lower() in _PROXIES and value)
    if found:
        advice = "Take them out of the environment if the server should be reached directly."
        yield Finding(NOTE, "proxies", f"The environment sets {', '.join(found)}: requests follow that.", advice)
    else:
        yield Finding(OK, "proxies", "The environment sets no proxy.")


def module_clash() -> Finding:
    """Whose module ``dhis2`` is the one that an import would load; nothing is imported."""
    spec = importlib.util.find_spec("dhis2")
    there = {name: version for name in (_OURS, _OTHER) if (version := _version(name))}
    if spec is None or spec.origin is None:
        return Finding(BAD, "dhis2.py", "The library dhis2.py is not there.", "Install it: pip install dhis2.py")
    return clash(Path(spec.origin), there, owner(Path(spec.origin)))


def clash(origin: Path, there: Mapping[str, str], owned: str | None) -> Finding:
    """What it means which of the packages are there and whose file is loaded."""
    if owned == _OURS:
        if _OTHER not in there:
            return Finding(OK, "dhis2.py", f"The module dhis2 is that of dhis2.py {there[_OURS]}.")
        words = f"Both PyPI packages dhis2.py and dhis2 are installed; dhis2.py's {origin} is loaded now."
        return Finding(WARN, "dhis2.py", words, _AGAIN)
    whose = f"that of the other PyPI package {owned}" if owned else "of none of the known packages"
    return Finding(BAD, "dhis2.py", f"The module dhis2 that is loaded is {whose}: {origin}", _AGAIN)


def owner(origin: Path) -> str | None:
    """The package whose record has this very file: both write it to the same place, and the last one stays."""
    wanted = _digest(origin)
    for name in (_OURS, _OTHER):
        for file in _files(name):
            same_place = Path(str(file.locate())).resolve() == origin.resolve()
            if same_place and (file.hash is None or file.hash.value == wanted):
                return name
    return None


def _files(name: str) -> list[metadata.PackagePath]:
    try:
        return list(metadata.files(name) or [])
    except metadata.PackageNotFoundError:
        return []


def _digest(path: Path) -> str:
    try:
        return base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()
    except OSError:
        return ""
