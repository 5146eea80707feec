"""For a project's own tests: tiny models and pipelines, and Hypothesis strategies for clips, settings and models.

Hypothesis is imported when a strategy is made: `pip install 'pytest-edgesense[testing]'`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesense.features import mel
from edgesense.features.settings import BLOCKS, DELTA_WIDTH, FeatureSettings
from edgesense.runtime.tiny import tiny_model, tiny_model_bytes
from edgesense.tiny_pipeline import tiny_pipeline

if TYPE_CHECKING:
    from types import ModuleType

    from hypothesis.strategies import DrawFn, SearchStrategy
    from numpy.typing import NDArray

__all__ = ["clips", "feature_settings", "tiny_model", "tiny_model_bytes", "tiny_models", "tiny_pipeline"]

CLIP_KINDS = ("noise", "tone", "chirp", "impulses", "steps", "bursts", "offset", "quantised", "one sample")
SAMPLE_RATES = (8000, 11025, 16000, 22050, 44100)
TRANSFORMS = (256, 400, 512, 1024, 2048)


def clips(samples: int = 32000, *, silence: bool = False) -> SearchStrategy[NDArray[np.float32]]:
    """Mono clips in [-1, 1] of any of `CLIP_KINDS`, at levels from 80 dB below full scale up.

    Args:
        samples: Length of each.
        silence: Also draw clips that are all zero.

    Returns:
        A strategy for (samples,) float32 arrays.

    Raises:
        ImportError: Hypothesis is not installed.
    """
    st = _hypothesis_strategies()
    kinds = (*CLIP_KINDS, "silence") if silence else CLIP_KINDS
    strategy: SearchStrategy[NDArray[np.float32]] = st.builds(
        _clip,
        st.just(samples),
        st.sampled_from(kinds),
        st.integers(0, 2**32 - 1),
        st.floats(-80.0, 0.0, allow_nan=False),
    )
    return strategy


def feature_settings(**fixed: Any) -> SearchStrategy[FeatureSettings]:
    """Valid feature settings: rates, transforms, hops, bands, edges, blocks in any order, levels and lengths.

    Args:
        **fixed: Settings that every drawn record has, as for `FeatureSettings`.

    Returns:
        A strategy for `FeatureSettings` of at most 400 frames.

    Raises:
        ImportError: Hypothesis is not installed.
    """
    st = _hypothesis_strategies()

    def settings(draw: DrawFn) -> FeatureSettings:
        def choose(name: str, strategy: SearchStrategy[Any]) -> Any:
            return fixed[name] if name in fixed else draw(strategy)

        rate = choose("sample_rate", st.sampled_from(SAMPLE_RATES))
        n_fft = choose("n_fft", st.sampled_from(TRANSFORMS))
        blocks = choose("blocks", st.lists(st.sampled_from(BLOCKS), min_size=1, unique=True).map(tuple))
        lowest_hop = 1 + n_fft // 16
        fewest = max(n_fft, DELTA_WIDTH * fixed.get("hop_length", lowest_hop))
        seconds = choose("seconds", st.integers(fewest, fewest + rate).map(lambda samples: samples / rate))
        samples = round(rate * seconds)
        longest_hop = max(1, min(n_fft, samples // DELTA_WIDTH))
        shortest_hop = min(longest_hop, max(lowest_hop, samples // 400 + 1))
        hop = choose("hop_length", st.integers(shortest_hop, longest_hop))
        fmin = choose("fmin", st.sampled_from((0.0, 20.0, 50.0, 125.5)))
        fmax = choose("fmax", st.sampled_from((None, 1500.0, 3999.0)))
        n_mels = fixed.get("n_mels") or _fitting(draw(st.integers(1, 160)), rate, n_fft, fmin, fmax)
        return FeatureSettings(
            sample_rate=rate,
            seconds=seconds,
            n_fft=n_fft,
            hop_length=hop,
            n_mels=n_mels,
            n_mfcc=choose("n_mfcc", st.integers(1, n_mels)),
            fmin=fmin,
            fmax=fmax,
            blocks=blocks,
            level_dbfs=choose("level_dbfs", st.sampled_from((None, -26.0, -3.0, -60.0))),
            top_db=choose("top_db", st.sampled_from((80.0, 40.0, None))),
            column_mean=fixed.get("column_mean", ()),
            column_std=fixed.get("column_std", ()),
        )

    strategy: SearchStrategy[FeatureSettings] = st.composite(settings)()
    return strategy


def tiny_models(**fixed: Any) -> SearchStrategy[bytes]:
    """Valid `.tflite` files of a few kilobytes that every runtime loads and runs: linear classifiers.

    Args:
        **fixed: Settings that every drawn model has, as for `tiny_model_bytes`.

    Returns:
        A strategy for the bytes of such files, of float32, int8 and uint8, with inputs of two or three dimensions.

    Raises:
        ImportError: Hypothesis is not installed.
    """
    st = _hypothesis_strategies()
    size = st.integers(1, 24)
    drawn: dict[str, SearchStrategy[Any]] = {
        "inputs": st.tuples(st.just(1), size) | st.tuples(st.just(1), size, size),
        "classes": st.integers(1, 8),
        "dtype": st.sampled_from(("float32", "int8", "uint8")),
        "padding_bytes": st.integers(0, 4096),
        "work": st.integers(1, 4),
        "seed": st.integers(0, 2**32 - 1),
    }
    strategy: SearchStrategy[bytes] = st.builds(
        tiny_model_bytes, **drawn | {name: st.just(value) for name, value in fixed.items()}
    )
    return strategy


def _hypothesis_strategies() -> ModuleType:
    try:
        from hypothesis import strategies
    except ImportError as error:
        raise ImportError(
            "edgesense.testing makes Hypothesis strategies: pip install 'pytest-edgesense[testing]'"
        ) from error
    return strategies


def _fitting(n_mels: int, rate: int, n_fft: int, fmin: float, fmax: float | None) -> int:
    while mel.empty_bands(rate, n_fft, n_mels, fmin, rate / 2 if fmax is None else fmax):
        n_mels = n_mels * 3 // 4
    return n_mels


def _clip(samples: int, kind: str, seed: int, level_db: float) -> NDArray[np.float32]:
    """(samples,) float32 in [-1, 1]: one clip of a kind, its peak at `level_db` below full scale."""
    generator = np.random.default_rng(seed)
    unit = np.arange(samples) / max(1, samples)
    noise = generator.uniform(-1.0, 1.0, samples)
    start = generator.integers(0, samples)
    cycles = generator.uniform(0.5, samples / 2.0)
    waves: dict[str, NDArray[np.float64]] = {
        "noise": noise,
        "tone": np.sin(2.0 * np.pi * cycles * unit),
        "chirp": np.sin(np.pi * cycles * unit**2),
        "impulses": noise * (generator.random(samples) < 8.0 / samples),
        "steps": np.sign(np.sin(2.0 * np.pi * generator.integers(1, 40) * unit + 0.1)),
        "bursts": noise * (np.sin(2.0 * np.pi * generator.integers(1, 12) * unit) > 0.8),
        "offset": 1.0 + 1e-3 * noise,
        "quantised": np.rint(noise * 3.0),
        "one sample": np.zeros(samples),
        "silence": np.zeros(samples),
    }
    wave = waves[kind]
    if kind != "silence":
        if not wave.any():
            wave[start] = 1.0
        wave = wave * (10.0 ** (level_db / 20.0) / np.abs(wave).max())
    return np.asarray(wave, np.float32)
