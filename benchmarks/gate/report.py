"""What the kept samples prove: ``python benchmarks/gate/report.py [--markdown] [--json FILE] [--record]``.

Decides every gate of ``samples/`` again, by this gate and by other tools' rules, and prints how often each raised a
false alarm and how often it saw a real slowdown, with Clopper-Pearson bounds of 95 % confidence on either side.
Measures nothing: collect.py and counted.py do.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import counted
import plot
import replay
import rules
import samples
from rich.console import Console
from rich.table import Table

from edgesense.perf import gate
from edgesense.perf.files import write_atomically
from edgesense.perf.verdicts import Outcome

COLUMNS = {
    "quiet": "false alarms",
    "neighbour": "false alarms",
    "slower-5": "caught",
    "slower-10": "caught",
}
"""Condition -> what it is called when a rule says "slower" there."""
OTHERS = ("copies", "builds", "unaligned")
OURS = "this gate"
SHOWN = (Outcome.SAME, Outcome.BETTER, Outcome.DRIFT, Outcome.INCONCLUSIVE, Outcome.REGRESSED)
KILOBYTE = 1000
MOST_KILOBYTES = 300
MOST_SECONDS = 20
UNNOTICED = 0.5
COUNTS = 100
WIDEST = 170
"""Columns that the tables need, also where there is no terminal."""
EXPECTED = "outcomes.json"

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Bar:
    """One line of what `benchmarks/bars.py` sums up.

    Attributes:
        name: What is asked for.
        value: What was found.
        unit: Of both numbers.
        limit: What it is held against.
        met: Whether it holds.
    """

    name: str
    value: float
    unit: str
    limit: float
    met: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; return 0 when every bar is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="also write the bars there")
    parser.add_argument("--markdown", action="store_true", help="print the tables as the README has them")
    parser.add_argument("--plot", type=Path, metavar="SVG", help="also draw the changes that the gates saw")
    parser.add_argument("--record", action="store_true", help=f"write every count to {EXPECTED}, for the tests")
    parser.add_argument("--samples", type=Path, default=samples.DIRECTORY, help="where they are kept")
    chosen = parser.parse_args(arguments)
    there = sorted(path.stem for path in chosen.samples.glob("*.npz"))
    names = [*COLUMNS, *OTHERS, *(name for name in there if name not in (*COLUMNS, *OTHERS))]
    kept = {name: one for name in names if (one := samples.load(name, chosen.samples)).gates}
    found = {name: replay.condition(one) for name, one in kept.items()}
    show = _markdown if chosen.markdown else _shown
    chosen_of = columns(kept)
    titles = [f"{COLUMNS[condition]}, {name}" for condition, name in chosen_of.items()]
    show("false alarms and caught slowdowns", ("rule", *titles), compared(kept, found, chosen_of.values()))
    show(
        "what this gate came to",
        ("condition", "gates", *_words(), "stage 2", "median s", "ms a call", "cores busy"),
        split(found),
    )
    # Gates of another pipeline, rule or method are shown, and prove nothing of what is measured today.
    today = {name: one for name, one in found.items() if current(kept[name])}
    rows = [*bars(today), *counted_bars(counted.load(chosen.samples)), size_bar(chosen.samples)]
    lines = [
        [one.name, f"{one.value:g} {one.unit}", f"{one.limit:g} {one.unit}", "yes" if one.met else "NO"] for one in rows
    ]
    show("bars", ("bar", "value", "limit", "met"), lines)
    if chosen.json:
        chosen.json.write_text(json.dumps([vars(one) for one in rows], indent=2) + "\n", encoding="utf-8")
    if chosen.plot:
        changes = {name: [replay.decide(one).change for one in gates.gates] for name, gates in kept.items()}
        chosen.plot.write_text(plot.svg(changes), encoding="utf-8")
    if chosen.record:
        write_atomically(
            chosen.samples / EXPECTED, json.dumps(replay.counts(kept.values()), indent=1, sort_keys=True) + "\n"
        )
    return 0 if all(one.met for one in rows) else 1


def columns(kept: Mapping[str, samples.Samples]) -> dict[str, str]:
    """Return condition -> the samples that stand for it: the default pipeline's, else those of most gates."""

    def rank(name: str) -> tuple[bool, int]:
        return name in COLUMNS, len(kept[name].gates)

    found = {}
    for condition in COLUMNS:
        those = [name for name in kept if name == condition or name.startswith(f"{condition}-")]
        found[condition] = max(those, key=rank, default=condition)
    return found


def compared(
    kept: Mapping[str, samples.Samples], found: Mapping[str, replay.Condition], names: Iterable[str]
) -> list[list[str]]:
    """Return a row a rule: how often it said "slower", by condition."""
    shown = list(names)
    ours = [_share(found[name].share(Outcome.REGRESSED)) if name in found else "–" for name in shown]
    rows = [[OURS, *ours]]
    for rule_name, rule in rules.PEERS.items():
        for stored in replay.STORED:
            shares = [_alarms(rule, kept[name], stored) if name in kept else "–" for name in shown]
            rows.append([f"{rule_name}; stored: {stored}", *shares])
    return rows


def _alarms(rule: rules.Rule, kept: samples.Samples, stored: str) -> str:
    share = replay.alarms(rule, kept.gates, stored)
    return _share(share) if share.of else "–"


