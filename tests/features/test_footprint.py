from __future__ import annotations

import dataclasses

import pytest

from edgesense.errors import SettingsError
from edgesense.features import FeatureSettings, footprint

LOGMEL = FeatureSettings(blocks=("logmel",))


def test_more_work_costs_more() -> None:
    of = footprint.of
    wide = of(FeatureSettings.optimized())
    assert wide.ram_bytes > of(LOGMEL).ram_bytes
    assert wide.operations > of(LOGMEL).operations
    longer = dataclasses.replace(LOGMEL, n_fft=2048)
    assert of(longer).operations > 1.9 * of(LOGMEL).operations
    assert of(longer).logarithms == of(LOGMEL).logarithms == 201 * 64


def test_power_alone_needs_no_logarithm() -> None:
    assert footprint.of(FeatureSettings(blocks=("mel",))).logarithms == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"n_fft": 400}, "powers of two alone, and n_fft is 400: train with 256 or 512"),
        ({"top_db": None}, "holds 80 dB, and top_db is None"),
        ({"top_db": 80.5}, "holds 80 dB, and top_db is 80.5"),
    ],
)
def test_what_the_c_code_cannot_compute_is_refused(changes: dict[str, float], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        footprint.of(FeatureSettings(**{"n_mels": 32, "n_mfcc": 13, **changes}))


def test_at_the_limit_it_is_not_refused() -> None:
    footprint.check(FeatureSettings(top_db=80.0, n_fft=512, n_mels=32, n_mfcc=13))
    footprint.check(FeatureSettings(blocks=("mel",), top_db=None))
