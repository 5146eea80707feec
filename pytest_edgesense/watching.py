"""What a run measures just now: one line that is drawn anew on a terminal, plain lines now and then elsewhere.

Drawn where `edgesense.perf.progress` is told, between processes; no thread runs beside a measurement.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import IO, TYPE_CHECKING

import pytest

from edgesense.perf import progress
from pytest_edgesense import costs
from pytest_edgesense.items import PLAN

if TYPE_CHECKING:
    from rich.live import Live

    from pytest_edgesense.marker import Plan

LINE_SECONDS = 10.0
"""Between two plain lines, so that quick budgets say nothing and slow ones show that they are alive."""
UP, RIGHT = "\x1b[1A", "\x1b[{}C"


class Watch:
    """Shows how far a run's measurements are.

    Args:
        config: pytest's.
        terminal: A terminal's own file, that capturing does not reach; None where lines are printed instead.
        clock: Seconds from any origin.
    """

    def __init__(
        self, config: pytest.Config, terminal: IO[str] | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._config = config
        self._terminal = terminal
        self._clock = clock
        self._expected: Mapping[str, float] = {}
        self._left: dict[str, str] = {}
        self._of = 0
        self._said = clock()

    def begin(self, planned: Mapping[str, str]) -> None:
        """Look forward to budgets.

        Args:
            planned: Node id -> the key of what it cost last time.
        """
        self._left, self._of = dict(planned), len(planned)
        self._expected = costs.read(self._config)

    @contextmanager
    def over(self, item: pytest.Item, plan: Plan) -> Iterator[None]:
        """Show what is done for one test."""
        first = self._left.pop(item.nodeid, None) is not None
        number = self._of - len(self._left)
        title = f"{number}/{self._of} {plan.budget.test} on {plan.device.name}"
        began = self._clock()
        # What it cost last time was its measuring, not what explains it afterwards.
        own = self._expected.get(costs.key(plan.budget.test, plan.device.name)) if first else 0.0
        with ExitStack() as stack:
            live = None if self._terminal is None else stack.enter_context(self._line(self._terminal))

            def watcher(what: str, done: int, of: int) -> None:
                text = f"{title}: {what}{_steps(done, of)}{self._left_over(own, began)}"
                if live is not None:
                    live.update(text, refresh=True)
                elif self._clock() - self._said >= LINE_SECONDS:
                    self._say(item, text)

            stack.enter_context(progress.watched(watcher))
            yield

    def _left_over(self, own: float | None, began: float) -> str:
        """Return in words how long the rest takes, as far as earlier runs tell."""
        spent = self._clock() - began
        known = [self._expected[key] for key in self._left.values() if key in self._expected]
        if own is None or len(known) < len(self._left):
            return ""
        rest = max(own - spent, 0.0) + sum(known)
        # What takes longer than last time, or explains, is not known to end at once.
        return f", about {costs.told(rest)} left" if rest >= 1 else ""

    def _say(self, item: pytest.Item, text: str) -> None:
        """Print a line between pytest's own, and begin its line of results again."""
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        capture = self._config.pluginmanager.get_plugin("capturemanager")
        if terminal is None:
            return
        with ExitStack() as stack:
            if capture is not None:
                stack.enter_context(capture.global_and_fixture_disabled())
            interrupted = terminal.currentfspath
            terminal.ensure_newline()
            terminal.write_line(f"edge budget {text}")
            if interrupted and self._config.get_verbosity() <= 0:
                terminal.currentfspath = interrupted
                terminal.write(f"{item.nodeid.partition('::')[0]} ")
        self._said = self._clock()

    @contextmanager
    def _line(self, terminal: IO[str]) -> Iterator[Live]:
        """Draw below pytest's line of results, and leave no trace."""
        from rich.console import Console
        from rich.live import Live

        width = self._config.get_terminal_writer().width_of_current_line
        console = Console(file=terminal, force_terminal=True, highlight=False, markup=False)
        if width:
            console.file.write("\n")
        try:
            with Live("", console=console, auto_refresh=False, transient=True, vertical_overflow="crop") as live:
                yield live
        finally:
            if width:
                console.file.write(UP + RIGHT.format(width))
            console.file.flush()


def make(config: pytest.Config, items: Iterable[pytest.Item]) -> Watch | None:
    """Return how a run shows what it measures of planned tests; None where nobody would see it."""
    quiet = config.get_verbosity() < 0 or hasattr(config, "workerinput")
    if quiet or not config.pluginmanager.has_plugin("terminalreporter"):
        return None
    watch = Watch(config, _terminal(config))
    plans = {item.nodeid: item.stash[PLAN] for item in items}
    watch.begin({name: costs.key(plan.budget.test, plan.device.name) for name, plan in plans.items()})
    return watch


def _terminal(config: pytest.Config) -> IO[str] | None:
    """Return a file of the terminal that stays when output is captured, None where there is no terminal."""
    from pytest_edgesense.settings import in_ci

    writer = config.get_terminal_writer()
    if in_ci() or not writer.hasmarkup:
        return None
    try:
        descriptor = os.dup(1)
    except OSError:
        return None
    if not os.isatty(descriptor):
        os.close(descriptor)
        return None
    terminal = os.fdopen(descriptor, "w", encoding="utf-8", errors="replace")
    config.add_cleanup(terminal.close)
    return terminal


def _steps(done: int, of: int) -> str:
    return f" ({done + 1} of {of})" if of > 1 else ""
