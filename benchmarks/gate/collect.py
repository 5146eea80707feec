"""Measure gates of one pipeline against itself, made slower, or built anew; go on where an earlier run stopped.

    python benchmarks/gate/collect.py quiet --gates 600
    python benchmarks/gate/collect.py neighbour --gates 300
    python benchmarks/gate/collect.py slower-5 --gates 300

Every gate is a real one: both stages, fresh processes, nothing shared with any other gate. Each is written down as soon
as it is measured; Ctrl-C ends the run and the same command goes on. The device's lock is held gate by gate, so that
what waits for it (a test run, another collection) takes turns and is not measured along. Several computers may add to
one file: which of them measured a gate is kept with it.

- ``quiet``, ``neighbour``: a pipeline against itself, alone and beside bursts of other work.
- ``slower-5``, ``slower-10``: against itself with 5 % and 10 % of real work on top.
- ``copies``, ``builds``, ``unaligned``: against the same bytes in another file, the same model in another order, and in
  another order without alignment. The files are made anew for each gate, so that each has its own place in memory.

``--pipeline DIR`` takes another pipeline than the default one; its gates are kept under ``CONDITION-NAME``.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import builds
import neighbour
import numpy as np
import replay
import samples
from samples import METHOD, PIPELINE

from edgesense.perf import gate, load, measure, pairs, statistics
from edgesense.perf.devices.host import Host
from edgesense.perf.records import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Place = Callable[[Job, Path], tuple[Job, Job]]

ROOT = Path(__file__).parents[2]
SLOWER = {"slower-5": 0.05, "slower-10": 0.10}
PLACED: dict[str, Place] = {"copies": builds.copies, "builds": builds.both, "unaligned": builds.unaligned}
CONDITIONS = ("quiet", "neighbour", *SLOWER, *PLACED)
STEADY = 5
TURN_SECONDS = 0.2


def main(arguments: Sequence[str] | None = None) -> int:
    """Collect until there are as many gates as wanted."""
    parser = argparse.ArgumentParser(description="Measure gates, and keep them for report.py and the tests.")
    parser.add_argument("condition", choices=CONDITIONS)
    parser.add_argument("--pipeline", default=PIPELINE, help="from the project's root (default %(default)s)")
    parser.add_argument("--gates", type=int, default=300, help="how many there are to be in the end (default 300)")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so long; go on another time")
    parser.add_argument("--samples", type=Path, default=samples.DIRECTORY, help="where they are kept")
    chosen = parser.parse_args(arguments)
    end = time.monotonic() + 60 * chosen.minutes
    job = Job(os.path.normpath(chosen.pipeline), ROOT, ())
    kept = samples.load(named(chosen.condition, job.workload), chosen.samples)
    host = _settle(kept, chosen.condition, job)
    neighbours = neighbour.start() if chosen.condition == "neighbour" else []
    try:
        while len(kept.gates) < chosen.gates and time.monotonic() < end:
            with measure.alone("host"), tempfile.TemporaryDirectory(prefix="edgesense-gate-") as scratch:
                place = PLACED.get(chosen.condition, _same)
                arms = pairs.Arms(*place(job, Path(scratch)), slowed_by=kept.about["hosts"][host].get("operations", 0))
                measured = _gate(arms, Path(scratch))
            kept.gates.append(replace(measured, host=host))
            kept.save()
            _tell(kept, chosen.gates)
            # Long enough for whoever waits for the lock to see that it is free.
            time.sleep(TURN_SECONDS)
    except KeyboardInterrupt:
        print(f"\n{len(kept.gates)} gates so far; the same command goes on", file=sys.stderr)
        return 130
    finally:
        for process in neighbours:
            process.kill()
    return 0


def named(condition: str, pipeline: str) -> str:
    """Return under which name the gates of a condition and a pipeline are kept."""
    return condition if pipeline == PIPELINE else f"{condition}-{Path(pipeline).name}"


def _gate(arms: pairs.Arms, scratch: Path) -> samples.Gate:
    rows: list[Any] = []

    def seen(baseline: pairs.Times, candidate: pairs.Times) -> None:
        both = (baseline["calls"], candidate["calls"])
        rows.append([samples.row(_first_of_blocks(calls), statistics.quantile(calls, pairs.SHARE)) for calls in both])

    before, at = load.moment(), time.time()
    paired = pairs.compare(Host(), arms, {"calls": gate.Rule()}, scratch, seen=seen)["calls"]
    after = load.moment()
    busy = load.others(before, after)
    return samples.Gate(np.array(rows), paired.discarded, after.now - before.now, busy or 0.0, at)


def _first_of_blocks(calls: Sequence[float]) -> list[float]:
    """Return as many calls of each block as every pipeline has: what the other tools' rules see, whatever its speed."""
    a_block = len(calls) // pairs.BLOCKS
    return [call for index, call in enumerate(calls) if index % a_block < pairs.CALLS]


def _settle(kept: samples.Samples, condition: str, job: Job) -> int:
    """Settle what holds for every gate of a condition, or refuse to go on otherwise; return which computer this is."""
    try:
        model = (job.root / job.workload / "model.tflite").read_bytes()
    except OSError as error:
        sys.exit(f"{job.workload} is no pipeline of this project: {error.strerror}: {error.filename}")
    same: dict[str, Any] = {"pipeline": job.workload, "model": hashlib.sha256(model).hexdigest()}
    same |= {"rule": vars(gate.Rule()), "method": METHOD}
    if condition in PLACED:
        same["built"] = builds.recipe()
    different = [name for name, value in same.items() if kept.gates and kept.about.get(name) != value]
    if different:
        sys.exit(f"{kept.path} was measured with another {' and '.join(different)}; move it away to begin anew")
    kept.about |= same
    here: dict[str, Any] = {**Host().fingerprint(), "usable cores": str(len(os.sched_getaffinity(0)))}
    hosts = kept.about.setdefault("hosts", [])
    for index, host in enumerate(hosts):
        if {name: value for name, value in host.items() if name != "operations"} == here:
            return index
    if condition in SLOWER:
        # How much work is so much slower is a matter of the computer.
        with measure.alone("host"):
            here["operations"] = pairs.operations_for(Host(), job, SLOWER[condition])
    hosts.append(here)
    return len(hosts) - 1


def _same(job: Job, directory: Path) -> tuple[Job, Job]:  # noqa: ARG001 - as `builds` has it
    return job, job


def _tell(kept: samples.Samples, wanted: int) -> None:
    last = kept.gates[-1]
    decision = replay.decide(last)
    recent = [one.seconds for one in kept.gates[-STEADY:]]
    left = (wanted - len(kept.gates)) * statistics.median(recent) / 60
    word = decision.outcome.value if decision.outcome else "-"
    print(
        f"{kept.name} {len(kept.gates)}/{wanted}  {word:<12} {decision.change:+.2%} of {decision.pairs} pairs, "
        f"{last.seconds:.1f} s, {last.busy:.1f} cores busy, {left:.0f} min left",
        flush=True,
    )


if __name__ == "__main__":
    raise SystemExit(main())
