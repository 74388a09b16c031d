"""What all rooms of the sources share: how they are read, strict models, and how a key becomes a code."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from tpi_dhis2.errors import SourceError
from tpi_dhis2.plain import plain

PREFIX = "TPI"


class Source(BaseModel):
    """Base of what is read from the sources: unknown keys are mistakes."""

    # Most models are only ever read inside of another: a validator of their own is built when somebody asks for it.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


_S = TypeVar("_S", bound=Source)


def code_of(key: str) -> str:
    """The code of a data element, attribute or option set from its key in the sources."""
    return f"{PREFIX}_{key.upper()}"


def read(name: str, metadata: Path) -> dict[str, Any]:
    """One YAML file of the sources; SourceError when it is missing, is not YAML or is no mapping."""
    path = metadata / name
    try:
        content = plain(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read", "Install the package again or name another folder.") from error
    except (yaml.YAMLError, ValueError) as error:
        raise SourceError(f"{path} is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise SourceError(f"{path} is no list of 'name: value'")
    return content


def validated(model: type[_S], content: dict[str, Any]) -> _S:
    """The typed objects of what was read; SourceError names the place of the first mistake."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SourceError(f"metadata sources: {place}: {first['msg']}", detail=str(error)) from error
