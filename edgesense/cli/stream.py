"""Play a recording to a pipeline as a microphone would, and print what it says every hop and whether it keeps up."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesense.cli import _output
from edgesense.cli._arguments import open_pipeline
from edgesense.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from edgesense.perf.records import Json
    from edgesense.streaming import Heard

SCHEMA = 1
HERE = "this computer; says nothing about pi"


def add_parser(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("stream", help="label a recording hop by hop, as it would come in", description=__doc__)
    parser.add_argument("pipeline", type=Path, metavar="PIPELINE", help="a pipeline directory")
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="a WAV or FLAC file, of any rate and number of channels"
    )
    parser.add_argument(
        "--hop", type=float, metavar="SECONDS", help="from one clip to the next (default: the pipeline's own, or 0.5)"
    )
    parser.add_argument(
        "--block-ms", type=_milliseconds, default=20.0, metavar="MS", help="of audio handed over at a time (default 20)"
    )
    parser.add_argument("--runtime", choices=("litert", "tflite"), help="default: the first one installed")
    parser.add_argument("--json", metavar="FILE", help="write the answers there too; - for standard output")
    parser.set_defaults(run=run)


def _milliseconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 3_600_000:
        msg = f"{text!r} is no number of milliseconds from 0.1 to 3600000"
        raise argparse.ArgumentTypeError(msg)
    return value


def run(arguments: argparse.Namespace) -> int:
    """Print a line a hop and a summary, and write JSON where it is asked for."""
    import sys

    from edgesense import audio

    _output.check(arguments.json)
    opened = open_pipeline(arguments.pipeline, arguments.runtime)
    settings = opened.settings
    samples = audio.read(arguments.file, settings.sample_rate)
    if samples.shape[0] < settings.samples:
        raise AudioError(
            f"{arguments.file} is {samples.shape[0]} samples long at {settings.sample_rate} Hz; a clip of "
            f"{opened.name} is {settings.samples}"
        )
    hop = opened.hop_seconds if arguments.hop is None else arguments.hop
    block = max(1, round(arguments.block_ms / 1e3 * settings.sample_rate))
    # With JSON on standard output, lines for people go beside it.
    out = sys.stderr if arguments.json == _output.STANDARD_OUTPUT else sys.stdout
    heard = []
    for one in opened.stream(_blocks(samples, block), hop_seconds=hop):
        heard.append(one)
        print(_line(one), file=out, flush=True)
    body = _summary(heard)
    print(_told(body, settings.seconds), file=out)
    answers = [_answer(one) for one in heard]
    named = {"schema": SCHEMA, "pipeline": opened.name, "runtime": opened.model.runtime, "file": arguments.file.name}
    _output.write({**named, "classes": list(opened.classes), **body, "answers": answers}, arguments.json)
    return 0


def _blocks(samples: NDArray[np.float32], size: int) -> Iterator[NDArray[np.float32]]:
    for start in range(0, samples.shape[0], size):
        yield samples[start : start + size]


def _line(one: Heard) -> str:
    said = "(silent)" if one.label is None else f"{one.label:12} {max(one.scores):.2f}"
    note = "  two close scores, computed again" if one.recomputed else ""
    return f"{one.start_seconds:8.2f} -{one.end_seconds:8.2f} s  {said:18} {1e3 * one.latency_seconds:7.2f} ms{note}"


def _answer(one: Heard) -> dict[str, Json]:
    return {
        "start_seconds": one.start_seconds,
        "label": one.label,
        "scores": list(one.scores),
        "features_seconds": one.features_seconds,
        "inference_seconds": one.inference_seconds,
        "recomputed": one.recomputed,
    }


def _summary(heard: Sequence[Heard]) -> dict[str, Json]:
    from edgesense.perf.statistics import median

    latencies = [one.latency_seconds for one in heard]
    # A model is not asked about silence, which says nothing of how long it takes.
    sounding = [one for one in heard if not one.silent] or list(heard)
    labels: dict[str, Json] = {}
    labels.update(Counter(one.label for one in heard if one.label is not None))
    hop = heard[0].hop_seconds
    return {
        "hops": len(heard),
        "hop_seconds": hop,
        "labels": labels,
        "silent": sum(one.silent for one in heard),
        "recomputed": sum(one.recomputed for one in heard),
        "features_median_seconds": median([one.features_seconds for one in sounding]),
        "inference_median_seconds": median([one.inference_seconds for one in sounding]),
        "latency_median_seconds": median([one.latency_seconds for one in sounding]),
        "latency_max_seconds": max(latencies),
        "real_time_factor": sum(latencies) / (len(heard) * hop),
        "late_hops": sum(one.real_time_factor >= 1 for one in heard),
    }


def _told(body: dict[str, Any], clip_seconds: float) -> str:
    counted = ", ".join(f"{label} {count}" for label, count in sorted(body["labels"].items()))
    silent = f"; silent {body['silent']}" if body["silent"] else ""
    return (
        f"{body['hops']} clips of {clip_seconds:g} s, one every {body['hop_seconds']:g} s: "
        f"{counted or 'no sound'}{silent}\n"
        f"a hop takes {1e3 * body['latency_median_seconds']:.2f} ms (median; features "
        f"{1e3 * body['features_median_seconds']:.2f}, model {1e3 * body['inference_median_seconds']:.2f}), at most "
        f"{1e3 * body['latency_max_seconds']:.2f} ms; two scores close in {body['recomputed']}\n"
        f"real-time factor {body['real_time_factor']:.4f}, {body['late_hops']} hops late ({HERE})"
    )
