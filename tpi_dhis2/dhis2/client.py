"""The client: dhis2.py's ``Api`` and session inside, and outside one way to ask and one tree of errors.

Addresses are built here rather than by dhis2.py, which appends ``.json`` to every GET. No redirect is followed: a DHIS2
answers a request without valid credentials with one to its login page.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
import requests

from tpi_dhis2.dhis2 import transport
from tpi_dhis2.dhis2.versions import ServerVersion
from tpi_dhis2.errors import (
    AuthFailed,
    Forbidden,
    NotDhis2,
    NotFound,
    ServerFailed,
    ServerRefused,
    TooSlow,
    TpiError,
    Unreachable,
    UsageError,
)

if TYPE_CHECKING:
    from dhis2 import Api

Params = Mapping[str, str] | list[tuple[str, str]]
_LOCAL = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Account:
    """Where to connect and as whom; a token takes the place of name and password. Secrets stay out of its text form."""

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    @property
    def is_bare(self) -> bool:
        """Whether secrets would cross a network without encryption."""
        parts = urlsplit(self.url)
        return parts.scheme == "http" and parts.hostname not in _LOCAL


@dataclass(frozen=True)
class Answer:
    """An answer of the server: HTTP status, the JSON of its body, and when it was given by the server's own clock."""

    status: int
    body: Any
    date: str = ""


class Client:
    """Talks to one DHIS2 as one account. Not for more than one thread at a time.

    It counts what it does: ``requests``, the bytes of bodies ``sent`` and ``received`` (as they crossed the network,
    compressed or not), and the seconds it ``waited`` for answers, pauses between attempts included.
    """

    def __init__(self, account: Account, pause: float = 0.5) -> None:
        self.account = account
        self._pause = pause
        self._api = _api(account, pause)
        self.requests = self.sent = self.received = 0
        self.waited = 0.0

    def twin(self) -> Client:
        """Another client for the same account, with a session of its own, for another thread."""
        other = Client(self.account, self._pause)
        other.info = self.info
        return other

    @property
    def base(self) -> str:
        """The address of the server, without ``/api``."""
        return str(self._api.base_url)

    @cached_property
    def info(self) -> dict[str, Any]:
        """What the server says of itself; NotDhis2 when that is not what a DHIS2 says."""
        body = self.get_object("system/info")
        if "version" not in body:
            raise _strange(self.base, body)
        return body

    @property
    def system(self) -> str:
        """What tells this server's database from others, its copies aside; empty where the server names none.

        The recorded 2.41.5.1 and 2.42.4.1 named none.
        """
        return str(self.info.get("systemId") or "")

    @cached_property
    def version(self) -> ServerVersion:
        """The server's version; UnsupportedVersion when this tool does not know it."""
        return ServerVersion.parse(str(self.info["version"]))

    def identify(self) -> str:
        """The address of the server, once it has said that it is a DHIS2 this tool knows and has let the account in."""
        return self.base if self.version else ""

    def log_in_again(self) -> None:
        """Forget the session: a DHIS2 keeps the scope and groups of an account as they were when its session began."""
        self._api.session.cookies.clear()

    def get(self, path: str, params: Params | None = None) -> Any:
        """The JSON of a GET; the error tree for every answer but 200."""
        return self.ask("GET", path, params=params).body

    def get_object(self, path: str, params: Params | None = None) -> dict[str, Any]:
        """The JSON object of a GET; NotDhis2 when the answer is something else."""
        body = self.get(path, params)
        if not isinstance(body, dict):
            raise _strange(self.base, body)
        return body

    def ask(
        self, method: str, path: str, *, params: Params | None = None, body: Any = None, expect: tuple[int, ...] = ()
    ) -> Answer:
        """One request. Answers below 300 and those in ``expect`` are returned, others raised as errors.

        An error is ``taken`` when the server may have done what it was asked for all the same.
        """
        kind = "application/json-patch+json" if method == "PATCH" else "application/json"
        started = time.monotonic()
        self.requests += 1
        try:
            response = self._api.session.request(
                method,
                f"{self._api.api_url}/{path}",
                params=params,
                data=None if body is None else as_json(body),
                headers=None if body is None else {"Content-Type": kind},
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise _maybe(_unreachable(self.base, error), transport.may_have_arrived(error)) from error
        finally:
            self.waited += time.monotonic() - started
        self.sent += len(response.request.body or b"")
        self.received += response.raw.tell()
        return _read(self.base, response, expect)


def _api(account: Account, pause: float) -> Api:
    try:
        from dhis2 import Api, ClientException
    except ImportError as error:
        raise UsageError(
            "The library dhis2.py is not usable here.",
            "If the other PyPI package 'dhis2' is installed, uninstall both and install 'dhis2.py' again.",
            str(error),
        ) from error
    try:
        api = Api(_address(account.url), account.username, account.password, user_agent="tpi-dhis2")
    except ClientException as error:
        raise UsageError(f"'{account.url}' is not an address of a DHIS2.", _CHECK_URL, str(error)) from error
    api.session.auth = _credentials(account)
    api.session.headers["Accept"] = "application/json"
    adapter = transport.PatientAdapter(pause)
    api.session.mount("https://", adapter)
    api.session.mount("http://", adapter)
    return api


def _address(text: str) -> str:
    url = text.strip()
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"'{text}' is not an address.", "Write it as https://dhis2.example.org")
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            "The address holds a user name or a password.",
            "Take them out of it; set TPI_DHIS2_USERNAME and TPI_DHIS2_PASSWORD, or TPI_DHIS2_TOKEN.",
        )
    return url.rstrip("/").removesuffix("/api").rstrip("/")


