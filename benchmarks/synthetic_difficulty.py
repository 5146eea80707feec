"""How far simple cues go on the embedded data set: level, average spectrum, and their spread over time.

Linear models only: what they reach is what needs no look at how a sound moves. The limits were set with the
data set's difficulty, before any model was trained (`docs/synthetic.md`).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from edgesense.features import FeatureSettings, FrontEnd
from edgesense.synthetic import CLASSES, Split, clip, clips

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

SETTINGS = FeatureSettings(blocks=("logmel",), level_dbfs=None)
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)
VIEWS: dict[str, tuple[tuple[str, ...], float | None]] = {
    "level": (("level",), 0.30),
    "level and peak": (("level", "peak"), None),
    "average spectrum": (("mean",), 0.75),
    "level and average spectrum": (("level", "peak", "mean"), 0.75),
    "and its spread and extremes over time": (("level", "peak", "mean", "spread", "extremes"), None),
}


def describe(split: Split, count: int) -> tuple[dict[str, Array], NDArray[np.int64]]:
    """Simple descriptions of clips: {name: (count, columns) float64} in dB, and (count,) int64 class numbers."""
    front_end = FrontEnd(SETTINGS)
    rows: dict[str, list[Array]] = {"level": [], "peak": [], "mean": [], "spread": [], "extremes": []}
    labels = []
    for labelled in clips(split, count):
        decibels = front_end(labelled.samples).astype(np.float64)
        samples = labelled.samples.astype(np.float64)
        rows["level"].append(np.array([10.0 * np.log10(np.mean(samples**2))]))
        rows["peak"].append(np.array([20.0 * np.log10(np.abs(samples).max())]))
        rows["mean"].append(decibels.mean(axis=0))
        rows["spread"].append(decibels.std(axis=0))
        rows["extremes"].append(np.concatenate([decibels.max(axis=0), decibels.min(axis=0)]))
        labels.append(CLASSES.index(labelled.label))
    return {name: np.array(values) for name, values in rows.items()}, np.array(labels)


def fit(inputs: Array, labels: NDArray[np.int64], penalty: float) -> Array:
    """(columns + 1, classes) float64: softmax regression with a squared penalty on its weights."""
    count, columns = inputs.shape
    design = np.hstack([inputs, np.ones((count, 1))])
    wanted = np.eye(len(CLASSES))[labels]
    shape = (columns + 1, len(CLASSES))

    def loss(flat: Array) -> tuple[float, Array]:
        weights = flat.reshape(shape)
        scores = design @ weights
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        shares /= shares.sum(axis=1, keepdims=True)
        slopes = design.T @ (shares - wanted) / count
        slopes[:-1] += 2.0 * penalty * weights[:-1]
        cost = -np.log((shares * wanted).sum(axis=1) + 1e-300).mean() + penalty * (weights[:-1] ** 2).sum()
        return float(cost), slopes.ravel()

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 400})
    return np.asarray(found.x.reshape(shape), np.float64)


def score(weights: Array, inputs: Array, labels: NDArray[np.int64]) -> tuple[float, list[float]]:
    """Accuracy, and the recall of each class."""
    guesses = (np.hstack([inputs, np.ones((inputs.shape[0], 1))]) @ weights).argmax(axis=1)
    recalls = [float((guesses[labels == number] == number).mean()) for number in range(len(CLASSES))]
    return float((guesses == labels).mean()), recalls


def draw(path: Path, offset: int) -> None:
    """Write log-mel spectrograms, seven clips of each class a row, 60 dB from black to white."""
    from matplotlib.figure import Figure

    front_end = FrontEnd(FeatureSettings(blocks=("logmel",), top_db=60.0))
    figure = Figure(figsize=(22, 14), layout="constrained")
    axes = figure.subplots(len(CLASSES), 7)
    for row in range(len(CLASSES)):
        for column in range(7):
            shown = clip("train", offset + len(CLASSES) * column + row)
            axes[row, column].imshow(front_end(shown.samples).T, origin="lower", aspect="auto", cmap="magma")
            axes[row, column].set_title(f"{shown.label} {shown.id}", fontsize=8)
            axes[row, column].axis("off")
    figure.savefig(path, dpi=60)


def main() -> int:
    """Print the table; return 1 when a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=int, default=4000, help="training clips (default 4000)")
    parser.add_argument("--test", type=int, default=2000, help="test clips (default 2000)")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    parser.add_argument("--spectrograms", type=Path, help="instead draw spectrograms into this PNG (needs matplotlib)")
    parser.add_argument("--offset", type=int, default=0, help="first training clip drawn (default 0)")
    arguments = parser.parse_args()
    if arguments.spectrograms:
        draw(arguments.spectrograms, arguments.offset)
        return 0
    train, train_labels = describe("train", arguments.train)
    validation, validation_labels = describe("validation", max(500, arguments.test // 4))
    test, test_labels = describe("test", arguments.test)
    print(f"{'linear model on':40s} {'accuracy':>8s} {'limit':>6s}   recall of {', '.join(CLASSES)}")
    results = []
    for name, (columns, limit) in VIEWS.items():
        inputs = [np.hstack([part[column] for column in columns]) for part in (train, validation, test)]
        middle, scale = inputs[0].mean(axis=0), inputs[0].std(axis=0) + 1e-9
        inputs = [(part - middle) / scale for part in inputs]
        fits = [fit(inputs[0], train_labels, penalty) for penalty in PENALTIES]
        best = max(fits, key=lambda weights: score(weights, inputs[1], validation_labels)[0])
        accuracy, recalls = score(best, inputs[2], test_labels)
        met = limit is None or accuracy < limit
        shown = "" if limit is None else f"{limit:.2f}"
        print(f"{name:40s} {accuracy:8.3f} {shown:>6s}   {'  '.join(f'{recall:.2f}' for recall in recalls)}")
        results.append({"name": name, "value": accuracy, "unit": "accuracy", "limit": limit, "met": met})
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0 if all(result["met"] for result in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
