"""What benchmark_model prints: TensorFlow Lite's of any release, and LiteRT's, whose litert-benchmark prints alike.

Formats: tensorflow/lite/tools/benchmark/benchmark_model.cc (OnBenchmarkEnd) and benchmark_tflite_model.cc (delegates),
tensorflow/core/util/stats_calculator.h (Stat, StatWithPercentiles), litert/tools/benchmark_litert_model.h. Lines may
carry the log's prefix, or that of logcat. A text may hold several runs, one after the other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from edgesense.errors import InvalidInput
from edgesense.perf.imports import delegates, operators
from edgesense.perf.imports.records import Run, Timing

NAME = "benchmark_model text"
LOOKED_FOR = "the text of benchmark_model (a line 'Inference timings in us: ...', or LiteRT's 'BENCHMARK RESULTS')"
MICROSECOND, MILLISECOND, MEBIBYTE = 1e-6, 1e-3, 1024.0**2
PRINTED = 0.005 * MILLISECOND
"""LiteRT prints milliseconds with two decimals."""
LAST_LINES = 5
INIT, FIRST, WARM_UP, CALLS = "initialisation", "first call", "warm-up", "calls"
AVERAGE = "Inference (avg)"
PROFILED = "its nodes were profiled meanwhile, which takes time of its own"

PREFIX = re.compile(
    r"(?:\d\d-\d\d [\d:.]+\s+\d+\s+\d+ [VDIWEF] [^:]*: )?"
    r"(?:(?:VERBOSE|INFO|WARN|WARNING|ERROR|FATAL): )?(?:\[[^\]]+:\d+\] ?)?"
)
BEGINS = ("STARTING!", "Running TensorFlow Lite benchmark with args")
NUMBER = r"([-+.\w]+)"
ENDS = re.compile(
    rf"Inference timings in us: Init: {NUMBER}, First inference: {NUMBER}, Warmup \(avg\): {NUMBER}, "
    rf"Inference \(avg\): {NUMBER}"
)
ENDED = re.compile(
    rf"Average inference timings in us: Warmup: {NUMBER}, Init: {NUMBER}, (?:Inference|no stats): {NUMBER}"
)
LABELLED = re.compile(
    r"(Model initialization|Warmup \(first\)|Inference \(\w+\)|Init footprint|Overall footprint|Peak memory): +"
    rf"{NUMBER}(?: (?:ms|MB))?(?: \((\d+) runs\))?"
)
PEAK = re.compile(rf"Overall peak memory footprint \(MB\) via periodic monitoring: {NUMBER}")
GROWN = re.compile(
    rf"(?:Memory footprint delta from the start of the tool|Peak memory footprint) \(MB\): init=\S+ overall={NUMBER}"
)
SETTING = re.compile(r"(Graph|Num threads|Enable op profiling): \[(.*)\]")


def recognises(text: str) -> bool:
    """Whether it is such a text, be it a whole one or not."""
    return any(line.startswith(BEGINS) or _result(line) for line in lines_of(text))


def read(text: str) -> tuple[Run, ...]:
    """Return the runs of a text.

    Raises:
        InvalidInput: If one of them ended before its result, or says what cannot be; with what it said last.
    """
    return tuple(_run(lines) for lines in _apart(lines_of(text)))


def lines_of(text: str) -> list[str]:
    """Return the lines of a text without their prefixes."""
    return [line[_prefix(line) :].rstrip() for line in text.splitlines()]


def _prefix(line: str) -> int:
    found = PREFIX.match(line)
    return found.end() if found else 0


def _result(line: str) -> bool:
    return bool(ENDS.match(line) or ENDED.match(line) or line.startswith(f"{AVERAGE}:"))


def _apart(lines: Sequence[str]) -> Iterator[list[str]]:
    """Yield the lines of each run: the next begins where one does after a result, or after an earlier beginning."""
    run: list[str] = []
    begun = False
    for line in lines:
        if line.startswith(BEGINS) and begun:
            yield run
            run = []
        begun = begun or line.startswith(BEGINS) or _result(line)
        run.append(line)
    if begun:
        yield run


def _run(lines: Sequence[str]) -> Run:
    labels = {found[1]: found for line in lines if (found := LABELLED.match(line))}
    ended = next((found for line in lines if (found := ENDS.match(line) or ENDED.match(line))), None)
    if AVERAGE in labels:
        run = _labelled(labels)
    elif ended is not None:
        run = _classic(lines, ended)
    else:
        told = [line for line in lines if line][-LAST_LINES:]
        msg = "a run of benchmark_model came to no result; it said last:\n" + "\n".join(f"    {line}" for line in told)
        raise InvalidInput(msg)
    settings = {found[1]: found[2] for line in lines if (found := SETTING.match(line))}
    return replace(
        run,
        graph=settings.get("Graph", ""),
        threads=_threads(settings.get("Num threads", "")),
        taken=delegates.read(lines),
        operators=operators.read(lines),
        notes=(PROFILED,) if settings.get("Enable op profiling") == "1" else (),
    )


def _threads(said: str) -> int | None:
    # -1 is what it prints for "as many as the runtime likes".
    return int(said) if said.isdecimal() else None


def _number(text: str, what: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 <= found < math.inf:
        msg = f"benchmark_model's text says {what} {text!r}: a number of 0 or more is wanted"
        raise InvalidInput(msg)
    return found


def _classic(lines: Sequence[str], ended: re.Match[str]) -> Run:
    order = (INIT, FIRST, WARM_UP, CALLS) if ended.re is ENDS else (WARM_UP, INIT, CALLS)
    said = {what: _number(text, what) * MICROSECOND for what, text in zip(order, ended.groups(), strict=True)}
    counted = [stat(line) for line in lines if line.startswith("count=")]
    # The first is the warm-up's.
    timing = counted[-1] if len(counted) > 1 else None
    return Run(
        "benchmark_model",
        timing or Timing(said[CALLS]),
        init_seconds=said[INIT],
        first_seconds=said.get(FIRST),
        peak_bytes=_mebibytes(lines, PEAK),
        grown_bytes=_mebibytes(lines, GROWN),
    )


def _mebibytes(lines: Iterable[str], pattern: re.Pattern[str]) -> float | None:
    found = next((said for line in lines if (said := pattern.match(line))), None)
    return None if found is None else _number(found[1], "megabytes") * MEBIBYTE


def stat(line: str) -> Timing | None:
    """Return the times of a line such as ``count=50 first=... curr=... min=... max=... avg=... std=...``, microseconds.

    All calls equal are printed as ``count=3 curr=5(all same)``; none at all as ``count=0``, which is None.
    """
    said = dict(re.findall(r"(\w+)=([-+.\w]+)", line))
    values = {key: _number(text, key) * MICROSECOND for key, text in said.items() if key not in {"count", "std"}}
    if not said.get("count", "").isdecimal() or not values.keys() & {"avg", "curr"}:
        return None
    average = values.get("avg", values.get("curr", 0.0))
    return Timing(
        average,
        count=int(said["count"]),
        fastest=values.get("min", average),
        slowest=values.get("max", average),
        median=values.get("median"),
        p5=values.get("p5"),
        p95=values.get("p95"),
    )


def _labelled(labels: Mapping[str, re.Match[str]]) -> Run:
    def value(label: str, scale: float = MILLISECOND) -> float | None:
        return _number(labels[label][2], label) * scale if label in labels else None

    timing = Timing(
        _number(labels[AVERAGE][2], AVERAGE) * MILLISECOND,
        count=int(labels[AVERAGE][3] or 0),
        fastest=value("Inference (min)"),
        slowest=value("Inference (max)"),
        median=value("Inference (median)"),
        p5=value("Inference (p5)"),
        p95=value("Inference (p95)"),
        rounded=PRINTED,
    )
    return Run(
        "LiteRT benchmark",
        timing,
        init_seconds=value("Model initialization"),
        first_seconds=value("Warmup (first)"),
        peak_bytes=value("Peak memory", MEBIBYTE),
        grown_bytes=value("Overall footprint", MEBIBYTE),
    )
