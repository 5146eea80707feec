"""The front as a picture (SVG) and as a page to explore (HTML): both one file that needs no network."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesense.errors import SettingsError
from edgesense.perf.files import write_atomically
from edgesense.training.search import packages, results
from edgesense.training.search.evaluator import Cost
from edgesense.training.search.results import Row

if TYPE_CHECKING:
    from optuna import Study

SUFFIXES = (".svg", ".html")
MILLION = 1e6
WIDE = 3.0
"""Largest cost over the smallest, above which the axis is logarithmic."""
FRONT, REST = "#b2182b", "#7f8c99"


def check(path: Path) -> None:
    """Refuse a plot that could not be written, before anything long is begun.

    Raises:
        SettingsError: Its suffix is not known, or its folder is not there.
        EdgeSenseError: What draws it is not installed.
    """
    if path.suffix not in SUFFIXES:
        raise SettingsError(f"--plot {path}: the name must end in {' or '.join(SUFFIXES)}")
    if not path.absolute().parent.is_dir():
        raise SettingsError(f"--plot {path}: its directory is not there")
    packages.need("matplotlib" if path.suffix == ".svg" else "plotly")


def write(study: Study, path: Path, cost: Cost) -> None:
    """Draw a study's finished trials.

    Args:
        study: The study.
        path: A file that ends in .svg or .html.
        cost: What its costs are.
    """
    found = results.rows(study)
    text = svg(found, cost, study.study_name) if path.suffix == ".svg" else html(study, cost)
    write_atomically(path, text)


def axis(cost: Cost) -> str:
    """The cost axis in words."""
    return f"million {cost.about}"


def html(study: Study, cost: Cost) -> str:
    """A page with Optuna's Pareto plot, plotly's program in it; each point shows its parameters."""
    optuna = packages.need("optuna", "plotly")
    with warnings.catch_warnings():
        # Choosing the axes is experimental before Optuna 5.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        page: Any = optuna.visualization.plot_pareto_front(
            study,
            targets=lambda trial: (trial.values[1] / MILLION, trial.values[0]),
            target_names=[axis(cost), "validation score"],
        )
    page.update_layout(title=f"Search {study.study_name}: the Pareto front")
    # The pruned and the failed have no values and are not drawn.
    return str(page.to_html(include_plotlyjs=True, full_html=True))


def svg(found: Sequence[Row], cost: Cost, name: str) -> str:
    """The picture as a file's content; the same trials give the same."""
    matplotlib = packages.need("matplotlib")
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "edgesense", "svg.fonttype": "none"}):
        figure(found, cost, name).savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def figure(found: Sequence[Row], cost: Cost, name: str) -> Any:
    """A `matplotlib.figure.Figure`: every finished trial, the front as steps with the trials' numbers."""
    matplotlib = packages.need("matplotlib", "matplotlib.figure", "matplotlib.ticker")
    front = results.front(found)
    others = [row for row in found if row.state == "complete" and not row.front]
    drawn = matplotlib.figure.Figure(figsize=(7.2, 4.6), layout="constrained")
    axes = drawn.add_subplot()
    axes.scatter(*_points(others), color=REST, s=22, label=f"dominated ({len(others)})", zorder=2)
    costs, scores = _points(front)
    # A front's point holds until the next dearer one is better.
    axes.step(costs, scores, where="post", color=FRONT, linewidth=1.2, alpha=0.6, zorder=1)
    axes.scatter(costs, scores, color=FRONT, s=34, label=f"Pareto front ({len(front)})", zorder=3)
    for (x, y), numbers in _numbers(front).items():
        axes.annotate(numbers, (x, y), textcoords="offset points", xytext=(5, -11), fontsize=8)
    every = [*costs, *_points(others)[0]]
    if every and max(every) > WIDE * min(every):
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(matplotlib.ticker.LogLocator(subs=(2, 3, 5)))
        for one in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
            one(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
        axes.tick_params(axis="x", which="minor", labelsize=8)
    pruned = sum(row.state == "pruned" for row in found)
    axes.set_title(f"Search {name}: {len(front) + len(others)} trials, and {pruned} pruned", fontsize=10)
    axes.set_xlabel(axis(cost))
    axes.set_ylabel("validation score")
    axes.grid(visible=True, alpha=0.25)
    axes.legend(loc="lower right", fontsize=8)
    return drawn


def _numbers(front: Sequence[Row]) -> dict[tuple[float, float], str]:
    """(cost, score) -> the numbers of the trials that are there."""
    found: dict[tuple[float, float], str] = {}
    for row, *point in zip(front, *_points(front), strict=True):
        place = (point[0], point[1])
        found[place] = f"{found[place]}, {row.number}" if place in found else str(row.number)
    return found


def _points(rows: Sequence[Row]) -> tuple[list[float], list[float]]:
    return [(row.cost or 0.0) / MILLION for row in rows], [row.score or 0.0 for row in rows]
