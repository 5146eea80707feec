"""The hooks of a run; heavy work waits in `running` until the first test with a budget is seen."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_edgesense.items import DEVICE, FOUND, JUDGED, NAME, PIPELINE, PLAN, request_fixtures, stable_name
from pytest_edgesense.settings import Settings

if TYPE_CHECKING:
    from pytest_edgesense.marker import Plan
    from pytest_edgesense.measurement import Found
    from pytest_edgesense.rows import Row
    from pytest_edgesense.running import Run
    from pytest_edgesense.watching import Watch

SESSION: pytest.StashKey[Session] = pytest.StashKey()
REFUSED = "edgesense_refused"
PLANNED = "edgesense_planned"
VERDICT = "edgesense"
SHARED = "edgesense_shared"
REFUSED_SHOWN = 20
NOT_JUDGED = (pytest.skip.Exception, pytest.exit.Exception, KeyboardInterrupt, SystemExit)


class Session:
    """What a run knows of its budgets."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.config = config
        self.settings = settings
        self.worker = hasattr(config, "workerinput")
        self.refused: list[str] = []
        self.rows: dict[str, Row] = {}
        self.planned: set[str] = set()
        self.problems: list[str] = []
        self.kept: list[Path] = []
        self.remarks: list[str] = []
        self.page: Path | None = None
        self._shared: str | None = None
        self._told = False
        self._summing = False
        self._run: Run | None = None
        self._watch: Watch | None = None
        self._names: set[str] = set()
        self._files: set[str] = set()

    # Methods, not properties: pytest looks at every attribute of what is registered with it.
    def run(self) -> Run:
        """Return measuring and judging, with all that they import."""
        if self._run is None:
            from pytest_edgesense.running import Run

            shared = getattr(self.config, "workerinput", {}).get(SHARED)
            self._run = Run(self.config, self.settings, None if shared is None else Path(shared))
        return self._run

    def several(self) -> tuple[str, ...]:
        """Return the names of the run's devices where there is more than one, else nothing."""
        if len(self.settings.devices) == 1:
            return ()
        names = tuple(self.run().devices)
        return names if len(names) > 1 else ()

    def pytest_pycollect_makeitem(self, collector: pytest.Collector, name: str, obj: object) -> None:
        """Let marked functions use the fixtures that say what is measured and where."""
        names = (DEVICE, PIPELINE) if self.several() else (PIPELINE,)
        request_fixtures(collector, name, obj, names)

    @pytest.hookimpl(tryfirst=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make a marked test once for each device."""
        names = self.several()
        if names and DEVICE in metafunc.fixturenames:
            metafunc.parametrize(DEVICE, names, ids=names, indirect=True)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Remember the tests with a budget before any is deselected."""
        if self.settings.listing is not None:
            self._names = {stable_name(item) for item in items if item.get_closest_marker(NAME)}
            self._files = {item.nodeid.partition("::")[0] for item in items}

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Plan the selected tests, and refuse what can be seen to be wrong before any of them runs.

        Raises:
            pytest.UsageError: With a line for each test that is refused.
        """
        marked = [item for item in session.items if item.get_closest_marker(NAME)]
        try:
            refused = self.run().plan(marked) if marked else []
        except pytest.UsageError as error:
            refused = [str(error)]
        self.planned = {item.nodeid for item in marked if PLAN in item.stash}
        if refused and self.worker:
            # An error raised in a worker of xdist is an INTERNALERROR: it reports, and the controller raises.
            self.config.workeroutput[REFUSED] = refused  # type: ignore[attr-defined]
            session.items.clear()
        elif refused:
            raise pytest.UsageError(_lines(refused))
        elif marked:
            self._look_forward([item for item in marked if PLAN in item.stash])
        if self.settings.listing is not None and not refused:
            listed: dict[str, object] = {name: str(getattr(self.settings, name)) for name in ("root", "baselines")}
            listed |= {"tests": sorted(self._names), "files": sorted(self._files)}
            self.settings.listing.write_text(json.dumps(listed), encoding="utf-8")

    def _look_forward(self, items: list[pytest.Item]) -> None:
        """Get ready to show how far the measurements of tests are, or what they would be."""
        if self.settings.explain:
            from pytest_edgesense.explaining import Explaining

            self.config.pluginmanager.register(Explaining(self.run()), "edgesense-explaining")
        else:
            from pytest_edgesense import watching

            self._watch = watching.make(self.config, items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Give the workers of xdist a directory to share what they measure."""
        if self._shared is None:
            self._shared = tempfile.mkdtemp(prefix="edgesense-run-")
        node.workerinput[SHARED] = self._shared

    def pytest_unconfigure(self) -> None:
        """Remove what the workers shared."""
        if self._shared is not None:
            shutil.rmtree(self._shared, ignore_errors=True)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what an xdist worker refused."""
        self.refused = self.refused or getattr(node, "workeroutput", {}).get(REFUSED, [])

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Refuse what the workers refused.

        Raises:
            pytest.UsageError: With a line for each test that is refused.
        """
        result = yield
        if self.refused:
            raise pytest.UsageError(_lines(self.refused))
        return result

    # Innermost: what other wrappers decide about a test (not run, skipped) comes before anything is measured.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Measure, run the body, judge; the body's own failure goes first and the budget's is shown beside it."""
        plan = item.stash.get(PLAN, None)
        if plan is None:
            return (yield)
        if JUDGED in item.stash:
            # A rerun; what a subtest reports meanwhile is not to carry the verdict of the run before.
            del item.stash[JUDGED]
        item.stash[FOUND] = found = self._measure(item, plan)
        try:
            result = yield
        except NOT_JUDGED:
            raise
        except BaseException:
            self._judge(item, plan, found)
            raise
        error = self._judge(item, plan, found)
        if error is not None:
            raise error
        return result

    def _measure(self, item: pytest.Item, plan: Plan) -> Found:
        """Measure a test's pipeline, and show what is done meanwhile."""
        began = time.monotonic()
        with self._watching(item, plan):
            found = self.run().measure(item, plan)
        return replace(found, seconds=time.monotonic() - began)

    def _judge(self, item: pytest.Item, plan: Plan, found: Found) -> BaseException | None:
        """Judge a test's budget, explain it where it is broken, and return what the test fails with, if it fails."""
        with self._watching(item, plan):
            item.stash[JUDGED] = _, error = self.run().judge(item, plan, found)
        return error

    def _watching(self, item: pytest.Item, plan: Plan) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext() if self._watch is None else self._watch.over(item, plan)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Send the verdict along with the report of the call."""
        report = yield
        if self.worker and self.planned and not self._told:
            # With its first report, before anything can crash it: the controller counts what is never judged.
            self._told = True
            setattr(report, PLANNED, sorted(self.planned))
        judged = item.stash.get(JUDGED, None)
        skipped = report.skipped and not hasattr(report, "wasxfail")
        if report.when != "call" or judged is None or skipped:
            return report
        from pytest_edgesense import reporting

        row, error = judged
        blamed = error is not None and call.excinfo is not None and call.excinfo.value is error
        if report.failed and row.failure and not blamed:
            reporting.show_beside(report, row.failure)
        row = row.settled(report.outcome, blamed=blamed)
        reporting.show_elsewhere(report, row, self.config, self.settings.root)
        setattr(report, VERDICT, row.to_json())
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect verdicts, from this process or from workers."""
        if self.worker:
            return
        self.planned.update(getattr(report, PLANNED, ()))
        text = getattr(report, VERDICT, None)
        if text is not None:
            from pytest_edgesense.rows import Row

            self.rows[report.nodeid] = Row.from_json(text)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.CollectReport | pytest.TestReport) -> Generator[None, Any, Any]:
        """Show the budget's letter and word; what counts as passed and failed stays pytest's."""
        status = yield
        text = getattr(report, VERDICT, None)
        if text is None or self._summing or status[0] not in {"passed", "failed"}:
            return status
        from pytest_edgesense.rows import Row
        from pytest_edgesense.status import shown

        own = shown(Row.from_json(text))
        return status if own is None else (status[0], own[0], (own[1], {own[2]: True}))

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Store the accepted baselines and write the results, in one process and once."""
        if self.worker or self.config.getoption("collectonly"):
            return
        if self.rows:
            from pytest_edgesense import costs

            costs.keep(self.config, self.rows.values())
        if any(row.baseline for row in self.rows.values()):
            self._store(session, exitstatus)
        asked = self.settings.exports or self.settings.report is not None
        wanted = asked or (self.settings.github and (self.rows or self.planned))
        if wanted and not self.settings.explain and exitstatus != pytest.ExitCode.USAGE_ERROR:
            self._write(session)

    def _store(self, session: pytest.Session, exitstatus: int) -> None:
        from edgesense.errors import MeasurementError

        if exitstatus not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
            self.problems.append("no baseline was stored: the run was interrupted")
            return
        try:
            self.kept = [path for path in self.run().accepted.write(self.rows.values()) if path.exists()]
        except (OSError, MeasurementError) as error:
            self.problems.append(f"no baseline was stored in {self.settings.baselines}: {error}")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _write(self, session: pytest.Session) -> None:
        from pytest_edgesense import results

        run = results.record(self._sorted(), len(self.planned), self.problems, self.settings)
        written = results.publish(run, self.settings)
        self.page, self.remarks = written.page, list(written.remarks)
        self.problems += written.problems
        if written.problems and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print one table of all budgets, and how many there were."""
        # pytest's short summary comes after this one: there FAILED stays FAILED, which programs look for.
        self._summing = True
        if self.worker or self.config.getoption("collectonly") or self.settings.explain:
            return
        if self.rows or self.planned or self.problems:
            from pytest_edgesense import summary

            told = summary.Told(self._sorted(), len(self.planned), self._workers(), self.problems, self.kept, self.page)
            summary.write(terminalreporter, told, self.settings)
        for line in self.remarks:
            terminalreporter.write_line(line)

    def _workers(self) -> int:
        return int(self.config.getoption("numprocesses", None) or 0)

    def _sorted(self) -> list[Row]:
        rows = list(self.rows.values())
        if self._workers():
            rows.sort(key=lambda row: (row.test.partition("::")[0], row.test, row.device))
        return rows


def _lines(refused: list[str]) -> str:
    more = len(refused) - REFUSED_SHOWN
    told = [f"... and {more} more"] if more > 0 else []
    return "\n".join(["refused before anything ran:", *refused[:REFUSED_SHOWN], *told])
