from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from edgesense.errors import MeasurementError
from edgesense.perf import artifacts
from edgesense.perf.records import Baseline, Origin

ONE = hashlib.sha256(b"one").hexdigest()


def origin(**files: bytes) -> Origin:
    return Origin("models/x", {name: hashlib.sha256(content).hexdigest() for name, content in files.items()})


def test_a_file_is_kept_under_its_digest_and_found_again(tmp_path: Path) -> None:
    store = artifacts.Store(tmp_path / "kept")
    (tmp_path / "file").write_bytes(b"one")
    assert store.keep(tmp_path / "file") == ONE
    found = store.find(ONE)
    assert found == tmp_path / "kept" / ONE[:2] / ONE
    assert found.read_bytes() == b"one"


def test_a_file_kept_twice_is_there_once_and_nothing_else_is_left(tmp_path: Path) -> None:
    store = artifacts.Store(tmp_path / "kept")
    (tmp_path / "file").write_bytes(b"one")
    store.keep(tmp_path / "file")
    store.keep(tmp_path / "file")
    assert [path.name for path in (tmp_path / "kept").rglob("*") if path.is_file()] == [ONE]


def test_a_damaged_file_is_not_found(tmp_path: Path) -> None:
    store = artifacts.Store(tmp_path)
    store.path(ONE).parent.mkdir()
    store.path(ONE).write_bytes(b"two")
    assert store.find(ONE) is None


def test_what_nobody_names_is_pruned(tmp_path: Path) -> None:
    store = artifacts.Store(tmp_path / "kept", committed=True)
    for content in (b"one", b"two"):
        (tmp_path / "file").write_bytes(content)
        store.keep(tmp_path / "file")
    baselines = [Baseline("t", "host", {}, {}, {}, origin=origin(a=b"one")), Baseline("u", "host", {}, {}, {})]
    assert store.prune(artifacts.named(baselines)) == [hashlib.sha256(b"two").hexdigest()]
    assert store.find(ONE) is not None
    assert (tmp_path / "kept" / ".gitattributes").exists()


def test_without_a_repository_a_baselines_files_are_kept_beside_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    kept = artifacts.keep_for(origin(a=b"one"), tmp_path, tmp_path / "baselines")
    assert kept == [tmp_path / "baselines" / "artifacts" / ONE[:2] / ONE]
    assert kept[0].read_bytes() == b"one"


def test_what_git_keeps_goes_into_the_cache_and_what_it_ignores_beside_the_baseline(
    repository: Any, own_cache: Path
) -> None:
    repository.write(".gitignore", "ignored\n")
    repository.write("kept", "one")
    repository.write("ignored", "two")
    made = origin(kept=b"one", ignored=b"two")
    kept = artifacts.keep_for(made, repository.top, repository.top / "baselines")
    assert [path.name for path in kept] == [made.files["ignored"]]
    assert artifacts.Store(own_cache / "artifacts").find(ONE) is not None
    assert artifacts.beside(repository.top / "baselines").find(ONE) is None


def test_where_git_cannot_be_asked_all_is_kept_beside_the_baseline(
    repository: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("kept", "one")
    monkeypatch.setenv("PATH", "")
    assert artifacts.keep_for(origin(kept=b"one"), repository.top, repository.top / "baselines")


def test_a_file_that_changed_since_it_was_measured_is_an_error(tmp_path: Path, own_cache: Path) -> None:
    (tmp_path / "a").write_bytes(b"two")
    with pytest.raises(MeasurementError, match=r"^a has changed since it was measured$"):
        artifacts.keep_for(origin(a=b"one"), tmp_path, tmp_path / "baselines")


def test_a_file_that_was_held_is_kept_as_it_was_measured(repository: Any, own_cache: Path) -> None:
    repository.write("a", "one")
    artifacts.hold(origin(a=b"one"), repository.top)
    repository.write("a", "two")
    artifacts.hold(origin(a=b"one"), repository.top)
    (kept,) = artifacts.keep_for(origin(a=b"one"), repository.top, repository.top / "baselines")
    assert kept.read_bytes() == b"one"
    assert kept.is_relative_to(repository.top / "baselines" / "artifacts")


def test_line_ends_of_kept_files_survive_git(repository: Any) -> None:
    repository.git("config", "core.autocrlf", "input")
    made = origin(a=b"one\r\n")
    repository.write(".gitignore", "a\n")
    repository.write("a", b"one\r\n")
    (path,) = artifacts.keep_for(made, repository.top, repository.top / "baselines")
    repository.commit()
    path.unlink()
    repository.git("checkout", "--", ".")
    assert path.read_bytes() == b"one\r\n"


def test_an_lfs_pointer_names_what_it_stands_for(tmp_path: Path) -> None:
    (tmp_path / "pointer").write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{ONE}\nsize 3\n")
    (tmp_path / "model").write_bytes(bytes(5000))
    assert artifacts.pointed(tmp_path / "pointer") == ONE
    assert artifacts.pointed(tmp_path / "model") is None
    assert artifacts.pointed(tmp_path / "never") is None


def test_what_lfs_downloaded_is_found(repository: Any) -> None:
    path = repository.write(f".git/lfs/objects/{ONE[:2]}/{ONE[2:4]}/{ONE}", "one")
    assert artifacts.downloaded(repository.top, ONE) == path
    assert artifacts.downloaded(repository.top, "0" * 64) is None
