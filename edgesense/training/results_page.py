"""The table of results as a page of Markdown; pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from scipy import special

from edgesense.training import variants

KIB, MIB, MILLION, POINTS = 1024, 1024**2, 1e6, 100
BEFORE = "crnn-float32"
MOST_KIB = 250
LEAST_FEWER = 8
MOST_RSS_MIB, MOST_RSS_ABOVE_MIB = 72, 20
MOST_LOST_EMBEDDED, MOST_LOST_RECORDINGS = 0.014, 0.02
LEAST_TAUGHT = 5.0
CONFIDENCE = 0.95

Row = Mapping[str, Any]


def markdown(results: Mapping[str, Any]) -> str:
    """The page."""
    rows: Sequence[Row] = results["rows"]
    parts = [_head(results), _summary(rows), _table(rows), _taught(rows)]
    if any("recordings" in row for row in rows):
        parts.append(_quantised(rows))
    if results.get("techniques"):
        parts.append(_techniques(results["techniques"]))
    if results["impossible"]:
        parts.append(_impossible(results["impossible"]))
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(results: Mapping[str, Any]) -> str:
    test, train = results["clips"]["test"], results["clips"]["train"]
    heard = results["recordings"]
    real = (
        f"; recordings: `{heard}`, each clip answered by a model that has not heard its subject, pooled over all folds"
        if heard
        else ""
    )
    return f"""# Every optimisation, measured

    {results["command"]}

