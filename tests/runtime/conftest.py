from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgesense.runtime import backends

MODELS = Path(__file__).parent.parent / "data" / "models"


@pytest.fixture(params=["litert", "tflite"])
def runtime(request):
    """Each runtime in turn, skipped where its package is not installed or does not go with this NumPy."""
    if request.param not in backends.installed():
        pytest.skip(f"{request.param} is not installed")
    if request.param == "tflite" and np.lib.NumpyVersion(np.__version__) >= "2.0.0":
        pytest.skip("tflite-runtime needs NumPy 1")
    return request.param


@pytest.fixture
def dense_dynamic_range():
    return MODELS / "dense_dynamic_range.tflite"


@pytest.fixture
def lstm_int8():
    return MODELS / "lstm_int8.tflite"
