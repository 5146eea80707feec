"""What a workload is made of: asked of one session that opens it and runs it once.

A process that measures imports more than it runs, labelled clips for one, and each metric's process something else.
What is stored with a baseline and what is asked of its arm later therefore come from the same short conversation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgesense.perf import processes
from edgesense.perf.interfaces import PairingDevice
from edgesense.perf.records import Job, Origin


@dataclass(frozen=True)
class Made:
    """What a session said of its workload.

    Attributes:
        origin: Its files and the digest of its code; None where the job names no project or the device does not say.
        stages: What it is made of in time; None where the device does not say.
        code: Modules of the project that it imported, as paths from there.
    """

    origin: Origin | None
    stages: tuple[str, ...] | None = None
    code: tuple[str, ...] = ()


def ask(device: PairingDevice, job: Job, series: Sequence[str] = ("calls",)) -> Made:
    """Open a job's workload in a fresh process, run it once and return what it is made of.

    Args:
        device: Where.
        job: Whose workload; `project` says whose code and files are wanted.
        series: What is timed once, so that what cannot be timed fails here.

    Raises:
        WorkerFailed: If the worker crashed, hung or was killed.
        EdgeSenseError: What the workload itself refused.
    """
    with device.session(job, {"series": list(series)}) as session:
        stages = session.opened().get("stages")
        session.do("block", calls=1)
        said = session.do("end")
    modules = said.get("source", {}).get("modules", ())
    # Of a worker of an earlier release: their number.
    code = tuple(map(str, modules)) if isinstance(modules, list) else ()
    return Made(processes.origin(said, job.workload), None if stages is None else tuple(stages), code)
