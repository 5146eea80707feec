"""What a program on the board reads of its own CPU: `/proc/cpuinfo` and `/sys/devices/system/cpu`.

ai-edge-litert finds the kernels for a CPU there and crashes without it. The features named must be those of
qemu's ``-cpu``: an A76 identity on an emulated A72 leads to instructions it does not have.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Identity:
    """One board's CPU as Linux describes it.

    Attributes:
        part: The CPU part number of the main ID register, such as ``0xd08`` for a Cortex-A72.
        features: The hardware capabilities of `/proc/cpuinfo`.
        l1: Size of each first-level cache, as Linux writes it.
        l2: Size of the second-level cache.
        l3: Size of the third-level cache; on CPUs without one the second level again, since
            cpuinfo (the library in XNNPACK) wants one.
        cores: Number of cores.
        khz: Lowest and highest clock.
    """

    part: str
    features: str
    l1: str
    l2: str
    l3: str
    cores: int = 4
    khz: tuple[int, int] = (1_500_000, 2_400_000)

    def files(self) -> dict[str, str]:
        """Return path -> text, paths relative to the board's root directory."""
        everyone = f"0-{self.cores - 1}\n"
        files = {"proc/cpuinfo": "".join(self._processor(core) for core in range(self.cores))}
        base = "sys/devices/system/cpu"
        for name in ("possible", "present", "online"):
            files[f"{base}/{name}"] = everyone
        files[f"{base}/offline"] = "\n"
        files[f"{base}/kernel_max"] = f"{self.cores - 1}\n"
        for core in range(self.cores):
            for name, text in self._core(core, everyone).items():
                files[f"{base}/cpu{core}/{name}"] = text
        return files

    def _processor(self, core: int) -> str:
        fields = {
            "processor\t": str(core),
            "BogoMIPS\t": "108.00",
            "Features\t": self.features,
            "CPU implementer\t": "0x41",
            "CPU architecture": "8",
            "CPU variant\t": "0x0",
            "CPU part\t": self.part,
            "CPU revision\t": "3",
        }
        return "".join(f"{name}: {value}\n" for name, value in fields.items()) + "\n"

    def _core(self, core: int, everyone: str) -> dict[str, str]:
        mask, alone = f"{(1 << self.cores) - 1:x}\n", f"{core}\n"
        files = {
            "topology/physical_package_id": "0\n",
            "topology/core_id": alone,
            "topology/core_siblings": mask,
            "topology/core_siblings_list": everyone,
            "topology/thread_siblings": f"{1 << core:x}\n",
            "topology/thread_siblings_list": alone,
            "topology/package_cpus": mask,
            "topology/package_cpus_list": everyone,
            "topology/cluster_cpus_list": everyone,
            "topology/core_cpus_list": alone,
            "cpufreq/cpuinfo_min_freq": f"{self.khz[0]}\n",
            "cpufreq/cpuinfo_max_freq": f"{self.khz[1]}\n",
        }
        caches = (
            (1, "Data", self.l1, alone),
            (1, "Instruction", self.l1, alone),
            (2, "Unified", self.l2, alone),
            (3, "Unified", self.l3, everyone),
        )
        for index, (level, kind, size, shared) in enumerate(caches):
            files |= {
                f"cache/index{index}/level": f"{level}\n",
                f"cache/index{index}/type": f"{kind}\n",
                f"cache/index{index}/size": f"{size}\n",
                f"cache/index{index}/shared_cpu_list": shared,
                f"cache/index{index}/coherency_line_size": "64\n",
            }
        return files

    def write(self, root: Path) -> None:
        """Write every file under `root`."""
        for name, text in self.files().items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
