"""The profile of a graph's nodes that benchmark_model writes with ``--profiling_output_csv_file``, or prints as CSV."""

from __future__ import annotations

from edgesense.errors import InvalidInput
from edgesense.perf.imports import benchmark_text, operators
from edgesense.perf.imports.records import Run

NAME = "benchmark_model CSV"
LOOKED_FOR = "its profile of operators as CSV (a line 'node type, ..., avg_ms, ...')"
HEAD = "node type, "
TIMINGS = "Timings (microseconds): "
NOTE = "the sum of its nodes, with the profiler's own cost in it"


def recognises(text: str) -> bool:
    """Whether it is such a file."""
    return any(line.startswith(HEAD) for line in text.splitlines())


def read(text: str) -> tuple[Run, ...]:
    """Return the one run of a file.

    Raises:
        InvalidInput: If it has no line that sums the timed runs up.
    """
    lines = text.splitlines()
    regular = next((index for index, line in enumerate(lines) if line.startswith(operators.REGULAR)), 0)
    # A delegate's own kernels are summed up after the graph.
    summed = next((line for line in lines[regular:] if line.startswith(TIMINGS)), "")
    timing = benchmark_text.stat(summed.removeprefix(TIMINGS))
    if timing is None:
        msg = f"the profile has no line '{TIMINGS}count=...' of timed runs: it was cut off"
        raise InvalidInput(msg)
    return (Run("benchmark_model", timing, operators=operators.read(lines), notes=(NOTE,)),)
