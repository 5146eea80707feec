"""One row of the table of results: what a pipeline directory and the boards say of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from edgesense.optimize import sizes
from edgesense.perf import devices
from edgesense.perf.devices.emulated import Emulated
from edgesense.perf.devices.emulation import prediction
from edgesense.perf.records import Job, Known, Reading
from edgesense.runtime import inspect
from edgesense.training import counting
from edgesense.training.earlier import digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

METRICS = (counting.INSTRUCTIONS, counting.MEMORY)
SCORES = ("clips", "accuracy", "low", "high", "macro_f1")


def measured(directory: Path, boards: Sequence[str], work: Path, before: Mapping[str, Any]) -> dict[str, Any]:
    """Sizes, the scores of its recipe, and what the boards count; plain JSON values.

    Args:
        directory: A pipeline directory.
        boards: Names of emulated boards.
        work: Folder for what is counted, so that a later call need not count again.
        before: Its row in an earlier table, {} for none: what the same board said of the same files is taken from it.

    Raises:
        EdgeSenseError: A board cannot count it.
    """
    model = (directory / "model.tflite").read_bytes()
    recipe = json.loads((directory / "recipe.json").read_text(encoding="utf-8"))
    ships = sum((directory / name).stat().st_size for name in ("model.tflite", "pipeline.json"))
    return {
        "pipeline": directory.name,
        "digest": digest(directory),
        "bytes": {"model": len(model), "compressed": sizes.of(model).compressed, "ships": ships},
        "embedded": {key: recipe["test"][key] for key in SCORES} | {"against_float32": recipe["against_float32"]},
        "boards": {board: _counted(directory, board, work, before) for board in boards},
    }


def timed(row: Mapping[str, Any], output: Path) -> dict[str, Any]:
    """A row with the times that its counts predict: low, typical, high seconds end to end and by stage, by board.

    Args:
        row: As the table has it.
        output: Folder of the pipelines; where the row's own is not there, the row stays as it is.
    """
    directory = output / row["pipeline"]
    if digest(directory) != row["digest"]:
        return dict(row)
    dtype = inspect.read(directory / "model.tflite").dtype
    boards = {name: found | {"seconds": _predicted(name, found, dtype)} for name, found in row["boards"].items()}
    return {**row, "boards": boards}


def _predicted(board: str, found: Mapping[str, Any], dtype: str) -> dict[str, list[float]]:
    """Of published times, and of no board of one's own: the same on every computer."""
    device = devices.find(board)
    assert isinstance(device, Emulated)  # noqa: S101 - it has counted
    stages = {name: value for name, value in found["instructions"].items() if name != "all"}
    whole = found["instructions"]["all"]
    count = Reading(whole, whole, whole, Known.COUNTED, parts=stages)
    times = prediction.predict(count, dtype=dtype, profile=device.profile)
    return {
        name or "all": [float(f"{end:.4g}") for end in (one.low, one.value, one.high)] for name, one in times.items()
    }


def of_folds(heard: Mapping[str, Any], chain: str) -> dict[str, Any]:
    """The scores of one chain of passes on recordings.

    Args:
        heard: What `edgesense.training.folds.run` found.
        chain: Name of the chain.
    """
    return {
        "pooled": {key: heard["pooled"][chain][key] for key in SCORES},
        "folds": [{key: fold["scores"][chain][key] for key in ("accuracy", "macro_f1")} for fold in heard["folds"]],
        "against_float32": _without_files(heard["against_float32"].get(chain)),
    }


def line(row: Mapping[str, Any]) -> str:
    """A row in one line."""
    counts = ", ".join(f"{board} {one['instructions']['all'] / 1e6:.1f} M" for board, one in row["boards"].items())
    heard = f", recordings {row['recordings']['pooled']['accuracy']:.4f}" if "recordings" in row else ""
    return (
        f"{row['pipeline']}: {row['bytes']['ships'] / 1024:.1f} KiB, accuracy {row['embedded']['accuracy']:.4f}{heard}"
        f"{', ' if counts else ''}{counts}"
    )


def _without_files(comparison: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """How many recordings flipped, without their names."""
    if comparison is None:
        return None
    return {**comparison, "lost": len(comparison["lost"]), "gained": len(comparison["gained"])}


def _counted(directory: Path, board: str, work: Path, before: Mapping[str, Any]) -> dict[str, Any]:
    """Instructions by stage and memory, as a board's device knows them, and which device that was."""
    device = counting.counter(board)
    found: dict[str, Any] = before.get("boards", {}).get(board, {})
    if found and before["digest"] == digest(directory) and counting.same(found["device"], device.fingerprint()):
        return found
    job = Job(workload=directory.name, root=directory.parent.absolute(), metrics=METRICS)
    return counting.count(device, job, work / "results" / f"{directory.name}-{board}.json")
