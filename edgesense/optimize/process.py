"""A module run once in a process of its own: JSON in on standard input, JSON out on standard output.

Converters and runtimes are C++ that can end their process, hang, or not bear one another in one process.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from typing import IO, TYPE_CHECKING, Any

from edgesense.errors import ConversionError, EdgeSenseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def run(module: str, request: Mapping[str, object], what: str, seconds: float) -> dict[str, Any]:
    """Start a module, hand it a request, wait for its answer.

    An interrupt meanwhile kills it.

    Args:
        module: Its dotted name; it answers through `answering`.
        request: Plain JSON values.
        what: What is done, for errors.
        seconds: Time limit.

    Returns:
        Its answer.

    Raises:
        ConversionError: It refused, failed, was killed or took too long.
    """
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(entry or os.getcwd() for entry in sys.path),  # noqa: PTH109 - as sys.path means it
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "CUDA_VISIBLE_DEVICES": "",
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", module],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ConversionError(f"the {what} was stopped after {seconds:g} s{_tail(error.stderr)}") from error
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        raise ConversionError(f"the {what} was killed by {name}{_tail(done.stderr)}")
    if done.returncode:
        raise ConversionError(f"the {what} failed with exit status {done.returncode}{_tail(done.stderr)}")
    answer: dict[str, Any] = json.loads(done.stdout)
    if "refused" in answer:
        raise ConversionError(answer["refused"])
    return answer


@contextlib.contextmanager
def answering() -> Iterator[IO[str]]:
    """In the process that was started: where its answer goes, while all else that is printed goes to standard error.

    Yields:
        A file for one JSON value; an `EdgeSenseError`, raised inside, becomes the answer itself.
    """
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as file:
        os.dup2(2, 1)
        try:
            yield file
        except EdgeSenseError as error:
            json.dump({"refused": str(error)}, file)


def _tail(stderr: str | bytes | None, lines: int = 20) -> str:
    text = stderr.decode(errors="replace") if isinstance(stderr, bytes) else stderr or ""
    last = [line for line in text.splitlines() if line.strip()][-lines:]
    return "; its last words:\n" + "\n".join(last) if last else ", without a word"
