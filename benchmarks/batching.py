"""How many clips a second the shipped pipelines label: with two threads of interpreters, of kernels, and in batches.

The arms of a pipeline take turns, clip sets of equal size, and the ratio of each turn's throughputs is taken; what is
shown is their median and middle half. Nothing is held against a limit: what a second thread brings is a matter of what
else the computer does, so its load is shown too, and the processor's time, to which a busy computer adds little. A
batch is one call on several clips' features. The shipped models hold a batch of one fast in RESHAPE's constant shape,
so their bytes are changed here, in memory, before the input is resized; a model that still refuses is shown with the
runtime's reason.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from edgesense import pipeline, synthetic
from edgesense.errors import ModelError
from edgesense.pipeline import Pipeline
from edgesense.runtime import backends
from edgesense.runtime.delegates import nodes

MODELS = Path(__file__).resolve().parent.parent / "models"
PIPELINES = ("crnn-float32", "crnn-int8", "dscnn-int8")
BATCHES = (2, 4, 8, 16)
CLIPS = 16
MODULES = {"litert": "ai_edge_litert.interpreter", "tflite": "tflite_runtime.interpreter"}

Arm = Callable[[], object]


def main() -> int:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11, help="turns of each arm (default 11)")
    parser.add_argument("--seconds", type=float, default=0.2, help="about how long a turn one by one is (default 0.2)")
    parser.add_argument(
        "--pipelines", nargs="+", default=PIPELINES, help="folders of models/, by default those that ship"
    )
    parser.add_argument("--runtime", choices=backends.names(), help="default: the first one installed")
    parser.add_argument("--json", type=Path, help="also write the ratios there")
    chosen = parser.parse_args()
    clips = [synthetic.clip("test", index).samples for index in range(CLIPS)]
    rows: list[dict[str, Any]] = []
    before = os.getloadavg()[0]
    columns = ("pipeline", "", "clips/s, one by one", "throughput", "middle half", "processor time a clip")
    table = Table(*columns, title="ratios to one by one")
    for name in chosen.pipelines:
        for label, base, ratios, work in measured(name, clips, chosen.runtime, chosen.rounds, chosen.seconds):
            low, middle, high = statistics.quantiles(ratios, n=4)
            table.add_row(name, label, f"{base:.0f}", f"{middle:.2f}", f"{low:.2f}–{high:.2f}", f"{work:.2f}")
            rows.append({"name": f"{name}: {label}, throughput ratio", "value": round(middle, 2), "unit": "x"})
            rows.append({"name": f"{name}: {label}, processor time ratio", "value": round(work, 2), "unit": "x"})
        for reason, sizes in refused(name, chosen.runtime).items():
            table.add_row(name, f"model alone, batch of {' or '.join(map(str, sizes))}", "", "refused", reason)
    Console(width=140).print(table)
    load = f"load {before:.1f} before, {os.getloadavg()[0]:.1f} after"
    print(f"this computer, {len(os.sched_getaffinity(0))} cores, {load}; says nothing about pi")
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return 0


def measured(
    name: str, clips: Sequence[np.ndarray], runtime: str | None, rounds: int, seconds: float
) -> list[tuple[str, float, list[float], float]]:
    """Return what is shown of each arm of a pipeline.

    Returns:
        Its label, clips a second one by one, ratios of throughputs turn by turn, the median ratio of processor times.
    """
    one = opened(name, runtime)
    two = opened(name, runtime, threads=2)
    features = np.stack([one.features(samples) for samples in clips])
    found = []
    whole: dict[str, Arm] = {
        "": lambda: list(one.predict_many(clips)),
        "2 workers": lambda: list(one.predict_many(clips, workers=2)),
        "2 kernel threads": lambda: list(two.predict_many(clips)),
        "2 workers of 2 kernel threads": lambda: list(two.predict_many(clips, workers=2)),
    }
    model: dict[str, Arm] = {
        "": lambda: [one.model.run(each) for each in features],
        "model alone, 2 kernel threads": lambda: [two.model.run(each) for each in features],
    }
    calls: dict[str, Arm] = {"": batched(name, runtime, features, 1)}
    for size in BATCHES:
        if not refusal(name, runtime, size):
            calls[f"model alone, batch of {size}"] = batched(name, runtime, features, size)
    for arms in (whole, model, calls):
        repeats, spent = turns(arms, rounds, seconds)
        base = repeats * len(clips) / statistics.median(clock for clock, _ in spent[""])
        for label in arms:
            if label:
                both = list(zip(spent[""], spent[label], strict=True))
                ratios = [first / second for (first, _), (second, _) in both]
                work = statistics.median(second / first for (_, first), (_, second) in both)
                found.append((label, base, ratios, work))
    return found


def opened(name: str, runtime: str | None, threads: int = 1) -> Pipeline:
    """Return a shipped pipeline."""
    found = pipeline.open(MODELS / name, runtime=runtime, threads=threads)
    assert isinstance(found, Pipeline)  # noqa: S101 - a directory is one
    return found


def turns(arms: dict[str, Arm], rounds: int, seconds: float) -> tuple[int, dict[str, list[tuple[float, float]]]]:
    """Return how often an arm is repeated in a turn, and each arm's seconds, turn by turn; who begins changes."""
    for arm in arms.values():
        arm()
    repeats = max(1, round(seconds / timed(arms[""], 1)[0]))
    spent: dict[str, list[tuple[float, float]]] = {label: [] for label in arms}
    for number in range(rounds):
        for label in list(arms) if number % 2 else list(arms)[::-1]:
            spent[label].append(timed(arms[label], repeats))
    return repeats, spent


