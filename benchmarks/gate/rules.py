"""Would this tool have failed the build? Rules of tools that compare a run with a stored one, on summaries of calls.

Each rule looks at two `Run`s and says whether it would report the second as slower. Raw calls are not kept (they would
be gigabytes); what is kept of every process is the 10th percentile, minimum, median, mean and standard deviation of its
50 calls. Where a rule resamples raw calls, the normal approximation takes its place: a bootstrap of the mean of n
values has the standard error sd / sqrt(n) by construction, and is all but normal. Every rule gets as many processes as
its tool starts by default, or as many as there are (3).

The rules were read in the tools' public repositories:

- pytest-benchmark 5.3, ``src/pytest_benchmark/utils.py``, `PercentageRegressionCheck`; one process.
- asv, ``asv/commands/compare.py``, `_is_result_better`, and ``asv/_stats.py``, `is_different`, with the default factor
  1.1 of ``asv/commands/common_args.py``; two processes. ``asv continuous`` compares the same way, and keeps no raw
  samples unless told to (`record_samples=False`), so that the test is whether 99 % intervals of the median overlap.
- pyperf, ``pyperf/_utils.py``, `is_significant`, and ``pyperf/_compare.py``; twenty processes, here three, one value
  each. Fewer values make it less sensitive, to slowdowns and to noise alike.
- criterion.rs, ``src/analysis/compare.rs`` and ``src/report.rs``, `compare_to_threshold`; the default noise threshold
  is 1 % in ``src/criterion.rs`` (0.01), and 2 % in that setter's example; one process of 100 samples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import NDArray

CALLS = 50
TENTH, MINIMUM, MEDIAN, MEAN, SD = range(5)
TENTH_Z = float(-special.ndtri(0.1))
"""Standard deviations between a normal distribution's median and its 10th percentile."""
MEDIAN_FACTOR = math.sqrt(math.pi / 2)
"""Standard error of a median over that of a mean, for a normal distribution."""


@dataclass(frozen=True)
class Run:
    """What one run of a tool has measured.

    Attributes:
        processes: (processes, 5) seconds: 10th percentile, minimum, median, mean and standard deviation of the 50
            calls of each fresh process.
    """

    processes: NDArray[np.float64]


Rule = Callable[[Run, Run], bool]
"""(baseline, candidate) -> whether the candidate is reported as slower."""


def slower_by(statistic: int, percent: float, baseline: Run, candidate: Run) -> bool:
    """Return pytest-benchmark's decision: ``current / compared * 100 - 100 > percent``, of one process each."""
    before, now = (float(run.processes[0, statistic]) for run in (baseline, candidate))
    return now / before * 100 - 100 > percent


def asv(factor: float, baseline: Run, candidate: Run) -> bool:
    """Return asv's decision: the 99 % intervals of the medians are apart, and the ratio is over `factor`.

    The calls of both processes are pooled. Their median is taken as the mean of the two medians; its interval as the
    hull of the processes' own, which is the widest that pooling could give and so speaks for asv where nothing changed.
    """
    (before, _, top), (now, bottom, _) = (median_interval(run) for run in (baseline, candidate))
    return bottom > top and before < now / factor


def median_interval(run: Run) -> tuple[float, float, float]:
    """Return the median of two processes' calls, in seconds, and the ends of its 99 % interval."""
    processes = run.processes[:2]
    # Of the lower half, since stalls make the standard deviation far larger than the middle of the calls is wide.
    spread = (processes[:, MEDIAN] - processes[:, TENTH]) / TENTH_Z
    half = float(special.ndtri(0.995)) * MEDIAN_FACTOR * spread / math.sqrt(CALLS)
    medians = processes[:, MEDIAN]
    return float(medians.mean()), float((medians - half).min()), float((medians + half).max())


def pyperf(baseline: Run, candidate: Run) -> bool:
    """Return pyperf's decision: Student's two-sample t-test of the processes' means is significant at 95 %.

    The variance is pooled and the test two-sided, as in pyperf; significantly faster is no alarm.
    """
    before, now = (run.processes[:, MEAN] for run in (baseline, candidate))
    pooled = (before.var(ddof=1) + now.var(ddof=1)) / 2
    score = float(now.mean() - before.mean()) / math.sqrt(2 * pooled / len(now))
    return score >= float(special.stdtrit(2 * len(now) - 2, 0.975))


def criterion(noise: float, baseline: Run, candidate: Run) -> bool:
    """Return criterion.rs's decision: p < 0.05, and the 95 % interval of the means' change lies over `noise`."""
    change, error = mean_change(baseline, candidate)
    before, now = (run.processes[0] for run in (baseline, candidate))
    score = float(now[MEAN] - before[MEAN]) / math.hypot(*(float(one[SD]) / math.sqrt(CALLS) for one in (before, now)))
    significant = abs(score) > float(special.stdtrit(2 * CALLS - 2, 0.975))
    return significant and change - float(special.ndtri(0.975)) * error > noise


def mean_change(baseline: Run, candidate: Run) -> tuple[float, float]:
    """Return the change of the means of one process each, as a share, and the standard error of its bootstrap."""
    before, now = (run.processes[0] for run in (baseline, candidate))
    ratio = float(now[MEAN] / before[MEAN])
    shares = [float(one[SD] / one[MEAN]) / math.sqrt(CALLS) for one in (before, now)]
    return ratio - 1, ratio * math.hypot(*shares)


PEERS: Mapping[str, Rule] = {
    "pytest-benchmark min:5%": partial(slower_by, MINIMUM, 5.0),
    "pytest-benchmark mean:5%": partial(slower_by, MEAN, 5.0),
    "asv, factor 1.1 (its default)": partial(asv, 1.1),
    "asv, factor 1.05": partial(asv, 1.05),
    "pyperf t-test, 95 %": pyperf,
    "criterion, noise 1 % (its default)": partial(criterion, 0.01),
    "criterion, noise 2 %": partial(criterion, 0.02),
}
