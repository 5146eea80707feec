"""Delegates as they are asked for and as they answered: text, records, nothing that loads one.

A delegate is asked for by one text, so that it travels through a command line, an ini key and a worker's request alike:
``NAME`` or ``NAME:key=value,key2=value2``. NAME is ``xnnpack`` (what the runtimes apply by themselves), ``none`` (not
even that), ``nnapi``, ``gpu``, or the path of an external delegate's library. The word ``required`` among the options
asks for no fall-back.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgesense.errors import SettingsError

XNNPACK = "xnnpack"
NONE = "none"
OF_THE_RUNTIME = frozenset({XNNPACK, NONE})
"""What needs no library beside the runtime's own, and so works wherever the runtime does."""

LIBRARIES = {"nnapi": "libneuralnetworks.so", "gpu": "libtensorflowlite_gpu_delegate.so"}
"""Where the loader is asked for the others: Android's own library, and TensorFlow Lite's build target for GPUs."""

REQUIRED = "required"


@dataclass(frozen=True)
class Request:
    """A delegate that is asked for.

    Attributes:
        name: "xnnpack", "none", "nnapi", "gpu", or the path of a library.
        options: (key, value) as the library is given them, in this order.
        required: Whether a model is refused that the delegate takes no node of; else the runtime's own kernels serve.

    Raises:
        SettingsError: A name that is neither known nor a library's, or options that cannot be written as text.
    """

    name: str
    options: tuple[tuple[str, str], ...] = ()
    required: bool = False

    def __post_init__(self) -> None:
        known = (*sorted(OF_THE_RUNTIME), *LIBRARIES)
        if self.name not in known and not _names_a_library(self.name):
            near = difflib.get_close_matches(self.name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}."
            raise SettingsError(f"there is no delegate {self.name!r}: {hint} An external one is named by its .so file")
        if self.name != self.name.strip():
            raise SettingsError(f"the delegate {self.name!r} has space around its name")
        if ":" in self.name:
            raise SettingsError(f"the delegate {self.name!r} has a ':' in its name, which begins its options")
        if self.name == NONE and (self.options or self.required):
            raise SettingsError("the delegate 'none' takes no options")
        if self.name == XNNPACK and self.options:
            raise SettingsError(
                f"the delegate 'xnnpack' takes no options but {REQUIRED}; its threads are those of the runtime"
            )
        _check(self.options)

    def __str__(self) -> str:
        words = [f"{key}={value}" for key, value in self.options] + [REQUIRED] * self.required
        return self.name + (f":{','.join(words)}" if words else "")

    @property
    def library(self) -> str | None:
        """What the loader is asked for; None for what the runtime has itself."""
        return None if self.name in OF_THE_RUNTIME else LIBRARIES.get(self.name, self.name)

    @property
    def title(self) -> str:
        """What it is called in reports: a library without the directory it happens to lie in."""
        return Path(self.name).name

    def located(self, directory: Path) -> Request:
        """The same with the library's absolute path, where it is a file that lies below `directory`."""
        if self.name in OF_THE_RUNTIME or self.name in LIBRARIES:
            return self
        place = (directory / self.name).absolute()
        return replace(self, name=str(place)) if place.is_file() else self


def _names_a_library(name: str) -> bool:
    return "/" in name or ".so" in name or name.endswith((".dylib", ".dll"))


def _check(options: Iterable[tuple[str, str]]) -> None:
    seen = set()
    for key, value in options:
        if not key or set("=,") & set(key) or "," in value or key != key.strip() or value != value.strip():
            raise SettingsError(f"a delegate's option must be key=value without commas in it, not {key!r}={value!r}")
        if key in seen:
            raise SettingsError(f"the delegate's option {key!r} is given twice")
        seen.add(key)


def parse(text: str) -> Request:
    """Read a delegate's text.

    Args:
        text: As in "xnnpack", "gpu:required" or "libfoo.so:key=value,key2=value2".

    Returns:
        What it asks for; its `str` is read as the same again.

    Raises:
        SettingsError: It names no delegate, or its options are not of this form.
    """
    name, colon, rest = text.partition(":")
    words = [word.strip() for word in rest.split(",")] if colon else []
    options = []
    for word in words:
        if word == REQUIRED:
            continue
        key, equals, value = word.partition("=")
        if not equals:
            raise SettingsError(f"the delegate {text!r} has {word!r} for an option: key=value or {REQUIRED} is wanted")
        options.append((key.strip(), value.strip()))
    return Request(name.strip(), tuple(options), required=REQUIRED in words)


@dataclass(frozen=True)
class Delegated:
    """What became of one delegate when a model was loaded.

    Attributes:
        name: The delegate's, a library without its directory.
        options: What it was given.
        requested: Whether it was asked for; XNNPACK comes unasked.
        loaded: Whether it was applied to the model's graph.
        nodes: How many of the graph's nodes it computes.
        of: How many nodes the graph has.
        partitions: Into how many pieces of the graph these are divided; data is handed over at each one's ends.
        reason: Why it computes nothing, "" where it does.
    """

    name: str
    requested: bool
    loaded: bool
    nodes: int
    of: int
    partitions: int = 0
    options: tuple[tuple[str, str], ...] = ()
    reason: str = ""

    @property
    def fell_back(self) -> bool:
        """Whether it was asked for and the runtime's own kernels compute everything in its place."""
        return self.requested and not self.nodes

    def __str__(self) -> str:
        if self.fell_back:
            return f"{self.name} fell back: {self.reason}"
        parts = f" in {self.partitions} parts" if self.partitions > 1 else ""
        return f"{self.name} took {self.nodes} of {self.of} nodes{parts}"

    def to_dict(self) -> dict[str, Any]:
        """The record as plain JSON values, as it stands in a pipeline's subject."""
        return {
            "name": self.name,
            "options": dict(self.options),
            "requested": self.requested,
            "loaded": self.loaded,
            "nodes": self.nodes,
            "of": self.of,
            "partitions": self.partitions,
            "reason": self.reason,
        }


def told(subject: Mapping[str, Any], *, requested: bool = False) -> tuple[str, ...]:
    """Return in words what a subject says of its delegates.

    Args:
        subject: A workload's; one of a factory may say nothing.
        requested: Whether only those that were asked for are told.
    """
    records = [Delegated(**{**one, "options": tuple(one["options"].items())}) for one in subject.get("delegates") or ()]
    return tuple(str(record) for record in records if record.requested or not requested)
