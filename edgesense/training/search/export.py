"""The pipelines of a front: copied out of the work folder, and tested on held-out clips once, when asked."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesense import pipeline_file
from edgesense.errors import EdgeSenseError
from edgesense.training import answers, export
from edgesense.training.search import study as studies
from edgesense.training.search.data import Data
from edgesense.training.search.results import Row

if TYPE_CHECKING:
    from optuna import Study


def located(front: Sequence[Row], hosts: Mapping[int, str], work: Path) -> dict[str, Path]:
    """The pipeline directories of some trials.

    Args:
        front: The trials, complete.
        hosts: Trial -> the machine that ran it.
        work: This machine's work folder.

    Returns:
        Name that says which trial (and fold, if it has several) -> directory.

    Raises:
        EdgeSenseError: Some are not here; the text says where they were made.
    """
    found: dict[str, Path] = {}
    absent = []
    for row in front:
        pipelines: Mapping[str, str] = row.facts.get("pipelines", {})
        for fold, where in pipelines.items():
            name = f"trial-{row.number}" + (f"-fold-{fold}" if len(pipelines) > 1 else "")
            found[name] = work / where
        if not pipelines or not all((work / where / pipeline_file.NAME).is_file() for where in pipelines.values()):
            absent.append(f"trial {row.number} (made on {hosts.get(row.number, 'another machine')})")
    if absent:
        raise EdgeSenseError(
            f"the pipelines of {', '.join(absent)} are not in this work folder: give the command there, or let the "
            "machines share a folder with --work"
        )
    return found


def write(pipelines: Mapping[str, Path], output: Path) -> list[Path]:
    """Copy pipeline directories, all or none.

    Args:
        pipelines: Name -> directory.
        output: Where the copies go; one of the same name is replaced.

    Returns:
        The copies.
    """
    with export.draft(output) as draft:
        for name, directory in pipelines.items():
            shutil.copytree(directory, draft / name)
            file = pipeline_file.read(draft / name)
            replace(file, name=name).write()
    return [output / name for name in pipelines]


def test(study: Study, pipelines: Mapping[str, Path], data: Data, clips: int | None) -> dict[str, Any]:
    """Test pipelines on the held-out clips; a study is tested once and then told what was found.

    Args:
        study: The study, in which the result is kept; it takes no more trials afterwards.
        pipelines: Name -> directory.
        data: Whose test clips.
        clips: How many of them; None for all.

    Returns:
        Plain JSON values: "clips" and "scores", name -> accuracy with its interval and macro F1.

    Raises:
        EdgeSenseError: A pipeline or clip cannot be used.
    """
    kept: dict[str, Any] | None = study.user_attrs.get(studies.TESTED)
    if kept is not None:
        return kept
    settings = pipeline_file.read(next(iter(pipelines.values()))).features
    part = data.test(settings, clips)
    candidates = {name: answers.Candidate(directory) for name, directory in pipelines.items()}
    found = answers.collect_apart(candidates, part.source, [int(row) for row in part.rows])
    told = ("accuracy", "low", "high", "macro_f1")
    scores = {name: {key: getattr(found.scores(name), key) for key in told} for name in pipelines}
    made = {"clips": len(part.rows), "scores": scores}
    study.set_user_attr(studies.TESTED, made)
    return made


def hosts(study: Study) -> dict[int, str]:
    """Trial -> the machine that ran it."""
    return {one.number: str(one.user_attrs.get("host", "")) for one in study.get_trials(deepcopy=False)}
