"""One run's measuring and judging: devices, baselines, what is already measured. Made when the first budget is seen."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pytest

from edgesense.errors import BaselineError, BudgetError, EdgeSenseError, SettingsError
from edgesense.perf import baselines, devices, history, measure, placement, project, regressions
from edgesense.perf.interfaces import Device
from edgesense.perf.judge import judge
from edgesense.perf.plan import RunSettings, make_job
from edgesense.perf.project import Project
from edgesense.perf.records import Job, Measurement
from pytest_edgesense import benchmark_fixture, evidence, marker, profiling, reporting
from pytest_edgesense.accepted import Accepted
from pytest_edgesense.items import DEVICE, FOUND, JOB, MADE_OF, PIPELINE, PLAN, place
from pytest_edgesense.marker import Plan
from pytest_edgesense.measurement import Found
from pytest_edgesense.once import Once
from pytest_edgesense.outcomes import BudgetExceeded, BudgetNotJudged
from pytest_edgesense.pairing import Pairing
from pytest_edgesense.rows import Row
from pytest_edgesense.settings import Settings

ACCEPTING = ("met", "all")
"""Ways to store baselines in which a regression fails nothing."""


class Run:
    """What measuring and judging need to know of the whole run."""

    def __init__(self, config: pytest.Config, settings: Settings, shared: Path | None = None) -> None:
        """Measure for a run.

        Args:
            config: pytest's.
            settings: What was asked for.
            shared: Where the workers of xdist share what they find.
        """
        self.config = config
        self.settings = settings
        self.accepted = Accepted(settings)
        self.once = Once(shared)

    @cached_property
    def known_devices(self) -> tuple[Device, ...]:
        """Every device: then those that the project names, those of its conftest last.

        Raises:
            pytest.UsageError: If the project says of one what cannot be meant.
        """
        brought = self.config.hook.pytest_edge_devices(config=self.config)
        try:
            named = devices.declared(self.project)
        except SettingsError as error:
            raise pytest.UsageError(str(error)) from error
        return (*devices.every(), *named, *(device for group in brought for device in group))

    @cached_property
    def project(self) -> Project:
        """What the project's pyproject.toml says.

        Raises:
            pytest.UsageError: If it cannot be read.
        """
        try:
            return project.read(self.settings.root)
        except SettingsError as error:
            raise pytest.UsageError(str(error)) from error

    @cached_property
    def devices(self) -> dict[str, Device]:
        """The devices of this run by name.

        Raises:
            pytest.UsageError: For a word that means none.
        """
        try:
            found = [devices.find(word, self.known_devices) for word in self.settings.devices]
        except BudgetError as error:
            msg = f"{self.settings.devices_from}: {error}"
            raise pytest.UsageError(msg) from error
        return {device.name: device for device in found}

    @cached_property
    def shared(self) -> RunSettings:
        """What every job has in common; first asked for after collection, when sys.path is complete."""
        root = self.settings.root
        places = (str(root), *(os.path.abspath(entry) for entry in sys.path))  # noqa: PTH100 - keeps links as they are
        return RunSettings(
            root=root,
            runtime=self.settings.runtime,
            delegate=self.settings.delegate,
            sys_path=tuple(dict.fromkeys(places)),
            ship=self.project.ship,
            timeout_seconds=self.settings.timeout_seconds,
            project=history.top(root) or root,
        )

    @cached_property
    def usual(self) -> dict[str, float]:
        """How far numbers may be from their baselines in this project, by limit.

        Raises:
            pytest.UsageError: If the ini key says what cannot be meant.
        """
        said = self.settings.regression
        try:
            return regressions.merge([] if said is None else [said])
        except BudgetError as error:
            msg = f"ini key edge_regression = {said!r}: {error}"
            raise pytest.UsageError(msg) from error

    @cached_property
    def pairing(self) -> Pairing:
        """What was measured beside baselines."""
        return Pairing(self.once, self.settings.against)

    def plan(self, items: Iterable[pytest.Item]) -> list[str]:
        """Plan every marked test; return a line for each one that is refused."""
        refused = []
        words = {word for device in self.known_devices for word in device.names}
        for item in items:
            try:
                plan = self._plan(item, words)
            except BudgetError as error:
                refused.append(f"{item.nodeid}: {error}")
                continue
            if plan is not None:
                item.stash[PLAN] = plan
                if not plan.function:
                    self._ask_for_pipeline(item)
        # A bad pyproject.toml or commit is refused now, not when the first job is made.
        _ = self.shared, self.accepted.commit
        return refused

    def _plan(self, item: pytest.Item, words: Iterable[str]) -> Plan | None:
        chosen = getattr(getattr(item, "callspec", None), "params", {}).get(DEVICE)
        device = self.devices[chosen] if chosen in self.devices else next(iter(self.devices.values()))
        plan = marker.make_plan(item, words, device, several=len(self.devices) > 1, usual=self.usual)
        if plan is not None and not plan.function:
            marker.check_pipeline(item, plan.budget, self.settings.pipeline, self.settings.root)
        return plan

    @staticmethod
    def _ask_for_pipeline(item: pytest.Item) -> None:
        # Methods of a TestCase, and tests marked by a hook, are made without it.
        names = getattr(item, "fixturenames", None)
        if names is not None and PIPELINE not in names:
            names.append(PIPELINE)

    def measure(self, item: pytest.Item, plan: Plan) -> Found:
        """Measure a test's pipeline on its device, unless an equal job was measured already."""
        if plan.function:
            # It is timed while the body runs.
            return Found()
        try:
            job = self._job(item, plan)
        except EdgeSenseError as error:
            return Found(error=error)
        item.stash[JOB] = job
        item.stash[MADE_OF] = made_of = _made_of(item, job)
        if not job.metrics:
            return Found(Measurement(plan.device.name, {}, {}, {}))
        alike, own = (("measurement", plan.device.name, job, of) for of in (made_of, item.nodeid))
        with self.once.held(alike):
            # A test that is run again has been told already, whatever its fixtures have made anew since.
            found: Found | None = self.once.find(own) or self.once.find(alike)
            if found is None:
                try:
                    found = Found(measure.measure(plan.device, job))
                except Exception as error:  # noqa: BLE001 - the body still runs; the test fails with it afterwards
                    found = Found(error=error)
                self.once.keep(alike, found)
            self.once.keep(own, found)
        return self._beside(plan, job, made_of, found)

    def _beside(self, plan: Plan, job: Job, made_of: str, found: Found) -> Found:
        """Add the times that are measured beside the baseline's, which is not done where they are accepted anyway."""
        if found.measurement is None or self.settings.update in ACCEPTING:
            return found
        baseline = self.accepted.load(plan.budget.test, plan.device.name)
        record = self.accepted.record(plan.budget.test, plan.device.name)
        try:
            paired = self.pairing.beside(plan.device, job, baseline, record, made_of=made_of, allowed=plan.allowed)
        except Exception as error:  # noqa: BLE001 - as above
            return Found(error=error)
        return Found(measure.with_pairs(found.measurement, paired))

    def _job(self, item: pytest.Item, plan: Plan) -> Job:
        budget = plan.budget
        if budget.pipeline is None:
            value = getattr(item, "funcargs", {}).get(PIPELINE, self.settings.pipeline)
            if value is not None and (not isinstance(value, str | os.PathLike) or not os.fspath(value)):
                msg = f"the fixture edge_pipeline gave {value!r}: a str or a Path is wanted"
                raise BudgetError(msg)
            if value is not None:
                name = os.fsdecode(value)
                marker.check_path(name, self.settings.root, f"the pipeline {name!r} of the fixture edge_pipeline")
                budget = replace(budget, pipeline=name)
        return make_job(budget, plan.bounds, plan.device, self.shared)

    def judge(self, item: pytest.Item, plan: Plan, found: Found) -> tuple[Row, BaseException | None]:
        """Return what a test's budget came to, and what the test fails with, if it fails."""
        if plan.function:
            item.stash[FOUND] = found = benchmark_fixture.find(item, plan.bounds, plan.device)
            benchmark_fixture.keep(item)
        row = Row(
            item.nodeid,
            plan.budget.test,
            plan.device.name,
            None,
            absent=plan.absent,
            gates=plan.gates,
            place=place(item),
            seconds=found.seconds,
        )
        if found.measurement is None:
            # Paths as the user wrote them: from the root.
            said = str(found.error).replace(f"{self.settings.root}{os.sep}", "")
            text = f"not measured on {plan.device.name}: {said}"
            # Anything else is a fault of a device or of this plugin: its traceback is wanted.
            if not isinstance(found.error, EdgeSenseError):
                return replace(row, failure=text), found.error
            return replace(row, failure=text), BudgetNotJudged(text) if plan.gates else None
        baseline = self.accepted.load(plan.budget.test, plan.device.name)
        strict = self.settings.strict
        measured = found.measurement
        verdict = judge(plan.budget.test, plan.bounds, measured, baseline, strict=strict, allowed=plan.allowed)
        findings = baselines.outstanding(verdict, self.settings.update) if plan.gates else ()
        failing = tuple(finding.limit for finding in findings)
        row = replace(row, verdict=verdict, failing=failing, against=reporting.beside(measured.paired))
        root = self.settings.root
        attachments = profiling.attachments(item, plan, found, findings, self)
        job = item.stash.get(JOB, None)
        name = "" if job is None else job.workload
        subject = benchmark_fixture.SUBJECT if plan.function else ""
        row = replace(row, evidence=evidence.gather(name or subject, measured, baseline, attachments, root))
        reporting.set_properties(item, reporting.properties(row, attachments, root))
        if attachments and not findings:
            item.add_report_section("call", "edge profile", "\n".join(reporting.explained(attachments, root)))
        texts = [f"baseline on {plan.device.name}: {baseline}"] if isinstance(baseline, BaselineError) else []
        if findings:
            storing = self.settings.against is None
            texts.append(
                reporting.failure(verdict, findings, pipeline=name, attachments=attachments, root=root, storing=storing)
            )
        if texts:
            text = "\n".join(texts)
            failed = (BudgetExceeded if findings else BudgetNotJudged)(text) if plan.gates else None
            return replace(row, failure=text), failed
        return self.accepted.to_store(row, verdict, measured, baseline), None


def _made_of(item: pytest.Item, job: Job) -> str:
    """What tells a test's workload from another one of the same name, which a fixture may have made anew."""
    of_files = placement.content(job)
    # Nobody knows what a factory opens: each set of a test's parameters may have made it something else.
    return of_files or str(getattr(getattr(item, "callspec", None), "id", ""))
