"""Stores on each kind of database: the same tests hold for all of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres() -> Iterator:
    """A PostgreSQL server of the tests' own; ``postgres.new()`` is the address of an empty database."""
    pytest.importorskip("pg8000", reason="pg8000 is not installed")
    from tests.postgres import MISSING, cluster, programs

    found = programs()
    if found is None:
        pytest.skip(MISSING)
    with cluster(found) as running:
        yield running


@pytest.fixture(scope="session", params=DATABASES)
def new_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """Makes addresses of stores that are not there yet, on each kind of database."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres").new
    folder, numbers = tmp_path_factory.mktemp("stores"), itertools.count(1)
    return lambda: f"sqlite:///{folder / f'store{next(numbers)}.sqlite'}"


@pytest.fixture(params=DATABASES)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a store that is not there yet, on each kind of database."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres").new()
    return f"sqlite:///{tmp_path / 'store.sqlite'}"
