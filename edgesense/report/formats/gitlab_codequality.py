"""A code quality report of GitLab: remarks in a merge request, and what is new or fixed in it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from edgesense.report import concerns, escaping
from edgesense.report.concerns import Concern, Weight
from edgesense.report.records import RunRecord

NAME = "gitlab-codequality"
ABOUT = "GitLab, as artifacts:reports:codequality: remarks in a merge request"
SUFFIX = ".json"

SEVERITIES = {Weight.FAILS: "critical", Weight.OPEN: "major", Weight.REMARKABLE: "info"}


def render(run: RunRecord, *, root: Path) -> str:  # noqa: ARG001 - every format is asked in the same way
    """Return the report; a limit keeps its fingerprint from run to run, so that GitLab knows it again."""
    return json.dumps([_entry(one) for one in concerns.of(run)], indent=1) + "\n"


def _entry(one: Concern) -> dict[str, object]:
    identity = f"{one.result.test}\0{one.result.device}\0{one.limit}"
    return {
        "description": escaping.one_line(f"{one.title}: {one.said} ({one.result.nodeid})"),
        "check_name": f"edge_budget.{one.limit or 'not_judged'}",
        "fingerprint": hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest(),
        "severity": SEVERITIES[one.weight],
        "location": {"path": one.file, "lines": {"begin": one.line}},
    }
