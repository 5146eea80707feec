"""A transform of half the length: the model's input keeps its shape, so it is really tried."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgesense.advice import shared
from edgesense.advice.case import Case
from edgesense.advice.records import Advice, Group, Standing, Tick
from edgesense.errors import EdgeSenseError, SettingsError
from edgesense.features.settings import FeatureSettings

NAME = "window"
LOOKS_AT = "the length of the Fourier transform"
GROUP = Group.FEATURES
BOX = "a 1024-point transform or shorter"
SECONDS = 30.0
WANTED = 1024


def consider(case: Case) -> Advice | None:
    """Count it and judge it with the same model, columns standardised anew; see `edgesense.advice.Piece`."""
    now = case.features
    if now is None:
        return None
    half = now.n_fft // 2
    try:
        other = replace(now, n_fft=half)
    except SettingsError:
        return None
    title = f"A transform of {half} points instead of {now.n_fft}"
    todo = shared.command(case.subject, f"edgesense train ARCH --output DIR --feature n_fft={half}")
    advice = Advice(NAME, title, (f"the model's input stays {now.shape}",), todo)
    if case.trials is None:
        return replace(advice, untried=case.why_untried)
    try:
        other = _standardised(case, other)
        directory = case.trials.candidate(case.subject, features=other)
        gains = case.trials.of_pipeline(directory)
        right = case.trials.accuracy(directory)
    except EdgeSenseError as error:
        return replace(advice, untried=str(error).splitlines()[0])
    told = "without training; the columns' means were taken anew" if case.trials.clips.calibration else "as it is"
    why = (*advice.why, f"tried with the model {told}")
    came = shared.standing(gains, right)
    if came is Standing.DO and right is None:
        came, why = Standing.LATER, (*why, f"right answers were not judged: {case.trials.clips.why}")
    return replace(advice, why=why, gains=gains, accuracy=right, tried=True, standing=came)


def _standardised(case: Case, settings: FeatureSettings) -> FeatureSettings:
    """Settings with columns' means of calibration clips: a shorter transform has less power in each band."""
    file, trials = case.subject.file, case.trials
    if not settings.column_mean or file is None or trials is None or trials.clips.calibration is None:
        return settings
    from edgesense.features import FrontEnd

    plain = FrontEnd(replace(settings, column_mean=(), column_std=()))
    old = FrontEnd(replace(file.features, column_mean=(), column_std=()))
    sound = trials.clips.sound(file)
    shift = np.mean([plain(clip).mean(axis=0) - old(clip).mean(axis=0) for clip in sound], axis=0)
    mean = tuple(float(f"{one + by:.6g}") for one, by in zip(settings.column_mean, shift, strict=True))
    return replace(settings, column_mean=mean)


def tick(case: Case, said: Advice | None) -> Tick:
    """Tell from the settings."""
    del said
    return shared.settings_tick(case, lambda now: (now.n_fft <= WANTED, f"{now.n_fft} points"))
