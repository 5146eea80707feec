"""Which stage a time went to: both pipelines in turn, stage by stage, in a few pairs of fresh processes."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgesense.perf import growth, origins, pairs, statistics
from edgesense.perf.cases import Attachment, Case
from edgesense.perf.devices import host
from edgesense.perf.growth import Part
from edgesense.perf.measure import STAGE
from edgesense.perf.profilers import _case
from edgesense.perf.records import Job, Paired
from edgesense.perf.units import MILLISECOND

OF_LIMITS = {"features_ms": "features", "inference_ms": "inference"}
TENTH = 0.1
COUNTED = "instructions_m"


@dataclass(frozen=True)
class Stages:
    """Times each stage of the pipeline and of its baseline, unless the gate's own pairs have them already.

    Attributes:
        pairs: How many pairs of processes; it explains, and decides nothing.
    """

    name: str = "stages"
    always: bool = False
    cost: float = 5.0
    pairs: int = 3

    @property
    def explains(self) -> frozenset[str]:
        """Times, and what is made of them."""
        return _case.TIMES | _case.ENERGY

    def profile(self, case: Case, directory: Path) -> Sequence[Attachment]:
        """Write ``stages.txt``; see `edgesense.perf.interfaces.Profiler`."""
        if case.measurement is not None and COUNTED in case.measurement.readings:
            # Its times are predicted from counts, which are known by stage and told by `changes`.
            return []
        parts, how = _gated(case.measurement.paired if case.measurement else {}), "in the gate's own pairs"
        if not parts:
            parts, case = self._measured(case)
            how = f"in {self.pairs} pairs" if case.baseline is not None else "of it alone"
        if len(parts) < 2:
            return []
        compared = all(part.before is not None for part in parts)
        texts = growth.signed([part.growth if compared else part.now for part in parts], MILLISECOND)
        told = ", ".join(
            f"{part.name} {text if compared else text.lstrip('+')}" for part, text in zip(parts, texts, strict=True)
        )
        lines = [
            *_case.head(case, f"time of each stage a call, 10th percentile, {how}"),
            *growth.table(parts, MILLISECOND),
        ]
        path = _case.write(directory, "stages.txt", lines)
        return [
            Attachment(f"time by stage{_case.elsewhere(case)}", path, "", _case.told(self, case, [told]), self.name)
        ]

    def _measured(self, case: Case) -> tuple[list[Part], Case]:
        stages = origins.ask(host.Host(), case.job).stages or ()
        series = [f"{STAGE}{name}" for name in stages]
        if len(series) < 2:
            return [], case
        before, case = _case.of_baseline(case, lambda job: self._pairs(job, case.job, series))
        if before is None:
            now = _alone(case.job, series)
            return [Part(name, now[one]) for name, one in zip(stages, series, strict=True)], case
        return [Part(name, before[1][one], before[0][one]) for name, one in zip(stages, series, strict=True)], case

    def _pairs(self, baseline: Job, candidate: Job, series: Sequence[str]) -> tuple[dict[str, float], dict[str, float]]:
        """Return the median of each series' 10th percentiles, the baseline's first."""
        arms = pairs.Arms(baseline, candidate)
        with tempfile.TemporaryDirectory(prefix="edgesense-") as scratch:
            both = [
                pairs.pair(host.Host(), arms, series, Path(scratch), random.SystemRandom()) for _ in range(self.pairs)
            ]
        first, second = (
            {
                name: statistics.median([statistics.quantile(pair[side][name], TENTH) for pair in both])
                for name in series
            }
            for side in (0, 1)
        )
        return first, second


def _gated(paired: Mapping[str, Paired]) -> list[Part]:
    """Return the stages that the gate has timed, where it has timed them all."""
    parts = [
        Part(stage, statistics.median(paired[limit].candidate), statistics.median(paired[limit].baseline))
        for limit, stage in OF_LIMITS.items()
        if limit in paired and paired[limit].baseline
    ]
    return parts if len(parts) == len(OF_LIMITS) else []


def _alone(job: Job, series: Sequence[str]) -> dict[str, float]:
    with host.Host().session(job, {"series": list(series)}) as session:
        session.opened()
        seconds = session.do("warm")["seconds_per_call"]
        calls = session.do("block", calls=pairs.BLOCKS * pairs.calls_a_block(seconds))["series"]
    return {name: statistics.quantile(calls[name], TENTH) for name in series}


PROFILERS = (Stages(),)
