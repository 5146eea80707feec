"""Energy of an inference and hours on a battery, from watts and seconds: arithmetic on intervals.

Everything here is the whole device's: what it takes at rest is paid for whether a model runs or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edgesense.errors import NotMeasured, SettingsError
from edgesense.perf import units
from edgesense.perf.profiles import Profile
from edgesense.perf.records import Json, Known, Reading

Range = tuple[float, float, float]
"""Low, typical, high."""

ENERGY, BATTERY = LIMITS = ("energy_mj", "battery_h")
WITHOUT_RHYTHM = "the workload does not say how often it runs: give it an attribute hop_seconds"


@dataclass(frozen=True)
class Power:
    """What a whole device takes.

    Attributes:
        idle: Watts at rest.
        active: Watts while an inference runs, those at rest among them.
        basis: Where both are from, in words.
    """

    idle: Range
    active: Range
    basis: str


@dataclass(frozen=True)
class Rhythm:
    """What "continuous" means: one inference a hop, and rest in between.

    Attributes:
        seconds: One inference.
        hop_seconds: From the beginning of one to that of the next.
    """

    seconds: Range
    hop_seconds: float

    @property
    def duty(self) -> Range:
        """Share of the time in which an inference runs."""
        low, typical, high = (min(1.0, one / self.hop_seconds) for one in self.seconds)
        return low, typical, high


def predict(name: str, time: Reading, facts: Mapping[str, Json], profile: Profile, threads: int) -> Reading:
    """Return what a device without a power meter needs, by its profile.

    Args:
        name: One of `LIMITS`.
        time: Seconds of one inference, predicted or measured.
        facts: ``hop_seconds``, where the workload says it.
        profile: Of the device.
        threads: Of the runtime.

    Raises:
        NotMeasured: If the profile or the workload does not say enough, or the device does not keep up.
        SettingsError: If the profile says what cannot be meant.
    """
    power, seconds = of_profile(profile, threads=threads), (time.low, time.value, time.high)
    if name == ENERGY:
        return of_inference(seconds, power, Known.PREDICTED)
    battery = profile.range("battery_wh")
    if battery is None:
        raise NotMeasured(f"the profile {profile.name} does not say battery_wh")
    if "hop_seconds" not in facts:
        raise NotMeasured(WITHOUT_RHYTHM)
    return on_battery(Rhythm(seconds, facts["hop_seconds"]), power, battery, Known.PREDICTED)


def of_profile(profile: Profile, *, threads: int) -> Power:
    """Return what a device takes by its profile.

    A profile says what all cores at work take. With fewer threads it is at the least their share of what work adds,
    as if nothing but the cores took it, and at the most all of it; typical is the middle of the two.

    Args:
        profile: ``idle_watts``, ``load_watts`` and ``cores``.
        threads: Of the runtime.

    Raises:
        NotMeasured: If the profile does not say what the device takes.
        SettingsError: If it says what cannot be meant.
    """
    idle, load = profile.range("idle_watts"), profile.range("load_watts")
    if idle is None or load is None:
        lacking = " and ".join(key for key in ("idle_watts", "load_watts") if profile.get(key) is None)
        raise NotMeasured(f"the profile {profile.name} does not say {lacking}")
    if any(at_work < at_rest for at_work, at_rest in zip(load, idle, strict=True)):
        raise SettingsError(f"the profile {profile.name} says that work takes less ({load} W) than rest ({idle} W)")
    share = min(1.0, threads / int(profile.get("cores", 1)))
    weights = (share, (share + 1) / 2, 1.0)
    low, typical, high = (
        at_rest + weight * (at_work - at_rest) for at_rest, at_work, weight in zip(idle, load, weights, strict=True)
    )
    return Power(idle, (low, typical, high), f"watts of the profile {profile.name}")


def of_inference(seconds: Range, power: Power, known: Known) -> Reading:
    """Return the energy of one inference in joules, what the device takes at rest meanwhile as a part of it."""
    low, typical, high = (watts * time for watts, time in zip(power.active, seconds, strict=True))
    idle = power.idle[1] * seconds[1]
    note = f"{idle / typical:.0%} of it is taken at rest too; {power.basis}"
    return Reading(typical, low, high, known, parts={"at rest": idle, "work": typical - idle}, note=note)


def on_battery(rhythm: Rhythm, power: Power, battery_wh: Range, known: Known) -> Reading:
    """Return how long a battery lasts in seconds, with one inference a hop.

    Raises:
        NotMeasured: If an inference takes longer than a hop even at its fastest.
    """
    fastest, _, slowest = rhythm.seconds
    hop = units.text(rhythm.hop_seconds, units.MILLISECOND)
    if fastest >= rhythm.hop_seconds:
        taken = units.interval(fastest, slowest, units.MILLISECOND)
        raise NotMeasured(f"one inference takes {taken}, and a hop is {hop}: it does not keep up, so it cannot go on")
    duty = rhythm.duty
    draws = [idle + share * (active - idle) for idle, active, share in zip(power.idle, power.active, duty, strict=True)]
    # The longest life is that of the largest battery with the smallest draw.
    low, middle, high = (3600 * energy / watts for energy, watts in zip(battery_wh, reversed(draws), strict=True))
    at_rest = (1 - duty[1]) * power.idle[1] / draws[1]
    note = (
        f"one inference a hop of {hop}: at work {_percent(duty[1])} of the time ({_percent(duty[0])} to "
        f"{_percent(duty[2])}), {at_rest:.0%} of the energy goes between inferences; "
        f"a battery of {battery_wh[1]:g} Wh; {power.basis}"
    )
    return Reading(middle, low, high, known, note=note)


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"
