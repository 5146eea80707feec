"""What one test's budget came to, as it travels from where the test ran to where it is shown: plain JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from edgesense.perf import schema
from edgesense.perf.records import Attachment, Verdict


@dataclass(frozen=True)
class Row:
    """One test on one device.

    Attributes:
        nodeid: The test as pytest names it, device and all.
        test: Its stable name.
        device: The device's name.
        verdict: What its budget came to; None where nothing could be judged.
        failing: The limits that fail the test.
        absent: Limits that name other devices only.
        failure: Why the test fails for its budget, "" where it does not.
        outcome: The call's outcome: passed, failed, skipped; "" before it is known.
        baseline: The baseline to be stored, as JSON; "" for none.
        changes: What storing it changes, a line each.
        gates: Whether the budget may fail the test.
        blamed: Whether the test failed for its budget, and not for its body.
        against: What its times were measured beside, a line each.
        attachments: What explains it; files as seen from pytest's root directory.
    """

    nodeid: str
    test: str
    device: str
    verdict: Verdict | None
    failing: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    failure: str = ""
    outcome: str = ""
    baseline: str = ""
    changes: tuple[str, ...] = ()
    gates: bool = True
    blamed: bool = False
    against: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    def to_json(self) -> str:
        """Return the row as text, so that any process boundary lets it through."""
        plain = None if self.verdict is None else schema.dump_verdict(self.verdict)
        attachments = [schema.dump_attachment(one) for one in self.attachments]
        return json.dumps({**self.__dict__, "verdict": plain, "attachments": attachments})

    @classmethod
    def from_json(cls, text: str) -> Row:
        """Return the row that `to_json` wrote."""
        body: dict[str, Any] = json.loads(text)
        verdict = body["verdict"]
        lists = {name: tuple(body[name]) for name in ("failing", "absent", "changes", "against")}
        lists["attachments"] = tuple(schema.load_attachment(one) for one in body["attachments"])
        return cls(**{**body, **lists, "verdict": None if verdict is None else schema.load_verdict(verdict)})

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
