"""Patience on the wire: time limits, retries and the token, mounted on the session that dhis2.py made.

dhis2.py retries nothing and limits the time of GET only. Everything this tool sends is safe to send again, since
records and metadata carry their own UIDs and are created or updated; so POST is retried, too. One case is not: a POST
that was sent and got no answer in time goes on at the server, and a second one would only wait for the locks of the
first. That is left to the next run, which looks first. So is an import of metadata that a proxy gave up (504); and
maintenance, after which whoever asked for it looks.

An import of metadata that writes (``importMode=COMMIT``) is sent at most once: two side by side wait for each other's
locks, and the second fails on what the first has created. It is tried again only when no connection came about or the
server said 429; after anything else nobody knows whether the server has it, and the caller must look.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NameResolutionError, ReadTimeoutError
from urllib3.util.retry import Retry

CONNECT_SECONDS = 10.0
READ_SECONDS = 180.0
#: For a bundle of metadata: 148 objects took a recorded 2.43.1 18 seconds, and the package has twelve times as many.
IMPORT_SECONDS = 1800.0
TIMES = 4
LONGEST_PAUSE = 60.0
#: An answer with one of these is not the last word: too many requests, and a server or proxy on its way up or down.
RETRIED = (429, 502, 503, 504)
#: Those that a proxy may give for a request that the server behind it has and goes on with.
_AFTER = (502, 503, 504)
_NEVER_SENT = (
    requests.exceptions.ConnectTimeout,
    requests.exceptions.ProxyError,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
)


def read_seconds(request: requests.PreparedRequest | requests.Request | None) -> float:
    """How long the answer to a request may take; an import that is only started as a job is answered at once."""
    url = None if request is None else request.url
    importing = request is not None and _imports(request.method, url) and not _asks(url, "async", "true")
    return IMPORT_SECONDS if importing else READ_SECONDS


def _imports(method: str | None, url: str | None) -> bool:
    return method == "POST" and urlsplit(url or "").path.endswith("/metadata")


def _maintains(method: str | None, url: str | None) -> bool:
    return method == "POST" and urlsplit(url or "").path.endswith("/maintenance")


def _asks(url: str | None, name: str, value: str) -> bool:
    return parse_qs(urlsplit(url or "").query).get(name) == [value]


def _writes(method: str | None, url: str | None) -> bool:
    """Whether a request is an import of metadata that is to be kept."""
    return _imports(method, url) and _asks(url, "importMode", "COMMIT")


def _is_last(method: str | None, url: str | None, status: int) -> bool:
    """Whether an answer that is otherwise retried may come after the server has taken the request."""
    given_up = status == 504 and (_imports(method, url) or _maintains(method, url))
    return given_up or (status in _AFTER and _writes(method, url))


def may_have_arrived(error: requests.RequestException) -> bool:
    """Whether the server may have got a request that ended so; only what kept it from being sent says no."""
    if isinstance(error, _NEVER_SENT) or "CERTIFICATE_VERIFY_FAILED" in str(error):
        return False
    inner = error.args[0] if error.args else None
    return not isinstance(getattr(inner, "reason", inner), ConnectTimeoutError)


class PatientRetry(Retry):
    """Retries connections, dropped answers and passing failures with growing pauses; not a POST that timed out."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        """Count an attempt; raise what happened when there is to be no other."""
        if isinstance(error, ReadTimeoutError) and method not in self.DEFAULT_ALLOWED_METHODS:
            raise error
        if error is not None and _writes(method, url) and not self._is_connection_error(error):
            raise error
        if response is not None and _is_last(method, url, response.status):
            spent = self.new(total=0)
            return super(PatientRetry, spent).increment(method, url, response, error, _pool, _stacktrace)
        if isinstance(error, NameResolutionError) and _pool is not None:
            # A name that is not known now is not known in a second either.
            raise MaxRetryError(_pool, url or "", error)
        return super().increment(method, url, response, error, _pool, _stacktrace)

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """What the server asks to wait, but no longer than a person would."""
        wanted = super().get_retry_after(response)
        return None if wanted is None else min(wanted, LONGEST_PAUSE)


class PatientAdapter(HTTPAdapter):
    """An adapter with retries and a time limit on every request."""

    def __init__(self, pause: float = 0.5) -> None:
        super().__init__(
            max_retries=PatientRetry(
                total=TIMES,
                connect=2,
                allowed_methods=None,
                status_forcelist=RETRIED,
                backoff_factor=pause,
                backoff_jitter=pause,
                backoff_max=LONGEST_PAUSE,
                raise_on_status=False,
            )
        )

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Send with the usual time limits where none are given."""
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = (CONNECT_SECONDS, read_seconds(request))
        return super().send(request, **kwargs)


class TokenAuth(requests.auth.AuthBase):
    """A personal access token in the header that DHIS2 wants."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token on a request."""
        request.headers["Authorization"] = f"ApiToken {self._token}"
        return request
