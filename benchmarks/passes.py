"""What each post-training pass makes of the shipped float models: size, runtimes, and labels kept.

The weights are those of the shipped float32 pipelines, put back into Keras models (`edgesense.optimize.recover`);
``--untrained`` takes initial weights instead. Agreement is with the float32 file of the same weights, on clips of the
validation split; accuracy on the test clips is for `edgesense evaluate` to say.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesense import optimize, pipeline, synthetic
from edgesense.errors import ConversionError
from edgesense.features import FrontEnd
from edgesense.optimize import convert, recover, sizes
from edgesense.runtime import interpreter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float32]

MODELS = Path(__file__).resolve().parents[1] / "models"
ARCHITECTURES = ("crnn", "ds_cnn")
LEAST_AGREEMENT = 0.95
"""As between two runtimes in `edgesense train`: below it a conversion is broken and not merely rounded."""
HEAD = f"{'model':7s} {'pass':14s} {'file':>9s} {'deflated':>9s} {'agrees':>7s}  {'loads in':22s} operators"


@dataclass(frozen=True)
class Row:
    """One pass on one model.

    Attributes:
        architecture: The model's architecture.
        name: The pass.
        sizes: Of the file; None when the pass refused the model.
        agreement: Share of the clips with the float32 file's label.
        runtimes: Those that load it, or why one does not.
        operators: Kinds and how often.
        said: Why it was refused, or what the pass says of its choices.
    """

    architecture: str
    name: str
    sizes: sizes.Sizes | None
    agreement: float
    runtimes: str
    operators: str
    said: str

    def line(self) -> str:
        """The row as text."""
        if self.sizes is None:
            return f"{self.architecture:7s} {self.name:14s} refused: {self.said}"
        kib = f"{self.sizes.file / 1024:9.1f} {self.sizes.compressed / 1024:9.1f}"
        return (
            f"{self.architecture:7s} {self.name:14s} {kib} {self.agreement:7.1%}  {self.runtimes:22s} {self.operators}"
        )

    def results(self) -> list[dict[str, Any]]:
        """The row as entries of the JSON file."""
        if self.sizes is None:
            return [{"name": f"{self.architecture} {self.name}: refused", "value": self.said, "unit": ""}]
        what = f"{self.architecture} {self.name}"
        return [
            {"name": f"{what}: file", "value": round(self.sizes.file / 1024, 1), "unit": "KiB"},
            {"name": f"{what}: deflated", "value": round(self.sizes.compressed / 1024, 1), "unit": "KiB"},
            {"name": f"{what}: loads in", "value": self.runtimes, "unit": ""},
            {"name": f"{what}: operators", "value": self.operators, "unit": ""},
            {
                "name": f"{what}: agreement with float32",
                "value": self.agreement,
                "unit": "share of clips",
                "limit": LEAST_AGREEMENT,
                "met": self.agreement >= LEAST_AGREEMENT,
            },
        ]


def conversions() -> list[str]:
    """Return the passes that need no training: those that make a file of a trained model as it is."""
    modules = {name: optimize.get(name) for name in optimize.names()}
    return [name for name, one in modules.items() if hasattr(one, "convert") and not hasattr(one, "Technique")]


def measure(
    trained: convert.Trained, calibration: Array, clips: Array, passes: Sequence[str], folder: Path
) -> Iterator[Row]:
    """Convert a model in each pass."""
    reference: NDArray[np.int64] | None = None
    for name in ("float32", *(one for one in passes if one != "float32")):
        path = folder / f"{trained.architecture}-{name}.tflite"
        try:
            made = convert.convert(trained, name, path, calibration=calibration)
        except ConversionError as error:
            yield Row(trained.architecture, name, None, 0.0, "", "", str(error))
            continue
        usable = [one for one in made.runtimes if one.loads]
        labels = scores(path, clips, usable[0].runtime).argmax(axis=1)
        reference = labels if reference is None else reference
        loads = [one.release if one.loads else f"not {one.release}: {one.reason}" for one in made.runtimes]
        yield Row(
            trained.architecture,
            name,
            sizes.of(path),
            float(np.mean(labels == reference)),
            ", ".join(loads),
            ", ".join(f"{one.name} x{one.count}" for one in made.file.operators),
            " ".join(made.notes.get("why", [])),
        )


def scores(path: Path, clips: Array, runtime: str | None = None) -> Array:
    """(clips, classes) float32: a file's scores for (clips, frames, columns) float32 features."""
    model = interpreter.load(path, runtime=runtime)
    return np.stack([model.run(clip[None]).ravel() for clip in clips])


def main() -> int:
    """Print the table; return 1 when a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--untrained", action="store_true", help="initial weights instead of the shipped models'")
    parser.add_argument("--models", nargs="*", default=ARCHITECTURES, choices=ARCHITECTURES)
    parser.add_argument("--passes", nargs="*", default=conversions(), choices=conversions())
    parser.add_argument("--clips", type=int, default=300, help="clips to compare labels on (default 300)")
    parser.add_argument("--calibration", type=int, default=100, help="clips to calibrate with (default 100)")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    arguments = parser.parse_args()
    results: list[dict[str, Any]] = []
    said = []
    print(HEAD, flush=True)
    for architecture in arguments.models:
        shipped = MODELS / f"{architecture.replace('_', '')}-float32"
        front_end = FrontEnd(pipeline.open(shipped).settings)
        calibration, clips = (
            np.stack([front_end(clip.samples) for clip in synthetic.clips(split, count)])
            for split, count in (("calibration", arguments.calibration), ("validation", arguments.clips))
        )
        with tempfile.TemporaryDirectory() as scratch:
            trained = (
                recover.untrained(architecture)
                if arguments.untrained
                else recover.recover(shipped / "model.tflite", architecture)
            )
            for row in measure(trained, calibration, clips, arguments.passes, Path(scratch)):
                print(row.line(), flush=True)
                results += row.results()
                if row.sizes is not None and row.said:
                    said.append(f"{row.architecture} {row.name}: {row.said}")
            if not arguments.untrained:
                again = scores(Path(scratch) / f"{architecture}-float32.tflite", clips)
                off = float(abs(again - scores(shipped / "model.tflite", clips)).max())
                name = f"{architecture}: scores of the model put together again, against the shipped file"
                results.append({"name": name, "value": off, "unit": "", "limit": 1e-5, "met": off <= 1e-5})
    print("\n".join(["", *said]))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0 if all(result.get("met", True) for result in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