def _share(share: replay.Share) -> str:
    low, high = (f"{bound:.1f}" if bound >= 1 else f"{bound:.2g}" for bound in share.bounds)
    return f"{share.count} / {share.of} ({low}–{high} %)"


def _words() -> list[str]:
    return [outcome.value for outcome in SHOWN]


def split(found: Mapping[str, replay.Condition]) -> list[list[str]]:
    """Return a row a condition: this gate's outcomes, and what they cost."""
    return [
        [
            name,
            str(one.gates),
            *(str(one.outcomes.get(outcome, 0)) for outcome in SHOWN),
            str(one.second),
            f"{one.seconds:.1f}",
            f"{one.call * 1e3:.1f}",
            f"{one.busy:.2f}",
        ]
        for name, one in found.items()
    ]


def current(kept: samples.Samples) -> bool:
    """Whether gates were measured as they are today: of the default pipeline, by this rule and in this way."""
    now = {"pipeline": samples.PIPELINE, "rule": vars(gate.Rule()), "method": samples.METHOD}
    return all(kept.about.get(name) == value for name, value in now.items())


def bars(found: Mapping[str, replay.Condition]) -> list[Bar]:
    """Return the bars on measured gates; one whose gates are not all there says so and is not met."""
    rows = []
    for name, wanted in (("quiet", 600), ("neighbour", 300)):
        share, title, enough = _look(found, name, wanted, Outcome.REGRESSED)
        rows.append(Bar(f"false alarms, {title}", share.count, "gates", 0, enough and share.count == 0))
    for name, word, least in (("slower-5", "+5 %", 95), ("slower-10", "+10 %", 99)):
        share, title, enough = _look(found, name, 300, Outcome.REGRESSED)
        rows.append(_percent(f"{word} REGRESSED at least, {title}", share, least, enough, most=False))
        share, title, enough = _look(found, name, 300, Outcome.SAME)
        rows.append(_percent(f"{word} SAME at most, {title}", share, UNNOTICED, enough, most=True))
    _, title, enough = _look(found, "quiet", 600, Outcome.SAME)
    seconds = found["quiet"].seconds if "quiet" in found else 0.0
    name = f"median cost of an unchanged gate, {title}"
    rows.append(Bar(name, round(seconds, 1), "s", MOST_SECONDS, enough and seconds <= MOST_SECONDS))
    return rows


def _look(
    found: Mapping[str, replay.Condition], name: str, wanted: int, outcome: Outcome
) -> tuple[replay.Share, str, bool]:
    """Return how often an outcome came, what that was found on, and whether it is enough."""
    share = found[name].share(outcome) if name in found else replay.Share(0, 0)
    return share, _so_far(name, share.of, wanted), share.of >= wanted


def _so_far(name: str, there: int, wanted: int) -> str:
    return f"{name}: {there} gates" if there >= wanted else f"{name}: {there} of {wanted} so far"


def _percent(name: str, share: replay.Share, limit: float, enough: bool, *, most: bool) -> Bar:  # noqa: FBT001
    value = share.percent if share.of else 0.0
    return Bar(name, round(value, 2), "%", limit, enough and (value <= limit if most else value >= limit))


def counted_bars(kept: counted.Counted) -> list[Bar]:
    """Return the bars on counted instructions."""
    said = {
        name: [counted.outcome(kept.baseline, count) for count in counts]
        for name, counts in (("slower", kept.slower), ("unchanged", kept.unchanged))
    }
    caught, alarms = (sum(one is Outcome.REGRESSED for one in said[name]) for name in ("slower", "unchanged"))
    title = {name: _so_far(name, len(outcomes), COUNTS).replace("gates", "counts") for name, outcomes in said.items()}
    enough = {name: len(outcomes) >= COUNTS for name, outcomes in said.items()}
    all_caught = enough["slower"] and caught == len(said["slower"])
    return [
        Bar(f"{_more(kept)} in the front end caught on pi, {title['slower']}", caught, "counts", COUNTS, all_caught),
        Bar(f"false alarms on pi, {title['unchanged']}", alarms, "counts", 0, enough["unchanged"] and alarms == 0),
    ]


def _more(kept: counted.Counted) -> str:
    if not kept.slower:
        return "+1 % instructions"
    shares = [count[counted.STAGE] / kept.baseline[counted.STAGE] - 1 for count in kept.slower]
    return f"{max(shares):+.2%} instructions".replace("%", " %")


def size_bar(directory: Path) -> Bar:
    """Return the bar on what is committed."""
    kilobytes = sum(path.stat().st_size for path in directory.iterdir()) / KILOBYTE
    return Bar("size of all samples", round(kilobytes, 1), "kB", MOST_KILOBYTES, kilobytes <= MOST_KILOBYTES)


def _shown(title: str, columns: Sequence[str], rows: Rows) -> None:
    table = Table(*columns, title=title)
    for row in rows:
        table.add_row(*row)
    console = Console()
    Console(width=max(console.width, WIDEST)).print(table)


def _markdown(title: str, columns: Sequence[str], rows: Rows) -> None:
    lines = [columns, ["---"] * len(columns), *rows]
    print(f"{title}\n", *(f"| {' | '.join(line)} |" for line in lines), "", sep="\n")


if __name__ == "__main__":
    raise SystemExit(main())
