"""Run trials until there are enough: one at a time in this process, any number of processes in one study."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from edgesense.errors import EdgeSenseError, SettingsError
from edgesense.training.search import packages, pruning, results
from edgesense.training.search import study as studies
from edgesense.training.search.evaluator import Evaluator, TrialFailed
from edgesense.training.search.presence import Presence
from edgesense.training.search.results import Row
from edgesense.training.search.space import Candidate, Space

if TYPE_CHECKING:
    from optuna import Study, Trial

MOST_FAILURES = 3
"""Failed trials one after the other after which a search ends: what fails them all is not the candidates."""
MOST_REPEATS = 50
"""Suggestions one after the other that were all tried before, after which there is nothing new to find."""


class Reporter(Protocol):
    """Who is told how far it is."""

    def say(self, text: str) -> None:
        """Something worth a line."""

    def began(self, number: int, candidate: Candidate) -> None:
        """A trial has chosen."""

    def step(self, step: int, steps: int, score: float) -> None:
        """The running trial has another validation score."""

    def ended(self, row: Row, done: int, wanted: int) -> None:
        """A trial is over; so many of those wanted are done."""


@dataclass
class Search:
    """One process's part in a study.

    Attributes:
        study: The study.
        space: What may be chosen.
        evaluator: What judges it.
        presence: How others know that this process lives.
        reporter: Who is told.
        most_cost: A candidate that costs more is not trained; None for no limit.
    """

    study: Study
    space: Space
    evaluator: Evaluator
    presence: Presence
    reporter: Reporter
    most_cost: float | None = None
    _current: int = field(default=-1, init=False)
    _given_up: bool = field(default=False, init=False)

    def run(self, trials: int) -> None:
        """Run trials until so many are done, by this process and all others.

        Raises:
            SettingsError: The study's test clips have been looked at.
            EdgeSenseError: Trials fail one after the other.
        """
        failures = repeats = 0
        while True:
            for number in studies.give_up_the_dead(self.study, self.presence):
                self.reporter.say(f"trial {number} was left unfinished by a process that is gone; it is queued again")
            found = results.rows(self.study)
            running = sum(row.state == "running" for row in found)
            if results.done(found) + running >= trials:
                if running and results.done(found) < trials:
                    self.reporter.say(f"the last {running} of {trials} trials run in other processes")
                return
            if studies.TESTED in self.study.user_attrs:
                raise SettingsError(
                    f"the test clips of study {self.study.study_name!r} have been looked at; trials after that would "
                    "be chosen by them. Begin another study with --study NAME"
                )
            row = self._one()
            if row is None:
                continue
            repeats = repeats + 1 if row.state == "repeat" else 0
            if repeats >= MOST_REPEATS:
                self.reporter.say(
                    f"the last {repeats} suggestions had all been tried: there is little new in this space"
                )
                return
            if row.state == "repeat":
                continue
            failures = failures + 1 if row.state == "failed" else 0
            self.reporter.ended(row, results.done(results.rows(self.study)), trials)
            if failures >= MOST_FAILURES:
                raise EdgeSenseError(f"{failures} trials failed one after the other, the last because: {row.why}")

    def _one(self) -> Row | None:
        """Run one trial; None when another process gave it up meanwhile."""
        optuna = packages.need("optuna")
        self._current, self._given_up = -1, False
        try:
            self.study.optimize(self._objective, n_trials=1, catch=(EdgeSenseError,))
        except (ValueError, optuna.exceptions.UpdateFinishedTrialError):
            if not self._given_up:
                raise
            self.reporter.say(f"trial {self._current} had no heartbeat for a while; another process gave it up")
            return None
        return next(row for row in results.rows(self.study) if row.number == self._current)

    def _objective(self, trial: Trial) -> tuple[float, float]:
        optuna = packages.need("optuna")
        self._current = trial.number
        try:
            return self._recorded(trial)
        except optuna.exceptions.UpdateFinishedTrialError:
            self._given_up = True
            raise

    def _recorded(self, trial: Trial) -> tuple[float, float]:
        """Judge a trial, and write into it why it ended early."""
        optuna = packages.need("optuna")
        trial.set_user_attr(studies.WORKER, self.presence.name)
        trial.set_user_attr("host", socket.gethostname())
        try:
            return self._judge(trial)
        except optuna.TrialPruned as pruned:
            trial.set_user_attr(results.WHY, str(pruned))
            raise
        except EdgeSenseError as error:
            trial.set_user_attr(results.WHY, str(error))
            raise
        except OSError as error:
            trial.set_user_attr(results.WHY, str(error))
            raise TrialFailed(str(error)) from error
        except KeyboardInterrupt:
            self._put_back(trial.number)
            raise

    def _judge(self, trial: Trial) -> tuple[float, float]:
        """Choose, count, train; raises `TrialPruned` where it is not worth going on."""
        optuna = packages.need("optuna")
        candidate = self.space.suggest(trial)
        trial.set_user_attr(studies.CANDIDATE, candidate.key)
        before = studies.earlier(self.study, trial.number, candidate.key)
        if before is not None:
            trial.set_user_attr(results.REPEATS, before)
            raise optuna.TrialPruned(f"the same as trial {before}")
        self.reporter.began(trial.number, candidate)
        # One that was put back was counted before, under the same settings: the study has no others.
        cost = trial.user_attrs.get(studies.COUNTED) or self.evaluator.count(candidate)
        trial.set_user_attr(studies.COUNTED, cost)
        if self.most_cost is not None and cost > self.most_cost:
            unit = self.evaluator.cost.unit
            raise optuna.TrialPruned(
                f"not trained: it costs {cost:,.0f} {unit}, over the limit of {self.most_cost:,.0f}"
            )
        scores: list[float] = []

        def on_step(step: int, score: float) -> None:
            scores.append(score)
            trial.set_user_attr(results.SCORES, scores)
            self.reporter.step(step, self.evaluator.steps, score)
            if why := pruning.verdict(scores, cost, self._rivals(), self.evaluator.steps):
                raise optuna.TrialPruned(why)

        outcome = self.evaluator.train(candidate, on_step)
        trial.set_user_attr(results.FACTS, dict(outcome.facts))
        return outcome.score, outcome.cost

    def _rivals(self) -> list[pruning.Rival]:
        optuna = packages.need("optuna")
        finished = self.study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        return [
            pruning.Rival(one.user_attrs[studies.COUNTED], tuple(one.user_attrs.get(results.SCORES, ())))
            for one in finished
        ]

    def _put_back(self, number: int) -> None:
        frozen = next(one for one in self.study.get_trials(deepcopy=False) if one.number == number)
        if results.REPEATS not in frozen.user_attrs:
            studies.put_back(self.study, frozen, interrupted=True)
