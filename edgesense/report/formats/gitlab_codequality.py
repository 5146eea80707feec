"""A code quality report of GitLab: remarks in a merge request, and what is new or fixed in it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from edgesense.report import concerns, escaping, places
from edgesense.report.concerns import Concern, Weight
from edgesense.report.records import RunRecord

NAME = "gitlab-codequality"
ABOUT = "GitLab, as artifacts:reports:codequality: remarks in a merge request"
SUFFIX = ".json"

CHECKED_OUT = "CI_PROJECT_DIR"
SEVERITIES = {Weight.FAILS: "critical", Weight.OPEN: "major", Weight.REMARKABLE: "info"}


def render(run: RunRecord, *, root: Path) -> str:
    """Return the report; a limit keeps its fingerprint from run to run, so that GitLab knows it again."""
    below = places.below(root, CHECKED_OUT)
    return json.dumps([_entry(one, below) for one in concerns.of(run)], indent=1) + "\n"


def _entry(one: Concern, below: str) -> dict[str, object]:
    identity = f"{one.result.test}\0{one.result.device}\0{one.limit}"
    return {
        "description": escaping.one_line(f"{one.title}: {one.said} ({one.result.nodeid})"),
        "check_name": f"edge_budget.{one.limit or 'not_judged'}",
        "fingerprint": hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest(),
        "severity": SEVERITIES[one.weight],
        "location": {"path": f"{below}{one.file}", "lines": {"begin": one.line}},
    }
