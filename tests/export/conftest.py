from __future__ import annotations

import ctypes
import functools
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgesense.export import _c, _front_end, esp32
from edgesense.features import FeatureSettings

STRICT = ("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O2")
SIZE = """
#include "edgesense_frontend.h"
size_t es_bytes(void) { return sizeof(es_frontend_t) + ES_WIDTH * sizeof(float); }
"""


class Compiled:
    """The front end in C, compiled for this computer and called through ctypes."""

    def __init__(self, library: Path, settings: FeatureSettings) -> None:
        self._c: Any = ctypes.CDLL(str(library))
        self._c.es_bytes.restype = ctypes.c_size_t
        self.settings = settings
        self.bytes = int(self._c.es_bytes())
        self._state = ctypes.create_string_buffer(self.bytes)

    def push(self, samples: NDArray[Any], *, anew: bool = True) -> int:
        """Give it one clip, or more of one; return what `es_finish` says."""
        if anew:
            self._c.es_begin(self._state)
        push = self._c.es_push_int16 if samples.dtype == np.int16 else self._c.es_push
        values = np.ascontiguousarray(samples)
        push(self._state, values.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(values.size))
        return int(self._c.es_finish(self._state))

    def in_blocks(self, samples: NDArray[np.float32], sizes: Sequence[int]) -> int:
        self._c.es_begin(self._state)
        start = turn = 0
        while start < samples.size:
            block = np.ascontiguousarray(samples[start : start + sizes[turn % len(sizes)]])
            self._c.es_push(self._state, block.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(block.size))
            start, turn = start + block.size, turn + 1
        return int(self._c.es_finish(self._state))

    def features(self) -> NDArray[np.float32]:
        rows = np.empty(self.settings.shape, np.float32)
        for frame, row in enumerate(rows):
            self._c.es_row(self._state, frame, row.ctypes.data_as(ctypes.c_void_p))
        return rows

    def quantised(self, values: NDArray[np.float32]) -> NDArray[np.int8]:
        out = np.empty(values.shape, np.int8)
        given = np.ascontiguousarray(values)
        pointers = [one.ctypes.data_as(ctypes.c_void_p) for one in (given, out)]
        self._c.es_quantize(*pointers, ctypes.c_size_t(values.size))
        return out


def build(folder: Path, settings: FeatureSettings, *, compiler: str) -> Compiled:
    """Compile the front end whose settings and tables lie in a folder."""
    (folder / "size.c").write_text(SIZE)
    sources = [folder / "edgesense_frontend.c", folder / "edgesense_tables.c", folder / "size.c"]
    library = folder / "front_end.so"
    command = [compiler, *STRICT, "-fPIC", "-shared", f"-I{folder}", *map(str, sources), "-o", str(library), "-lm"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Compiled(library, settings)


@pytest.fixture
def compiler() -> str:
    """A C compiler, skipped where there is none."""
    found = shutil.which("gcc") or shutil.which("cc")
    if found is None:
        pytest.skip("there is no C compiler")
    return found


@pytest.fixture
def compile_in(compiler: str) -> Callable[[Path, FeatureSettings], Compiled]:
    """A function that compiles the front end whose files lie in a folder."""
    return functools.partial(build, compiler=compiler)


@pytest.fixture
def compiled(tmp_path: Path, compiler: str) -> Callable[[FeatureSettings], Compiled]:
    """A function that compiles a front end from its settings alone."""

    def make(settings: FeatureSettings) -> Compiled:
        folder = tmp_path / "main"
        shutil.copytree(esp32.PROJECT / "main", folder)
        scale = {"ES_INPUT_INVERSE_SCALE": 20.0, "ES_INPUT_ZERO_POINT": -3.0}
        header = _front_end.settings(settings) + _c.defines(scale)
        (folder / "edgesense_settings.h").write_text(f"#pragma once\n{header}")
        (folder / "edgesense_tables.c").write_text(_front_end.tables(settings))
        return build(folder, settings, compiler=compiler)

    return make