def timed(arm: Arm, repeats: int) -> tuple[float, float]:
    """Return the seconds that an arm takes, on the clock and of processor."""
    clock, processor = time.perf_counter(), time.process_time()
    for _ in range(repeats):
        arm()
    return time.perf_counter() - clock, time.process_time() - processor


def batched(name: str, runtime: str | None, features: np.ndarray, size: int) -> Arm:
    """Return what runs a model over features, so many clips a call, as the interpreter takes and gives them."""
    interpreter = resized(name, runtime, size)
    given, score = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero = given["quantization"]
    values = np.clip(np.rint(features / scale + zero), -128, 127) if scale else features
    batches = values.astype(given["dtype"]).reshape(-1, *given["shape"])

    def run() -> list[object]:
        answers = []
        for batch in batches:
            interpreter.set_tensor(given["index"], batch)
            interpreter.invoke()
            answers.append(interpreter.get_tensor(score["index"]))
        return answers

    return run


def resized(name: str, runtime: str | None, size: int) -> Any:
    """Return an interpreter of a shipped model, its batch freed and set.

    Raises:
        ModelError: The runtime refuses that batch.
    """
    module = importlib.import_module(MODULES[runtime or backends.installed()[0]])
    path = MODELS / name / "model.tflite"
    first = module.Interpreter(model_path=str(path))
    first.allocate_tensors()
    content = path.read_bytes()
    for node in nodes(first):
        if node["op_name"] == "RESHAPE":
            shape = first.get_tensor(int(node["inputs"][1])).astype("<i4")
            free = shape.copy()
            free[0] = -1
            # A buffer's bytes stand behind their number, unlike a tensor's shape of the same numbers.
            length = shape.nbytes.to_bytes(4, "little")
            content = content.replace(length + shape.tobytes(), length + free.tobytes())
    interpreter = module.Interpreter(model_content=content, num_threads=1)
    given = interpreter.get_input_details()[0]
    try:
        interpreter.resize_tensor_input(given["index"], [size, *given["shape"][1:]])
        interpreter.allocate_tensors()
        interpreter.invoke()
    except RuntimeError as error:
        raise ModelError(str(error).splitlines()[0]) from error
    return interpreter


def refusal(name: str, runtime: str | None, size: int) -> str:
    """Return why a model takes no batch of this size, "" where it does."""
    try:
        resized(name, runtime, size)
    except ModelError as error:
        return str(error)
    return ""


def refused(name: str, runtime: str | None) -> dict[str, list[int]]:
    """Return the batches that a model refuses even then, by the node that the runtime names."""
    found: dict[str, list[int]] = {}
    for size in BATCHES:
        said = refusal(name, runtime, size)
        if said:
            node = re.search(r"Node number \d+ \(\w+\) failed to prepare", said)
            found.setdefault(node[0] if node else said, []).append(size)
    return found


if __name__ == "__main__":
    raise SystemExit(main())
