"""Load and save sites, as rules and recipes see them."""

from __future__ import annotations

from enum import Enum, IntEnum, auto
from typing import NamedTuple

from loralint.facts.terms import Fact, Value
from loralint.source import Span

BASE_REFERENCE = "base"
"""The option `reference` of an adapter that a preference run compares with its own base."""


class SiteKind(IntEnum):
    """Which list of a file's facts a site stands in."""

    CALL = 0
    LOAD = 1


class Site(NamedTuple):
    """A place of a file that loads, saves or does something: its number among those of a kind.

    Calls are evaluated; the others say whole what they load or save (`FileFacts.loads`).
    """

    file: str
    number: int
    kind: SiteKind = SiteKind.CALL


class Writing(Enum):
    """How a load or save is written."""

    CALL = auto()
    RECIPE = auto()
    COMMAND = auto()
    ADAPTER = auto()
    """In an adapter folder, which records its base."""


class RevisionKey(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """What gives a site its revision: a keyword, a key or a flag; "" where nothing does.

    `inside` is another keyword or flag that takes it among others (`model_kwargs`). One that
    stands `behind_id` is written `id@revision`.
    """

    name: str = "revision"
    inside: str = ""
    behind_id: bool = False

    def __bool__(self) -> bool:
        return bool(self.name) or self.behind_id


class LoadSite(Fact, frozen=True, tag=True, array_like=True, gc=False, kw_only=True):
    """A place that says which artifact to load.

    `loader` is the canonical dotted name of a call, or the key or flag of a recipe or command
    line. `options` holds what else decides the weights, by canonical name (`OPTIONS` in the
    catalogue): values are reduced. `function` is where it stands. `revision_key` takes the
    revision, `revision_at` is the recipe's key that gives it.

    Of a site that needs no linking (`FileFacts.loads`), `inputs` are the indices there of the sites
    that flow into it (the base of an adapter), and `stage` is what its framework does: "train",
    "infer", "merge" or "" where that is not known. The options of a base that is trained hold the
    fields of its LoraConfig as `lora.r` and so on. `insert_at` is where a key or a flag that gives
    the revision would go, between the two `margins`; None where there is no such place. Of a call
    that is found out where it is flagged. `template_at` is the key or flag that names the prompt
    template.
    """

    path: str
    span: Span
    cell: int | None = None
    artifact: str
    loader: str
    repo_id: Value
    revision: Value
    options: tuple[tuple[str, Value], ...] = ()
    function: str = ""
    text: str = ""
    insert_at: Span | None = None
    margins: tuple[str, str] = ("", "")
    revision_key: RevisionKey = RevisionKey()
    inputs: tuple[int, ...] = ()
    stage: str = ""
    revision_at: Span | None = None
    template_at: Span | None = None
    writing: Writing = Writing.CALL

    @property
    def takes_keywords(self) -> bool:
        """Whether a call stands there: a framework calls `{"type": X.from_pretrained}` later."""
        return self.writing is Writing.CALL and not self.text.startswith("{")


class SaveSite(Fact, frozen=True, tag=True, array_like=True, gc=False, kw_only=True):
    """A place that says where an adapter (or a model, a tokenizer) goes.

    `options` are the keyword arguments of the call. `inputs` are, where no linking is needed, the
    indices in `FileFacts.loads` of what is saved.
    """

    path: str
    span: Span
    cell: int | None = None
    artifact: str
    target: Value
    function: str = ""
    text: str = ""
    options: tuple[tuple[str, Value], ...] = ()
    inputs: tuple[int, ...] = ()
