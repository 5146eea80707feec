from __future__ import annotations

import hashlib
import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from edgesense.perf.worker import source

ONE = hashlib.sha256(b"one").hexdigest()
NAME = "edgesense_test_front"


@pytest.fixture(autouse=True)
def own_imports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget what a test imports."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    sys.modules.pop(NAME, None)


def imported_from(place: Path, code: str) -> None:
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{NAME}.py").write_text(code)
    sys.path.insert(0, str(place))
    sys.modules.pop(NAME, None)
    importlib.invalidate_caches()
    importlib.import_module(NAME)


def digest_of(project: Path, code: str, below: str = "package") -> dict[str, object]:
    imported_from(project / below, code)
    return source.imported(project)


def test_equal_code_has_one_digest_wherever_the_project_lies(tmp_path: Path) -> None:
    first = digest_of(tmp_path / "a", "x = 1")
    assert first["modules"] == [f"package/{NAME}.py"]
    assert digest_of(tmp_path / "another", "x = 1") == first


def test_other_code_has_another_digest(tmp_path: Path) -> None:
    assert digest_of(tmp_path / "a", "x = 1") != digest_of(tmp_path / "b", "x = 2")


def test_code_that_moved_has_another_digest(tmp_path: Path) -> None:
    assert digest_of(tmp_path / "a", "x = 1") != digest_of(tmp_path / "b", "x = 1", below="src")


def test_a_project_that_nothing_was_imported_from_has_none(tmp_path: Path) -> None:
    assert source.imported(tmp_path) == {"digest": "", "modules": [], "installed": []}


def test_what_is_installed_in_the_project_is_not_its_own(tmp_path: Path) -> None:
    assert digest_of(tmp_path, "x = 1", below=".venv/lib/site-packages")["digest"] == ""


@pytest.mark.parametrize("layout", [".", "src", "lib"])
def test_an_installed_copy_of_the_projects_own_package_is_told(tmp_path: Path, layout: str) -> None:
    own = tmp_path / "project" / layout
    own.mkdir(parents=True, exist_ok=True)
    imported_from(tmp_path / "venv" / "site-packages", "x = 1")
    assert source.imported(tmp_path / "project")["installed"] == []
    (own / NAME).mkdir()
    assert source.imported(tmp_path / "project")["installed"] == []
    (own / NAME / "__init__.py").touch()
    assert source.imported(tmp_path / "project") == {"digest": "", "modules": [], "installed": [NAME]}


def test_the_standard_library_is_not_a_projects_own() -> None:
    assert source.imported(Path(os.__file__).parent)["digest"] == ""


def test_code_is_found_under_the_name_that_a_link_leads_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    found = digest_of(tmp_path / "real", "x = 1")
    assert source.imported(tmp_path / "link") == found


def test_the_files_of_a_factory_are_what_ships_from_the_project(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    for path in (project / "a", tmp_path / "elsewhere"):
        path.write_bytes(b"one")
    workload = SimpleNamespace(artifacts=lambda: [project / "a", tmp_path / "elsewhere"])
    assert source.files(workload, project / "m:make", project) == {"a": ONE}


def test_the_files_of_a_directory_are_all_but_hidden_ones(tmp_path: Path) -> None:
    for name in ("models/x/b", "models/x/deep/a", "models/x/.hidden"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"one")
    found = source.files(None, tmp_path / "models" / "x", tmp_path)
    assert found == {"models/x/b": ONE, "models/x/deep/a": ONE}


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    assert source.digest(tmp_path / "never") == "unreadable"
