"""The command line, one verb a file; a verb's module is found by listing this package."""

from __future__ import annotations

import argparse
import errno
import importlib
import pkgutil
import sys
from collections.abc import Sequence

import edgesense
from edgesense.errors import EdgeSenseError

INTERRUPTED = 130


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(prog="edgesense", description="Small, fast pipelines for small devices.")
    parser.add_argument("--version", action="version", version=f"edgesense {edgesense.__version__}")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for info in pkgutil.iter_modules(__path__):
        if not info.name.startswith("_"):
            importlib.import_module(f"{__name__}.{info.name}").add_parser(verbs)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; errors for the user are one line and exit status 2, never a traceback."""
    chosen = make_parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except EdgeSenseError as error:
        print(f"edgesense: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("edgesense: interrupted; the same command goes on where it can", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        return 0
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}:
            raise
        print(f"edgesense: {error}", file=sys.stderr)
        return 2
