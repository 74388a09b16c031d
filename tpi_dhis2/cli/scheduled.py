"""A command for a timer or a deployment: environment file in, exit code and log out.

Behind ``scripts/provision`` and ``scripts/sync``. The command runs in a process of its own, so that whatever it prints
and however it ends is in the log.
"""

from __future__ import annotations

import contextlib
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

import click

from tpi_dhis2.cli.envfile import environment, read_settings, secrets, warning
from tpi_dhis2.cli.journal import Journal
from tpi_dhis2.cli.main import guarded
from tpi_dhis2.errors import TpiError

#: What is run when no verb is given, by noun.
_DEFAULT = {"provision": ("apply", "--yes"), "sync": ("run",)}


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["-h", "--help"]})
@click.argument("env_file", metavar="FILE.env", type=click.Path(path_type=Path))
@click.option("--log", type=click.Path(path_type=Path), help="Add all that is printed to this file.", metavar="FILE")
@click.argument("words", metavar="[VERB] [OPTIONS]", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def scheduled(noun: str, env_file: Path, log: Path | None, words: tuple[str, ...]) -> int:
    """Run tpi-dhis2 with the settings of a file and nobody watching.

    FILE.env holds lines such as TPI_DHIS2_URL=https://dhis2.example.org; it is read, never run. The exit code is
    that of tpi-dhis2. What asks needs --yes.
    """
    args = [noun, *_command(noun, words)]
    with Journal(log) as journal:
        try:
            code = _run(journal, env_file, args)
        except TpiError as error:
            journal.write(f"Error: {error} {error.advice}")
            journal.write("exit code 1")
            raise
        journal.write(f"exit code {code}")
    return code


def _command(noun: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """Verb and options; options alone are those of the usual verb."""
    return words if words and not words[0].startswith("-") else (*_DEFAULT[noun], *words)


def _run(journal: Journal, env_file: Path, args: list[str]) -> int:
    settings = read_settings(env_file)
    journal.secrets = secrets(settings, args)
    journal.write(f"begin: tpi-dhis2 {shlex.join(map(journal.clean, args))} (settings: {env_file})")
    said = warning(env_file)
    if said:
        click.echo(said, err=True)
        journal.write(said)
    with _start(environment(settings), args) as process:
        _listen(journal, process)
    # A process that was killed by a signal ends as a shell would say it.
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def _start(env: dict[str, str], args: list[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-m", "tpi_dhis2", *args]
    env |= {"PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe)  # noqa: S603
    # Ctrl-C reaches the process by itself; what stops this one alone must stop it, too.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    return process


def _listen(journal: Journal, process: subprocess.Popen[bytes]) -> None:
    """Pass on both outputs, line by line, until they end."""
    pairs = ((process.stdout, sys.stdout), (process.stderr, sys.stderr))
    readers = [threading.Thread(target=_pass_on, args=(journal, source, target.buffer)) for source, target in pairs]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()


def _pass_on(journal: Journal, source: IO[bytes], target: IO[bytes]) -> None:
    for line in source:
        text = journal.clean(line.decode("utf-8", "replace"))
        # A reader that has gone away does not stop the work.
        with contextlib.suppress(OSError):
            target.write(text.encode())
            target.flush()
        journal.write(text.rstrip())


if __name__ == "__main__":
    guarded(scheduled, sys.argv[2:], f"scripts/{sys.argv[1]}", sys.argv[1])
