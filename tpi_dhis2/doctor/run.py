"""The examination: the server as far as it can be reached, then this machine. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.doctor import jobs, machine, package, server, stores
from tpi_dhis2.doctor.account import Who, read_reach, read_who
from tpi_dhis2.doctor.finding import OK, TROUBLE, WARN, Finding, guarded, of_error, tried
from tpi_dhis2.errors import UnsupportedVersion
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.package.release import bundle
from tpi_dhis2.provision.plan import make_plan


def examine(account: Callable[[], Account], store_url: str | None, pause: float = 0.5) -> Iterator[Finding]:
    """Everything that can be told. ``account`` names server and account, or says by an error that it cannot."""
    address = None
    try:
        client = Client(account(), pause)
        yield from _bare(client.account)
        address = client.identify()
        yield from _served(client)
    except UnsupportedVersion as error:
        yield of_error("version", error)
    except TROUBLE as error:
        yield of_error("connection", error)
    yield from guarded("store", lambda: stores.examine(store_url, address))
    yield from guarded("tool", machine.examine)


def _bare(account: Account) -> Iterator[Finding]:
    if account.is_bare:
        words = "The address begins with http://, so the password travels unprotected."
        yield Finding(
            WARN, "connection", words, "Use the https:// address; a server without one needs a proxy with TLS."
        )


def _served(client: Client) -> Iterator[Finding]:
    who = read_who(client)
    by = "a token" if client.account.token else "a password"
    yield Finding(OK, "connection", f"{client.base} lets {who.username} in with {by}.")
    yield from guarded("version", lambda: server.version(client))
    yield from guarded("clock", lambda: server.clock(client))
    yield from _installed(client, who)
    yield from guarded("analytics tables", lambda: server.analytics(client))


def _installed(client: Client, who: Who) -> Iterator[Finding]:
    fields = package_fields()
    reach, trouble = tried("account", lambda: read_reach(client, fields))
    plan, more = tried("package", lambda: make_plan(client, bundle(client.version.short)))
    yield from [*more, *trouble]
    if reach is None:
        return
    if plan is not None:
        yield from guarded("package", lambda: package.examine(who, reach, plan))
    yield from guarded("account", lambda: jobs.examine(client, who, reach, plan))
    if reach.there and not reach.unread:
        yield from guarded("deleted records", lambda: server.deleted(client, fields.program))
