"""Workflow commands for GitHub Actions: what is printed in a step is shown at the test's line in a pull request."""

from __future__ import annotations

from pathlib import Path

from edgesense.report import concerns, escaping, places
from edgesense.report.concerns import Concern, Weight
from edgesense.report.records import RunRecord

NAME = "github-annotations"
ABOUT = "GitHub Actions, when it is printed in a step: a remark at each test's line"
SUFFIX = ".txt"

CHECKED_OUT = "GITHUB_WORKSPACE"
LEVELS = {Weight.FAILS: "error", Weight.OPEN: "warning", Weight.REMARKABLE: "notice"}
MOST = 10
"""GitHub shows so many of each level a step and drops the others (documented under "Annotations: limits")."""
LONGEST = 4000


def render(run: RunRecord, *, root: Path) -> str:
    """Return a line for each concern; with more of one level than are shown, the last says how many there are."""
    below = places.below(root, CHECKED_OUT)
    lines = []
    found = concerns.of(run)
    for weight, level in LEVELS.items():
        some = [one for one in found if one.weight is weight]
        shown = some if len(some) <= MOST else some[: MOST - 1]
        lines += [_line(level, one, below) for one in shown]
        if len(shown) < len(some):
            lines.append(f"::{level} title=edge budgets::{len(some) - len(shown)} more of this kind are in the log")
    return "".join(f"{line}\n" for line in lines)


def _line(level: str, one: Concern, below: str) -> str:
    said = escaping.shortened(f"{one.result.nodeid}\n{one.said}", LONGEST, "(cut; all of it is in the log)")
    where = {"file": f"{below}{one.file}", "line": str(one.line), "title": one.title}
    return f"::{level} {','.join(f'{key}={_property(value)}' for key, value in where.items())}::{_data(said)}"


def _data(text: str) -> str:
    """Escape as the runner's command parser undoes it (actions/toolkit, core/src/command.ts)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
