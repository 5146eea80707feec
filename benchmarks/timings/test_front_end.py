"""EdgeSense's front end beside librosa's, on the same clip: run by ``python benchmarks/front_end.py``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from edgesense import synthetic
from edgesense.features import FeatureSettings, FrontEnd

SETTINGS = {"full": FeatureSettings.full(), "optimized": FeatureSettings.optimized()}


def librosa_front_end(settings: FeatureSettings) -> Callable[[np.ndarray], np.ndarray]:
    """Return the same features as librosa's user would write them; 13 to 18 s of imports are not timed."""
    import librosa

    def features(samples: np.ndarray) -> np.ndarray:
        power = librosa.feature.melspectrogram(
            y=samples,
            sr=settings.sample_rate,
            n_fft=settings.n_fft,
            hop_length=settings.hop_length,
            n_mels=settings.n_mels,
        )
        logmel = librosa.power_to_db(power, top_db=None)
        mfcc = librosa.feature.mfcc(S=logmel, n_mfcc=settings.n_mfcc)
        delta, delta2 = librosa.feature.delta(mfcc), librosa.feature.delta(mfcc, order=2)
        return np.concatenate([mfcc, delta, delta2, logmel]).T

    return features


@pytest.mark.parametrize("by", ["edgesense", "librosa"])
@pytest.mark.parametrize("name", SETTINGS)
def test_front_end(benchmark: BenchmarkFixture, name: str, by: str) -> None:
    settings = SETTINGS[name]
    samples = synthetic.clip("test", 0).samples
    front_end = FrontEnd(settings) if by == "edgesense" else librosa_front_end(settings)
    benchmark.extra_info.update({"settings": name, "by": by})
    features = benchmark.pedantic(front_end, args=(samples,), rounds=60, iterations=1, warmup_rounds=5)
    assert features.shape == settings.shape
