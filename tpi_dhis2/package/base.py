"""What all rooms of the sources share: strict models, and how a key becomes a code."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

PREFIX = "TPI"


class Source(BaseModel):
    """Base of what is read from the sources: unknown keys are mistakes."""

    # Most models are only ever read inside of another: a validator of their own is built when somebody asks for it.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def code_of(key: str) -> str:
    """The code of a data element, attribute or option set from its key in the sources."""
    return f"{PREFIX}_{key.upper()}"
