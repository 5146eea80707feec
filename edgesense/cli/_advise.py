"""Advice as a terminal shows it, as JSON, and how far it is; of `edgesense advise`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Self

from rich.markup import escape

from edgesense.advice import shared, verdict
from edgesense.advice.records import Advice, Mark, Report, Standing, Whole
from edgesense.perf import schema, units

if TYPE_CHECKING:
    from rich.console import Console

SCHEMA = 1
WIDTH = 28
INDENT = 6
NARROWEST = 30
STYLES = {Mark.MET: "green", Mark.NOT_MET: "red", Mark.UNKNOWN: "yellow"}
HEADS = {
    Standing.DO: "do this: tried here, and it gains",
    Standing.COSTS: "gains, but costs something else",
    Standing.LATER: "still open: needs a training, hours or another device, or was not tried",
    Standing.NOTHING: "tried here, no gain",
}


class Progress:
    """One bar with the time that remains, elsewhere than on a terminal a line a step.

    An `edgesense.advice.running.Progress`.
    """

    def __init__(self, console: Console, *, shown: bool) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (BarColumn(bar_width=20), TimeRemainingColumn(), TextColumn("{task.description}"))
        self._bars = Progress(*columns, console=console, transient=True, disable=not shown)
        self._task = self._bars.add_task("", total=None)
        self._plain = shown and not console.is_terminal

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def begin(self, seconds: float) -> None:
        """About so much work there is."""
        self._bars.update(self._task, total=seconds)

    def doing(self, what: str) -> None:
        """What is done now."""
        if self._plain:
            self._bars.console.print(escape(what), soft_wrap=True)
        self._bars.update(self._task, description=escape(what))

    def done(self, seconds: float) -> None:
        """So much of it is over."""
        self._bars.advance(self._task, seconds)


def show(report: Report, console: Console) -> None:
    """Print the verdict, where things go, advice and the checklist."""
    console.print(f"[bold]{escape(report.pipeline)}[/] on [bold]{report.device}[/]: {escape(report.about)}\n")
    for one in report.targets:
        said = verdict.shown(one.reading, one.limit) if one.reading is not None else "not told"
        _hanging(console, 2, _box(one.tick.mark), f"{one.text:36} {said}  [dim]{escape(one.tick.why)}[/]")
    for whole in report.wholes:
        _bars(whole, console)
    _ranked(report, console)
    _checklist(report, console)
    for note in report.notes:
        console.print(f"[dim]{escape(note)}[/]")
    if report.interrupted:
        console.print("[yellow]interrupted: this is what was found so far[/]")


def _ranked(report: Report, console: Console) -> None:
    number = 0
    for standing in Standing:
        here = [one for one in report.advice if one.standing is standing]
        if here:
            console.print(f"\n[bold]{HEADS[standing]}[/]")
        for one in here:
            number += 1
            _advice(number, one, console)


def _checklist(report: Report, console: Console) -> None:
    console.print("\n[bold]checklist[/] [dim](x measured or read, met; ? cannot be told here)[/]")
    for group in dict.fromkeys(box.group for box in report.boxes):
        console.print(f"  {group}")
        for box in report.boxes:
            if box.group is group:
                text = f"{escape(box.text)}  [dim]{escape(box.tick.why)}[/]"
                _hanging(console, 4, _box(box.tick.mark), text)


def _hanging(console: Console, indent: int, head: str, text: str) -> None:
    """Print a text whose further lines begin below its first."""
    from rich.text import Text

    front = Text.assemble(" " * indent, Text.from_markup(head), " ")
    room = max(console.width - len(front), NARROWEST)
    for line in Text.from_markup(text).wrap(console, room):
        line.rstrip()
        console.print(Text.assemble(front, line), soft_wrap=True)
        front = Text(" " * len(front))


def _box(mark: Mark) -> str:
    return f"[{STYLES[mark]}]\\[{mark.value}][/]"


def _bars(whole: Whole, console: Console) -> None:
    console.print(f"\n[bold]{escape(whole.title)}[/]: {units.text(whole.total, whole.unit)}")
    for bar in whole.bars:
        share = bar.value / whole.total if whole.total else 0.0
        style = "cyan" if bar.inner else "blue"
        name = f"  {bar.name}" if bar.inner else bar.name
        drawn = "█" * max(1, round(share * WIDTH))
        share_of = units.share(share, decimals=1)
        console.print(
            f"  {escape(name):44} [{style}]{drawn:{WIDTH}}[/] {share_of:>7}  {units.text(bar.value, whole.unit)}"
        )


def _advice(number: int, one: Advice, console: Console) -> None:
    console.print(f"{number:3}. [bold]{escape(one.title)}[/] [dim]({one.name})[/]")
    for gain in one.gains:
        style = "green" if gain.sure else ""
        _hanging(console, INDENT, "", f"{_styled(shared.told(gain), style)} [dim]{escape(gain.about)}[/]")
    if one.accuracy is not None:
        right = one.accuracy
        said = (
            f"right answers {right.before:.4f} → {right.after:.4f} ({right.low:.3f}–{right.high:.3f}), "
            f"{right.lost} lost, {right.gained} gained, McNemar p {right.p:.2g}; {escape(right.judged_on)}"
        )
        _hanging(console, INDENT, "", said)
    for why in one.why:
        _hanging(console, INDENT, "", escape(why))
    if one.untried and not one.tried:
        _hanging(console, INDENT, "", f"[yellow]not tried:[/] {escape(one.untried)}")
    if one.standing is not Standing.NOTHING:
        _hanging(console, INDENT + 1, "→", escape(one.todo))


def _styled(text: str, style: str) -> str:
    return f"[{style}]{escape(text)}[/]" if style else escape(text)


def body(report: Report) -> dict[str, Any]:
    """Return the report as plain data."""
    readings = report.measured.readings if report.measured is not None else {}
    return {
        "schema": SCHEMA,
        "pipeline": report.pipeline,
        "device": report.device,
        "about": report.about,
        "interrupted": report.interrupted,
        "readings": {name: schema.dump_reading(name, one) for name, one in readings.items()},
        "targets": [
            {"limit": one.limit, "text": one.text, "bound": one.bound, "mark": one.tick.mark.name, "why": one.tick.why}
            for one in report.targets
        ],
        "places": [
            {"title": one.title, "unit": one.unit.base, "total": one.total, "parts": [_plain(b) for b in one.bars]}
            for one in report.wholes
        ],
        "advice": [_advised(one) for one in report.advice],
        "checklist": [
            {
                "name": one.name,
                "group": one.group.value,
                "text": one.text,
                "mark": one.tick.mark.name,
                "why": one.tick.why,
            }
            for one in report.boxes
        ],
        "notes": list(report.notes),
    }


def _advised(one: Advice) -> dict[str, Any]:
    gains = [
        {**_plain(gain), "unit": gain.unit.base, "known": gain.known.value, "share": gain.share, "sure": gain.sure}
        for gain in one.gains
    ]
    right = None if one.accuracy is None else _plain(one.accuracy)
    return {
        **_plain(one),
        "why": list(one.why),
        "gains": gains,
        "accuracy": right,
        "standing": one.standing.name.lower(),
    }


def _plain(record: Any) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
