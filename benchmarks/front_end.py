"""Time a clip's features: EdgeSense's beside librosa's, beside a loop over frames, and beside compiled loops of numba.

With librosa it is pytest-benchmark that times: medians of calls, and their ratio. With the loops, calls take turns in
one process, and the figure is the median of the rounds' ratios; what they compute is checked before they are timed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import _alternating
import _loops
import numpy as np

from edgesense import synthetic
from edgesense.features import FeatureSettings, FrontEnd
from edgesense.techniques import vectorised

TIMED = Path(__file__).parent / "timings" / "test_front_end.py"
NAMES = ("full", "optimized")


SETTINGS = {"full": FeatureSettings.full(), "optimized": FeatureSettings.optimized()}
EQUAL = 1e-4


def main() -> int:
    """Print milliseconds a two-second clip; the exit status is 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=101, help="of the calls that take turns (default 101)")
    parser.add_argument("--without-librosa", action="store_true", help="only the loops")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    chosen = parser.parse_args()
    rows = [] if chosen.without_librosa else beside_librosa()
    for name in NAMES:
        rows += beside_loops(name, SETTINGS[name], chosen.rounds)
    return _alternating.finish(rows, chosen.json)


def beside_librosa() -> list[dict[str, Any]]:
    """Print and return how many times EdgeSense's time librosa's is."""
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "timings.json"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(TIMED)]
        command += ["--benchmark-only", f"--benchmark-json={output}"]
        ended = subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        ended.check_returncode()
        timings = json.loads(output.read_text(encoding="utf-8"))["benchmarks"]
    median = {(one["extra_info"]["settings"], one["extra_info"]["by"]): one["stats"]["median"] for one in timings}
    rows = []
    for name in NAMES:
        ours, theirs = median[name, "edgesense"], median[name, "librosa"]
        print(f"{name:10} edgesense {ours * 1e3:6.2f} ms   librosa {theirs * 1e3:6.2f} ms   ratio {theirs / ours:.2f}")
        faster = {"name": f"librosa's time / EdgeSense's, {name}", "value": round(theirs / ours, 2), "unit": "x"}
        rows.append({**faster, "limit": 1.0, "met": theirs > ours})
    return rows


def beside_loops(name: str, settings: FeatureSettings, rounds: int) -> list[dict[str, Any]]:
    """Print and return how many times the vectorised front end's time those of the loops are.

    Raises:
        ValueError: If one of them computes something else.
    """
    samples, front_end = synthetic.clip("test", 0).samples, FrontEnd(settings)
    written = {"a loop over frames": vectorised.loop(settings)}
    if _loops.numba_is_here():
        written["numba around SciPy's transform"] = _loops.numba_around_scipy(settings)
        written["numba alone"] = _loops.numba_alone(settings)
    else:
        print("numba is not installed: its rows are left out")
    expected = front_end(samples)
    for other, call in written.items():
        apart = float(np.abs(call(samples) - expected).max() / np.abs(expected).max())
        if apart > EQUAL:
            msg = f"{other} is {apart:.1e} of the largest feature apart from the front end, {EQUAL:.0e} is allowed"
            raise ValueError(msg)
    calls = {other: (lambda call=call: call(samples)) for other, call in written.items()}
    seconds = _alternating.timed({"vectorised": lambda: front_end(samples), **calls}, rounds)
    rows = []
    for other in written:
        times = _alternating.ratio(seconds[other], seconds["vectorised"])
        ours, theirs = (_alternating.median_ms(seconds[one]) for one in ("vectorised", other))
        print(f"{name:10} vectorised {ours:6.2f} ms   {other} {theirs:6.2f} ms   ratio {times:.2f}")
        # How numba does is a finding; that no loop over frames is needed is what the front end was written for.
        bar = None if "numba" in other else 1.0
        rows.append(_alternating.row(f"{other}: time / the vectorised front end's, {name}", times, "x", above=bar))
    return rows


if __name__ == "__main__":
    raise SystemExit(main())
