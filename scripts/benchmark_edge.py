"""``python scripts/benchmark_edge.py --model X.tflite --iterations 1000``, the same as ``edgesense bench``."""

import sys

from edgesense.cli import main

raise SystemExit(main(["bench", *sys.argv[1:]]))
