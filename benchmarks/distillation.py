"""What a teacher is worth, the fewer clips the more: the same student with the CRNN's answers and without.

    python benchmarks/distillation.py [--teacher models/crnn-float32] [--clips 150 500 1500] [--seeds 1 2 3]

The embedded set is made hard by how little of it the student has: the teacher has heard 6,000 training clips, the
student hears the first few hundred of them, with the teacher's answers or with labels alone. Everything else is
equal: architecture, seed, front end, augmentation, and the number of steps whatever the number of clips. Each
student is asked once, about the 2,000 test clips. The bar: 5 points. Goes on where it was interrupted.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from edgesense.cli._progress import Progress
from edgesense.perf.files import cache_directory
from edgesense.synthetic import CLASSES
from edgesense.training import embedded
from edgesense.training.fit import Schedule
from edgesense.training.plan import Plan
from edgesense.training.results_page import mean_interval
from edgesense.training.teacher import Teacher

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[1]
STUDENT = "cnn"
STEPS = 1000
BATCH = 64
TEST_CLIPS = 2000
LEAST_POINTS = 5.0
POINTS = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Train what is missing, print the table; return 0 when the bar is met somewhere."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teacher", type=Path, default=ROOT / "models" / "crnn-float32", help="pipeline that teaches")
    parser.add_argument("--clips", type=int, nargs="+", default=[150, 500, 1500], help="training clips of a student")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--work", type=Path, help="features, checkpoints, students (default: the user's cache)")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    chosen = parser.parse_args(arguments)
    console = Console()
    work = chosen.work or cache_directory()
    table = Table("clips", "labels alone", "with the teacher", "gained, points (95 %)", title=f"the student, {STUDENT}")
    results: list[dict[str, Any]] = []
    with Progress(console) as progress:
        for clips in chosen.clips:
            arms = [
                [accuracy(clips, seed, teacher, work, progress) for seed in chosen.seeds]
                for teacher in (None, Teacher(chosen.teacher))
            ]
            gained, low, high = (
                POINTS * value for value in mean_interval([taught - alone for alone, taught in zip(*arms, strict=True)])
            )
            alone, taught = (f"{statistics.fmean(arm):.4f}" for arm in arms)
            table.add_row(f"{clips:,}", alone, taught, f"{gained:+.2f} ({low:+.2f} to {high:+.2f})")
            results.append(
                {"name": f"gained from the teacher, {clips} clips", "value": round(gained, 2), "unit": "points"}
            )
    console.print(table)
    most = max(results, key=lambda one: one["value"])
    most |= {"limit": LEAST_POINTS, "met": most["value"] >= LEAST_POINTS}
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0 if most["met"] else 1


def accuracy(clips: int, seed: int, teacher: Teacher | None, work: Path, progress: Progress) -> float:
    """Train one student, unless that was done before, and return its accuracy on the test clips."""
    by = teacher.distillation(CLASSES).teacher if teacher else "nobody"
    place = work / "distillation" / f"{clips}-{seed}-{by}"
    schedule = Schedule(epochs=max(1, STEPS // max(1, clips // BATCH)), batch_size=BATCH)
    plan = Plan(STUDENT, schedule, ("float32",), seed=seed, teacher=teacher)
    recipe = place / f"{plan.slug}-float32" / "recipe.json"
    if not recipe.exists():
        progress.say(f"== {clips} clips, seed {seed}, {'with the teacher' if teacher else 'labels alone'}")
        command = "python benchmarks/distillation.py"
        embedded.run(
            plan, clips=clips, test_clips=TEST_CLIPS, work=work, output=place, command=command, reporter=progress
        )
    found: float = json.loads(recipe.read_text(encoding="utf-8"))["test"]["accuracy"]
    return found


if __name__ == "__main__":
    raise SystemExit(main())
