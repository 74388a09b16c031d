"""What keeps web pages of others out: any page in a browser on this machine can send requests to a loopback address.

A page whose own name leads to 127.0.0.1 (DNS rebinding) could also read the answers; its name stands in Host. A form or
script of another page that writes names its page in Origin.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from tpi_dhis2.sandbox.web import Reply, Request

HARMLESS = ("GET", "HEAD", "OPTIONS")
REFUSED = 403


def is_loopback(host: str) -> bool:
    """Say whether nobody but this machine reaches an address or name. OSError when there is no such name."""
    found = {info[4][0] for info in socket.getaddrinfo(host, None)}
    return all(ipaddress.ip_address(str(address).partition("%")[0]).is_loopback for address in found)


def foreign(request: Request) -> Reply | None:
    """Return the refusal of a request that a page of somebody else makes, or None."""
    host, origin = request.headers.get("host"), request.headers.get("origin")
    if request.local and host and not _names_loopback(host):
        return _refused(f"This sandbox answers only at its own address on this machine, not as '{_name(host)}'.")
    if origin and request.method not in HARMLESS and urlsplit(origin).netloc != host:
        return _refused("This sandbox takes no changes from pages of others.")
    return None


def _refused(line: str) -> Reply:
    return Reply(REFUSED, text=f"{line}\n", content_type="text/plain;charset=utf-8")


def _name(host: str) -> str:
    """Return the name or address of a Host header, which may have any port: a tunnel has another one."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _names_loopback(host: str) -> bool:
    """Say whether a Host header names this machine; no other name counts, whatever it leads to."""
    name = _name(host)
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
