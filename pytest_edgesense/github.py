"""What GitHub Actions shows of a run by itself: the step's summary, and remarks at the tests' lines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from edgesense.report.formats import github_annotations, markdown
from edgesense.report.records import RunRecord

SUMMARY = "GITHUB_STEP_SUMMARY"


def summarise(run: RunRecord, root: Path) -> Iterator[str]:
    """Append the run to the step's summary, where the step has one; yield why that could not be done."""
    target = os.environ.get(SUMMARY)
    if not target:
        return
    try:
        # Other programs of the same step append too.
        with Path(target).open("a", encoding="utf-8") as file:
            file.write(f"\n{markdown.render(run, root=root)}")
    except OSError as error:
        yield f"the step summary was not written: {error}"


def remarks(run: RunRecord, root: Path) -> list[str]:
    """Return the lines that, printed in a step, are shown at the tests' lines."""
    return github_annotations.render(run, root=root).splitlines()
