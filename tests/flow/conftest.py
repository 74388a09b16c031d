"""A sandbox of each DHIS2 version over a real socket, and a client for it."""

from __future__ import annotations

import shutil

import pytest

from tpi_dhis2.demo.units import ensure_units, units
from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.package.release import bundle
from tpi_dhis2.provision.apply import apply
from tpi_dhis2.provision.assign import Choice, assign, plan_assignment
from tpi_dhis2.provision.plan import make_plan
from tpi_dhis2.sandbox.server import Sandbox, serve
from tpi_dhis2.store.store import Store

VERSIONS = ["2.40", "2.41", "2.42", "2.43"]


@pytest.fixture(params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture
def sandbox(version):
    return Sandbox(version=version)


@pytest.fixture
def client(sandbox):
    with serve(sandbox) as url:
        yield Client(Account(url, "admin", "district"), pause=0.01)


def install(client, folder, mapping=None):
    """Provision, create the demo's units and assign them."""
    ensure_units(client)
    built = bundle(client.version.short)
    apply(client, built, make_plan(client, built, mapping), folder)
    codes = tuple(unit["code"] for unit in units())
    assign(client, plan_assignment(client, package_fields().program, Choice(units=codes)))


@pytest.fixture(scope="session")
def installations(tmp_path_factory):
    """The data files of sandboxes that have the package, made once for each version."""
    folder = tmp_path_factory.mktemp("installed")

    def installation(version):
        path = folder / f"{version}.json"
        if not path.exists():
            with serve(Sandbox(version=version, file=path)) as url:
                install(Client(Account(url, "admin", "district")), folder)
        return path

    return installation


@pytest.fixture
def ready(version, installations, tmp_path):
    """A sandbox that has the package, the demo's units, and the program assigned to them."""
    own = tmp_path / "sandbox.json"
    shutil.copy(installations(version), own)
    return Sandbox(version=version, file=own)


@pytest.fixture
def installed(ready):
    """A client of a server that has the package."""
    with serve(ready) as url:
        yield Client(Account(url, "admin", "district"), pause=0.01)


@pytest.fixture
def store(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as opened:
        yield opened


@pytest.fixture
def writes(ready):
    """Counts the requests that write tracker data."""

    def count():
        return sum(method == "POST" and path.startswith("/api/tracker") for method, path in ready.requests)

    return count
