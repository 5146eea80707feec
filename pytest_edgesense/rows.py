"""What one test's budget came to, as it travels from where the test ran to where it is shown: plain JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from edgesense.report import schema
from edgesense.report.records import Result


@dataclass(frozen=True)
class Row(Result):
    """One test on one device while the run goes on: its result, and the baseline that it may leave.

    Attributes:
        baseline: The baseline to be stored, as JSON; "" for none.
        changes: What storing it changes, a line each.
    """

    baseline: str = ""
    changes: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Return the row as text, so that any process boundary lets it through."""
        return json.dumps({**schema.dump_result(self), "baseline": self.baseline, "changes": list(self.changes)})

    @classmethod
    def from_json(cls, text: str) -> Row:
        """Return the row that `to_json` wrote."""
        body: dict[str, Any] = json.loads(text)
        result = schema.load_result(body)
        return cls(**vars(result), baseline=body["baseline"], changes=tuple(body["changes"]))

    def settled(self, outcome: str, *, blamed: bool = False) -> Row:
        """Return the row with the call's outcome; only a test that passed has its baseline stored."""
        kept = outcome == "passed"
        return replace(
            self,
            outcome=outcome,
            blamed=blamed,
            baseline=self.baseline if kept else "",
            changes=self.changes if kept else (),
        )
