from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from edgesense.perf.devices.emulation import profiles
from edgesense.perf.devices.emulation.identity import Identity

SIZES = st.sampled_from(["32K", "64K", "512K", "1024K"])
identities = st.builds(
    Identity, st.sampled_from(["0xd03", "0xd08"]), st.just("fp asimd"), SIZES, SIZES, SIZES, st.integers(1, 8)
)


@given(identities)
def test_every_core_has_its_own_folder_and_processor(identity: Identity) -> None:
    files = identity.files()
    assert files["proc/cpuinfo"].count("processor\t:") == identity.cores
    cores = {name.split("/")[4] for name in files if name.startswith("sys/devices/system/cpu/cpu")}
    assert cores == {f"cpu{core}" for core in range(identity.cores)}
    assert files["sys/devices/system/cpu/online"] == f"0-{identity.cores - 1}\n"


@given(identities)
def test_the_third_level_cache_is_shared_and_the_second_is_not(identity: Identity) -> None:
    files = identity.files()
    last = f"sys/devices/system/cpu/cpu{identity.cores - 1}/cache"
    assert files[f"{last}/index2/shared_cpu_list"] == f"{identity.cores - 1}\n"
    assert files[f"{last}/index3/shared_cpu_list"] == f"0-{identity.cores - 1}\n"


def test_only_the_board_with_the_dot_product_claims_it() -> None:
    told = {one.name: one.board.identity.files()["proc/cpuinfo"].split() for one in profiles.emulated()}
    assert "asimddp" in told["pi5"]
    assert "asimddp" not in told["pi4"]
    assert "0xd0b" in told["pi5"]
    assert "0xd08" in told["pi4"]


def test_the_files_are_written_under_the_root(tmp_path: Path) -> None:
    identity = profiles.emulated()[0].board.identity
    identity.write(tmp_path)
    assert (tmp_path / "proc/cpuinfo").read_text() == identity.files()["proc/cpuinfo"]
    assert (tmp_path / "sys/devices/system/cpu/cpu3/cache/index3/size").read_text() == "1024K\n"
