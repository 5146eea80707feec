"""Which sampler, and how its seed becomes that of each trial."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from edgesense.training.search import packages

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial, TrialState

STARTUP_TRIALS = 10
"""Trials drawn evenly before the sampler learns from them; Optuna's number for TPE."""


def sampler(seed: int) -> BaseSampler:
    """Multi-objective TPE (Ozaki et al., 2022), seeded anew for each trial by (seed, the trial's number).

    TPE and not NSGA-II: a search here has tens of trials, and NSGA-II draws its whole first generation, 50 by default,
    evenly. A seed for each trial, because processes that share a study and a seed would otherwise all draw the same
    candidates; and a search that was interrupted draws what it would have drawn.

    Args:
        seed: Of the search.

    Returns:
        A sampler for one process; others with the same seed draw other candidates.
    """
    optuna = packages.need("optuna")
    base: Any = optuna.samplers.BaseSampler

    class Numbered(base):  # type: ignore[misc]  # the base is imported when it is asked for
        def __init__(self) -> None:
            self._inner = _tpe(optuna, seed, 0)

        def before_trial(self, study: Study, trial: FrozenTrial) -> None:
            self._inner = _tpe(optuna, seed, trial.number)
            self._inner.before_trial(study, trial)

        def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
            return self._inner.infer_relative_search_space(study, trial)

        def sample_relative(
            self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
        ) -> dict[str, Any]:
            return self._inner.sample_relative(study, trial, search_space)

        def sample_independent(
            self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
        ) -> Any:
            return self._inner.sample_independent(study, trial, param_name, param_distribution)

        def after_trial(
            self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
        ) -> None:
            self._inner.after_trial(study, trial, state, values)

    made: BaseSampler = Numbered()
    return made


def _tpe(optuna: Any, seed: int, number: int) -> BaseSampler:
    import numpy as np

    drawn = int(np.random.SeedSequence((seed, number)).generate_state(1)[0])
    with warnings.catch_warnings():
        # Experimental before Optuna 5, where it is the default: what other processes run is not suggested again.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        made: BaseSampler = optuna.samplers.TPESampler(seed=drawn, n_startup_trials=STARTUP_TRIALS, constant_liar=True)
    return made
