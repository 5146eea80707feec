from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edgesense.errors import BaselineError, SchemaError
from edgesense.perf.baselines.directory import DirectoryStore
from edgesense.perf.records import Baseline, Known, Reading

TEST = "tests/budgets/test_int8.py::TestIt::test_small[models/x-1.5]"


def baseline(test: str = TEST, device: str = "pi", value: float = 100.0) -> Baseline:
    return Baseline(test, device, {"os": "debian"}, {}, {"size_kb": Reading(value, value, value, Known.EXACT)})


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "baselines")


def test_what_was_saved_is_loaded(store: DirectoryStore) -> None:
    (path,) = store.save([baseline()])
    assert path == store.path(TEST, "pi")
    assert store.load(TEST, "pi") == baseline()


def test_a_test_without_a_baseline_has_none(store: DirectoryStore) -> None:
    assert store.load(TEST, "pi") is None
    store.save([baseline()])
    assert store.load(TEST, "host") is None
    assert store.load("other", "pi") is None


def test_a_file_is_named_by_device_words_and_digest(store: DirectoryStore) -> None:
    path = store.path("tests/budgets/test_int8.py::test_small", "pi")
    assert path.parent == store.root / "pi"
    assert re.fullmatch(r"test-int8-test-small-[0-9a-f]{10}\.json", path.name)


@pytest.mark.parametrize(
    ("first", "second"),
    [("a/test_x.py::t", "b/test_x.py::t"), ("t.py::t[a-b]", "t.py::t[a_b]"), ("T.py::t", "t.py::t")],
    ids=["folder", "punctuation", "case"],
)
def test_tests_whose_words_are_alike_have_files_of_their_own(store: DirectoryStore, first: str, second: str) -> None:
    paths = store.save([baseline(first), baseline(second, value=2.0)])
    assert len({str(path).lower() for path in paths}) == 2
    assert store.load(first, "pi") == baseline(first)


@pytest.mark.parametrize("test", ["t.py::t[" + "x" * 5000 + "]", "t.py::t[../../etc/passwd]", "t.py::t[ä ö\n]", ""])
def test_whatever_a_test_is_called_its_file_lies_in_the_devices_folder(store: DirectoryStore, test: str) -> None:
    (path,) = store.save([baseline(test)])
    assert path.parent == store.root / "pi"
    assert len(path.name) < 100
    assert store.load(test, "pi") == baseline(test)


def test_saving_again_replaces_the_file_and_leaves_others_as_they_are(store: DirectoryStore) -> None:
    (other,) = store.save([baseline("other.py::t")])
    before = other.stat().st_mtime_ns
    store.save([baseline()])
    store.save([baseline(value=7.0)])
    loaded = store.load(TEST, "pi")
    assert loaded is not None
    assert loaded.readings["size_kb"].value == 7.0
    assert other.stat().st_mtime_ns == before
    assert len(list(other.parent.iterdir())) == 2


def test_a_file_may_be_read_by_others_as_the_umask_says(store: DirectoryStore) -> None:
    old = os.umask(0o022)
    try:
        (path,) = store.save([baseline()])
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o644


KILLED = """
import os, signal, sys
from pathlib import Path
from edgesense.perf.files import write_atomically
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
write_atomically(Path(sys.argv[1]), "x" * 100_000)
"""


def test_a_writer_killed_half_way_leaves_the_old_file(store: DirectoryStore) -> None:
    (path,) = store.save([baseline()])
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert store.load(TEST, "pi") == baseline()
    assert store.tests("pi") == [TEST]


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = store.save([baseline()])

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        store.save([baseline(value=2.0)])
    assert list(path.parent.iterdir()) == [path]
    assert store.load(TEST, "pi") == baseline()


@pytest.mark.parametrize(
    ("content", "error", "match"),
    [
        (b"", BaselineError, "is damaged"),
        (b"{", BaselineError, "is damaged"),
        (b"\xff\xfe", BaselineError, "cannot be read"),
        (b'{"schema": 99}', SchemaError, "is of schema 99"),
    ],
    ids=["empty", "cut off", "no text", "newer"],
)
def test_a_damaged_file_is_refused_by_its_name(
    store: DirectoryStore, content: bytes, error: type[BaselineError], match: str
) -> None:
    (path,) = store.save([baseline()])
    path.write_bytes(content)
    with pytest.raises(error, match=match) as caught:
        store.load(TEST, "pi")
    assert path.name in str(caught.value)


def test_a_file_renamed_to_another_test_is_refused(store: DirectoryStore) -> None:
    (path,) = store.save([baseline()])
    path.rename(store.path("other", "pi"))
    with pytest.raises(BaselineError, match="moved or renamed by hand"):
        store.load("other", "pi")


def test_a_file_copied_to_another_device_is_refused(store: DirectoryStore) -> None:
    (path,) = store.save([baseline()])
    (store.root / "pi5").mkdir()
    store.path(TEST, "pi5").write_bytes(path.read_bytes())
    with pytest.raises(BaselineError, match="on pi: it was moved"):
        store.load(TEST, "pi5")


def test_a_folder_in_place_of_a_file_is_refused(store: DirectoryStore) -> None:
    store.path(TEST, "pi").mkdir(parents=True)
    with pytest.raises(BaselineError, match="cannot be read"):
        store.load(TEST, "pi")


def test_devices_and_tests_are_listed_for_pruning_and_damaged_files_left_out(store: DirectoryStore) -> None:
    assert store.devices() == []
    store.save([baseline("b"), baseline("a"), baseline("a", device="host")])
    (store.root / "empty").mkdir()
    (store.root / "pi" / "zzz.json").write_text("{", encoding="utf-8")
    assert store.devices() == ["host", "pi"]
    assert sorted(store.tests("pi")) == ["a", "b"]
    assert store.tests("none") == []


def test_a_removed_test_is_gone_and_the_others_stay(store: DirectoryStore) -> None:
    store.save([baseline("a"), baseline("b")])
    store.remove("a", "pi")
    store.remove("never there", "pi")
    assert store.tests("pi") == ["b"]


def test_a_file_renamed_by_hand_is_removed_with_its_test(store: DirectoryStore) -> None:
    (path,) = store.save([baseline("a")])
    path.rename(path.with_name("mine.json"))
    assert store.tests("pi") == ["a"]
    store.remove("a", "pi")
    assert store.tests("pi") == []


def test_a_damaged_file_is_removed_with_its_test(store: DirectoryStore) -> None:
    (path,) = store.save([baseline("a")])
    path.write_text("{", encoding="utf-8")
    store.remove("a", "pi")
    assert not path.exists()
