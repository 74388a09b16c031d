"""When a partnership was last changed on the server, as the store notes it, and what a later look says of the server.

A note is a time of the server as its JSON has it; AFTER and a time when this tool has written since, so that it must
be later by now; "" when nothing is known; NEVER when the partnership is not there any more.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Before a time: it was this when we wrote, so it must be later now.
AFTER = "~"
#: Of a partnership that may have been written, or not.
UNKNOWN = ""
#: Of a partnership that is not on the server: earlier than any time; if it comes back, its time differs from this.
NEVER = "0"

#: What a server that shows an older time than is known has done.
FORWARD, BACK, MAYBE_BACK = "forward", "back", "maybe back"


def written(stamp: str | None) -> str:
    """The note on a partnership that was written."""
    return f"{AFTER}{known(stamp)}" if stamp else UNKNOWN


def known(stamp: str) -> str:
    """The time in a note."""
    return stamp.removeprefix(AFTER)


def is_known(stamp: str) -> bool:
    """Whether a note says when exactly the partnership was last changed."""
    return bool(stamp) and not stamp.startswith(AFTER)


def is_older(stamp: str, there: str) -> bool:
    """Whether the server shows an older state of a partnership than is known."""
    return there <= known(stamp) if stamp.startswith(AFTER) else there < stamp


def shows_older(noted: Mapping[str, str], there: Mapping[str, str]) -> bool:
    """Whether a server shows an older state of any partnership that it has."""
    return any(uid in there and bool(stamp) and is_older(stamp, there[uid]) for uid, stamp in noted.items())


def direction(stamp: str, there: str) -> str:
    """Whether a server has gone back with a partnership, as when a backup was put back.

    It surely has when the time is that from before our own writing. When it is older than what is known, it either has,
    or its clock was set back and somebody has edited the record since: nothing tells the two apart.
    """
    if not stamp or not is_older(stamp, there):
        return FORWARD
    return BACK if stamp == f"{AFTER}{there}" else MAYBE_BACK
