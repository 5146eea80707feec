"""Read one request on standard input, measure, write one response on a descriptor of its own."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Run one request; the exit status is 0 when a response was written."""
    # Whatever a model or a library prints must not get between the lines of the answer.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    from edgesense.perf.worker.loop import serve

    with answer:
        serve(sys.stdin, answer)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
