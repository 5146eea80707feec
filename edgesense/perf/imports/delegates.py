"""What became of delegates, as benchmark_model and the runtime's own log tell it.

Formats: tensorflow/lite/tools/benchmark/benchmark_tflite_model.cc (Init), tensorflow/lite/tools/delegates,
tensorflow/lite/core/subgraph.cc ("Replacing ... node(s)", with "out of" in later releases).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from edgesense.perf.imports.records import Taken

APPLIED = re.compile(
    r"Explicitly applied (\S+) delegate, and the model graph will be (?:(completely)|partially) executed by the "
    r"delegate(?: w/ (\d+) delegate kernels)?"
)
NOT_TAKEN = {
    re.compile(r"Though (\S+) delegate is explicitly applied, the model graph will not be executed by the delegate"): (
        "the tool says that it executes nothing of the graph"
    ),
    re.compile(r"(\S+) acceleration is unsupported on this platform"): (
        "the tool says that it is unsupported on this platform"
    ),
    re.compile(r"Failed to apply (\S+) delegate"): "the tool could not apply it",
}
REPLACED = re.compile(r"Replacing (\d+)(?: out of (\d+))? node\(s\) with delegate \((\S+)\) node")
CALLED = {
    "tflitegpudelegatev2": "gpu",
    "litert_cl": "gpu",
    "tflitennapidelegate": "nnapi",
    "tflitexnnpackdelegate": "xnnpack",
}
"""The runtime's own name of a delegate, in small letters -> this project's."""


def read(lines: Iterable[str]) -> tuple[Taken, ...]:
    """Return what each delegate took, in the order they are named in.

    Args:
        lines: Of a log, their prefixes left out.
    """
    nodes: dict[str, tuple[int, int | None]] = {}
    found: dict[str, Taken] = {}
    for line in lines:
        if replaced := REPLACED.match(line):
            name = _name(replaced[3])
            # A model of several subgraphs has a line for each.
            count, of = nodes.get(name, (0, 0))
            all_of = None if replaced[2] is None or of is None else of + int(replaced[2])
            nodes[name] = (count + int(replaced[1]), all_of)
        elif applied := APPLIED.match(line):
            name = _name(applied[1])
            found[name] = Taken(name, whole=bool(applied[2]), kernels=int(applied[3] or 1))
        else:
            for pattern, reason in NOT_TAKEN.items():
                if said := pattern.match(line):
                    name = _name(said[1])
                    found[name] = Taken(name, reason=reason)
    for name, (count, of) in nodes.items():
        one = found.get(name, Taken(name))
        # A delegate may be replaced again by what it could not prepare; the tool's own word is the later one.
        if name not in found or not one.nothing:
            found[name] = Taken(name, one.whole, one.kernels, count, of)
    return tuple(found.values())


def _name(said: str) -> str:
    low = said.lower()
    return CALLED.get(low, low)
