"""What `edgesense search` shows and writes."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from edgesense.perf.files import write_atomically
from edgesense.training.search import export, plots, results
from edgesense.training.search import study as studies

if TYPE_CHECKING:
    from optuna import Study
    from rich.console import Console

    from edgesense.training.search.data import Data
    from edgesense.training.search.evaluator import Cost
    from edgesense.training.search.results import Row
    from edgesense.training.search.space import Candidate


class Progress:
    """Bars for trials and epochs on a terminal, a line for each trial anywhere; a `loop.Reporter`."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bars = Bars(*columns, console=console, disable=not console.is_terminal)
        self._console = console
        self._epochs = self._bars.add_task("epochs", visible=False)
        self._trials = self._bars.add_task("trials", visible=False)
        self._began = time.monotonic()
        self._own = 0

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(text, markup=False, soft_wrap=True)

    def detail(self, text: str) -> None:
        """Show a step of the running trial; on a terminal only, since it is of interest while it lasts."""
        self._bars.update(self._epochs, description=text[:60])

    def began(self, number: int, candidate: Candidate) -> None:
        """Name the trial."""
        self.say(f"trial {number}: {candidate}")
        self._bars.reset(self._epochs, description="counting, untrained", visible=True)

    def step(self, step: int, steps: int, score: float) -> None:
        """Move the epochs' bar."""
        self._bars.update(self._epochs, description=f"epochs, validation {score:.3f}", total=steps, completed=step)

    def ended(self, row: Row, done: int, wanted: int) -> None:
        """Print the outcome, and an estimate of what is left."""
        self._own += 1
        left = (time.monotonic() - self._began) / self._own * (wanted - done)
        self.say(f"trial {row.number} {outcome(row)}; {done} of {wanted} done, {estimate(left)}")
        self._bars.update(self._epochs, visible=False)
        self._bars.update(self._trials, total=wanted, completed=done, visible=True)


def outcome(row: Row) -> str:
    """What became of a trial, in words."""
    if row.state == "complete":
        star = ", on the front" if row.front else ""
        return f"has {row.score:.4f} at {(row.cost or 0) / plots.MILLION:.2f} M{star}"
    return f"{'was pruned' if row.state == 'pruned' else row.state}: {row.why}"


def estimate(seconds: float) -> str:
    """How long it will take, in words."""
    if seconds <= 0:
        return "none left"
    return f"about {seconds / 60:.0f} min left" if seconds >= 90 else f"about {seconds:.0f} s left"


@dataclass(frozen=True)
class Made:
    """A study at the end of a command.

    Attributes:
        study: The study.
        cost: What its costs are.
        storage: Where it is kept, as it may be told.
        command: What goes on with it, as it may be told.
    """

    study: Study
    cost: Cost
    storage: str
    command: str

    def show(self, console: Console) -> None:
        """Print the front and how many trials became what."""
        found = results.rows(self.study)
        states = ("complete", "pruned", "failed", "running", "waiting", "repeat", "put back")
        counts = {state: sum(row.state == state for row in found) for state in states}
        front = results.front(found)
        console.print(_table(front, self.cost) if front else "no trial is complete yet")
        told = ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "none"
        console.print(
            f"trials: {told}. Scores are of validation clips, which chose epochs and trials; no test clip was used",
            soft_wrap=True,
        )

    def write(self, report: Path | None, drawings: Sequence[Path], console: Console) -> None:
        """Write the report and the drawings."""
        if report:
            made = results.report(self.study, self.cost, self.storage, self.command)
            write_atomically(report, json.dumps(made, indent=1) + "\n")
        for path in drawings:
            if self.study.best_trials:
                plots.write(self.study, path, self.cost)
            else:
                console.print(f"{path} is not drawn: no trial is complete", markup=False)

    def pipelines(
        self, data: Data, work: Path, console: Console, *, output: Path | None, test: bool, clips: int | None
    ) -> None:
        """Copy the front's pipelines, and test them."""
        front = results.front(results.rows(self.study))
        if not front:
            console.print("no trial is complete, so there is no front to export or test")
            return
        found = export.located(front, export.hosts(self.study), work)
        if output:
            for path in export.write(found, output):
                console.print(f"wrote {path}", markup=False, soft_wrap=True)
        if test:
            before = studies.TESTED in self.study.user_attrs
            console.print(_tested(export.test(self.study, found, data, clips)))
            told = "as they were tested before" if before else "tested now; the study takes no more trials"
            console.print(f"held-out clips, which chose nothing: {told}")


def _table(front: Sequence[Row], cost: Cost) -> Any:
    from rich.table import Table

    table = Table(title=f"Pareto front: validation score against {cost.about}")
    for name in ("trial", "score", "M", "network", "front end", "pass"):
        table.add_column(name, overflow="fold", justify="right" if name in {"trial", "score", "M"} else "left")
    for row in front:
        if row.candidate is not None:
            million = f"{(row.cost or 0) / plots.MILLION:.2f}"
            chosen = (_network(row.candidate), _front_end(row.candidate), row.candidate.conversion)
            table.add_row(str(row.number), f"{row.score:.4f}", million, *chosen)
    return table


def _network(candidate: Candidate) -> str:
    return f"{candidate.depth} deep, {candidate.width} wide, kernel {candidate.kernel}"


def _front_end(candidate: Candidate) -> str:
    return f"{candidate.blocks}, {candidate.n_fft}/{candidate.hop_length}/{candidate.n_mels}"


def _tested(found: dict[str, Any]) -> Any:
    from rich.table import Table

    table = Table("pipeline", "accuracy", "95 %", "macro F1", title=f"{found['clips']} held-out test clips")
    for name, scores in found["scores"].items():
        interval = f"{scores['low']:.4f}-{scores['high']:.4f}"
        table.add_row(name, f"{scores['accuracy']:.4f}", interval, f"{scores['macro_f1']:.4f}")
    return table
