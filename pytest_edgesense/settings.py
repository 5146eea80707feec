"""What a run was asked for: the command line beats the ini file beats the default."""

from __future__ import annotations

import math
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

RUNTIMES = ("litert", "tflite")
UPDATES = ("met", "new", "all")
PROFILES = ("on-fail", "always", "never")
OLD_PROFILES = {"auto": "on-fail", "off": "never"}
"""What an earlier release called them; they go on working."""
GITHUB = ("auto", "off")
TIMEOUT_SECONDS = 600.0
HOST = "host"


class Settings(NamedTuple):
    """What a run was asked for; made at every start of pytest, which a dataclass would cost a millisecond.

    Attributes:
        root: pytest's root directory; pipelines and artefacts are named from here.
        devices: Words of ``--edge-device``.
        devices_from: Where they were named, for messages; "" for the default.
        strict: Whether INCONCLUSIVE and NO BASELINE fail too.
        strict_because: Why it is so, for the summary.
        runtime: ``litert``, ``tflite`` or None for the first one installed.
        pipeline: The ini key ``edge_pipeline``.
        baselines: Where baselines are kept.
        update: ``met``, ``new`` or ``all`` while baselines are being stored, else None.
        profile: Which budgets are explained: ``on-fail`` those that are missed, ``always`` all, ``never`` none.
        timeout_seconds: A worker that is silent for longer is ended.
        listing: Where the tests with a budget are listed, for ``edgesense baselines prune``.
        regression: The ini key ``edge_regression`` as it is written.
        against: A commit, tag or branch whose baselines and code are compared with; None for what is here.
        against_from: Where it was named, for messages.
        exports: (format, file) of everything that is written at the end of the run.
        delegate: The delegate that models are run with; None for what the runtime does by itself.
        explain: Whether the run is explained and nothing is run.
        report: The directory that the page of the run is written into; None for no page.
        github: Whether GitHub Actions gets a step summary and remarks at the tests' lines.
    """

    root: Path
    devices: tuple[str, ...]
    devices_from: str
    strict: bool
    strict_because: str
    runtime: str | None
    pipeline: str | None
    baselines: Path
    update: str | None
    profile: str
    timeout_seconds: float
    listing: Path | None = None
    regression: str | None = None
    against: str | None = None
    against_from: str = ""
    exports: tuple[tuple[str, Path], ...] = ()
    delegate: str | None = None
    explain: bool = False
    report: Path | None = None
    github: bool = False


SETTINGS = pytest.StashKey[Settings]()


def read(config: pytest.Config) -> Settings:
    """Return the settings of a run.

    Raises:
        pytest.UsageError: For a value that is not allowed, and for an update where CI is set.
    """
    root = config.rootpath
    baselines = _baselines(config)
    strict, because = _strict(config, baselines)
    devices, devices_from = _devices(config)
    update = _update(config)
    against, against_from = _against(config, update)
    return Settings(
        root=root,
        devices=devices,
        devices_from=devices_from,
        strict=strict,
        strict_because=because,
        runtime=_choice(config, "edge_runtime", RUNTIMES),
        pipeline=_ini(config, "edge_pipeline") or None,
        baselines=baselines,
        update=update,
        profile=_profile(config),
        timeout_seconds=_timeout(config),
        listing=_file(config, "edge_list"),
        regression=_ini(config, "edge_regression") or None,
        against=against,
        against_from=against_from,
        exports=_exports(config),
        delegate=_delegate(config),
        explain=_explain(config),
        report=_report(config),
        github=_github(config),
    )


def in_ci() -> bool:
    """Return whether this is a build server, by the usual variable."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false", "no"}


def _ini(config: pytest.Config, name: str) -> Any:
    try:
        return config.getini(name)
    except (ValueError, TypeError) as error:
        msg = f"ini key {name}: {error}"
        raise pytest.UsageError(msg) from error


def _choice(config: pytest.Config, name: str, allowed: tuple[str, ...]) -> str | None:
    # argparse has checked the command line.
    chosen = config.getoption(name)
    return chosen if chosen is not None else _ini_choice(config, name, allowed)


def _ini_choice(config: pytest.Config, name: str, allowed: tuple[str, ...]) -> str | None:
    chosen = _ini(config, name) or None
    if chosen is not None and chosen not in allowed:
        msg = f"ini key {name} = {chosen!r}: allowed: {', '.join(allowed)}"
        raise pytest.UsageError(msg)
    return None if chosen is None else str(chosen)


def _profile(config: pytest.Config) -> str:
    said = config.getoption("edge_profile") or _ini(config, "edge_profile") or PROFILES[0]
    if said not in PROFILES and said not in OLD_PROFILES:
        msg = f"ini key edge_profile = {said!r}: allowed: {', '.join(PROFILES)}"
        raise pytest.UsageError(msg)
    return OLD_PROFILES.get(said, said)


def _asked(config: pytest.Config, name: str) -> tuple[Any, str, Path]:
    """Return what was asked for, where it was, for messages, and the directory that its paths start from."""
    said = config.getoption(name)
    if said is not None:
        return said, f"--{name.replace('_', '-')}", config.invocation_params.dir
    return _ini(config, name), f"ini key {name}", config.rootpath


@contextmanager
def _refusing(asked: str) -> Generator[None]:
    """Refuse what was asked for with its own error, as pytest's of a use that is wrong."""
    from edgesense.errors import SettingsError

    try:
        yield
    except SettingsError as error:
        msg = f"{asked}: {error}"
        raise pytest.UsageError(msg) from error


