"""benchmark_model's command line, as far as the release at hand understands it; pure.

Flags: tensorflow/lite/tools/benchmark/benchmark_model.cc, benchmark_tflite_model.cc, tensorflow/lite/tools/delegates.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass

from edgesense import delegation
from edgesense.errors import SettingsError

OLDEST = frozenset({"graph", "num_threads", "num_runs", "min_secs", "warmup_runs", "use_nnapi"})
"""What every release has; for one that does not say what it has."""
MEMORY = "report_peak_memory_footprint"
PROFILE = ("op_profiling_output_mode", "op_profiling_output_file")
PROFILE_CSV = "profiling_output_csv_file"
SWITCHES = {"nnapi": "use_nnapi", "gpu": "use_gpu", delegation.XNNPACK: "use_xnnpack", delegation.NONE: "use_xnnpack"}
EXTERNAL = "external_delegate_path"
LONGEST_SECONDS = 150.0
"""What the tool itself allows by default, for warm-up and for timed calls each."""


@dataclass(frozen=True)
class Flags:
    """What one release takes.

    Attributes:
        known: Names of its flags, without the dashes.
        asked: Whether it said so itself.
    """

    known: frozenset[str]
    asked: bool = True

    def given(self, **values: str | float) -> tuple[str, ...]:
        """Return those flags that the release knows, in this order."""
        return tuple(f"--{name}={_text(value)}" for name, value in values.items() if name in self.known)


def _text(value: str | float) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else f"{value:g}"


def read(usage: str) -> Flags:
    """Return the flags that a usage text names, the oldest ones where it names none."""
    found = frozenset(re.findall(r"--([a-z][a-z0-9_]*)\b", usage))
    return Flags(found) if "graph" in found else Flags(OLDEST, asked=False)


def timing(flags: Flags, graph: str, threads: int, *, seconds: float, timeout_seconds: float) -> tuple[str, ...]:
    """Return the flags of one run of timed calls.

    Args:
        flags: What the release takes.
        graph: The model, on the phone.
        threads: Of the runtime.
        seconds: Timed calls go on for at least so long.
        timeout_seconds: After which the run is ended from outside; the tool is to stop well before.
    """
    most = min(LONGEST_SECONDS, timeout_seconds / 3)
    return flags.given(
        graph=graph, num_threads=threads, num_runs=50, min_secs=min(seconds, most), max_secs=most, warmup_runs=1
    )


def delegate(flags: Flags, request: delegation.Request | None, library: str = "") -> tuple[str, ...]:
    """Return the flags that ask for a delegate.

    Args:
        flags: What the release takes.
        request: None for what the runtime does by itself.
        library: An external delegate's, on the phone.

    Raises:
        SettingsError: If the release does not know the delegate or one of its options; the ones it has are named.
    """
    if request is None:
        return ()
    switch = SWITCHES.get(request.name, EXTERNAL)
    if switch not in flags.known:
        has = ", ".join(sorted(one for one in flags.known if one.startswith("use_"))) or "none"
        raise SettingsError(
            f"this benchmark_model has no --{switch}, so {request.title} cannot be asked of it; it has {has}"
        )
    if switch == EXTERNAL:
        pairs = ";".join(f"{key}:{value}" for key, value in request.options)
        return (f"--{EXTERNAL}={library}", *([f"--external_delegate_options={pairs}"] if pairs else []))
    on = "false" if request.name == delegation.NONE else "true"
    options = [f"--{_option(request.name, key, flags.known)}={value}" for key, value in request.options]
    return (f"--{switch}={on}", *options)


def _option(name: str, key: str, known: Collection[str]) -> str:
    """Return the flag that an option of a delegate means: its own name, or that behind the delegate's."""
    for flag in (key, f"{name}_{key}"):
        if flag in known and name in flag:
            return flag
    own = sorted(flag for flag in known if name in flag and flag != SWITCHES[name])
    near = difflib.get_close_matches(f"{name}_{key}", own, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise SettingsError(
        f"this benchmark_model has no option {key!r} for {name}: {hint}it has {', '.join(own) or 'none'}"
    )
