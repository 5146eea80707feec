"""What a front end costs where it runs in C on a microcontroller: memory and arithmetic, from its settings alone.

The code is the one that `edgesense.export` writes; a test compiles it and compares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgesense.errors import SettingsError
from edgesense.features import mel

if TYPE_CHECKING:
    from edgesense.features.settings import FeatureSettings

FLOAT_BYTES = 4
SCALARS = 4
BUTTERFLY = 10
"""Operations of one radix-2 butterfly: a complex product, a sum and a difference."""
SPLIT = 30
"""Operations for a pair of bins of a real transform made from a complex one of half the length, and their powers."""
DELTA, DELTA2 = 13, 15
STANDARDISE, QUANTISE = 2, 4
TOP_DB = 80.0
"""Of what lies lower, a float32 transform keeps its own rounding; on a computer that part is in float64."""


@dataclass(frozen=True)
class Footprint:
    """What one clip takes.

    Attributes:
        ram_bytes: State, working memory and one row of columns.
        operations: Sums and products in float32.
        logarithms: Of float32.
    """

    ram_bytes: int
    operations: int
    logarithms: int


def check(settings: FeatureSettings) -> None:
    """Refuse a front end that the C code cannot compute.

    Raises:
        SettingsError: The text names the setting, and what would do.
    """
    if settings.n_fft & (settings.n_fft - 1):
        above = 1 << settings.n_fft.bit_length()
        raise SettingsError(
            f"the front end in C transforms powers of two alone, and n_fft is {settings.n_fft}: "
            f"train with {above // 2} or {above}"
        )
    if set(settings.blocks) - {"mel"} and (settings.top_db is None or settings.top_db > TOP_DB):
        raise SettingsError(
            f"the front end in C computes in float32, which holds {TOP_DB:g} dB, and top_db is {settings.top_db}: "
            f"train with {TOP_DB:g} or less"
        )


def of(settings: FeatureSettings) -> Footprint:
    """Return the footprint of a front end.

    Args:
        settings: What it computes.

    Raises:
        SettingsError: As `check`.
    """
    check(settings)
    names = set(settings.blocks)
    frames, bands, half = settings.frames, settings.n_mels, settings.n_fft // 2
    cepstrum = bool(names - {"mel", "logmel"})
    numbers = 2 * settings.n_fft + frames * bands * (2 if "mel" in names else 1) + settings.width + SCALARS
    numbers += frames * settings.n_mfcc * cepstrum
    weights = mel.filterbank(settings.sample_rate, settings.n_fft, bands, settings.fmin, settings.upper)
    frame = settings.n_fft + BUTTERFLY * half // 2 * round(math.log2(half)) + SPLIT * half // 2
    frame += 2 * int(np.count_nonzero(weights)) + 2 * bands
    frame += 2 * bands * settings.n_mfcc * cepstrum
    frame += settings.n_mfcc * (DELTA * ("delta" in names) + DELTA2 * ("delta2" in names))
    frame += settings.width * (STANDARDISE + QUANTISE)
    logarithms = frames * bands if names - {"mel"} else 0
    return Footprint(FLOAT_BYTES * numbers, 2 * settings.samples + frames * frame, logarithms)