def _delegate(config: pytest.Config) -> str | None:
    said, origin, start = _asked(config, "edge_delegate")
    if not said:
        return None
    from edgesense import delegation

    with _refusing(origin):
        # Absolute, so that a baseline that runs elsewhere is run with the same library.
        return str(delegation.parse(said).located(start))


def _devices(config: pytest.Config) -> tuple[tuple[str, ...], str]:
    words = config.getoption("edge_device")
    if words:
        return tuple(words), "--edge-device"
    words = _ini(config, "edge_device")
    return (tuple(words), "ini key edge_device") if words else ((HOST,), "")


def _baselines(config: pytest.Config) -> Path:
    said = config.getoption("edge_baselines")
    if said is not None:
        return Path(os.path.abspath(config.invocation_params.dir / said))  # noqa: PTH100 - a link keeps its name
    return config.rootpath / (_ini(config, "edge_baselines") or "baselines")


def _strict(config: pytest.Config, baselines: Path) -> tuple[bool, str]:
    said = config.getoption("edge_strict")
    if said is not None:
        return said, "--edge-strict" if said else "--no-edge-strict"
    said = _ini(config, "edge_strict")
    if said is not None:
        return said, f"ini key edge_strict = {str(said).lower()}"
    if not in_ci():
        return False, "the default"
    if any(baselines.glob("*/*.json")):
        return True, "CI is set and the project has baselines"
    return False, "CI is set, but the project has no baselines yet"


def _update(config: pytest.Config) -> str | None:
    usual = _ini_choice(config, "edge_update", UPDATES) or UPDATES[0]
    mode = config.getoption("edge_update")
    if mode is None and not config.getoption("update_baselines"):
        return None
    allowed = config.getoption("edge_update_in_ci")
    if in_ci() and not (allowed if allowed is not None else _ini(config, "edge_update_in_ci")):
        msg = (
            "--update-baselines is refused where CI is set: a build would accept its own numbers; store them by hand "
            "and commit them, or give --edge-update-in-ci"
        )
        raise pytest.UsageError(msg)
    return mode or usual


def _against(config: pytest.Config, update: str | None) -> tuple[str | None, str]:
    said, origin, _ = _asked(config, "edge_against")
    if said and update is not None:
        msg = (
            f"{origin} is refused with --update-baselines: what is stored is compared with what is stored here; give "
            "--edge-against= (nothing) to store"
        )
        raise pytest.UsageError(msg)
    return (said, origin) if said else (None, "")


def _explain(config: pytest.Config) -> bool:
    chosen = bool(config.getoption("edge_explain"))
    if chosen and config.getoption("numprocesses", None):
        raise pytest.UsageError("--edge-explain runs nothing, so it takes no workers: give -n0")
    return chosen


def _file(config: pytest.Config, name: str) -> Path | None:
    said = config.getoption(name)
    return None if said is None else config.invocation_params.dir / said


def _exports(config: pytest.Config) -> tuple[tuple[str, Path], ...]:
    said, origin, start = _asked(config, "edge_export")
    plain = _file(config, "edge_json")
    found = [] if plain is None else [("json", plain)]
    if said:
        # Only for who asks for it: listing the formats costs their imports.
        from edgesense.report import formats
    for one in said or ():
        name, _, file = one.partition(":")
        with _refusing(f"{origin} {one!r}"):
            form = formats.usable(name)
        if not file:
            msg = f"{origin} {one!r}: FORMAT:FILE is wanted, as in {name}:results{form.SUFFIX}"
            raise pytest.UsageError(msg)
        found.append((name, start / file))
    return tuple(found)


def _report(config: pytest.Config) -> Path | None:
    said, origin, start = _asked(config, "edge_report")
    if not said:
        return None
    from edgesense.report import page

    directory = Path(os.path.abspath(start / said))  # noqa: PTH100 - a link keeps its name
    with _refusing(f"{origin} {said!r}"):
        page.need()
    if directory.exists() and not directory.is_dir():
        msg = f"{origin} {said!r}: a directory is wanted, this is a file"
        raise pytest.UsageError(msg)
    return directory


def _github(config: pytest.Config) -> bool:
    wanted = _choice(config, "edge_github", GITHUB) != "off"
    return wanted and os.environ.get("GITHUB_ACTIONS", "").lower() == "true"


def _timeout(config: pytest.Config) -> float:
    said = _ini(config, "edge_timeout")
    if said in {None, ""}:
        return TIMEOUT_SECONDS
    try:
        seconds = float(said)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        msg = f"ini key edge_timeout = {said!r}: allowed: a number of seconds over 0"
        raise pytest.UsageError(msg)
    return seconds
