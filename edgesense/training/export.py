"""Pipeline directories: written beside their place, and put there when they are whole."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edgesense.errors import SettingsError
from edgesense.optimize import chains
from edgesense.pipeline_file import ManifestSet, PipelineFile, SyntheticSet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
        folder, old = Path(name) / "new", Path(name) / "old"
        folder.mkdir()
        old.mkdir()
        yield folder
        _replace([(made, output / made.name) for made in sorted(folder.iterdir())], old)


def _replace(places: Sequence[tuple[Path, Path]], aside: Path) -> None:
    """Put each in its place, all or none: interrupted, what was there before is there again."""
    with ExitStack() as back:
        for made, target in places:
            kept = aside / target.name
            # Before it is moved: an interrupt may come as soon as it is.
            back.callback(_put_back, kept, target, made)
            if target.exists():
                target.replace(kept)
            made.replace(target)
        back.pop_all()


def _put_back(kept: Path, target: Path, made: Path) -> None:
    if target.exists() and not made.exists():
        target.replace(made)
    if kept.exists():
        kept.replace(target)


def refuse(output: Path) -> None:
    """Refuse a place that no pipeline directory can be written to, before hours are spent.

    Args:
        output: Where they are to be; it need not be there yet.

    Raises:
        SettingsError: It is a file, or may not be written to.
    """
    there = next(place for place in (output, *output.absolute().parents) if place.exists())
    try:
        with tempfile.TemporaryDirectory(prefix=".draft-", dir=there):
            pass
    except OSError as error:
        raise SettingsError(f"pipelines cannot be written to {output}: {error.strerror}") from error


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
