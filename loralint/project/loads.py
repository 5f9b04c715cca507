"""What stands in a project: loads, saves, actions, requirements, and the pairs of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from loralint.facts import (
    ABSENT,
    Guard,
    LoadSite,
    SaveSite,
    Scalar,
    Value,
)
from loralint.source import Place, Span


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a call stands in the flow of its function, and what becomes of its result.

    `blocks` are the branches around it, from the outside in; the numbers of loops are negative.
    `kept` tells that its result goes into a collection or onto an object, `renewed` which loops
    give the name that holds it another value.
    """

    blocks: tuple[int, ...] = ()
    kept: bool = False
    renewed: tuple[int, ...] = ()


NOWHERE = Standing()
"""What stands in a recipe, a command or an adapter folder."""

Stage = Literal["train", "infer", "both", "neither"]


@dataclass(frozen=True, slots=True)
class Load:
    """A load site in its project, or one instance of it seen from one call of its function.

    `inputs` are indices in `Project.loads` of the loads that flow into this one: the base of a
    `PeftModel.from_pretrained(base, ...)`. `via` is where the instance's values come from: the
    call of the function that holds the site; None where the site itself decides. `actions` are
    indices in `Project.actions` of the calls on the way from the inputs to this load. `local`
    tells that the id names a folder that this project itself saves to, or fetches: it is no Hub
    id. `download` is the call that fetches it, whose id and revision the site then has.
    `discarded` tells that the call is a statement of its own, `onto_adapter` that the object which
    an adapter is loaded onto is certainly a PEFT model already. `given` and
    `given_revision` are the words of command lines that give the id and the revision. `shared`
    tells that others come by the site, who would ask for something else if it were changed. `rows`
    are what a loop over a table loads at the site, row by row, where they differ in more than the
    id. `given_for` says of several ids which word gives which, and `asked_by` are the callers whom
    a load is for where others ask for what is not certain. `whole` tells that an adapter goes onto
    what a load returns itself, and no part of it, and `standing` is that of the call.
    """

    index: int
    site: LoadSite
    stage: Stage
    inputs: tuple[int, ...] = ()
    via: Place | None = None
    actions: tuple[int, ...] = ()
    local: bool = False
    download: Place | None = None
    discarded: bool = False
    onto_adapter: bool = False
    given: tuple[Place, ...] = ()
    given_revision: tuple[Place, ...] = ()
    shared: bool = False
    rows: tuple[Load, ...] = ()
    given_for: tuple[tuple[str, Place], ...] = ()
    asked_by: tuple[Place, ...] = ()
    whole: bool = False
    standing: Standing = NOWHERE

    @property
    def place(self) -> Place:
        """Where a finding about this load stands."""
        return self.via or self.written

    @property
    def written(self) -> Place:
        """Where the load itself is written, whoever calls its function."""
        return Place(self.site.path, self.site.span, self.site.cell)

    def option(self, name: str) -> Value:
        """The value of one option by its canonical name, Absent where it is not given."""
        return dict(self.site.options).get(name, ABSENT)


@dataclass(frozen=True, slots=True)
class Save:
    """A save site with its stage and the loads that flow into what is saved.

    `actions` are indices in `Project.actions` of the calls that it went through.
    """

    site: SaveSite
    stage: Stage
    inputs: tuple[int, ...] = ()
    actions: tuple[int, ...] = ()

    @property
    def place(self) -> Place:
        """Where the save stands."""
        return Place(self.site.path, self.site.span, self.site.cell)


