"""A sandbox of each DHIS2 version over a real socket, and a client for it."""

from __future__ import annotations

import os

import pytest
from filelock import FileLock

from tests.fault.servers import tpi
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


def holding(version, path):
    """A sandbox with the data of a file, which stays as it is: to write it at each request would take longer than most
    requests.
    """
    sandbox = Sandbox(version)
    sandbox.state.load(path)
    return sandbox


def asked_by(sandbox, command):
    """What a command that only reads asks of a server where nothing is to be done, all before its own work included."""
    with serve(sandbox) as url:
        said = tpi("provision", command, "--exit-code", url=url, username="admin", password="district")
    assert said.code == 0, said
    return [f"{method} {path}" for method, path in sandbox.requests]


@pytest.fixture(scope="session")
def data_file(tmp_path_factory):
    """Gives the data file of a sandbox by its name; made once in a run of the tests, by who needs it first."""
    own = tmp_path_factory.getbasetemp()
    folder = own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own

    def named(name, sandbox, fill):
        path = folder / f"{name}.json"
        with FileLock(f"{path}.lock"):
            if not path.exists():
                made = sandbox()
                with serve(made) as url:
                    fill(Client(Account(url, "admin", "district")), own)
                made.state.save(path)
        return path

    return named


@pytest.fixture(scope="session")
def installations(data_file):
    """The data files of sandboxes that have the package."""
    return lambda version: data_file(f"installed-{version}", lambda: Sandbox(version), install)


@pytest.fixture
def ready(version, installations):
    """A sandbox that has the package, the demo's units, and the program assigned to them."""
    return holding(version, installations(version))


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
