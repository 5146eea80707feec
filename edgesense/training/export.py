"""Pipeline directories: written beside their place, and put there when they are whole."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edgesense.optimize import chains
from edgesense.pipeline_file import ManifestSet, PipelineFile, SyntheticSet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgesense.training.experiment import Trained

MODEL = "model.tflite"


@contextmanager
def draft(output: Path) -> Iterator[Path]:
    """A folder for pipeline directories that are not finished; each is moved into `output` when the block succeeds.

    Args:
        output: Where they are to be.

    Yields:
        An empty folder beside their final places, gone afterwards.
    """
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".draft-", dir=output) as name:
        folder = Path(name)
        yield folder
        for made in sorted(folder.iterdir()):
            _replace(made, output / made.name, folder)


def _replace(made: Path, target: Path, aside: Path) -> None:
    if target.exists():
        old = aside / f"old-{target.name}"
        target.replace(old)
        made.replace(target)
        shutil.rmtree(old)
    else:
        made.replace(target)


def pipelines(
    folder: Path,
    slug: str,
    trained: Trained,
    classes: tuple[str, ...],
    labelled: SyntheticSet | ManifestSet,
) -> dict[str, Path]:
    """Write a pipeline directory for each conversion of a trained model.

    Args:
        folder: Where; the directories are called by the slug and the passes: `dscnn-prune-int8`.
        slug: What the plan calls them.
        trained: The model.
        classes: Names of its scores, in order.
        labelled: The clips that its accuracy is told from.

    Returns:
        Chain's name -> pipeline directory. Each but the float32 one names that as its reference, if it is there.
    """
    made = {}
    float32 = chains.parse(chains.PLAIN)
    for chain, model in trained.models.items():
        directory = folder / f"{slug}-{chain.slug}"
        directory.mkdir()
        shutil.copyfile(model, directory / MODEL)
        reference = f"../{slug}-{float32.slug}" if chain != float32 and float32 in trained.models else None
        PipelineFile(
            directory=directory,
            name=directory.name,
            model=MODEL,
            features=trained.features,
            classes=classes,
            labelled=labelled,
            reference=reference,
        ).write()
        made[chain.name] = directory
    return made
