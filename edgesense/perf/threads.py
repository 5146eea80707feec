"""How many threads a measured process may use: variables that numeric libraries read once, while they are imported.

So they belong to the environment that a worker is started with; what it finds there it says in its answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Each is a number of threads, for OpenMP, OpenBLAS and MKL."""

POLICIES = ("OMP_WAIT_POLICY",)
"""How threads without work wait."""


@dataclass(frozen=True)
class ThreadEnvironment:
    """What a device's processes are told of threads.

    Attributes:
        runtime_threads: Threads of the interpreter's kernels, XNNPACK's among them.
        variables: (name, value) of environment variables.
    """

    runtime_threads: int
    variables: tuple[tuple[str, str], ...]


def uniform(threads: int) -> ThreadEnvironment:
    """Return the environment of this computer's processes: every library gets as many threads as the runtime."""
    return ThreadEnvironment(threads, tuple((name, str(threads)) for name in COUNTS))


def seen(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a process's environment says of threads."""
    return {name: environment[name] for name in (*COUNTS, *POLICIES) if name in environment}
