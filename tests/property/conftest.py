"""Say at the end of a run what the model of the sync was put through, and with which seed."""

from __future__ import annotations

from collections import Counter


def pytest_terminal_summary(terminalreporter):
    """A line with the seeds and the numbers; those of workers come with their reports."""
    total, seeds = Counter(), []
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            found = dict(getattr(report, "user_properties", []))
            if "counts" in found:
                total.update(found["counts"])
                seeds.append(str(found["seed"]))
    if seeds:
        rest = ", ".join(f"{count} {name}" for name, count in total.items() if name not in ("examples", "steps"))
        run = f"{total['examples']} examples, {total['steps']} steps, seed {', '.join(sorted(seeds))}"
        terminalreporter.write_line(f"sync machine: {run} ({rest})")
