"""Sampled stacks, as py-spy writes them for speedscope, to the time of each function a call; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from edgesense.perf.records import Job

OWN = "edgesense"
LIBRARIES = ("site-packages/", "dist-packages/")
LAST = 2
"""Folders and file that are kept of a path that lies in no project and no library."""


@dataclass(frozen=True)
class Frame:
    """A function on a stack.

    Attributes:
        name: Its name.
        file: Its file, from the project or library that it lies in; "" where it is not known.
        python: Whether it is Python's own kind, not compiled.
        own: Whether it is the project's, or EdgeSense's, and no library's.
    """

    name: str
    file: str
    python: bool
    own: bool = False

    def __str__(self) -> str:
        return f"{self.name} ({self.file})" if self.file else self.name


@dataclass(frozen=True)
class Samples:
    """What a sampler saw of a workload's calls.

    Attributes:
        stacks: Each stack with its seconds, the outermost function first.
    """

    stacks: tuple[tuple[tuple[Frame, ...], float], ...]

    @property
    def total(self) -> float:
        """Seconds of all."""
        return sum(seconds for _, seconds in self.stacks)


def read(speedscope: Mapping[str, Any], below: str, roots: Sequence[str] = ()) -> Samples:
    """Return the samples below a function, of every thread.

    Args:
        speedscope: The file's content.
        below: The name of the function whose calls are wanted; itself left out.
        roots: Directories whose names are left out of paths.

    Raises:
        KeyError: If it is no such file.
    """
    frames = [frame(str(one["name"]), str(one.get("file") or ""), roots) for one in speedscope["shared"]["frames"]]
    spent: dict[tuple[Frame, ...], float] = {}
    for profile in speedscope["profiles"]:
        for sample, seconds in zip(profile["samples"], profile["weights"], strict=True):
            stack = [frames[index] for index in sample]
            at = next((position for position, frame in enumerate(stack) if frame.name == below), None)
            if at is not None:
                inner = tuple(stack[at + 1 :])
                spent[inner] = spent.get(inner, 0.0) + seconds
    return Samples(tuple(spent.items()))


def frame(name: str, path: str, roots: Sequence[str]) -> Frame:
    """Return a function of a file."""
    own = any(path.startswith(f"{root}/") for root in roots) and not any(mark in path for mark in LIBRARIES)
    short = shortened(path, roots)
    return Frame(name, short, path.endswith(".py"), own or short.startswith(f"{OWN}/"))


def roots_of(job: Job) -> list[str]:
    """Return the directories that a job's own code lies in."""
    return [str(one) for one in dict.fromkeys([job.project, job.root, job.home]) if one]


def blamed(stack: Sequence[Frame]) -> Frame | None:
    """Return the function of a stack that its cost is told of: the innermost own one, else the innermost of Python.

    Args:
        stack: The outermost function first.
    """
    last = [frame for frame in reversed(stack) if frame.python]
    return next((frame for frame in last if frame.own), last[0] if last else None)


def shortened(path: str, roots: Sequence[str]) -> str:
    """Return a path from the project or library that it lies in."""
    for mark in LIBRARIES:
        if mark in path:
            return path.rpartition(mark)[2]
    for root in sorted(roots, key=len, reverse=True):
        if path.startswith(f"{root}/"):
            return path[len(root) + 1 :]
    # Last: on a board everything lies below a folder of this name.
    if f"/{OWN}/" in path:
        return f"{OWN}/{path.rpartition(f'/{OWN}/')[2]}"
    return str(PurePath(*PurePath(path).parts[-LAST:])) if path.startswith("/") else path


def stage_of(stack: Iterable[Frame], stages: Mapping[str, str]) -> str:
    """Return the stage that a stack is in: the outermost one whose function is on it; "" for none.

    Args:
        stack: The outermost function first.
        stages: Stage -> its function's name.
    """
    by_function = {function: stage for stage, function in stages.items()}
    return next((by_function[name] for frame in stack if (name := frame.name.rpartition(".")[2]) in by_function), "")


def functions(samples: Samples, stages: Mapping[str, str], calls: int) -> dict[str, float]:
    """Return the seconds a call of each of the project's functions, with what it calls in libraries.

    Args:
        samples: What was seen.
        stages: As for `stage_of`.
        calls: How many calls were seen.

    Returns:
        "stage: function (file)" -> seconds a call.
    """
    spent: dict[str, float] = {}
    for stack, seconds in samples.stacks:
        function, stage = blamed(stack), stage_of(stack, stages)
        name = str(function) if function is not None else "the call itself"
        key = f"{stage}: {name}" if stage else name
        spent[key] = spent.get(key, 0.0) + seconds / calls
    return spent


def leaves(samples: Samples, calls: int) -> dict[str, float]:
    """Return the seconds a call that each function takes itself, compiled ones by their own names."""
    spent: dict[str, float] = {}
    for stack, seconds in samples.stacks:
        if stack:
            spent[str(stack[-1])] = spent.get(str(stack[-1]), 0.0) + seconds / calls
    return spent
