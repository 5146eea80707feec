"""How far a training is, on a terminal; an `edgesense.training.experiment.Reporter`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from rich.console import Console

    from edgesense.training.checkpoint import State


class Progress:
    """Bars for features and epochs, and a line for each step that is done."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bars = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
        )
        self._tasks: dict[str, Any] = {}
        self._done: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def features(self, what: str, done: int, total: int) -> None:
        """So many clips' features are computed."""
        self._bar(f"features of {what}", done, total)

    def epoch(self, state: State, epochs: int) -> None:
        """An epoch is over."""
        last = state.history[-1]
        self._bars.console.print(
            f"epoch {state.epoch:3d}  loss {last['loss']:.4f}  validation accuracy {last['accuracy']:.4f}  "
            f"macro F1 {last['macro_f1']:.4f}  {state.seconds:.0f} s"
        )
        self._bar("epochs", state.epoch, epochs)

    def say(self, text: str) -> None:
        """Another step is done."""
        self._bars.console.print(text)

    def _bar(self, name: str, done: int, total: int) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name)
        if done < self._done.get(name, 0):
            # Another one of the same kind, with an estimate of its own.
            self._bars.reset(self._tasks[name])
        self._done[name] = done
        self._bars.update(self._tasks[name], total=total, completed=done, visible=done < total)
