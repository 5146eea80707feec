import zlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgesense.optimize import sizes


@given(st.binary(max_size=2000))
def test_the_file_is_its_length_and_the_stream_gives_it_back(content):
    found = sizes.of(content)
    assert found.file == len(content)
    assert found.compressed == len(zlib.compress(content, 9))
    assert len(zlib.decompress(zlib.compress(content, 9))) == found.file


def test_zeros_shrink_only_the_compressed_size():
    weights = np.random.default_rng(0).normal(size=5000).astype(np.float32)
    pruned = np.where(np.abs(weights) < 0.67, np.float32(0), weights)
    dense, sparse = sizes.of(weights.tobytes()), sizes.of(pruned.tobytes())
    assert sparse.file == dense.file
    assert sparse.compressed < 0.7 * dense.compressed


def test_a_file_and_its_content_measure_the_same(tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(b"TFL3" * 100)
    assert sizes.of(path) == sizes.of(b"TFL3" * 100)
