from __future__ import annotations

import sys
from pathlib import Path

# The tests here share modules, which they import by bare name; so they do the site's hook.
HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parent), str(HERE.parents[2] / "scripts")]
