"""What can go wrong, classed by what the caller must do next.

TpiError
├── UsageError          the input is wrong: change it and call again
│   └── SourceError     a file of the metadata sources cannot be used
├── ConnectionProblem   the server cannot be reached or used: mend address, account or network
│   ├── Unreachable     no answer: wrong address, no network, server down
│   │   └── TooSlow     the request was sent and not answered in time: the server may still work on it, so wait
│   ├── NotDhis2        an answer, but not from a DHIS2 (a proxy, a login page, another service)
│   ├── AuthFailed      wrong or expired credentials
│   ├── Forbidden       right credentials, missing rights: ask an administrator
│   └── UnsupportedVersion
├── ServerRefused       the server understood and said no: read its reasons
├── ServerFailed        the server failed (5xx) after the retries: try later
├── OutcomeUnknown      whether the request took effect is not known: look before sending again
├── StoreProblem        the local store cannot be used
│   ├── StoreBusy       another run has it: wait
│   └── StoreNotReady   it is not there yet, or of an older release: the next pull or push makes it ready to be read
└── StateChanged        what was planned no longer fits: plan again

Every error carries one plain line, what to do about it, and for ``--verbose`` the details.
"""

from __future__ import annotations


class TpiError(Exception):
    """The root: ``str(error)`` is the plain line, ``advice`` what to do, ``detail`` the rest."""

    #: Whether a server may all the same have done what it was asked for.
    taken = False
    #: The HTTP status of the answer that it came from; 0 without one.
    status = 0

    def __init__(self, message: str, advice: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.advice = advice
        self.detail = detail


class UsageError(TpiError):
    """The input is wrong."""


class SourceError(UsageError):
    """A file of the metadata sources cannot be used."""


class ConnectionProblem(TpiError):
    """The server cannot be reached or used."""


class Unreachable(ConnectionProblem):
    """No answer from the address."""


class TooSlow(Unreachable):
    """The request was sent and not answered in time."""


class NotDhis2(ConnectionProblem):
    """An answer that no DHIS2 gives."""


class AuthFailed(ConnectionProblem):
    """Wrong or expired credentials."""


class Forbidden(ConnectionProblem):
    """The account lacks a right."""


class UnsupportedVersion(ConnectionProblem):
    """A DHIS2 older or newer than the ones this tool knows."""


class ServerRefused(TpiError):
    """The server understood the request and refused it; ``status`` is the HTTP status, ``body`` its answer."""

    def __init__(
        self, message: str, advice: str = "", detail: str = "", status: int = 409, body: object = None
    ) -> None:
        super().__init__(message, advice, detail)
        self.status = status
        self.body = body


class NotFound(ServerRefused):
    """What was asked for is not on the server, or not for this account."""


class ServerFailed(TpiError):
    """The server failed, after the retries."""


class OutcomeUnknown(TpiError):
    """Whether the request took effect is not known: look before sending again.

    ``under_way`` when the server is still at it, as far as it says: then wait before sending again.
    """

    taken = True
    under_way = False


class StoreProblem(TpiError):
    """The local store cannot be used."""


class StoreBusy(StoreProblem):
    """Another run has the store."""


class StoreNotReady(StoreProblem):
    """There is no store yet, or an older release wrote it; the next run that writes makes it ready to be read."""


class StateChanged(TpiError):
    """What was planned no longer fits what is there."""
