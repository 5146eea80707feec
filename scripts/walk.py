"""Do what a page of the documentation says, in an empty directory and with the programs of an environment.

    python scripts/walk.py docs/tutorial.md /path/to/venv/bin

Files are written, commands marked `run` are run, and what is marked `printed` must have been printed. The reader has
two models. It needs markdown-it-py in the Python that runs it, nothing in the environment that it tries.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests" / "docs"))

import blocks  # noqa: E402 - beside the tests of all pages

MODELS = {"model.tflite": "dscnn-int8", "new.tflite": "dscnn-float32"}


def main() -> int:
    """Walk through a page; print each command and, where the page is wrong, what was printed instead."""
    page, programs = Path(sys.argv[1]), Path(sys.argv[2]).resolve()
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    kept |= {"PATH": os.pathsep.join((str(programs), kept["PATH"])), "COLUMNS": "100"}
    printed = ""
    with tempfile.TemporaryDirectory(prefix="edgesense-") as scratch:
        where = Path(scratch, "project")
        where.mkdir()
        kept["EDGESENSE_CACHE"] = str(Path(scratch, "cache"))
        for name, model in MODELS.items():
            (where / name).write_bytes((ROOT / "models" / model / "model.tflite").read_bytes())
        for block in blocks.of(page):
            if "file" in block.marks:
                (where / block.marks["file"]).write_text(block.text, encoding="utf-8")
            elif "run" in block.marks:
                script = blocks.script(block.text)
                print(f"$ {script}", flush=True)
                done = subprocess.run(
                    ["/bin/sh", "-c", script], cwd=where, env=kept, capture_output=True, text=True, check=False
                )
                printed = done.stdout + done.stderr
                if done.returncode != int(block.marks["run"] or 0):
                    print(f"{block}: ended with {done.returncode}\n{printed}", file=sys.stderr)
                    return 1
            elif "printed" in block.marks and (missing := blocks.unseen(block.text, printed)):
                print(f"{block}: not printed: {missing}\nprinted was:\n{printed}", file=sys.stderr)
                return 1
    print(f"{page}: as it says")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
