"""What a hop of a stream costs beside computing its clip's features anew, and whether it gets the same label.

A hop and its clip are timed in turns on the same samples, and the figure is the median of the hops' ratios. What is
timed of the stream is everything between two windows: taking a hop's samples in, moving buffers, transforms, columns.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import _alternating
import numpy as np

from edgesense import pipeline, synthetic
from edgesense.features import FeatureSettings, FrontEnd
from edgesense.features.streaming import FeatureStream

MODELS = Path(__file__).resolve().parent.parent / "models"
SETTINGS = {
    "full": FeatureSettings.full(),
    "optimized": FeatureSettings.optimized(),
    "dscnn": FeatureSettings.optimized(blocks=("logmel",)),
}
HOPS = (0.25, 0.5, 1.0)
MICROPHONE_SAMPLES = 320
EQUAL = 1e-4


def main() -> int:
    """Print the figures; the exit status is 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=60, help="of the embedded data set in the stream (default 60)")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    chosen = parser.parse_args()
    samples = np.concatenate([clip.samples for clip in synthetic.clips("test", chosen.clips)])
    rows = []
    for name, settings in SETTINGS.items():
        rows += [features(name, settings, hop, samples) for hop in HOPS]
    for directory in sorted(MODELS.glob("*-int8")):
        rows += labels(directory, 0.25, samples)
    return _alternating.finish(rows, chosen.json)


def blocks(samples: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Yield the samples, so many at a time."""
    for start in range(0, len(samples), size):
        yield samples[start : start + size]


def features(name: str, settings: FeatureSettings, hop: float, samples: np.ndarray) -> dict[str, Any]:
    """Print and return the cost of a hop's features as a share of its clip's.

    Raises:
        ValueError: If the two are not equal.
    """
    front_end = FrontEnd(settings)
    windows = FeatureStream(settings, hop).windows(blocks(samples, round(hop * settings.sample_rate)))
    streamed, clipwise, apart = [], [], 0.0
    # The first window computes every frame.
    next(windows)
    while True:
        started = time.perf_counter()
        window = next(windows, None)
        spent = time.perf_counter() - started
        if window is None:
            break
        begin = round(window.start_seconds * settings.sample_rate)
        clip = samples[begin : begin + settings.samples]
        started = time.perf_counter()
        expected = front_end(clip)
        clipwise.append(time.perf_counter() - started)
        streamed.append(spent)
        apart = max(apart, float(np.abs(window.features - expected).max() / np.abs(expected).max()))
    if apart > EQUAL:
        msg = f"a stream's features are {apart:.1e} of the largest apart from the clip's, {EQUAL:.0e} is allowed"
        raise ValueError(msg)
    share = _alternating.ratio(streamed, clipwise)
    hop_ms, clip_ms = _alternating.median_ms(streamed), _alternating.median_ms(clipwise)
    print(
        f"{name:10} hop {hop:4} s: {hop_ms:5.2f} ms a hop, {clip_ms:5.2f} ms a clip, ratio {share:.2f}; "
        f"apart by at most {apart:.1e} of the largest feature"
    )
    return _alternating.row(f"a hop's features / its clip's, {name}, hop {hop:g} s", share, "x", below=1.0)


def labels(directory: Path, hop: float, samples: np.ndarray) -> list[dict[str, Any]]:
    """Print and return how often a hop's label is not its clip's, and the real-time factor."""
    opened = pipeline.open(directory)
    length, rate = opened.settings.samples, opened.settings.sample_rate
    unlike, again, factors = 0, 0, []
    for one in opened.stream(blocks(samples, MICROPHONE_SAMPLES), hop_seconds=hop):
        begin = round(one.start_seconds * rate)
        unlike += one.label != opened.run(samples[begin : begin + length])
        again += one.recomputed
        factors.append(one.real_time_factor)
    factor = statistics.fmean(factors)
    print(
        f"{directory.name:10} hop {hop:4} s: {unlike} of {len(factors)} labels unlike the clip's, {again} computed "
        f"again for close scores; real-time factor {factor:.4f}"
    )
    return [
        _alternating.row(f"labels unlike the clip's of {len(factors)}, {directory.name}", unlike, "labels", below=1),
        _alternating.row(f"windows computed again for close scores, {directory.name}", again / len(factors), "share"),
        _alternating.row(f"real-time factor at hop {hop:g} s, {directory.name}", factor, "x", below=1.0),
    ]


if __name__ == "__main__":
    raise SystemExit(main())
