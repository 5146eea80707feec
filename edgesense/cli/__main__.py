"""``python -m edgesense.cli``."""

from edgesense.cli import main

raise SystemExit(main())
