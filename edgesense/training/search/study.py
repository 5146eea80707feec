"""A study: opened only by those who search the same space on the same data, its lost trials put back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from edgesense.errors import SettingsError
from edgesense.training.search import packages, sampling
from edgesense.training.search.presence import Presence

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

DIRECTIONS = ("maximize", "minimize")
"""Of the score and of the cost, the two values of a trial in that order."""
FIXED = "edgesense:fixed"
TESTED = "edgesense:tested"
CANDIDATE = "candidate"
WORKER = "worker"
AGAIN = "again"
TRIES = "tries"
COUNTED = "cost"
MOST_TRIES = 3
"""A trial whose process ended without a word that often is not tried again."""
SUGGESTING_SECONDS = 10.0


def open(storage: BaseStorage, name: str, fixed: Mapping[str, Any], seed: int) -> Study:  # noqa: A001 - as `storage.open`
    """Open a study, or begin it.

    Args:
        storage: Where it is kept.
        name: What it is called there.
        fixed: Plain JSON values: everything that must be equal for its trials to be comparable.
        seed: Of the sampler.

    Returns:
        The study, which every process with the same `fixed` may take part in.

    Raises:
        SettingsError: It was begun with other settings; the text has the differences.
    """
    optuna = packages.need("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study: Study = optuna.create_study(
        study_name=name,
        storage=storage,
        directions=list(DIRECTIONS),
        sampler=sampling.sampler(seed),
        load_if_exists=True,
    )
    wanted = json.loads(json.dumps(fixed))
    if FIXED not in study.user_attrs:
        if study.get_trials(deepcopy=False):
            raise SettingsError(f"study {name!r} was not begun by edgesense search; choose another name with --study")
        study.set_user_attr(FIXED, wanted)
    # Read back: another process may have begun it at the same moment.
    found = study.user_attrs[FIXED]
    if found != wanted:
        differences = "; ".join(different(found, wanted))
        raise SettingsError(
            f"study {name!r} was begun with other settings, and its trials cannot be compared with new ones: "
            f"{differences}. Search with those, or begin another with --study NAME"
        )
    return study


def different(found: Any, wanted: Any, where: str = "") -> Iterator[str]:
    """In words, where two plain JSON values differ."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for key in sorted({*found, *wanted}):
            inside = f"{where}.{key}" if where else key
            yield from different(found.get(key), wanted.get(key), inside)
    elif found != wanted:
        yield f"{where} is {json.dumps(found)} there and {json.dumps(wanted)} here"


def put_back(study: Study, trial: FrozenTrial, *, interrupted: bool = False) -> None:
    """Queue a trial's candidate again; whichever process is free next runs it.

    Args:
        study: The study.
        trial: A trial that ended for a reason that is not its own.
        interrupted: Whether somebody wanted it to end, which can be repeated; what ends of itself cannot too often.
    """
    params = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
    tries = trial.user_attrs.get(TRIES, 1)
    if params and (interrupted or tries < MOST_TRIES):
        attributes = {AGAIN: trial.number, TRIES: tries if interrupted else tries + 1}
        if COUNTED in trial.user_attrs:
            attributes[COUNTED] = trial.user_attrs[COUNTED]
        study.enqueue_trial(params, user_attrs=attributes)


def give_up_the_dead(study: Study, presence: Presence) -> list[int]:
    """Fail the running trials of processes of this folder that are gone, and queue their candidates again.

    Returns:
        Numbers of these trials.
    """
    optuna = packages.need("optuna")
    states = optuna.trial.TrialState
    given_up = []
    for trial in study.get_trials(deepcopy=False, states=(states.RUNNING,)):
        if presence.is_gone(trial.user_attrs.get(WORKER, "")):
            try:
                study.tell(trial.number, state=states.FAIL)
            except (ValueError, optuna.exceptions.UpdateFinishedTrialError):
                # Another process was quicker.
                continue
            put_back(study, trial)
            given_up.append(trial.number)
    return given_up


def earlier(study: Study, number: int, key: str, sleep: Callable[[float], None] = time.sleep) -> int | None:
    """The number of an earlier trial with the same candidate, finished or running anywhere; None for none.

    Of two trials that choose the same at the same moment, the one with the higher number gives way: it waits until
    each earlier one has said what it chose.

    Args:
        study: The study.
        number: Of the trial that asks.
        key: `Candidate.key` of what it chose.
        sleep: Waits so many seconds.
    """
    optuna = packages.need("optuna")
    states = optuna.trial.TrialState
    waited = 0.0
    while True:
        trials = [one for one in study.get_trials(deepcopy=False) if one.number < number]
        undecided = [one for one in trials if one.state == states.RUNNING and CANDIDATE not in one.user_attrs]
        if not undecided or waited >= SUGGESTING_SECONDS:
            break
        sleep(0.1)
        waited += 0.1
    replaced = {one.user_attrs[AGAIN] for one in study.get_trials(deepcopy=False) if AGAIN in one.user_attrs}
    for one in trials:
        if one.user_attrs.get(CANDIDATE) == key and one.number not in replaced:
            return one.number
    return None
