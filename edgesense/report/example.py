"""A run of budgets that never happened, with every outcome there is: for tests, documentation and drafts of formats."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace

from edgesense.perf import statistics, units
from edgesense.perf.records import Known, Labelled, Reading
from edgesense.perf.verdicts import Finding, Outcome, Verdict
from edgesense.report.page import words
from edgesense.report.records import Attached, Distribution, Evidence, Place, Result, RunRecord, Setting, Step

COMMIT = "5f0c3a1d9be2447c8a60d1e7f3b9c2a4d6e80f15"
WHEN = "2026-03-01T09:30:00+00:00"
PI = {"architecture": "aarch64", "board": "pi4", "cpu": "Cortex-A72", "cores": "4", "os": "debian 12", "python": "3.11"}
HOST = {"architecture": "x86_64", "cpu": "AMD EPYC", "cores": "2", "os": "debian 12", "python": "3.11"}
FRAMES = ("front end", "frames", "window", "fft", "mel", "log", "inference", "conv_2d", "depthwise", "dense")


def run(tests: int = 12, *, seed: int = 1, attached: tuple[Attached, ...] = ()) -> RunRecord:
    """Return a run of so many results.

    Args:
        tests: How many; from 12 on, every outcome is among them.
        seed: Of its random numbers.
        attached: Files that explain the first broken budget, for who has some.
    """
    rng = random.Random(seed)  # noqa: S311 - an example, not a secret
    results = [_result(index, rng) for index in range(tests)]
    broken = next((index for index, one in enumerate(results) if one.failing), None)
    if broken is not None and attached:
        evidence = replace(results[broken].evidence, attached=attached)
        results[broken] = replace(results[broken], evidence=evidence)
    over, unknown = sum(bool(one.failing) for one in results), sum(one.verdict is None for one in results)
    met = tests - over - unknown
    tally = {"budgets": tests, "met": met, "over": over, "not_measured": unknown}
    return RunRecord(
        tuple(results),
        f"{units.plural(tests, 'budget')}: {met} met, {over} over or regressed, {unknown} not measured (an example)",
        tally,
        strict_because="the default",
        when=WHEN,
        commit=COMMIT,
        release="0.0.0+example",
    )


def _result(index: int, rng: random.Random) -> Result:
    make = CASES[index % len(CASES)]
    device = "pi" if make in {_counted, _predicted, _elsewhere} else "host"
    name = f"test_{make.__name__.strip('_')}" + (f"[{index // len(CASES)}]" if index >= len(CASES) else "")
    file = ("tests/budgets/test_respiratory.py", "tests/budgets/test_streaming.py")[index % 2]
    test = f"{file}::{name}"
    bare = Result(test, test, device, None, Place(file, 10 + 7 * index), "passed")
    made = make(bare, rng)
    if made.verdict is None:
        return made
    findings = made.verdict.findings
    failing = tuple(one.limit for one in findings if one.budget is Outcome.OVER or one.regression is Outcome.REGRESSED)
    outcomes = [one for finding in findings for one in (finding.budget, finding.regression) if one is not None]
    worst = min(outcomes, key=list(words.OUTCOMES).index, default=None)
    failure = "\n".join(f"{one.limit} on {device}: {one.why[0]}" for one in findings if one.limit in failing)
    return replace(
        made,
        outcome="failed" if failing else "passed",
        letter=worst.letter if worst is not None else "",
        word=worst.word if worst is not None else "",
        failing=failing,
        blamed=bool(failing),
        failure=failure,
        evidence=made.evidence if made.evidence.measured else _evidence(device),
        trend={one.limit: steps for one in findings if (steps := _trend(one, rng))},
        seconds=rng.uniform(2, 12),
    )


def _verdict(bare: Result, *findings: Finding, notes: tuple[str, ...] = ()) -> Result:
    return replace(bare, verdict=Verdict(bare.test, bare.device, findings, notes=notes))


def _size(kib: float = 80.6, bound: float = 600, before: float | None = 80.6) -> Finding:
    value, limit = units.KIBIBYTE.to_base(kib), units.KIBIBYTE.to_base(bound)
    parts = {"model.tflite": value * 0.97, "pipeline.json": value * 0.03}
    reading = Reading(value, value, value, Known.EXACT, parts=parts)
    over = value > limit
    old = None if before is None else units.KIBIBYTE.to_base(before)
    regression = (
        Outcome.NO_BASELINE if old is None else Outcome.SAME if abs(value / old - 1) < 0.01 else Outcome.REGRESSED
    )
    why: tuple[str, ...] = (f"{kib:.1f} KiB is over its limit {bound:.0f} KiB",) if over else ()
    if regression is Outcome.REGRESSED and old is not None:
        why += (f"{units.change(value, old)} from its baseline {before} KiB; allowed are 1 %",)
    if regression is Outcome.NO_BASELINE:
        why += ("no baseline",)
    return Finding("size_kb", limit, reading, Outcome.OVER if over else Outcome.MET, regression, old, why=why)


def _calls(rng: random.Random, median: float, count: int = 101) -> tuple[float, ...]:
    """Return sorted seconds as calls take them: a narrow body, a long tail to the slow side."""
    return tuple(
        sorted(median * (0.985 + 0.03 * rng.random() + 0.02 * rng.expovariate(1.2) ** 2) for _ in range(count))
    )


def _time(bare: Result, rng: random.Random, ms: float, bound: float, change: float, *, wide: float = 0.004) -> Result:
    """Return a result whose time was measured beside its baseline."""
    seconds = units.MILLISECOND.to_base(ms)
    alone = _calls(rng, seconds)
    before = seconds / (1 + change)
    pairs = tuple(
        (before, before * math.exp(math.log1p(change) + rng.gauss(0, wide))) for _ in range(15 if change > 0.015 else 3)
    )
    shares = sorted(after / earlier - 1 for earlier, after in pairs)
    found = (statistics.quantile(shares, 0.5), shares[0], shares[-1])
    limit = units.MILLISECOND.to_base(bound)
    low, high = statistics.quantile_interval(alone, 0.5)
    over = alone[10] > limit
    unsure = not over and high > limit
    regression = Outcome.REGRESSED if change > 0.03 else Outcome.DRIFT if change > 0.015 else Outcome.SAME
    regression = Outcome.BETTER if change < -0.03 else regression
    if wide > 0.03:
        regression = Outcome.INCONCLUSIVE
    why = {
        Outcome.REGRESSED: f"{100 * found[0]:+.1f} % beside its baseline; allowed are 3 %",
        Outcome.DRIFT: f"{100 * found[0]:+.1f} % beside its baseline, which is not confirmed",
        Outcome.INCONCLUSIVE: "the pairs are too far apart: 5.1 % where 3 % are allowed",
    }.get(regression, "")
    median = statistics.quantile(alone, 0.5)
    told = units.text(median, units.MILLISECOND)
    reasons: tuple[str, ...] = (f"median {told} is over its limit {bound:g} ms",) if over else ()
    reasons += (f"budget {bound:g} ms, median {told}: the interval straddles the limit",) if unsure else ()
    reading = Reading(median, low, high, Known.MEASURED, n=1240, floor=alone[10])
    finding = Finding(
        "latency_ms",
        limit,
        reading,
        Outcome.OVER if over else Outcome.INCONCLUSIVE if unsure else Outcome.MET,
        regression,
        change=found,
        why=reasons + ((why,) if why else ()),
        remedy="" if not unsure else f"judge it again, alone: pytest {bare.test}",
    )
    spread = Distribution(alone, _calls(rng, before), _calls(rng, seconds), pairs, int(wide > 0.03))
    evidence = replace(_evidence("host"), distributions={"latency_ms": spread})
    made = _verdict(bare, finding, _size())
    return replace(made, evidence=evidence, against=("latency_ms beside models/dscnn-int8 of 1a2b3c4",))


def _within(bare: Result, rng: random.Random) -> Result:
    return _time(bare, rng, 34.1, 50, 0.002)


def _over(bare: Result, rng: random.Random) -> Result:
    return _time(bare, rng, 61.4, 50, 0.32)


def _regressed(bare: Result, rng: random.Random) -> Result:
    return _time(bare, rng, 41.0, 50, 0.056)


def _drifting(bare: Result, rng: random.Random) -> Result:
    return _time(bare, rng, 33.0, 50, 0.021)


def _unsteady(bare: Result, rng: random.Random) -> Result:
    return _time(bare, rng, 49.6, 50, 0.01, wide=0.05)


def _faster(bare: Result, rng: random.Random) -> Result:
    return _time(bare, rng, 27.0, 50, -0.2)


def _counted(bare: Result, rng: random.Random) -> Result:  # noqa: ARG001 - every case has this form
    value, before = 13.24e6, 11.83e6
    parts = {"features": 6.1e6, "inference": value - 6.1e6}
    reading = Reading(value, value, value, Known.COUNTED, parts=parts, note="one inference, end to end")
    finding = Finding(
        "instructions_m",
        20e6,
        reading,
        Outcome.MET,
        Outcome.REGRESSED,
        before,
        why=(f"{units.change(value, before)} from its baseline 11.8 M; allowed are 0.5 %",),
        remedy="accept it: pytest --update-baselines",
    )
    return _verdict(bare, finding, _size())


def _predicted(bare: Result, rng: random.Random) -> Result:  # noqa: ARG001
    reading = Reading(0.0121, 0.0093, 0.0158, Known.PREDICTED, note="cycles an instruction from the board's profile")
    inside = Finding(
        "latency_ms", 0.05, reading, Outcome.MET, Outcome.NOT_COMPARED, why=("predictions are not compared",)
    )
    wide = replace(reading, value=0.0087, low=0.0071, high=0.0112)
    straddling = Finding(
        "inference_ms",
        0.01,
        wide,
        Outcome.INCONCLUSIVE,
        Outcome.NOT_COMPARED,
        why=("7.10–11.2 ms straddles its limit 10 ms",),
        remedy="narrow it on a real board: edgesense devices calibrate pi",
    )
    return _verdict(bare, inside, straddling)


def _accurate(bare: Result, rng: random.Random) -> Result:
    correct = "".join("1" if rng.random() < 0.894 else "0" for _ in range(2000))
    share = correct.count("1") / len(correct)
    low, high = statistics.wilson(correct.count("1"), len(correct))
    reading = Reading(share, low, high, Known.EXACT, n=2000, labelled=Labelled("synthetic v1", correct))
    finding = Finding("acc", 0.85, reading, Outcome.MET, Outcome.SAME, 0.8945)
    parts = {"python": 38e6, "runtime": 22e6, "model": 4.9e6}
    memory = Reading(64.9e6, 64.2e6, 65.3e6, Known.MEASURED, n=3, parts=parts)
    return _verdict(bare, finding, Finding("rss_mb", 100 * 1024.0**2, memory, Outcome.MET, Outcome.SAME, 65.1e6))


def _new(bare: Result, rng: random.Random) -> Result:  # noqa: ARG001
    return _verdict(bare, _size(before=None))


def _elsewhere(bare: Result, rng: random.Random) -> Result:  # noqa: ARG001
    reading = Reading(62.1e6, 61.9e6, 62.6e6, Known.STAND_IN, n=3)
    why = ("the baseline was made with another runtime: litert 2.2.0 -> litert 2.3.0",)
    finding = Finding("rss_mb", 100 * 1024.0**2, reading, Outcome.MET, Outcome.NOT_COMPARABLE, 60.2e6, why=why)
    before = Setting({"model": "6cb2cc48", "threads": 1}, PI | {"runtime": "litert 2.2.0"})
    evidence = replace(_evidence("pi"), baseline=before)
    return replace(_verdict(bare, finding), evidence=evidence, absent=("energy_mj",))


def _unmeasured(bare: Result, rng: random.Random) -> Result:  # noqa: ARG001
    failure = "not judged: the worker was ended by SIGSEGV while it loaded model.tflite\nnext: edgesense doctor"
    return replace(bare, outcome="failed", blamed=True, failure=failure)


CASES: tuple[Callable[[Result, random.Random], Result], ...] = (
    _within,
    _over,
    _regressed,
    _drifting,
    _unsteady,
    _faster,
    _counted,
    _predicted,
    _accurate,
    _new,
    _elsewhere,
    _unmeasured,
)


def _evidence(device: str) -> Evidence:
    features = {"n_fft": 1024, "n_mels": 64}
    subject = {"model": "6cb2cc480943b883", "runtime": "litert 2.3.0", "threads": 1, "features": features}
    before = {**subject, "features": {"n_fft": 1024, "n_mels": 40}}
    where = (PI if device == "pi" else HOST) | {"runtime": "litert 2.3.0"}
    changed = Setting(before if device == "pi" else subject, where)
    return Evidence("models/dscnn-int8", Setting(subject, where, {"OMP_NUM_THREADS": "1"}), changed)


def _trend(finding: Finding, rng: random.Random) -> tuple[Step, ...]:
    """Return what was accepted so far, the baseline last; nothing where there is no baseline."""
    reading = finding.reading
    if reading is None or finding.regression is Outcome.NO_BASELINE:
        return ()
    last = finding.before
    if last is None:
        last = reading.value if finding.change is None else reading.value / (1 + finding.change[0])
    sizes = (
        (1.21, 1.17, 1.17, 1.09, 1.1, 1.06, 1.0, 1.0) if finding.limit != "acc" else (0.95, 0.96, 0.96, 0.98, 0.99, 1.0)
    )
    steady = finding.limit in {"size_kb", "instructions_m"}
    return tuple(
        Step(
            f"{rng.getrandbits(160):040x}",
            f"2025-{month:02d}-14T08:00:00+00:00",
            last * size * (1 if steady or month == len(sizes) else 1 + rng.gauss(0, 0.004)),
            reading.known,
        )
        for month, size in enumerate(sizes, 1)
    )


def flame_graph() -> str:
    """Return a small drawing in the place of a flame graph, as SVG with a title a frame."""
    boxes, y = [], 0
    for row, count in enumerate((1, 2, 4, 7)):
        for index in range(count):
            x, width = 100 * index / count, 100 / count - 0.3
            name = FRAMES[(row * 3 + index) % len(FRAMES)]
            boxes.append(
                f'<g><title>{name}</title><rect x="{x:.2f}%" y="{y}" width="{width:.2f}%" height="24" '
                f'fill="hsl({20 + 9 * ((row + index) % 5)} 80% 62%)"/>'
                f'<text x="{x + 0.4:.2f}%" y="{y + 16}" font-size="12" font-family="sans-serif">{name}</text></g>'
            )
        y += 26
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="{y}">{"".join(boxes)}</svg>\n'
