"""The hooks of a run; heavy work waits in `running` until the first test with a budget is seen."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

from pytest_edgesense.items import DEVICE, FOUND, JUDGED, NAME, PIPELINE, PLAN, request_fixtures, stable_name
from pytest_edgesense.options import Settings

if TYPE_CHECKING:
    from pytest_edgesense.rows import Row
    from pytest_edgesense.running import Run

SESSION: pytest.StashKey[Session] = pytest.StashKey()
REFUSED = "edgesense_refused"
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
        self.problem = ""
        self._run: Run | None = None
        self._names: set[str] = set()
        self._files: set[str] = set()

    # Methods, not properties: pytest looks at every attribute of what is registered with it.
    def run(self) -> Run:
        """Return measuring and judging, with all that they import."""
        if self._run is None:
            from pytest_edgesense.running import Run

            self._run = Run(self.config, self.settings)
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
        if refused and self.worker:
            # An error raised in a worker of xdist is an INTERNALERROR: it reports, and the controller raises.
            self.config.workeroutput[REFUSED] = refused  # type: ignore[attr-defined]
            session.items.clear()
        elif refused:
            raise pytest.UsageError(_lines(refused))
        elif self.settings.listing is not None:
            listed: dict[str, object] = {name: str(getattr(self.settings, name)) for name in ("root", "baselines")}
            listed |= {"tests": sorted(self._names), "files": sorted(self._files)}
            self.settings.listing.write_text(json.dumps(listed), encoding="utf-8")

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
        item.stash[FOUND] = found = self.run().measure(item, plan)
        try:
            result = yield
        except NOT_JUDGED:
            raise
        except BaseException:
            item.stash[JUDGED] = self.run().judge(item, plan, found)
            raise
        item.stash[JUDGED] = _, error = self.run().judge(item, plan, found)
        if error is not None:
            raise error
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Send the verdict along with the report of the call."""
        report = yield
        judged = item.stash.get(JUDGED, None)
        skipped = report.skipped and not hasattr(report, "wasxfail")
        if report.when != "call" or judged is None or skipped:
            return report
        from pytest_edgesense import reporting

        row, error = judged
        if report.failed and row.failure and (call.excinfo is None or call.excinfo.value is not error):
            reporting.show_beside(report, row.failure)
        report.edgesense = row.settled(report.outcome).to_json()  # type: ignore[attr-defined]
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect verdicts, from this process or from workers."""
        text = getattr(report, "edgesense", None)
        if text is not None and not self.worker:
            from pytest_edgesense.rows import Row

            self.rows[report.nodeid] = Row.from_json(text)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Store the accepted baselines, in one process and once."""
        if not any(row.baseline for row in self.rows.values()):
            return
        if exitstatus not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
            self.problem = "no baseline was stored: the run was interrupted"
            return
        try:
            self.run().write(self.rows.values())
        except OSError as error:
            self.problem = f"no baseline was stored in {self.settings.baselines}: {error}"
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print one table of all budgets."""
        if self.rows:
            from pytest_edgesense import summary

            rows = list(self.rows.values())
            if self.config.getoption("numprocesses", None):
                rows.sort(key=lambda row: (row.test.partition("::")[0], row.test, row.device))
            summary.write(terminalreporter, rows, self.settings, self.problem)


def _lines(refused: list[str]) -> str:
    more = len(refused) - REFUSED_SHOWN
    told = [f"... and {more} more"] if more > 0 else []
    return "\n".join(["refused before anything ran:", *refused[:REFUSED_SHOWN], *told])
