"""Times measured beside their baselines', once a run for equal evidence: asking again never gives another answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from edgesense.errors import BaselineError, EdgeSenseError
from edgesense.perf import gate, measure
from edgesense.perf.interfaces import Device, PairingDevice
from edgesense.perf.records import Baseline, Job, Paired
from pytest_edgesense.once import Once


class Pairing:
    """What was measured side by side in this run.

    Args:
        once: Where it is kept.
        against: A commit whose code and pipelines are the baselines', None for each baseline's own.
    """

    def __init__(self, once: Once, against: str | None = None) -> None:
        self._once = once
        self._against = against

    def beside(
        self,
        device: Device,
        job: Job,
        baseline: Baseline | BaselineError | None,
        record: Path,
        *,
        made_of: str,
        allowed: Mapping[str, float],
    ) -> Mapping[str, Paired]:
        """Return a job's gated times beside its baseline's, measured unless equal ones were.

        Args:
            device: Where.
            job: What is judged.
            baseline: What it is compared with; the error if it cannot be read.
            record: The baseline's file.
            made_of: What tells the job's workload from another of the same name.
            allowed: Limit -> share that is let pass, where it is not the usual one.
        """
        limits = measure.gated(device, job)
        if not limits or not isinstance(device, PairingDevice):
            return {}
        if isinstance(baseline, BaselineError):
            return dict.fromkeys(limits, Paired(refused=str(baseline)))
        asked = {name: allowed[name] for name in sorted(limits) if name in allowed}
        evidence = ("pairs", device.name, job, tuple(asked.items()))
        alike, own = (*evidence, made_of, self._made_of(baseline, record)), (*evidence, str(record))
        with self._once.held(alike):
            found: Mapping[str, Paired] | None = self._once.find(own) or self._once.find(alike)
            if found is not None:
                return found
            try:
                found = measure.beside(device, job, baseline, record, allowed=asked, against=self._against)
            except EdgeSenseError as error:
                # Nothing could be told in as many pairs as there are: inconclusive, and why.
                found = dict.fromkeys(limits, Paired(discarded=gate.Rule().first, notes=(str(error),)))
            self._once.keep(own, found)
            # Equal baselines of several files are the same arm, unless this file's history did not lead to all of it.
            if not any(one.uncovered or one.refused for one in found.values()):
                self._once.keep(alike, found)
            return found

    def _made_of(self, baseline: Baseline | None, record: Path) -> str:
        if self._against is not None:
            return self._against
        if baseline is None or baseline.origin is None:
            return str(record)
        return json.dumps(asdict(baseline.origin), sort_keys=True)
