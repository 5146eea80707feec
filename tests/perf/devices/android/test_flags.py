from __future__ import annotations

from collections.abc import Callable

import pytest

from edgesense import delegation
from edgesense.errors import SettingsError
from edgesense.perf.devices.android import flags

Text = Callable[[str], str]


@pytest.fixture
def today(text: Text) -> flags.Flags:
    return flags.read(text("usage.txt"))


def test_a_release_says_itself_what_it_takes(today: flags.Flags) -> None:
    assert today.asked
    assert {"graph", "use_nnapi", "report_peak_memory_footprint", "disable_nnapi_cpu"} <= today.known


@pytest.mark.parametrize("usage", ["", "no flags here", "--something=else"])
def test_of_one_that_does_not_the_oldest_flags_are_assumed(usage: str) -> None:
    assert flags.read(usage) == flags.Flags(flags.OLDEST, asked=False)


def test_flags_that_the_release_does_not_know_are_left_out(today: flags.Flags) -> None:
    timed = flags.timing(today, "/m", 2, seconds=1.0, timeout_seconds=600.0)
    assert timed == (
        "--graph=/m",
        "--num_threads=2",
        "--num_runs=50",
        "--min_secs=1",
        "--max_secs=150",
        "--warmup_runs=1",
    )
    old = flags.timing(flags.read(""), "/m", 2, seconds=1.0, timeout_seconds=600.0)
    assert old == tuple(flag for flag in timed if not flag.startswith("--max_secs"))
    assert today.given(report_peak_memory_footprint=True, nothing=1) == ("--report_peak_memory_footprint=true",)


def test_the_tool_is_to_stop_by_itself_well_before_it_is_stopped(today: flags.Flags) -> None:
    timed = flags.timing(today, "/m", 1, seconds=1.0, timeout_seconds=1.5)
    assert {"--min_secs=0.5", "--max_secs=0.5"} <= set(timed)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("nnapi", ("--use_nnapi=true",)),
        ("nnapi:accelerator_name=some-npu", ("--use_nnapi=true", "--nnapi_accelerator_name=some-npu")),
        ("nnapi:disable_nnapi_cpu=false,required", ("--use_nnapi=true", "--disable_nnapi_cpu=false")),
        (
            "gpu:gpu_backend=cl,precision_loss_allowed=false",
            ("--use_gpu=true", "--gpu_backend=cl", "--gpu_precision_loss_allowed=false"),
        ),
        ("xnnpack", ("--use_xnnpack=true",)),
        ("none", ("--use_xnnpack=false",)),
        ("libx.so:a=1,b=2", ("--external_delegate_path=/there/libx.so", "--external_delegate_options=a:1;b:2")),
        ("libx.so", ("--external_delegate_path=/there/libx.so",)),
    ],
)
def test_a_delegate_and_its_options_become_flags(asked: str, given: tuple[str, ...], today: flags.Flags) -> None:
    assert flags.delegate(today, delegation.parse(asked), "/there/libx.so") == given


def test_without_a_delegate_nothing_is_asked(today: flags.Flags) -> None:
    assert flags.delegate(today, None) == ()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("nnapi:acelerator_name=x", "no option 'acelerator_name' for nnapi: did you mean nnapi_accelerator_name"),
        ("gpu:use_nnapi=true", "no option 'use_nnapi' for gpu: .*it has gpu_backend, gpu_precision_loss_allowed"),
        ("gpu:graph=/x", "no option 'graph' for gpu"),
    ],
)
def test_an_option_that_the_release_does_not_have_is_refused(asked: str, said: str, today: flags.Flags) -> None:
    with pytest.raises(SettingsError, match=said):
        flags.delegate(today, delegation.parse(asked))


def test_a_delegate_that_the_release_does_not_have_is_refused_with_those_it_has() -> None:
    with pytest.raises(SettingsError, match=r"no --use_gpu, so gpu cannot be asked of it; it has use_nnapi"):
        flags.delegate(flags.read(""), delegation.parse("gpu"))
