"""What a technique that leaves the model as it is saves: one line of the table of results."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesense import synthetic, techniques
from edgesense.perf.records import Job
from edgesense.training import counting
from edgesense.training.earlier import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PIPELINE = "dscnn-int8"
"""On which they are measured: what ships by default."""
CLIPS = 100
WAYS = ("without", "applied")
MODULE, FOLDER = "ways", "pipeline"
FACTORIES = """from pathlib import Path

from edgesense import techniques

HERE = Path(__file__).parent


def without():
    return techniques.get("{name}").without(HERE / "{folder}")


def applied():
    return techniques.get("{name}").applied(HERE / "{folder}")
"""
"""What travels to a board beside the pipeline: a factory takes no arguments."""


def table(
    output: Path,
    boards: Sequence[str],
    work: Path,
    earlier: Mapping[str, Mapping[str, Any]],
    say: Callable[[str], object],
) -> list[dict[str, Any]]:
    """A row a technique; without boards, or the pipeline that they are measured on, those of the earlier table.

    Args:
        output: Folder of the pipelines.
        boards: Names of emulated boards.
        work: As for `measured`.
        earlier: Technique -> its row in an earlier table.
        say: Told each row in a line.
    """
    directory = output / PIPELINE
    if not (boards and digest(directory)):
        return [dict(row) for row in earlier.values()]
    rows = []
    for name in techniques.names():
        rows.append(measured(name, directory, boards, work, earlier.get(name, {})))
        say(line(rows[-1]))
    return rows


def measured(
    name: str, directory: Path, boards: Sequence[str], work: Path, before: Mapping[str, Any]
) -> dict[str, Any]:
    """Instructions of a clip without a technique and with it, and how many labels it changes; plain JSON values.

    Args:
        name: Of the technique.
        directory: The pipeline that it is applied to.
        boards: Names of emulated boards.
        work: Folder for what is counted, so that a later call need not count again.
        before: The technique's row in an earlier table, {} for none: what holds of it is taken from it.

    Raises:
        EdgeSenseError: A board cannot count it, or the pipeline has no front end.
    """
    own = digest(directory)
    holds = before.get("digest") == own
    counts = {board: _counted(name, directory, board, work, before if holds else {}) for board in boards}
    labels = before["labels"] if holds else _labels(name, directory)
    return {
        "technique": name,
        "about": techniques.about(name),
        "instead": techniques.get(name).INSTEAD,
        "pipeline": directory.name,
        "digest": own,
        "labels": labels,
        "boards": counts,
    }


def line(row: Mapping[str, Any]) -> str:
    """A row in one line."""
    counts = (
        f"{board} {found['without']['all'] / 1e6:.2f} M without, {found['applied']['all'] / 1e6:.2f} M with it"
        for board, found in row["boards"].items()
    )
    return f"{row['technique']}: {', '.join(counts)}; {row['labels']['other']} of {row['labels']['of']} labels differ"


def _counted(name: str, directory: Path, board: str, work: Path, before: Mapping[str, Any]) -> dict[str, Any]:
    """Instructions of either way, and on which device."""
    device = counting.counter(board)
    found: dict[str, Any] = before.get("boards", {}).get(board, {})
    if found and counting.same(found["device"], device.fingerprint()):
        return found
    ways: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="edgesense-technique-") as scratch:
        root = Path(scratch)
        shutil.copytree(directory, root / FOLDER)
        (root / f"{MODULE}.py").write_text(FACTORIES.format(name=name, folder=FOLDER), encoding="utf-8")
        for way in WAYS:
            job = Job(f"{MODULE}:{way}", root, (counting.INSTRUCTIONS,), sys_path=(scratch,), ship=(MODULE, FOLDER))
            counted = counting.count(device, job, work / "results" / f"{name}-{way}-{directory.name}-{board}.json")
            ways |= {"device": counted["device"], way: counted["instructions"]}
    return ways


def _labels(name: str, directory: Path) -> dict[str, int]:
    """Of how many clips of the embedded test set, a hop apart in one sound, the two ways say something else."""
    technique = techniques.get(name)
    without, applied = technique.without(directory), technique.applied(directory)
    settings, hop = without.opened.settings, without.opened.hop_seconds
    clips = synthetic.clips("test", CLIPS, seconds=settings.seconds, sample_rate=settings.sample_rate)
    sound = np.concatenate([clip.samples for clip in clips])
    pairs = [
        (without.run(clip), applied.run(clip))
        for clip in techniques.windows(sound, settings.samples, round(hop * settings.sample_rate))
    ]
    return {"other": sum(one != other for one, other in pairs), "of": len(pairs)}
