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

from edgesense.perf import gate, load, measure, pairs, statistics
from edgesense.perf.devices.host import Host
from edgesense.perf.records import Job

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
PIPELINE = "models/crnn-float32"
SLOWER = {"slower-5": 0.05, "slower-10": 0.10}
PLACED = {"copies": builds.copies, "builds": builds.both, "unaligned": builds.unaligned}
CONDITIONS = ("quiet", "neighbour", *SLOWER, *PLACED)
METHOD = f"{pairs.BLOCKS} blocks of up to {pairs.CALLS} calls, the pipeline opened anew before each"
STEADY = 5
TURN_SECONDS = 0.2


def main(arguments: Sequence[str] | None = None) -> int:
    """Collect until there are as many gates as wanted."""
    parser = argparse.ArgumentParser(description="Measure gates, and keep them for report.py and the tests.")
    parser.add_argument("condition", choices=CONDITIONS)
    parser.add_argument("--gates", type=int, default=300, help="how many there are to be in the end (default 300)")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so long; go on another time")
    parser.add_argument("--samples", type=Path, default=samples.DIRECTORY, help="where they are kept")
    chosen = parser.parse_args(arguments)
    kept = samples.load(chosen.condition, chosen.samples)
    host = _settle(kept)
    neighbours = neighbour.start() if chosen.condition == "neighbour" else []
    try:
        _collect(kept, host, chosen.gates, time.monotonic() + 60 * chosen.minutes)
    except KeyboardInterrupt:
        print(f"\n{len(kept.gates)} gates so far; the same command goes on", file=sys.stderr)
        return 130
    finally:
        for process in neighbours:
            process.kill()
    return 0


def _collect(kept: samples.Samples, host: int, wanted: int, end: float) -> None:
    while len(kept.gates) < wanted and time.monotonic() < end:
        with measure.alone("host"), tempfile.TemporaryDirectory(prefix="edgesense-gate-") as scratch:
            measured = _gate(_arms(kept, host, Path(scratch)), Path(scratch))
        kept.gates.append(replace(measured, host=host))
        kept.save()
        _tell(kept, wanted)
        # Long enough for whoever waits for the lock to see that it is free.
        time.sleep(TURN_SECONDS)


def _gate(arms: pairs.Arms, scratch: Path) -> samples.Gate:
    rows: list[Any] = []

    def seen(baseline: pairs.Times, candidate: pairs.Times) -> None:
        both = (baseline["calls"], candidate["calls"])
        rows.append([samples.row(calls, statistics.quantile(calls, pairs.SHARE)) for calls in both])

    before, at = load.moment(), time.time()
    paired = pairs.compare(Host(), arms, {"calls": gate.Rule()}, scratch, seen=seen)["calls"]
    after = load.moment()
    busy = load.others(before, after)
    return samples.Gate(np.array(rows), paired.discarded, after.now - before.now, busy or 0.0, at)


def _settle(kept: samples.Samples) -> int:
    """Settle what holds for every gate of a condition, or refuse to go on otherwise; return which computer this is."""
    model = (ROOT / PIPELINE / "model.tflite").read_bytes()
    same: dict[str, Any] = {"pipeline": PIPELINE, "model": hashlib.sha256(model).hexdigest()}
    same |= {"rule": vars(gate.Rule()), "method": METHOD}
    if kept.name in PLACED:
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
    if kept.name in SLOWER:
        # How much work is so much slower is a matter of the computer.
        with measure.alone("host"):
            here["operations"] = pairs.operations_for(Host(), _job(), SLOWER[kept.name])
    hosts.append(here)
    return len(hosts) - 1


def _arms(kept: samples.Samples, host: int, scratch: Path) -> pairs.Arms:
    place = PLACED.get(kept.name)
    baseline, candidate = place(_job(), scratch) if place else (_job(), _job())
    return pairs.Arms(baseline, candidate, slowed_by=kept.about["hosts"][host].get("operations", 0))


def _job() -> Job:
    return Job(PIPELINE, ROOT, ())


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
