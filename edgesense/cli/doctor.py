"""How noisy this computer is, the smallest slowdown the gate can catch on it, and gates on itself that prove it.

With a pipeline and a board (--device), or with --compatibility: whether the pipeline fits it, from the files alone.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesense.cli import _devices
from edgesense.errors import InvalidInput
from edgesense.perf import calibration, computer, diagnosis, gate, noise, statistics
from edgesense.perf.computer import Company
from edgesense.perf.diagnosis import Subject
from edgesense.perf.interfaces import PairingDevice
from edgesense.perf.noise import Level
from edgesense.perf.records import Job, Known
from edgesense.perf.trials import Kept

if TYPE_CHECKING:
    from rich.console import Console

    from edgesense.cli._evidence import Evidence
    from edgesense.perf.diagnosis import Diagnosis

HOST = "host"
GATES = 20
FALSE_ALARM = 1
TOO_NOISY = 3
INTERRUPTED = 130


def add_parser(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "doctor",
        help="tell how noisy this computer is, or whether a pipeline fits a board",
        description=__doc__,
        epilog="Exit status: 1 after a false alarm (--aa), 3 if noisier than --require allows, "
        "4 if the pipeline does not fit the device, 130 if interrupted.",
    )
    parser.add_argument(
        "pipeline",
        nargs="?",
        default=calibration.FACTORY,
        metavar="PIPELINE",
        help="a pipeline directory, a .tflite file or package.module:factory; default: a few ms of plain NumPy",
    )
    parser.add_argument("--device", default=HOST, help="default: host, this computer; a board: does the pipeline fit?")
    parser.add_argument(
        "--compatibility", action="store_true", help="tell whether the pipeline fits the device, host as well"
    )
    parser.add_argument("--runtime", choices=("litert", "tflite"), help="default: the first one installed")
    parser.add_argument(
        "--pairs",
        type=_pairs,
        metavar="N",
        help=f"pairs of the pipeline and itself (default {diagnosis.USUAL_PAIRS}, about 30 s; none with --aa)",
    )
    parser.add_argument("--aa", type=_count, metavar="N", help="run N gates of the pipeline against itself: no alarm?")
    parser.add_argument(
        "--power", type=_share, metavar="SHARE", help="run gates of a real slowdown, such as 5%%: are they caught?"
    )
    parser.add_argument("--gates", type=_count, metavar="N", help=f"how many gates of --power (default {GATES})")
    kept = parser.add_mutually_exclusive_group()
    kept.add_argument("--save", type=Path, metavar="FILE", help="keep finished gates in a new file, as JSON lines")
    kept.add_argument("--resume", type=Path, metavar="FILE", help="go on from the gates of FILE, and keep more in it")
    parser.add_argument("--require", type=_level, metavar="LEVEL", help=f"{_levels()}: else exit status {TOO_NOISY}")
    parser.add_argument("--json", metavar="FILE", help="write everything there too; - for standard output")
    parser.set_defaults(run=run)


def _levels() -> str:
    return ", ".join(f'"{one}"' for one in Level)


def _number(text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        msg = f"{text!r} is no whole number of {least} or more"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _count(text: str) -> int:
    return _number(text, 1)


def _pairs(text: str) -> int:
    return _number(text, noise.FEWEST)


def _share(text: str) -> float:
    number, percent, rest = text.replace(" ", "").partition("%")
    try:
        share = float(number) / (100 if percent else 1)
    except ValueError:
        share = 0.0
    if rest or not 0 < share <= 1 or (share == 1 and not percent):
        msg = f"{text!r} is no slowdown: write 5% or 0.05, at most 100%"
        raise argparse.ArgumentTypeError(msg)
    return share


def _level(text: str) -> Level:
    said = text.lower().replace("-", " ").replace("_", " ")
    for one in Level:
        if one.lower() == said:
            return one
    msg = f"{text!r} is no level of noise; allowed: {_levels()}"
    raise argparse.ArgumentTypeError(msg)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print what it means and write JSON where it is asked for."""
    from rich.console import Console

    from edgesense.cli import _diagnosis, _output

    _check(arguments)
    _output.check(arguments.json)
    profile = _devices.profile(arguments.device)
    if profile is not None and profile.refused:
        _devices.find(arguments.device)
    if arguments.compatibility or (profile is not None and _asks_whether_it_fits(arguments)):
        from edgesense.cli import _compatibility

        return _compatibility.run(arguments, profile)
    evidence = _begin(arguments)
    complete = True
    try:
        _measure(evidence, arguments, Console(stderr=True, highlight=False))
    except KeyboardInterrupt:
        if not evidence.paired.baseline and not evidence.kept.trials:
            raise
        complete = False
    found = _diagnose(evidence, complete=complete)
    shown = Console(stderr=arguments.json == _output.STANDARD_OUTPUT)
    for part in _diagnosis.parts(found):
        shown.print(part, highlight=False, markup=False, soft_wrap=isinstance(part, str))
    _output.write(diagnosis.dump(found), arguments.json)
    if not complete:
        shown.print(_interrupted(evidence.target), highlight=False, markup=False, soft_wrap=True)
        return INTERRUPTED
    return _status(found, arguments.require)


