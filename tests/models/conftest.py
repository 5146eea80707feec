import importlib.util
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import pytest


@pytest.fixture(scope="session")
def with_tensorflow():
    """Run a function of a test module in a process that may import TensorFlow.

    Never in pytest's own: there tflite-runtime would open no model afterwards. One process for all tests here,
    because the import takes eight seconds.
    """
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed: pip install 'pytest-edgesense[train]'")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield lambda function, *arguments: pool.submit(function, *arguments).result()
