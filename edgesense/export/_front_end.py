"""A front end's settings and tables as C source, for the code in `esp32_project/main/edgesense_frontend.c`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgesense.export import _c
from edgesense.features import footprint, frames, mel, mfcc

if TYPE_CHECKING:
    from edgesense.features.settings import FeatureSettings

BLOCKS = {"mel": "ES_BLOCK_MEL", "logmel": "ES_BLOCK_LOGMEL", "mfcc": "ES_BLOCK_MFCC"} | {
    "delta": "ES_BLOCK_DELTA",
    "delta2": "ES_BLOCK_DELTA2",
}


def settings(one: FeatureSettings) -> str:
    """The settings as `#define` lines.

    Raises:
        SettingsError: As `edgesense.features.footprint.check`.
    """
    footprint.check(one)
    names = set(one.blocks)
    values: dict[str, object] = {name: number for number, name in enumerate(BLOCKS.values())}
    values |= {
        "ES_SAMPLE_RATE": one.sample_rate,
        "ES_SAMPLES": one.samples,
        "ES_N_FFT": one.n_fft,
        "ES_HOP_LENGTH": one.hop_length,
        "ES_N_MELS": one.n_mels,
        "ES_N_MFCC": one.n_mfcc,
        "ES_FRAMES": one.frames,
        "ES_WIDTH": one.width,
        "ES_BLOCKS": f"{{{', '.join(BLOCKS[name] for name in one.blocks)}}}",
        "ES_HAS_POWER": "mel" in names,
        "ES_HAS_LOG": bool(names - {"mel"}),
        "ES_HAS_MFCC": bool(names - {"mel", "logmel"}),
        "ES_HAS_LEVEL": one.level_dbfs is not None,
        "ES_LEVEL_POWER": 10.0 ** ((one.level_dbfs or 0.0) / 10.0),
        "ES_AMIN": mel.AMIN,
        "ES_TOP_DB": footprint.TOP_DB if one.top_db is None else float(one.top_db),
    }
    return _c.defines(values)


def tables(one: FeatureSettings) -> str:
    """Window, transform, mel filters, cosines and column statistics as constant arrays."""
    half = np.arange(one.n_fft // 2)
    angles = 2.0 * np.pi * half / one.n_fft
    weights = mel.filterbank(one.sample_rate, one.n_fft, one.n_mels, one.fmin, one.upper)
    used = [np.flatnonzero(row) for row in weights]
    starts, ends = [int(bins[0]) for bins in used], [int(bins[-1]) + 1 for bins in used]
    packed = np.concatenate([row[a:b] for row, a, b in zip(weights, starts, ends, strict=True)])
    mean = np.array(one.column_mean or np.zeros(one.width), np.float32)
    scale = (1.0 / np.array(one.column_std or np.ones(one.width))).astype(np.float32)
    parts = [
        '#include "edgesense_tables.h"\n',
        _c.floats("es_window", frames.hann(one.n_fft).astype(np.float32)),
        _c.floats("es_twiddle", np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)),
        _c.integers("uint16_t", "es_mel_start", starts),
        _c.integers("uint16_t", "es_mel_count", (b - a for a, b in zip(starts, ends, strict=True))),
        _c.floats("es_mel_weights", packed),
        _c.floats("es_column_mean", mean),
        _c.floats("es_column_scale", scale),
    ]
    if set(one.blocks) - {"mel", "logmel"}:
        parts.append(_c.floats("es_dct", np.ascontiguousarray(mfcc.dct_matrix(one.n_mels, one.n_mfcc).T)))
    return "\n".join(parts)
