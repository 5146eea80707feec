"""What is measured just now: drawn on a terminal, printed now and then elsewhere, never where it is unwanted."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from edgesense.perf import progress
from pytest_edgesense import costs, watching

DEVICES = """
from dataclasses import dataclass
from edgesense.perf import progress
from edgesense.perf.devices.table import Table
from edgesense.perf.records import Known, Reading

@dataclass(frozen=True)
class Slow(Table):
    def run(self, job, directory):
        progress.tell("size_kb", 0, 2)
        progress.tell("size_kb", 1, 2)
        return super().run(job, directory)

def pytest_edge_devices(config):
    return [Slow({"size_kb": Reading(1.0, 1.0, 1.0, Known.EXACT)})]
"""
BOTH = "def test_plain(): pass\n\n@edge_budget(size_kb=10)\ndef test_a(): pass"
NOW = "from pytest_edgesense import watching\nwatching.LINE_SECONDS = 0.0\n"
LINE = "edge budget 1/1 test_it.py::test_a on table: size_kb (2 of 2)"


@pytest.fixture
def slow(project):
    """A project whose device says what it does; plain lines come at once."""
    project.write("conftest.py", DEVICES + NOW)
    project.tests(BOTH)
    return project


def test_plain_lines_stand_between_those_of_pytest(slow):
    result = slow.run_apart()
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["test_it.py .", LINE, "test_it.py n *[[]100%[]]"])


def test_with_names_of_tests_a_plain_line_leaves_the_result_readable(slow):
    result = slow.run_apart("-v")
    result.stdout.fnmatch_lines(["test_it.py::test_a*", LINE, "*NO BASELINE*[[]100%[]]"])


@pytest.mark.parametrize("arguments", [("-q",), ("-p", "no:terminal"), ("-p", "xdist", "-n", "2")])
def test_nothing_is_said_where_it_is_unwanted(slow, arguments):
    result = slow.run_apart(*arguments)
    assert result.ret == pytest.ExitCode.OK
    assert "edge budget 1/1" not in result.stdout.str() + result.stderr.str()


def test_quick_budgets_say_nothing(project):
    project.write("conftest.py", DEVICES)
    project.tests(BOTH)
    assert "edge budget 1/1" not in project.run_apart().stdout.str()


def test_a_line_on_a_terminal_is_drawn_below_and_leaves_pytests_own_as_it_was(slow):
    """The bytes a terminal gets: a new line, the text, its removal, and the way back behind what pytest had written."""
    controller, terminal = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key not in {"CI", "NO_COLOR", "PYTEST_ADDOPTS"}}
    command = [sys.executable, "-m", "pytest", "-p", "pytest_edgesense.plugin", "-p", "no:randomly", "--color=yes"]
    process = subprocess.Popen(
        [*command, "-W", "ignore", str(slow.root)],
        cwd=slow.root,
        env=environment | {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    said = b""
    while True:
        try:
            some = os.read(controller, 65536)
        except OSError:
            # Linux: the other end is closed.
            break
        if not some:
            break
        said += some
    os.close(controller)
    assert process.wait() == 0
    text = said.decode()
    first = text.index("1/1 test_it.py::test_a on table: size_kb (1 of 2)")
    second = text.index("1/1 test_it.py::test_a on table: size_kb (2 of 2)")
    back = re.compile(r"\x1b\[2K.*\x1b\[1A\x1b\[(\d+)C", re.DOTALL).search(text, second)
    assert first < second
    assert back is not None
    assert int(back.group(1)) == len("test_it.py .")


class FakeConfig:
    """As much of pytest's configuration as is asked."""

    def __init__(self, seconds):
        self.cache = SimpleNamespace(get=lambda key, default: seconds if key == costs.CACHE else default)
        self.lines = []
        terminal = SimpleNamespace(currentfspath=None, ensure_newline=lambda: None, write_line=self.lines.append)
        self.pluginmanager = SimpleNamespace(get_plugin={"terminalreporter": terminal}.get)

    def get_verbosity(self):
        return 0

    def get_terminal_writer(self):
        return SimpleNamespace(width_of_current_line=0)


def shown(seconds, moments, terminal=None):
    """Return what is shown of the first of two budgets at some moments after it began."""
    config = FakeConfig(seconds)
    clock = iter([0.0, 100.0, *(moment for at in moments for moment in (100.0 + at,) * (2 if terminal else 3))])
    last = [0.0]

    def now():
        last[0] = next(clock, last[0])
        return last[0]

    watch = watching.Watch(config, terminal, now)
    watch.begin({"test_a": "a on pi", "test_b": "b on pi"})
    plan = SimpleNamespace(budget=SimpleNamespace(test="a"), device=SimpleNamespace(name="pi"))
    with watch.over(SimpleNamespace(nodeid="test_a"), plan):
        for _ in moments:
            progress.tell("counting")
    return config.lines


def test_the_time_that_is_left_is_that_of_last_time():
    terminal = io.StringIO()
    shown({"a on pi": 30.0, "b on pi": 40.0}, [0.0], terminal)
    assert "1/2 a on pi: counting, about 70 s left" in terminal.getvalue()


def test_no_end_is_foretold_of_the_last_test_while_it_is_explained():
    terminal = io.StringIO()
    watch = watching.Watch(FakeConfig({"a on pi": 30.0}), terminal, lambda: 0.0)
    watch.begin({"test_a": "a on pi"})
    plan = SimpleNamespace(budget=SimpleNamespace(test="a"), device=SimpleNamespace(name="pi"))
    for what in ("counting", "why"):
        with watch.over(SimpleNamespace(nodeid="test_a"), plan):
            progress.tell(what)
    assert "1/1 a on pi: counting, about 30 s left" in terminal.getvalue()
    assert "1/1 a on pi: why" in terminal.getvalue()
    assert "about 0 s" not in terminal.getvalue()


def test_nothing_is_foretold_of_what_was_never_measured():
    assert shown({"a on pi": 30.0}, [0.0]) == ["edge budget 1/2 a on pi: counting"]


@pytest.mark.parametrize(
    "said", [None, [], {"a": "soon"}, {"a": float}], ids=["nothing", "a list", "words", "no number"]
)
def test_a_cache_that_says_something_else_is_no_cache(said):
    assert costs.read(FakeConfig(said)) == {}


@pytest.mark.parametrize(("seconds", "told"), [(0.4, "0 s"), (89.0, "89 s"), (91.0, "2 min"), (3600.0, "60 min")])
def test_durations_are_told_as_people_do(seconds, told):
    assert costs.told(seconds) == told


def test_what_is_measured_already_is_not_counted_again_while_it_is_explained():
    terminal = io.StringIO()
    watch = watching.Watch(FakeConfig({"a on pi": 30.0, "b on pi": 40.0}), terminal, lambda: 0.0)
    watch.begin({"test_a": "a on pi", "test_b": "b on pi"})
    item = SimpleNamespace(nodeid="test_a")
    plan = SimpleNamespace(budget=SimpleNamespace(test="a"), device=SimpleNamespace(name="pi"))
    with watch.over(item, plan):
        progress.tell("counting")
    with watch.over(item, plan):
        progress.tell("why")
    assert "1/2 a on pi: counting, about 70 s left" in terminal.getvalue()
    assert "1/2 a on pi: why, about 40 s left" in terminal.getvalue()