def _check(arguments: argparse.Namespace) -> None:
    save = arguments.save
    wrong = None
    if arguments.gates and arguments.power is None:
        wrong = "--gates is how many gates --power runs: give --power 5% with it"
    elif (save or arguments.resume) and arguments.aa is None and arguments.power is None:
        wrong = "--save and --resume keep gates: give --aa N or --power 5% with them"
    elif arguments.compatibility and arguments.pipeline == calibration.FACTORY:
        wrong = "--compatibility is asked of a pipeline: give a directory or a .tflite file with it"
    elif arguments.compatibility and _measures(arguments):
        wrong = "--compatibility runs nothing: --pairs, --aa, --power and --require measure"
    elif save and save.exists():
        wrong = f"--save {save}: is there already; --resume {save} goes on from it"
    elif save and not save.absolute().parent.is_dir():
        wrong = f"--save {save}: its directory is not there"
    if wrong:
        raise InvalidInput(wrong)


def _measures(arguments: argparse.Namespace) -> bool:
    wanted = (arguments.pairs, arguments.aa, arguments.power, arguments.require)
    return any(one is not None for one in wanted)


def _asks_whether_it_fits(arguments: argparse.Namespace) -> bool:
    """A pipeline and a board are asked about each other, unless something is to be measured there."""
    return arguments.pipeline != calibration.FACTORY and not _measures(arguments)


def _begin(arguments: argparse.Namespace) -> Evidence:
    """Return what is known before anything is measured: nothing, or the gates of an earlier run."""
    from edgesense.cli import _evidence

    device, here, rule = _pairing(arguments.device), Path.cwd(), gate.Rule()
    job = Job(arguments.pipeline, here, (), runtime=arguments.runtime, sys_path=(str(here),))
    about = _evidence.about(device, job, rule)
    kept = _evidence.resumed(arguments.resume, about, rule) if arguments.resume else Kept(about)
    return _evidence.Evidence(device, job, rule, kept, arguments.save or arguments.resume)


def _pairing(name: str) -> PairingDevice:
    device = _devices.find(name)
    if isinstance(device, PairingDevice):
        return device
    if Known.COUNTED in device.answers().values():
        msg = f"{device.name} counts instructions, which repeat; there is no noise to measure"
    else:
        msg = f"{device.name} cannot time two pipelines side by side, as host can; there is no noise to measure"
    raise InvalidInput(msg)


def _measure(evidence: Evidence, arguments: argparse.Namespace, console: Console) -> None:
    wanted = arguments.pairs or (0 if arguments.aa else diagnosis.USUAL_PAIRS)
    if wanted:
        evidence.measure_pairs(wanted, console)
    if arguments.aa:
        evidence.run_gates(arguments.aa, 0.0, console)
    if arguments.power is not None:
        evidence.run_gates(arguments.gates or GATES, arguments.power, console)


def _diagnose(evidence: Evidence, *, complete: bool) -> Diagnosis:
    device = evidence.device
    here = device.name == HOST
    return diagnosis.diagnose(
        Subject(evidence.job.workload, device.name, device.fingerprint(), evidence.rule),
        evidence.paired,
        evidence.kept.trials,
        computer=computer.look() if here else None,
        company=(evidence.company or _company(evidence)) if here else None,
        complete=complete,
    )


def _company(evidence: Evidence) -> Company | None:
    finished = evidence.kept.trials
    busy = [one.busy for one in finished if one.busy is not None]
    return Company(statistics.median(busy), statistics.median([one.stolen for one in finished])) if busy else None


def _interrupted(target: Path | None) -> str:
    if target is None:
        return "Interrupted: this is what is known so far. With --save FILE, finished gates would be kept."
    return f"Interrupted: this is what is known so far. With --resume {target}, the same command goes on."


def _status(found: Diagnosis, required: Level | None) -> int:
    if found.unchanged.regressed:
        return FALSE_ALARM
    if required is not None and found.noise is not None and found.noise.level.rank > required.rank:
        return TOO_NOISY
    return 0
