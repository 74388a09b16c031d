"""The last exchanges with the server, for whoever has to find out from afar why a test failed; secrets are masked."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import re
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

import requests

from tests.live.names import PASSWORD

#: Characters of a body that are kept, of those that are told, and of all bodies together.
_SENT, _ANSWERED, _TOLD, _ALL = 100_000, 200_000, 4000, 4_000_000
_IN_BODIES = re.compile(r"""((["'])password\2\s*:\s*)(["'])[^"']*\3""", re.IGNORECASE)
_TOKEN = re.compile(r"\bd2p(?:at)?_[0-9A-Za-z]{8,}")
_HEADER = re.compile(r"\b(Basic|ApiToken|Bearer) +[0-9A-Za-z+/=_.-]{8,}")
_real = requests.Session.request


@dataclass
class Exchange:
    """One question and its answer, or the error in its place; ``status`` is 0 without an answer."""

    at: str
    seconds: float
    asked: str
    sent: str
    status: int
    answer: str

    @property
    def size(self) -> int:
        """Characters that are kept of it."""
        return len(self.sent) + len(self.answer)

    def told(self) -> str:
        """It in a form for people, shortened."""
        sent = f"\n  sent: {shortened(self.sent)}" if self.sent else ""
        answer = f"{self.status or ''} {shortened(self.answer)}".strip()
        return masked(f"{self.asked[:2000]}{sent}\n  answer: {answer}")

    def line(self) -> str:
        """All of it as one line of JSON."""
        return json.dumps({name: masked(v) if isinstance(v, str) else v for name, v in asdict(self).items()})


def now() -> str:
    """The time, as exchanges have it."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")


def shortened(text: str, most: int = _TOLD) -> str:
    """Beginning and end of a text, and how much between them was left out."""
    if len(text) <= most:
        return text
    end = most // 4
    return f"{text[: most - end]} ... ({len(text) - most} characters left out) ... {text[-end:]}"


class Exchanges:
    """What was asked and answered last; the same question again (a job that is followed) counts once."""

    def __init__(self) -> None:
        self.kept: deque[Exchange] = deque()
        self.asked: list[str] = []
        self._size = 0
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Forget all of it."""
        self.kept.clear()
        self.asked.clear()
        self._size = 0

    def request(self, session: requests.Session, method: str, url: str, **given: Any) -> requests.Response:
        """In the place of ``requests.Session.request``: ask, and note what came of it."""
        began, sent = time.monotonic(), _text(given.get("data"), _SENT)
        try:
            response = _real(session, method, url, **given)
        except requests.RequestException as error:
            self._note(began, f"{method} {url}", sent, 0, f"{type(error).__name__}: {error}")
            raise
        answer = _text(response.content, _ANSWERED)
        self._note(began, f"{method} {response.url}", sent, response.status_code, answer)
        return response

    def _note(self, began: float, asked: str, sent: str, status: int, answer: str) -> None:
        made = Exchange(now(), round(time.monotonic() - began, 3), asked, sent, status, answer)
        with self._lock:  # a push asks in several threads
            self.asked.append(asked)
            if self.kept and self.kept[-1].asked == asked and asked.startswith("GET "):
                self._size -= self.kept.pop().size
            self.kept.append(made)
            self._size += made.size
            while self._size > _ALL:
                self._size -= self.kept.popleft().size

    def last(self, number: int = 8) -> list[Exchange]:
        """The last ones, the newest last."""
        return list(self.kept)[-number:]

    def told(self) -> str:
        """The last ones in a form for people."""
        return "\n\n".join(each.told() for each in self.last())


def _text(body: Any, most: int) -> str:
    """A body as text, cut."""
    if not body:
        return ""
    return body[:most].decode("utf-8", "replace") if isinstance(body, bytes) else str(body)[:most]


def masked(text: str) -> str:
    """The text without the account's secrets, without any password or token in a body or a header."""
    for form in _forms():
        text = text.replace(form, "***")
    text = _IN_BODIES.sub(r'\1"***"', text)
    return _HEADER.sub(r"\1 ***", _TOKEN.sub("***", text))


def _forms() -> Iterator[str]:
    """The secrets, as they stand in texts, in JSON, in addresses and in headers; the longest form first."""
    password, token = (os.environ.get(f"TPI_DHIS2_{name}", "") for name in ("PASSWORD", "TOKEN"))
    username = os.environ.get("TPI_DHIS2_USERNAME", "")
    if password:
        yield base64.b64encode(f"{username}:{password}".encode()).decode()
    for secret in filter(None, (PASSWORD, password, token)):
        yield from sorted({json.dumps(secret)[1:-1], quote(secret, safe=""), secret}, key=len, reverse=True)


EXCHANGES = Exchanges()
