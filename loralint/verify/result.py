"""What a check has seen, what it comes to, and tensors in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, TypeAlias

import msgspec

from loralint.diagnostics import Diagnostic, Skipped
from loralint.source import START, Place
from loralint.text import counted

# --- outcome --------------------------------------------------------------------------------------


Verdict: TypeAlias = Literal["verified", "failed", "inconclusive"]
TierName: TypeAlias = Literal["header", "dry-run", "load", "round-trip", "contract", "merged"]

TIERS: tuple[TierName, ...] = ("header", "dry-run", "load", "round-trip", "contract")
"""From the cheapest to the dearest; `merged` is a check of its own, asked for by `--merged`."""

EXIT_CODES: dict[Verdict, int] = {"verified": 0, "failed": 1, "inconclusive": 3}
"""What the command line ends with; input that cannot be used is a 2, without a verdict."""


class UnusableInputError(Exception):
    """What was given cannot be verified at all; the message names the file and says what to do."""


class UndecidedError(Exception):
    """Something cannot be had, built or run here: nothing is proved either way. It says why."""


class NeedsRemoteCodeError(UndecidedError):
    """The base brings code of its own, and nobody has allowed it to run."""


class RefusedError(Exception):
    """PEFT or torch refused to put the adapter on this base; the message is theirs."""


class Checked(msgspec.Struct, frozen=True):
    """What a tier returns: how many tensors (or entries) it compared, and what came out.

    `decided` is False where the tier could not prove what it is there to prove; `skipped` then
    says why. Something that was not looked at, though the tier as such decided, is skipped too.
    """

    checked: int = 0
    findings: tuple[Diagnostic, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    decided: bool = True

    @property
    def verdict(self) -> Verdict:
        if any(found.severity == "error" for found in self.findings):
            return "failed"
        return "verified" if self.decided else "inconclusive"


class TierResult(msgspec.Struct, frozen=True):
    """One line of the report: a tier, what it says, how long it took, how much it compared."""

    name: TierName
    verdict: Verdict
    seconds: float
    checked: int


class Verification(msgspec.Struct, frozen=True):
    """The outcome for one adapter on one base.

    `adapter`, `base` and `revision` are as the user or adapter_config.json writes them; `base`
    and `revision` are None where nobody names one.
    """

    verdict: Verdict
    adapter: str
    base: str | None
    revision: str | None
    tiers: tuple[TierResult, ...]
    findings: tuple[Diagnostic, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def together(*parts: Checked) -> Checked:
    """Several checks as one; it is decided where each of them is."""
    return Checked(
        sum(part.checked for part in parts),
        tuple(dict.fromkeys(one for part in parts for one in part.findings)),
        tuple(dict.fromkeys(one for part in parts for one in part.skipped)),
        all(part.decided for part in parts),
    )


def undecided(file: str, what: str, reason: object) -> Checked:
    """A check that could not be made: of what, and why. `file` is where that is to be said."""
    return Checked(skipped=(left_open(file, what, reason),), decided=False)


def left_open(file: str, what: str, reason: object) -> Skipped:
    """Something that could not be looked at."""
    return Skipped(Place(file, START), what, str(reason))


def overall(tiers: Iterable[TierResult | Verification]) -> Verdict:
    """One failed tier fails the whole, one undecided tier leaves it undecided.

    The forecast may stay undecided where the load, which proves more, is not.
    """
    given = list(tiers)
    loads = [one for one in given if isinstance(one, TierResult) and one.name == "load"]
    is_loaded = any(one.verdict == "verified" for one in loads)
    verdicts = {one.verdict for one in given
                if not (is_loaded and isinstance(one, TierResult) and one.name == "dry-run")
                or one.verdict == "failed"}  # fmt: skip
    if "failed" in verdicts:
        return "failed"
    return "verified" if verdicts == {"verified"} else "inconclusive"


def joined(adapter: str, outcomes: Sequence[Verification]) -> Verification:
    """The outcomes of several adapters of one folder as one.

    The gravest verdict; base and revision where they are the same; tiers of one name summed; what
    was not proved says of which adapter.
    """
    tiers = [tier for one in outcomes for tier in one.tiers]
    return Verification(
        verdict=overall(outcomes),
        adapter=adapter,
        base=_common([one.base for one in outcomes]),
        revision=_common([one.revision for one in outcomes]),
        tiers=tuple(
            _summed([tier for tier in tiers if tier.name == name])
            for name in dict.fromkeys(tier.name for tier in tiers)
        ),
        findings=tuple(sorted((found for one in outcomes for found in one.findings),
                              key=lambda found: found.sort_key)),
        skipped=tuple(msgspec.structs.replace(left, what=f"{one.adapter}: {left.what}")
                      for one in outcomes for left in one.skipped),
    )  # fmt: skip


def _summed(tiers: Sequence[TierResult]) -> TierResult:
    return TierResult(
        tiers[0].name,
        overall(tiers),
        sum(tier.seconds for tier in tiers),
        sum(tier.checked for tier in tiers),
    )


def _common(values: Sequence[str | None]) -> str | None:
    return values[0] if len(set(values)) == 1 else None


# --- wording --------------------------------------------------------------------------------------


_LAYER = re.compile(r"\.(\d+)\.")
_PREFIX = re.compile(r"^base_model\.(model\.)?")
SPELT_OUT = 3


def short(name: str) -> str:
    """A tensor's name without what PEFT puts before every name."""
    return _PREFIX.sub("", name)


def layer(name: str) -> int | None:
    """The number of the layer that a tensor belongs to; None outside the layers."""
    match = _LAYER.search(name)
    return int(match[1]) if match is not None else None


def count(number: int, noun: str = "tensor") -> str:
    """`1 tensor`, `12 tensors`."""
    return counted(number, noun)


def listed(names: Sequence[str], most: int = SPELT_OUT) -> str:
    """The first names, and how many more there are."""
    first = ", ".join(f"`{short(name)}`" for name in names[:most])
    left = len(names) - most
    return f"{first} and {left:,} more" if left > 0 else first


def layers(names: Iterable[str]) -> str:
    """`layers 0-31`, `layers 0, 2 and 7`; empty where no name has a number."""
    numbers = sorted({found for found in map(layer, names) if found is not None})
    if not numbers:
        return ""
    runs = _runs(numbers)
    text = ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in runs[:6])
    more = f" and {len(runs) - 6} more" if len(runs) > 6 else ""
    return f"layer{'s' if len(numbers) > 1 else ''} {text}{more}"


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def where(names: Sequence[str]) -> str:
    """`in layers 0-31: `a`, `b` and 4 more`."""
    found = layers(names)
    return f"{'in ' + found + ': ' if found else ''}{listed(names)}"


# --- progress -------------------------------------------------------------------------------------


class Progress:
    """Silent: the command line has one that draws on a terminal."""

    @contextmanager
    def step(self, label: str, total: int = 0) -> Iterator[None]:
        """A stretch of work; `total` is in bytes or tensors, 0 where nobody can say."""
        yield

    def advance(self, amount: int = 1) -> None:
        """So much more of the innermost step is done."""


SILENT = Progress()
