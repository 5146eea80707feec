"""Time a clip's features, EdgeSense's and librosa's, with pytest-benchmark: medians of calls and their ratio."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

TIMED = Path(__file__).parent / "timings" / "test_front_end.py"
NAMES = ("full", "optimized")


def main() -> int:
    """Print milliseconds a two-second clip; return the exit status of the timed run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the figures there")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "timings.json"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(TIMED)]
        command += ["--benchmark-only", f"--benchmark-json={output}"]
        ended = subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        if ended.returncode:
            return ended.returncode
        timings = json.loads(output.read_text(encoding="utf-8"))["benchmarks"]
    median = {(one["extra_info"]["settings"], one["extra_info"]["by"]): one["stats"]["median"] for one in timings}
    rows = []
    for name in NAMES:
        ours, theirs = median[name, "edgesense"], median[name, "librosa"]
        print(f"{name:10} edgesense {ours * 1e3:6.2f} ms   librosa {theirs * 1e3:6.2f} ms   ratio {theirs / ours:.2f}")
        faster = {"name": f"librosa's time / EdgeSense's, {name}", "value": round(theirs / ours, 2), "unit": "x"}
        rows.append({**faster, "limit": 1.0, "met": theirs > ours})
    print("this computer; says nothing about pi")
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