def _credentials(account: Account) -> Any:
    if not account.token:
        # As bytes, so that every letter of a password can be sent.
        return account.username.encode(), account.password.encode()
    token = account.token.strip()
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError("The token holds characters that no token has.", "Copy it again, in one line, without quotes.")
    return transport.TokenAuth(token)


_CHECK_URL = "Check the address: it is the one that people open in their browser, without /api."
_CHECK_ACCOUNT = "Check user name and password or the token; a token may have expired or been revoked."


def _unreachable(base: str, error: requests.RequestException) -> Unreachable | UsageError:
    text = str(error)
    host = urlsplit(base).hostname
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
        return UsageError(f"'{base}' is not an address.", "Write it as https://dhis2.example.org", text)
    if isinstance(error, requests.exceptions.SSLError):
        return _no_trust(host, text)
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return Unreachable(f"The answer of {host} broke off.", "Run the same command again: nothing is doubled.", text)
    if isinstance(error, requests.exceptions.ReadTimeout):
        return TooSlow(
            f"{host} took the request and did not answer in {transport.read_seconds(error.request):.0f} seconds.",
            "It may still be working on it. Run the same command again later: nothing is doubled.",
            text,
        )
    if any(hint in text for hint in ("NameResolution", "getaddrinfo", "Name or service", "nodename")):
        return Unreachable(f"There is no server named {host}.", "Check the address and the network.", text)
    return Unreachable(f"No answer from {base}.", "Check the address, the network and whether the server runs.", text)


def _no_trust(host: str | None, text: str) -> Unreachable:
    if any(hint in text for hint in ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "record layer", "EOF occurred")):
        return Unreachable(f"{host} speaks no TLS (https).", "Check the address: is it http:// or another port?", text)
    return Unreachable(
        f"The certificate of {host} is not trusted.",
        "Check its name and its date; for a private authority set REQUESTS_CA_BUNDLE to its certificate.",
        text,
    )