@dataclass(frozen=True, slots=True)
class Action:
    """A call that changes what a loaded model is, or that tells what a file does.

    `kind` is one of the catalogue's action kinds: "wrap" (`get_peft_model`, `add_adapter`),
    "lora-config", "resize", "merge", "unload", "train", "infer", "set-adapter", "load-state",
    "quantise-prepare", "template", "drop-lora", "read-state", "pipe" (`pipeline` is given a model),
    "forward" (a loaded model is called). `inputs` are indices in `Project.loads` that flow into the
    call, and `actions` indices in `Project.actions` (the LoraConfig of a `get_peft_model`).
    `configs` are the loads that flow into the configuration (`PeftConfig.from_pretrained`),
    `source` is the file that the state dict of a "load-state" is read from. `onto_adapter` tells
    that the model is certainly a PEFT model already. `reference` are the loads that flow into a
    trainer's `ref_model`, where nothing wraps them on the way. `whole` tells that the model is what
    a load returns itself, and `standing` is that of the call.
    """

    index: int
    kind: str
    callee: str
    path: str
    span: Span
    cell: int | None
    function: str
    text: str
    options: Mapping[str, Value]
    inputs: tuple[int, ...] = ()
    actions: tuple[int, ...] = ()
    discarded: bool = False
    configs: tuple[int, ...] = ()
    source: Value = ABSENT
    onto_adapter: bool = False
    reference: tuple[int, ...] = ()
    whole: bool = False
    standing: Standing = NOWHERE

    @property
    def place(self) -> Place:
        """Where the call stands."""
        return Place(self.path, self.span, self.cell)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A version that a file of the project asks of a package: `transformers>=4.40,<5`.

    `folder` is what it holds for: the file's own folder, that above `requirements/`, or that of a
    list which includes the file; what a notebook installs holds for it alone (`own`). `text` is the
    line, `at` its place where that is known.
    """

    path: str
    package: str
    version: str
    folder: str = ""
    text: str = ""
    at: Place | None = None
    own: bool = False


class Held(Enum):
    """Whether a condition holds as far as anybody says: by what is given, else by defaults."""

    YES = "yes"
    NO = "no"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that somebody decides: which branch, and what it asks of which option."""

    file: str
    guard: Guard
    option: str
    held: Held

    @property
    def asked(self) -> tuple[str, tuple[Scalar, ...] | None]:
        """What the statement asks, wherever it stands: the same in two scripts is one switch."""
        return self.option, self.guard.values


class PairKind(Enum):
    """What joins the two sides of a pair, the firmest first.

    The adapter that one side saves and the other loads; the settings; an adapter folder that names
    the base; a path that ends like the other side's, as in another checkout; the base alone.
    """

    ARTIFACT = "artifact"
    CONFIGURED = "configured"
    ADAPTER_FOLDER = "adapter-folder"
    CHECKOUT = "checkout"
    BASE_ID = "base-id"


class Why(Enum):
    """What a comparison of two sides rests on: what ties them to one adapter."""

    ADAPTER = "adapter"
    COMMAND = "command"
    """The adapter that command lines give."""
    CONFIGURED = "configured"
    RECORDED = "recorded base"
    BASE = "same base id"


_WHY = {
    PairKind.CONFIGURED: Why.CONFIGURED,
    PairKind.ADAPTER_FOLDER: Why.RECORDED,
    PairKind.BASE_ID: Why.BASE,
}


@dataclass(frozen=True, slots=True)
class Pair:
    """One training load and one inference load of the base that belong to the same adapter.

    `kind` says what joins them, and `reason` the same of this pair in words ("out/mistral: saved
    in finetune.py:41, loaded in serve.py:7").
    `adapter` is the load of the adapter on the inference side, where there is one; `merge` tells
    that the inference side only merges and saves, `commanded` that a command line gives the
    adapter. `beyond` counts the further trainings that save there, and that nothing is compared
    with.
    """

    train: Load
    infer: Load
    reason: str
    kind: PairKind
    adapter: Load | None = None
    merge: bool = False
    commanded: bool = False
    beyond: int = 0

    @property
    def why(self) -> Why:
        """What ties the two sides."""
        return _WHY.get(self.kind, Why.COMMAND if self.commanded else Why.ADAPTER)

    @property
    def is_firm(self) -> bool:
        """Whether an adapter ties the sides, or the settings say so: what differs is an error.

        By the base alone, or by paths that are only alike, they may be two experiments.
        """
        return self.kind not in (PairKind.BASE_ID, PairKind.CHECKOUT)


@dataclass(frozen=True, slots=True)
class Use:
    """Code that loads an adapter folder: the base below it, and the load of the folder.

    Where one call loads both, both stand on it. `merge` tells that the code only merges and saves.
    """

    base: Load
    adapter: Load
    merge: bool = False