made this page and `results.json` beside it; nothing here is written by hand. Accuracy: {test:,} test clips of the
embedded set after {train:,} training clips{real}. Size: model and `pipeline.json`; “compressed” is the model as
a zlib stream. Instructions: counted for one inference end to end, features included, on an emulated Raspberry Pi 4
(Cortex-A72) and Pi 5 (Cortex-A76). Times: predicted from these counts and published times of such CPUs; no board was
timed. Memory: this computer's, standing in for a board's."""


def _summary(rows: Sequence[Row]) -> str:
    """The best "after" beside the "before", bar by bar."""
    before = next((row for row in rows if row["pipeline"] == BEFORE), None)
    after = best(rows)
    if before is None or after is None:
        return ""
    lines = [
        ("size", _kib(before), _kib(after), f"≤ {MOST_KIB} KiB"),
        ("Pi 4 instructions", _counts(before, "pi"), _counts(after, "pi"), f"≤ 1/{LEAST_FEWER} of before"),
        ("Pi 5 instructions", _counts(before, "pi5"), _counts(after, "pi5"), ""),
        ("Pi 4 time, predicted", _time(before, "pi"), _time(after, "pi"), ""),
        ("Pi 5 time, predicted", _time(before, "pi5"), _time(after, "pi5"), ""),
        ("memory", _rss(before), _rss(after), f"≤ {MOST_RSS_MIB} MiB, ≤ {MOST_RSS_ABOVE_MIB} above the bare runtime"),
        ("accuracy, embedded", _accuracy(before["embedded"]), _accuracy(after["embedded"]), "≤ 1.4 points lost"),
    ]
    if "recordings" in after and "recordings" in before:
        lines.append(("accuracy, recordings", _mean_of_folds(before), _mean_of_folds(after), "≤ 2 points lost"))
        lines.append(("lost on recordings", "", _lost_by_fold(before, after), "mean of the folds' differences"))
    short = {"Not met": misses(before, after), "Not told": untold(before, after)}
    verdict = " ".join(f"**{what}: {', '.join(bars)}.**" for what, bars in short.items() if bars) or "All bars are met."
    return f"## Before and after\n\n`{before['pipeline']}` → `{after['pipeline']}`. {verdict}\n\n" + _grid(
        ("", "before", "after", "bar"), lines
    )


def best(rows: Sequence[Row]) -> Row | None:
    """The row to ship: of those that miss or leave open the fewest bars, the one with the fewest Pi 4 instructions."""
    before = next((row for row in rows if row["pipeline"] == BEFORE), None)
    candidates = [row for row in rows if before is not None and row is not before and "pi" in row["boards"]]
    if before is None or not candidates:
        return None

    def rank(row: Row) -> tuple[int, float]:
        return len(misses(before, row)) + len(untold(before, row)), row["boards"]["pi"]["instructions"]["all"]

    return min(candidates, key=rank)


def untold(before: Row, after: Row) -> list[str]:
    """Names of the bars of which two rows do not tell enough."""
    missing = []
    if not all("pi" in row["boards"] for row in (before, after)):
        missing.append("instructions")
    if not (after["boards"].get("pi") or {}).get("rss_bytes"):
        missing.append("memory")
    if not all("recordings" in row for row in (before, after)):
        missing.append("accuracy, recordings")
    return missing


def misses(before: Row, after: Row) -> list[str]:
    """Names of the bars that a row misses against the "before"; what is not told is not missed, see `untold`."""
    missed = []
    if after["bytes"]["ships"] > MOST_KIB * KIB:
        missed.append("size")
    counts = [row["boards"]["pi"]["instructions"]["all"] for row in (before, after) if "pi" in row["boards"]]
    if len(counts) == 2 and counts[1] * LEAST_FEWER > counts[0]:
        missed.append("instructions")
    memory = after["boards"].get("pi", {}).get("rss_bytes")
    if memory and (memory["all"] > MOST_RSS_MIB * MIB or memory["pipeline"] > MOST_RSS_ABOVE_MIB * MIB):
        missed.append("memory")
    if before["embedded"]["accuracy"] - after["embedded"]["accuracy"] > MOST_LOST_EMBEDDED:
        missed.append("accuracy, embedded")
    if "recordings" in after and "recordings" in before:
        lost = statistics.fmean(_differences(before, after))
        if lost > MOST_LOST_RECORDINGS:
            missed.append("accuracy, recordings")
    return missed


def _table(rows: Sequence[Row]) -> str:
    about = {one.name: one.about for one in variants.VARIANTS}
    heard = any("recordings" in row for row in rows)
    columns = ["pipeline", "KiB", "compressed", "Pi 4", "features", "model", "Pi 4 ms", "Pi 5", "Pi 5 ms", "MiB"]
    columns += ["embedded"]
    if heard:
        columns += ["recordings", "macro F1"]
    parts = []
    for name in dict.fromkeys(row["variant"] for row in rows):
        lines = [_line(row, heard=heard) for row in rows if row["variant"] == name]
        parts.append(f"### {name}: {about.get(name, '')}\n\n{_grid(columns, lines)}")
    return "## All rows\n\nInstructions in millions; times are predicted from them.\n\n" + "\n\n".join(parts)


def _line(row: Row, *, heard: bool) -> list[str]:
    pi = row["boards"].get("pi", {}).get("instructions", {})
    cells = [
        f"`{row['pipeline']}`",
        f"{row['bytes']['ships'] / KIB:.1f}",
        f"{row['bytes']['compressed'] / KIB:.1f}",
        *(f"{pi[key] / MILLION:.2f}" if key in pi else "–" for key in ("all", "features", "inference")),
        _time(row, "pi").removesuffix(" ms"),
        _counts(row, "pi5").removesuffix(" M"),
        _time(row, "pi5").removesuffix(" ms"),
        _rss(row).removesuffix(" MiB"),
        _accuracy(row["embedded"]),
    ]
    if heard:
        pooled = row.get("recordings", {}).get("pooled")
        cells += [_accuracy(pooled), f"{pooled['macro_f1']:.3f}"] if pooled else ["–", "–"]
    return cells


def _taught(rows: Sequence[Row]) -> str:
    """What each student gained from its teacher, against the same student without one."""
    plain = {row["variant"]: row for row in rows if row["passes"] == "float32"}
    lines, reached = [], []
    for variant in variants.VARIANTS:
        alone = variants.control(variant)
        if alone is None or not {variant.name, alone.name} <= plain.keys():
            continue
        taught, untaught = plain[variant.name], plain[alone.name]
        gained = [(taught["embedded"]["accuracy"] - untaught["embedded"]["accuracy"]) * POINTS]
        heard = "–"
        if "recordings" in taught and "recordings" in untaught:
            differences = _differences(taught, untaught)
            gained.append(statistics.fmean(differences) * POINTS)
            heard = _in_points(differences)
        lines.append([f"`{taught['pipeline']}`", f"`{untaught['pipeline']}`", f"{gained[0]:+.2f}", heard])
        if max(gained) >= LEAST_TAUGHT:
            reached.append(lines[-1][0])
    if not lines:
        return ""
    who = ", ".join(reached) or "None"
    said = (
        f"{who} gains the {LEAST_TAUGHT:g} points that a teacher was to be worth. With fewer training clips: "
        "`python benchmarks/distillation.py`."
    )
    about = "Points of accuracy in float32; on recordings the mean of the folds' differences."
    table = _grid(("taught", "alone", "embedded", "recordings"), lines)
    return f"## What a teacher is worth\n\n{about} {said}\n\n{table}"


def _quantised(rows: Sequence[Row]) -> str:
    """Each conversion against its own float model, on both sets."""
    lines = []
    for row in rows:
        pair = [row["embedded"]["against_float32"], row.get("recordings", {}).get("against_float32")]
        if pair[0] is None and pair[1] is None:
            continue
        lines.append([f"`{row['pipeline']}`", *(text for one in pair for text in _flips(one))])
    columns = ("pipeline", "embedded: drop", "lost, gained", "p", "recordings: drop", "lost, gained", "p")
    return (
        "## Against the same model in float32\n\n"
        "Drop in points of accuracy, clips lost and gained, McNemar's exact p.\n\n" + _grid(columns, lines)
    )


def _flips(one: Mapping[str, Any] | None) -> tuple[str, str, str]:
    if one is None:
        return "–", "–", "–"
    lost, gained = (value if isinstance(value, int) else len(value) for value in (one["lost"], one["gained"]))
    return f"{one['drop'] * POINTS:+.2f}", f"{lost}, {gained}", f"{one['p']:.2g}"


def _techniques(rows: Sequence[Row]) -> str:
    """What each technique saves that leaves the model as it is."""
    lines = []
    for row in rows:
        what, labels = f"`{row['technique']}`: {row['about']}", row["labels"]
        saved = (_saved(row["boards"].get(board)) for board in ("pi", "pi5"))
        lines.append((what, row["instead"], *saved, f"{labels['other']} of {labels['of']}"))
    columns = ("technique", "without it", "Pi 4", "Pi 5", "other labels")
    about = (
        f"Millions of instructions for one clip of `{rows[0]['pipeline']}`, without a technique and with it, and how "
        "many clips of the embedded test set, a hop apart in one sound, get another label by it. Threads save no "
        "instructions: [inference](inference.md) has workers, kernel threads and batches, [training](training.md) the "
        "input of a training."
    )
    return f"## With the same model\n\n{about}\n\n{_grid(columns, lines)}"


def _saved(found: Mapping[str, Any] | None) -> str:
    if not found:
        return "–"
    without, applied = (found[way]["all"] for way in ("without", "applied"))
    return f"{without / MILLION:.2f} → {applied / MILLION:.2f} ({applied / without - 1:+.0%})"


def _impossible(rows: Sequence[Mapping[str, str]]) -> str:
    lines = [(f"`{one['variant']}`", one["passes"], one["why"]) for one in rows]
    return "## What cannot be made\n\n" + _grid(("variant", "pass", "why"), lines)


def _kib(row: Row) -> str:
    return f"{row['bytes']['ships'] / KIB:.1f} KiB"


def _counts(row: Row, board: str) -> str:
    found = row["boards"].get(board)
    return f"{found['instructions']['all'] / MILLION:.2f} M" if found else "–"


def _time(row: Row, board: str) -> str:
    found = (row["boards"].get(board) or {}).get("seconds")
    if not found:
        return "–"
    low, typical, high = (f"{value * 1e3:.3g}" for value in found["all"])
    return f"{typical} ({low}–{high}) ms"


def _rss(row: Row) -> str:
    found = (row["boards"].get("pi") or {}).get("rss_bytes")
    return f"{found['all'] / MIB:.1f} ({found['pipeline'] / MIB:.1f} above) MiB" if found else "–"


def _accuracy(scores: Mapping[str, Any]) -> str:
    return f"{scores['accuracy']:.4f} ({scores['low']:.3f}–{scores['high']:.3f})"


def _differences(before: Row, after: Row) -> list[float]:
    """Accuracy lost from one row to another, fold by fold."""
    pairs = zip(before["recordings"]["folds"], after["recordings"]["folds"], strict=True)
    return [one["accuracy"] - other["accuracy"] for one, other in pairs]


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean of a few values and the ends of its 95 % interval (Student's t); both infinite for one value."""
    mean = statistics.fmean(values)
    if len(values) == 1:
        return mean, -math.inf, math.inf
    half = float(special.stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2)) * statistics.stdev(values)
    half /= math.sqrt(len(values))
    return mean, mean - half, mean + half


def _mean_of_folds(row: Row) -> str:
    mean, low, high = mean_interval([fold["accuracy"] for fold in row["recordings"]["folds"]])
    return f"{mean:.4f} ({low:.3f}–{high:.3f})"


def _lost_by_fold(before: Row, after: Row) -> str:
    return f"{_in_points(_differences(before, after))} points"


def _in_points(differences: Sequence[float]) -> str:
    mean, low, high = (value * POINTS for value in mean_interval(differences))
    return f"{mean:+.2f} ({low:+.2f} … {high:+.2f})"


def _grid(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