def _read(base: str, response: requests.Response, expect: tuple[int, ...]) -> Answer:
    status, body = response.status_code, _json(response)
    if status < 300 or status in expect:
        if body is None and response.content:
            # Also half of what a DHIS2 wrote.
            raise _maybe(_not_dhis2(base, response), status=status)
        return Answer(status, body, response.headers.get("Date", ""))
    raise _maybe(_failure(base, response, body), status >= 500, status)


def _maybe(error: TpiError, taken: bool = True, status: int = 0) -> TpiError:
    """Note on an error whether the server may have done what it was asked for, and how it answered."""
    error.taken, error.status = taken, status
    return error


def as_json(body: Any) -> bytes:
    """The JSON of a body; bytes are one already."""
    if isinstance(body, bytes):
        return body
    try:
        return orjson.dumps(body)
    except TypeError:  # half a surrogate pair in a text
        return json.dumps(body).encode()


def _json(response: requests.Response) -> Any:
    try:
        return orjson.loads(response.content)
    except ValueError:
        return None


def _strange(base: str, body: Any) -> NotDhis2:
    return NotDhis2(f"{base} answers, but not as a DHIS2 does.", _CHECK_URL, str(body)[:2000])


def _not_dhis2(base: str, response: requests.Response) -> NotDhis2:
    kind = response.headers.get("Content-Type", "no content type").split(";")[0]
    return NotDhis2(
        f"{base} answered with {kind} where a DHIS2 answers with JSON: another service, or a proxy in between.",
        _CHECK_URL,
        response.text[:2000],
    )


def _failure(base: str, response: requests.Response, body: Any) -> TpiError:
    status = response.status_code
    said = message_of(body)
    if status == 401 or (status == 400 and response.headers.get("WWW-Authenticate")):
        return AuthFailed(f"{base} did not accept the credentials{_because(said)}.", _CHECK_ACCOUNT, response.text)
    if 300 <= status < 400:
        return _redirect(base, response)
    if status in _IN_BETWEEN:
        words, advice = _IN_BETWEEN[status]
        return ServerFailed(
            f"{urlsplit(base).hostname} {words} ({status}){_because(said)}.", advice, response.text[:2000]
        )
    if body is None and status != 404 and status < 500:
        return _not_dhis2(base, response)
    path = urlsplit(response.url).path
    if status == 403:
        return Forbidden(
            f"The account may not do this{_because(said)}.",
            "Ask an administrator of the server for the right to do it.",
            f"{path}: {response.text}",
        )
    if status == 404:
        return NotFound(
            f"{base} has no {path}{_because(said)}.", _CHECK_URL, response.text[:2000], status=status, body=body
        )
    if status >= 500:
        return ServerFailed(
            f"The server failed ({status}){_because(said)}.",
            "Try again later; if it stays so, its administrator finds the reason in the server's log.",
            f"{path}: {response.text[:2000]}",
        )
    return ServerRefused(
        f"The server refused the request ({status}){_because(said)}.", "", f"{path}: {response.text}", status, body
    )


#: Answers that often come from what stands before a server.
_IN_BETWEEN = {
    407: ("is behind a proxy that asks for a password", "Set HTTPS_PROXY with the proxy's address and account."),
    413: (
        "takes no request of this size",
        "Ask for a larger limit at the server's proxy (nginx: client_max_body_size 20m).",
    ),
    429: ("asks to slow down", "Wait some minutes, then run the same command again."),
}


def _redirect(base: str, response: requests.Response) -> TpiError:
    target = response.headers.get("Location", "")
    if "login" in target or not target:
        return AuthFailed(f"{base} asks to log in.", _CHECK_ACCOUNT, target)
    return NotDhis2(
        f"{base} sends on to {target.split('?')[0]}.",
        "Use that address, without /api and what follows; or it asks to log in elsewhere: then use a token.",
    )


def message_of(body: Any) -> str:
    """The message of an answer, if it has one."""
    return str(body.get("message") or "") if isinstance(body, dict) else ""


def _because(said: str) -> str:
    first = said.strip().split("\n")[0].rstrip(".")
    return f": {first}" if first else ""
