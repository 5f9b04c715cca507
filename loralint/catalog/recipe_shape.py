"""How the meaning of a framework's recipe keys is written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loralint.facts import Scalar

Form = Literal["plain", "list", "commas", "names", "swift"]
Condition = tuple[str, tuple[Scalar, ...]]
"""A key and the values that count; none means any value that is not null, false or empty."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key that loads something, and the keys beside the root that give its revision.

    `form` says how ids are written: one, a list, separated by commas, as the names of a mapping,
    or as ms-swift's `hub::org/name:subset#count`. `own` are revision keys in the same mapping.
    """

    path: str
    artifact: str
    revision: tuple[str, ...] = ()
    form: Form = "plain"
    own: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quantizer:
    """When a framework quantises with bitsandbytes, and what to: conditions that all must hold.

    `kind` and `double` are the keys of the 4-bit type and of double quantisation with what holds
    without them; `unclear` are conditions under which this catalogue does not know.
    """

    four: tuple[Condition, ...]
    eight: tuple[Condition, ...] = ()
    kind: tuple[str, str] = ("", "nf4")
    double: tuple[str, bool] = ("", False)
    unclear: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Preference:
    """Runs that compare the model with a reference: without one, with itself minus its adapter.

    One of the conditions `runs` makes a recipe such a run. One of `unless` gives it a reference of
    its own, or merges the adapter before, or needs no reference.
    """

    runs: tuple[Condition, ...]
    unless: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Framework:
    """One framework's recipes: how to tell them, what they load, where they save, how.

    A mapping is a recipe if it has every key of `requires` and, of each group in `evidence`, at
    least so many. `adapter` are conditions of which one makes what is saved an adapter. `merge`,
    `infer` and `train` are tried in this order, else the stage is `otherwise`. `component` is how
    the names of its own components begin; of its model's builders those with one of
    `adapter_builders` in their names make adapters, those that begin with one of
    `quantised_builders` quantise. To `merged_saves` no adapter goes. `mirrors` tells that it loads
    another repository in 4 bits, and drops the revision. `template` is the key of the prompt
    template, whose names are the framework's own.
    """

    name: str
    requires: tuple[str, ...]
    evidence: tuple[tuple[int, frozenset[str]], ...]
    loads: tuple[Key, ...]
    saves: tuple[str, ...] = ("output_dir", "hub_model_id")
    adapter: tuple[Condition, ...] = ()
    quantizer: Quantizer | None = None
    trust: str = "trust_remote_code"
    dtypes: tuple[tuple[str, str], ...] = ()
    lora: tuple[tuple[str, str, Scalar], ...] = ()
    merge: tuple[Condition, ...] = ()
    infer: tuple[Condition, ...] = ()
    train: tuple[Condition, ...] = ()
    otherwise: Literal["train", "infer"] = "train"
    adapter_stage: Literal["", "infer"] = ""
    never: tuple[Condition, ...] = ()
    hub: tuple[Condition, ...] = ()
    component: str = ""
    adapter_builders: tuple[str, ...] = ()
    quantised_builders: tuple[str, ...] = ()
    merged_saves: tuple[str, ...] = ()
    mirrors: bool = False
    template: str = ""
    preference: Preference | None = None
