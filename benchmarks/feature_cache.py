"""Whether a feature cache pays: the time of a lookup, most of it hashing the samples, beside computing the features.

A clip that misses costs its lookup on top, so a cache pays where more clips hit than that share.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import Any

import _alternating

from edgesense import synthetic
from edgesense.features import FeatureSettings, FrontEnd
from edgesense.features.cache import CachedFrontEnd, FeatureCache

SETTINGS = {
    "full": FeatureSettings.full(),
    "optimized": FeatureSettings.optimized(),
    "dscnn": FeatureSettings.optimized(blocks=("logmel",)),
}


def main() -> int:
    """Print the figures; the exit status is 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=301, help="calls of each, in turns (default 301)")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    chosen = parser.parse_args()
    rows = []
    for name, settings in SETTINGS.items():
        rows += compared(name, settings, chosen.rounds)
    return _alternating.finish(rows, chosen.json)


def compared(name: str, settings: FeatureSettings, rounds: int) -> list[dict[str, Any]]:
    """Print and return a hit and a hash as shares of the front end's time."""
    samples, front_end, cache = synthetic.clip("test", 0).samples, FrontEnd(settings), FeatureCache(2**20)
    cached = CachedFrontEnd(front_end, cache)
    cached(samples)
    seconds = _alternating.timed(
        {
            "front end": lambda: front_end(samples),
            "hit": lambda: cached(samples),
            "hash": lambda: cached.key(samples),
            "SHA-256": lambda: hashlib.sha256(samples).digest(),
        },
        rounds,
    )
    shares = {one: _alternating.ratio(seconds[one], seconds["front end"]) for one in seconds}
    told = ", ".join(f"{one} {_alternating.median_ms(seconds[one]):.3f} ms" for one in seconds)
    print(f"{name:10} {told}; a hit takes {shares['hit']:.0%} of computing, so that share must hit; {cache.stats}")
    return [
        _alternating.row(f"a hit / the front end, {name}", shares["hit"], "x", below=1.0),
        _alternating.row(f"hashing / the front end, {name}", shares["hash"], "x"),
    ]


if __name__ == "__main__":
    raise SystemExit(main())
