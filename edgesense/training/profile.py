"""A TensorFlow profiler trace of a few steps, for TensorBoard: the first steps, which build graphs, are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from edgesense.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

AFTER = 5
"""Steps before the first traced one: the first builds the graph, some more fill caches and buffers."""
STEPS = 10
SPAN = "train"
"""What a step is called in the trace; TensorBoard finds steps by the step numbers of such spans."""


class StepTrace:
    """Traces some steps of a training that calls it before each one, as `fit.fit(..., on_step=trace)` does.

    A context manager, so that a training that ends or fails inside the window is traced up to there. It counts the
    calls itself: a training that goes on in the middle has first steps as well. One object traces once. A step lasts
    until the next one begins: making its batch belongs to it, and to an epoch's last step what follows the epoch.
    """

    def __init__(self, directory: Path, *, after: int = AFTER, steps: int = STEPS) -> None:
        """Name a folder for `tensorboard --logdir`; the trace becomes a run of its own in it.

        Args:
            directory: The folder; made when it is not there.
            after: Steps before the first traced one.
            steps: Traced steps at most.

        Raises:
            SettingsError: The window is empty.
        """
        if after < 0 or steps < 1:
            raise SettingsError(f"a profile needs a step at least, after none or more, not {steps} after {after}")
        self._directory, self._after, self._steps = directory, after, steps
        self._seen = self._traced = 0
        self._tracing = False
        self._span: Any = None

    def __enter__(self) -> Self:
        """Make the folder, so that one that cannot be written to is known before the training.

        Raises:
            SettingsError: It cannot be made.
        """
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"no profile can be written to {self._directory}: {error.strerror}") from error
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def __call__(self, step: int) -> None:
        """A step with this number begins, and the one before it is over."""
        from tensorflow.profiler import experimental

        if self._seen == self._after:
            experimental.start(str(self._directory))
            self._tracing = True
        self._seen += 1
        if not self._tracing:
            return
        self._end_span()
        if self._traced == self._steps:
            self._stop()
            return
        self._span = experimental.Trace(SPAN, step_num=step, _r=1)
        self._span.__enter__()
        self._traced += 1

    def _end_span(self) -> None:
        if self._span is not None:
            self._span.__exit__(None, None, None)
            self._span = None

    def _stop(self) -> None:
        if not self._tracing:
            return
        from tensorflow.profiler import experimental

        self._end_span()
        self._tracing = False
        experimental.stop()

    def summary(self) -> str:
        """One line: what was traced and how to open it, or why nothing was."""
        if self._traced:
            return f"profile of {self._traced} steps: tensorboard --logdir {self._directory}"
        if self._seen:
            return f"nothing was profiled: {self._seen} steps were run, and a profile begins after {self._after}"
        return "nothing was profiled: no step was run, for this training was finished before; --work DIR trains anew"
