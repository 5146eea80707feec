from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from edgesense.errors import BudgetError, MeasurementError
from edgesense.perf import history

LFS = "*.bin filter=lfs diff=lfs merge=lfs -text\n"


def test_the_top_is_found_from_below_without_a_process(repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    below = repository.write("a/b/file", "x").parent
    monkeypatch.setenv("PATH", "")
    assert history.top(below) == repository.top


def test_the_top_of_a_worktree_is_where_its_git_file_is(repository: Any, tmp_path: Path) -> None:
    first = repository.commit()
    repository.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"))
    top = history.top(tmp_path / "tree")
    assert top == tmp_path / "tree"
    assert history.resolve(top, "HEAD") == first
    assert history.shared_directory(top) == repository.top / ".git"


def test_there_is_no_top_without_a_repository(tmp_path: Path) -> None:
    assert history.top(tmp_path) is None


def test_the_commit_that_last_changed_a_file_is_not_the_last_commit(repository: Any) -> None:
    path = repository.write("baselines/one.json", "1")
    first = repository.commit()
    repository.write("other", "2")
    repository.commit()
    assert history.last_change(repository.top, path) == first


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="there is no ssh-keygen to sign with")
def test_a_setting_that_shows_who_signed_a_commit_changes_no_answer(repository: Any, tmp_path: Path) -> None:
    key = tmp_path / "key"
    keygen = shutil.which("ssh-keygen") or ""
    subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    signers = tmp_path / "signers"
    signers.write_text(f"test@example.com {key.with_suffix('.pub').read_text()}")
    for name, value in (
        ("gpg.format", "ssh"),
        ("gpg.ssh.allowedSignersFile", str(signers)),
        ("user.signingKey", str(key)),
        ("commit.gpgSign", "true"),
        ("log.showSignature", "true"),
    ):
        repository.git("config", name, value)
    path = repository.write("a", "1")
    commit = repository.commit()
    assert "signature" in repository.git("log", "-1")
    assert history.last_change(repository.top, path) == commit
    assert [change.commit for change in history.changes(repository.top, path, 5).found] == [commit]
    assert history.when(repository.top, commit).startswith("20")


def test_a_file_that_was_never_committed_has_no_last_change(repository: Any) -> None:
    repository.commit()
    assert history.last_change(repository.top, repository.write("new", "x")) is None


def test_a_name_that_git_would_take_for_a_pattern_means_one_file(repository: Any) -> None:
    repository.write("a.json", "1")
    first = repository.write("[ab].json", "1")
    commit = repository.commit()
    repository.write("a.json", "2")
    repository.commit()
    assert history.last_change(repository.top, first) == commit
    assert history.show(repository.top, "HEAD", first) == b"1"


def test_a_file_as_it_was_committed_is_not_modified(repository: Any) -> None:
    path = repository.write("a", "1")
    repository.commit()
    assert not history.is_modified(repository.top, path)


@pytest.mark.parametrize("name", ["edited", "new", "ignored"])
def test_an_edited_a_new_and_an_ignored_file_are_modified(repository: Any, name: str) -> None:
    repository.write("edited", "1")
    repository.write(".gitignore", "ignored\n")
    repository.commit()
    assert history.is_modified(repository.top, repository.write(name, "2"))


def test_a_link_above_a_file_is_followed(repository: Any) -> None:
    repository.write("real/a", "1")
    commit = repository.commit()
    (repository.top / "link").symlink_to("real")
    assert history.last_change(repository.top, repository.top / "link" / "a") == commit


def test_a_file_outside_of_the_repository_is_refused(repository: Any, tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match=r"^x\.json lies outside of the repository$"):
        history.is_modified(repository.top, tmp_path / "x.json")


def test_a_tag_and_a_branch_mean_a_commit(repository: Any) -> None:
    commit = repository.commit()
    repository.git("tag", "-a", "v1", "-m", "one")
    assert history.resolve(repository.top, "v1") == history.resolve(repository.top, "main") == commit


@pytest.mark.parametrize("ref", ["v9", "-h", "--all", ""])
def test_an_unknown_commit_is_refused_with_the_next_step(repository: Any, ref: str) -> None:
    repository.commit()
    with pytest.raises(BudgetError, match=f"git knows no commit '{ref}' here; .* git fetch --tags$"):
        history.resolve(repository.top, ref)


def test_an_unknown_commit_of_a_shallow_clone_says_how_to_fetch_it(repository: Any, tmp_path: Path) -> None:
    repository.commit()
    repository.commit()
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.top}", str(tmp_path / "clone"))
    with pytest.raises(BudgetError, match=r"'v9' here; this is a shallow clone: .*fetch-depth: 0"):
        history.resolve(tmp_path / "clone", "v9")


def test_a_branch_that_only_the_remote_has_is_suggested(repository: Any, tmp_path: Path) -> None:
    repository.commit()
    repository.git("branch", "release")
    repository.git("clone", "--quiet", str(repository.top), str(tmp_path / "clone"))
    with pytest.raises(BudgetError, match="did you mean origin/release"):
        history.resolve(tmp_path / "clone", "release")


