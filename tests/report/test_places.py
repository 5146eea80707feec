"""Files are named from where a build server starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgesense.report import places

VARIABLE = "SOME_SERVERS_CHECKOUT"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project two directories below a repository's top."""
    (tmp_path / "top" / ".git").mkdir(parents=True)
    monkeypatch.delenv(VARIABLE, raising=False)
    project = tmp_path / "top" / "sub" / "mine"
    project.mkdir(parents=True)
    return project


def test_without_a_server_it_is_the_repositorys_top(project: Path) -> None:
    assert places.below(project, VARIABLE) == "sub/mine/"


def test_a_server_that_says_where_it_starts_is_believed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(project.parent))
    assert places.below(project, VARIABLE) == "mine/"
    monkeypatch.setenv(VARIABLE, str(project))
    assert places.below(project, VARIABLE) == ""


def test_a_server_that_starts_elsewhere_is_not(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(project / "below"))
    assert places.below(project, VARIABLE) == "sub/mine/"


def test_outside_of_a_repository_nothing_goes_before(tmp_path: Path) -> None:
    assert places.below(tmp_path, VARIABLE) == ""


@pytest.mark.parametrize("variables", [(VARIABLE, "OTHER"), ("OTHER", VARIABLE)])
def test_any_of_several_may_be_set(project: Path, monkeypatch: pytest.MonkeyPatch, variables: tuple[str, ...]) -> None:
    monkeypatch.delenv("OTHER", raising=False)
    monkeypatch.setenv(VARIABLE, str(project.parent))
    assert places.below(project, *variables) == "mine/"
