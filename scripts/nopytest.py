"""Open a pipeline and run its probes as a device would, in an environment without pytest and its plugins."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROBES = ("size:probe", "memory:probe")


def main() -> int:
    """Ask a worker process for each probe; print what it said."""
    for probe in PROBES:
        request = {
            "protocol": 1,
            "probe": f"edgesense.perf.metrics.{probe}",
            "workload": sys.argv[1],
            "root": str(Path.cwd()),
            "runtime": "litert",
            "threads": 1,
            "sys_path": [],
            "options": {},
        }
        worker = [sys.executable, "-m", "edgesense.perf.worker"]
        said = subprocess.run(worker, input=json.dumps(request), capture_output=True, text=True, check=True)
        response = json.loads(said.stdout)
        if "error" in response:
            print(response["error"], file=sys.stderr)
            return 1
        print(probe, response["facts"] or {name: one["values"] for name, one in response["series"].items()})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