def test_a_shallow_clone_is_cut_at_its_oldest_commit_only(repository: Any, tmp_path: Path) -> None:
    for _ in range(2):
        repository.commit()
    oldest, newest = repository.commit(), repository.commit()
    repository.git("clone", "--quiet", "--depth=2", f"file://{repository.top}", str(tmp_path / "clone"))
    assert history.is_cut(tmp_path / "clone", oldest)
    assert not history.is_cut(tmp_path / "clone", newest)
    assert not history.is_cut(repository.top, oldest)


def test_a_file_is_shown_as_it_was(repository: Any) -> None:
    path = repository.write("a b", b"\0one\r\n")
    commit = repository.commit()
    repository.write("a b", "two")
    repository.commit()
    assert history.show(repository.top, commit, path) == b"\0one\r\n"
    assert history.show(repository.top, commit, Path("never")) is None


def test_the_names_in_a_directory_of_a_commit_are_listed(repository: Any) -> None:
    repository.write("baselines/pi/ü.json", "1")
    repository.write("baselines/pi/deeper/x.json", "1")
    commit = repository.commit()
    assert history.names(repository.top, commit, Path("baselines/pi")) == ["deeper", "ü.json"]
    assert history.names(repository.top, commit, Path("never")) == []


def test_submodules_of_a_commit_are_named(repository: Any, tmp_path: Path) -> None:
    repository.write("a", "1")
    repository.commit()
    repository.git("clone", "--quiet", str(repository.top), str(tmp_path / "other"))
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "other"), "third")
    commit = repository.commit()
    assert history.submodules(repository.top, commit) == ["third"]
    assert history.top(repository.top / "third") == repository.top / "third"


def test_ignored_files_and_those_of_lfs_would_not_be_in_a_commit(repository: Any) -> None:
    repository.write(".gitignore", "models/\n")
    repository.write(".gitattributes", LFS)
    paths = [repository.write(name, "1") for name in ("models/a b", "weights.bin", "kept")]
    assert history.unkept(repository.top, paths) == set(paths[:2])


def test_an_ignored_file_that_is_tracked_is_in_a_commit(repository: Any) -> None:
    path = repository.write("kept", "1")
    repository.commit()
    repository.write(".gitignore", "kept\n")
    assert history.unkept(repository.top, [path]) == set()


def test_the_variables_of_a_hook_name_no_other_repository(
    repository: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit = repository.commit()
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    assert history.resolve(repository.top, "HEAD") == commit


def test_git_that_is_not_installed_is_the_reason(repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MeasurementError, match=r"^git is not installed$"):
        history.resolve(repository.top, "HEAD")


def test_what_git_refuses_is_the_reason(repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(MeasurementError, match=r"^git status failed: detected dubious ownership"):
        history.is_modified(repository.top, Path("a"))


def test_git_that_hangs_is_ended(repository: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setattr(history, "TIMEOUT_SECONDS", 0.1)
    with pytest.raises(MeasurementError, match=r"^git log gave no answer within 0\.1 s$"):
        history.last_change(repository.top, Path("a"))


def test_changes_of_a_file_come_newest_first_with_their_bytes(repository: Any) -> None:
    path = repository.write("baselines/a b.json", "1")
    first = repository.commit()
    repository.write("other", "x")
    repository.commit()
    repository.write("baselines/a b.json", "2\n\n3")
    second = repository.commit()
    found, cut = history.changes(repository.top, path, 10)
    assert [one.commit for one in found] == [second, first]
    assert history.blobs(repository.top, [one.blob for one in found]) == [b"2\n\n3", b"1"]
    assert all("T" in one.when and one.path == path.relative_to(repository.top) for one in found)
    assert not cut
    assert history.changes(repository.top, path, 1) == ([found[0]], True)


def test_changes_below_a_directory_name_their_files(repository: Any) -> None:
    repository.write("baselines/a\nb.json", "1")
    repository.write("baselines/pi/ü.json", "2")
    repository.write("other", "x")
    repository.commit()
    found, _ = history.changes(repository.top, Path("baselines"), 10)
    assert sorted(one.path.as_posix() for one in found) == ["baselines/a\nb.json", "baselines/pi/ü.json"]


def test_a_commit_that_removed_a_file_is_no_entry_of_it(repository: Any) -> None:
    path = repository.write("a", "1")
    first = repository.commit()
    path.unlink()
    repository.commit()
    assert [one.commit for one in history.changes(repository.top, path, 10).found] == [first]


def test_bytes_that_a_clone_does_not_have_are_told_apart_from_none(repository: Any) -> None:
    repository.write("empty", "")
    repository.commit()
    empty = repository.git("rev-parse", "HEAD:empty")
    assert history.blobs(repository.top, ["0" * 40, empty]) == [None, b""]
