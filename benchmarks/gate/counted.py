"""Count a front end that does 1 % more, and an unchanged one, against a stored baseline; go on where a run stopped.

    python benchmarks/gate/counted.py --gates 100

Every count is one run of the emulated Raspberry Pi 4 (``edgesense devices setup pi``) in a fresh process, and is judged
as a budget is: by `edgesense.perf.judge`, at 0.5 % of the total and of each stage. The baseline is the first count of
the shipped pipeline; the extra work is chosen once, by counting it. Each pair of counts is written down when it is
made; Ctrl-C ends the run and the same command goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import samples
import slower_front_end

from edgesense.perf import devices, judge, measure
from edgesense.perf.files import write_atomically
from edgesense.perf.records import Baseline, Job, Known, Measurement, Reading
from edgesense.perf.verdicts import Outcome

ROOT = Path(__file__).parents[2]
NAME = "counted.json"
DEVICE = "pi"
LIMIT = "instructions_m"
STAGE = "features"
SHARE = 0.01
TRIAL = 100
FACTORY = f"{slower_front_end.__name__}:make"
SHIPPED = (slower_front_end.__name__, slower_front_end.PIPELINE, slower_front_end.OPERATIONS)
COMPARABLE = ("board", "sysroot", "board_runtime")

Count = Mapping[str, float]
"""Instructions of one inference: of each stage, and end to end as ""."""


@dataclass
class Counted:
    """All counts so far.

    Attributes:
        about: The model, the board, and the extra work.
        baseline: The stored count.
        unchanged: Counts of the shipped pipeline.
        slower: Counts of the one whose front end does more.
        path: Where they are kept.
    """

    about: dict[str, Any] = field(default_factory=dict)
    baseline: Count = field(default_factory=dict)
    unchanged: list[Count] = field(default_factory=list)
    slower: list[Count] = field(default_factory=list)
    path: Path = samples.DIRECTORY / NAME

    def save(self) -> None:
        """Write atomically."""
        body = {"about": self.about, "baseline": self.baseline, "unchanged": self.unchanged, "slower": self.slower}
        parts = (f"{json.dumps(key)}: {_lines(value)}" for key, value in body.items())
        write_atomically(self.path, "{\n" + ",\n".join(parts) + "\n}\n")


def _lines(value: Any) -> str:
    """Return JSON with one count a line."""
    if not isinstance(value, list):
        return json.dumps(value)
    return "[" + ",".join(f"\n {json.dumps(one)}" for one in value) + "\n]"


def load(directory: Path = samples.DIRECTORY) -> Counted:
    """Return what was counted so far; nothing if there is no file."""
    path = directory / NAME
    if not path.exists():
        return Counted(path=path)
    return Counted(**json.loads(path.read_text(encoding="utf-8")), path=path)


def outcome(baseline: Count, count: Count) -> Outcome:
    """Return what a budget on a count comes to against a stored one."""
    stored = Baseline("counted", DEVICE, {}, {}, {LIMIT: _reading(baseline)})
    found = Measurement(DEVICE, {}, {}, {LIMIT: _reading(count)})
    return judge.judge("counted", {}, found, stored).findings[0].regression


def _reading(count: Count) -> Reading:
    parts = {stage: value for stage, value in count.items() if stage}
    return Reading(count[""], count[""], count[""], Known.COUNTED, parts=parts)


def main(arguments: Sequence[str] | None = None) -> int:
    """Count until there are as many pairs of counts as wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gates", type=int, default=100, help="how many of each there are to be (default 100)")
    parser.add_argument("--samples", type=Path, default=samples.DIRECTORY, help="where they are kept")
    chosen = parser.parse_args(arguments)
    kept, wanted = load(chosen.samples), chosen.gates
    with tempfile.TemporaryDirectory(prefix="edgesense-counted-") as scratch:
        jobs = _jobs(Path(scratch))
        _settle(kept, jobs, Path(scratch))
        _write(Path(scratch), kept.about["operations"])
        try:
            while len(kept.slower) < wanted:
                for name, counts in (("unchanged", kept.unchanged), ("slower", kept.slower)):
                    # A run that was stopped between the two has one more of the first.
                    if len(counts) == len(kept.slower):
                        counts.append(_count(jobs[name], kept.about))
                        kept.save()
                        _tell(kept, name, counts, wanted)
        except KeyboardInterrupt:
            print(f"\n{len(kept.slower)} counts so far; the same command goes on", file=sys.stderr)
            return 130
    return 0


def _jobs(scratch: Path) -> dict[str, Job]:
    """Lay out the shipped pipeline beside the factory that makes it slower."""
    shutil.copytree(ROOT / "models" / slower_front_end.PIPELINE, scratch / slower_front_end.PIPELINE)
    shutil.copy(slower_front_end.__file__, scratch)
    job = Job(slower_front_end.PIPELINE, scratch, (LIMIT,))
    slower = Job(FACTORY, scratch, (LIMIT,), sys_path=(str(scratch),), ship=SHIPPED)
    return {"unchanged": job, "slower": slower}


def _write(scratch: Path, operations: int) -> None:
    (scratch / slower_front_end.OPERATIONS).write_text(str(operations), encoding="ascii")


def _settle(kept: Counted, jobs: Mapping[str, Job], scratch: Path) -> None:
    """Count the baseline and choose the extra work, unless an earlier run has."""
    model = (scratch / slower_front_end.PIPELINE / "model.tflite").read_bytes()
    digest = hashlib.sha256(model).hexdigest()
    if kept.about and kept.about["model"] != digest:
        sys.exit(f"{kept.path} is about another model; move it away to begin anew")
    if kept.about:
        return
    about: dict[str, Any] = {"pipeline": f"models/{slower_front_end.PIPELINE}", "model": digest}
    kept.baseline = _count(jobs["unchanged"], about)
    per = []
    for operations in (TRIAL, 2 * TRIAL):
        _write(scratch, operations)
        per.append(_count(jobs["slower"], about)[STAGE])
    each = (per[1] - per[0]) / TRIAL
    # What the wrapper itself costs counts as well.
    more = SHARE * kept.baseline[STAGE] - (per[0] - TRIAL * each - kept.baseline[STAGE])
    about |= {"operations": round(more / each), "instructions_an_operation": each}
    kept.about = about
    print(f"{STAGE}: {kept.baseline[STAGE]:.0f} instructions; {about['operations']} operations of {each:.0f} on top")


def _count(job: Job, about: dict[str, Any]) -> Count:
    """Count one inference in a fresh process; what must not change between counts is kept in `about`."""
    found = measure.measure(devices.find(DEVICE), job)
    if LIMIT not in found.readings:
        missing = found.missing[LIMIT]
        sys.exit("; ".join(filter(None, (missing.reason, missing.remedy))))
    where = {key: found.fingerprint.get(key, "") for key in COMPARABLE}
    if about.setdefault("where", where) != where:
        sys.exit(f"counted before on {about['where']}, now on {where}; move {NAME} away to begin anew")
    reading = found.readings[LIMIT]
    return {"": reading.value, **reading.parts}


def _tell(kept: Counted, name: str, counts: Sequence[Count], wanted: int) -> None:
    change = counts[-1][STAGE] / kept.baseline[STAGE] - 1
    said = outcome(kept.baseline, counts[-1]).value
    print(f"{name} {len(counts)}/{wanted}  {said:<12} {change:+.3%} in {STAGE}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
