"""The front as a picture (SVG) and as a page to explore (HTML): both one file that needs no network."""

from __future__ import annotations

import io
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
    figure: Any = optuna.visualization.plot_pareto_front(
        study,
        targets=lambda trial: (trial.values[1] / MILLION, trial.values[0]),
        target_names=[axis(cost), "validation score"],
    )
    figure.update_layout(title=f"Search {study.study_name}: the Pareto front")
    # The pruned and the failed have no values and are not drawn.
    return str(figure.to_html(include_plotlyjs=True, full_html=True))


def svg(found: Sequence[Row], cost: Cost, name: str) -> str:
    """A picture: every finished trial, the front as steps with the trials' numbers."""
    matplotlib = packages.need("matplotlib", "matplotlib.figure", "matplotlib.ticker")
    front = results.front(found)
    others = [row for row in found if row.state == "complete" and not row.front]
    figure = matplotlib.figure.Figure(figsize=(7.2, 4.6), layout="constrained")
    axes = figure.add_subplot()
    axes.scatter(*_points(others), color=REST, s=22, label=f"dominated ({len(others)})", zorder=2)
    costs, scores = _points(front)
    # A front's point holds until the next dearer one is better.
    axes.step(costs, scores, where="post", color=FRONT, linewidth=1.2, alpha=0.6, zorder=1)
    axes.scatter(costs, scores, color=FRONT, s=34, label=f"Pareto front ({len(front)})", zorder=3)
    for row, x, y in zip(front, costs, scores, strict=True):
        axes.annotate(str(row.number), (x, y), textcoords="offset points", xytext=(5, -11), fontsize=8)
    if len({*costs, *_points(others)[0]}) > 1:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
        axes.tick_params(axis="x", which="both", labelsize=8)
    pruned = sum(row.state == "pruned" for row in found)
    axes.set_title(f"Search {name}: {len(front) + len(others)} trials, and {pruned} pruned", fontsize=10)
    axes.set_xlabel(axis(cost))
    axes.set_ylabel("validation score")
    axes.grid(visible=True, alpha=0.25)
    axes.legend(loc="lower right", fontsize=8)
    buffer = io.StringIO()
    # The same trials give the same file.
    with matplotlib.rc_context({"svg.hashsalt": "edgesense", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _points(rows: Sequence[Row]) -> tuple[list[float], list[float]]:
    return [(row.cost or 0.0) / MILLION for row in rows], [row.score or 0.0 for row in rows]
