import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgesense import own_code
from edgesense.datasets import store
from edgesense.errors import DatasetError
from edgesense.features import FrontEnd
from edgesense.features.settings import FeatureSettings

SETTINGS = FeatureSettings(seconds=0.25, n_fft=256, hop_length=128, n_mels=8, n_mfcc=4, blocks=("logmel",))


class Noise:
    """Clips of noise; counts what it is asked for and can be told to fail."""

    def __init__(self, count, fail_at=None, name="noise"):
        self.labels = ["normal", "wheeze"] * (count // 2) + ["normal"] * (count % 2)
        self.asked = []
        self.fail_at = fail_at
        self.name = name

    def identity(self):
        return {"source": self.name}

    def clip(self, index):
        if index == self.fail_at:
            raise KeyboardInterrupt
        self.asked.append(index)
        return np.random.default_rng(index).normal(0, 0.1, SETTINGS.samples).astype(np.float32)


def test_features_are_those_of_the_front_end(tmp_path):
    source = Noise(3)
    found = store.build(tmp_path, source, SETTINGS)
    expected = np.stack([FrontEnd(SETTINGS)(source.clip(index)) for index in range(3)])
    assert np.array_equal(found.features, expected)
    assert found.labels == ("normal", "wheeze", "normal")


def test_a_second_call_computes_nothing(tmp_path):
    first = store.build(tmp_path, Noise(5), SETTINGS)
    again = Noise(5)
    second = store.build(tmp_path, again, SETTINGS)
    assert again.asked == []
    assert np.array_equal(first.features, second.features)
    assert first.digest == second.digest


def test_an_interrupted_store_is_gone_on_with(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "FLUSH_EVERY", 4)
    with pytest.raises(KeyboardInterrupt):
        store.build(tmp_path, Noise(10, fail_at=6), SETTINGS)
    again = Noise(10)
    found = store.build(tmp_path, again, SETTINGS)
    whole = store.build(tmp_path / "other", Noise(10), SETTINGS)
    assert again.asked == [4, 5, 6, 7, 8, 9]
    assert np.array_equal(found.features, whole.features)
    assert found.digest == whole.digest


def test_other_settings_or_another_source_are_another_store(tmp_path):
    store.build(tmp_path, Noise(2), SETTINGS)
    store.build(tmp_path, Noise(2), replace(SETTINGS, blocks=("mel",)))
    store.build(tmp_path, Noise(2, name="else"), SETTINGS)
    assert len(list(tmp_path.iterdir())) == 3


def test_learned_columns_do_not_change_what_is_stored(tmp_path):
    learned = replace(SETTINGS, column_mean=(1.0,) * 8)
    plain = store.build(tmp_path, Noise(2), SETTINGS)
    again = Noise(2)
    assert np.array_equal(store.build(tmp_path, again, learned).features, plain.features)
    assert again.asked == []


def test_a_cut_off_file_is_computed_again(tmp_path):
    store.build(tmp_path, Noise(2), SETTINGS)
    path = next(tmp_path.glob("*/features.npy"))
    path.write_bytes(path.read_bytes()[:200])
    again = Noise(2)
    store.build(tmp_path, again, SETTINGS)
    assert again.asked == [0, 1]


def test_progress_is_told_at_the_end(tmp_path):
    told = []
    store.build(tmp_path, Noise(3), SETTINGS, lambda done, total: told.append((done, total)))
    assert told == [(3, 3)]


def test_no_clips_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="no clips"):
        store.build(tmp_path, Noise(0), SETTINGS)


def mapped_kib(path):
    """How much of a file this process holds mapped in memory."""
    held, here = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        first = line.split()[0]
        if not first.endswith(":"):
            here = line.endswith(str(path))
        elif here and first == "Rss:":
            held += int(line.split()[1])
    return held


needs_smaps = pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="Linux tells what is mapped")


@needs_smaps
def test_pages_that_were_read_can_be_given_back(tmp_path):
    path = tmp_path / "some.npy"
    np.save(path, np.ones((64, 4096), np.float32))
    found = np.load(path, mmap_mode="r")
    part = found[3:]
    assert part.sum() == 61 * 4096
    assert mapped_kib(path) > 900
    store.release(part)
    assert mapped_kib(path) == 0
    assert found.sum() == 64 * 4096


@needs_smaps
def test_building_a_store_holds_no_more_of_it_than_it_flushes_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "FLUSH_EVERY", 2)
    held = []

    class Watched(Noise):
        def clip(self, index):
            held.append(sum(mapped_kib(path) for path in tmp_path.glob("*/features.npy")))
            return super().clip(index)

    settings = replace(SETTINGS, n_mels=64, blocks=("mel",), hop_length=16)
    made = store.build(tmp_path, Watched(20), settings)
    one_kib = made.features[0].nbytes / 1024
    assert made.features.nbytes / 1024 == 20 * one_kib
    # Two clips, and the pages around each that the system maps along with it.
    assert max(held) <= 2 * (one_kib + 64)


def test_what_was_written_stays_when_its_pages_are_given_back(tmp_path):
    path = tmp_path / "some.npy"
    changed = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(5, 3000))
    changed[:] = 7.0
    store.release(changed)
    assert np.array_equal(changed, np.full((5, 3000), 7.0))
    changed.flush()
    assert np.array_equal(np.load(path), np.full((5, 3000), 7.0))


def test_changes_that_no_file_holds_are_kept(tmp_path):
    path = tmp_path / "some.npy"
    np.save(path, np.zeros(4096, np.float32))
    private = np.load(path, mmap_mode="c")
    private[:] = 3.0
    plain = np.ones(10)
    for array in (private, plain, private[[1, 2]]):
        store.release(array)
    assert private.sum() == 3 * 4096
    assert plain.sum() == 10


FULL = """
import resource, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import test_store
from edgesense.datasets import store
from edgesense.errors import DatasetError
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    store.build(Path({root!r}), test_store.Noise(400), test_store.SETTINGS)
except DatasetError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="room cannot be taken before it is used here")
def test_a_disk_without_room_is_said_before_anything_is_computed(tmp_path):
    code = FULL.format(tests=str(Path(__file__).parent), root=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"no room for features in {tmp_path}")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_what_other_code_computed_is_computed_again(tmp_path, monkeypatch):
    store.build(tmp_path, Noise(3), SETTINGS)
    monkeypatch.setattr(own_code, "digest", lambda parts: "another")
    again = Noise(3)
    store.build(tmp_path, again, SETTINGS)
    assert again.asked == [0, 1, 2]
