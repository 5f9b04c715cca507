"""Every tensor of a merged model, judged against base and adapter, and what has been seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loralint.verify import merge_parts
from loralint.verify.adapter import everything
from loralint.verify.checkpoint import FLOATS, Checkpoint, Names
from loralint.verify.folder import AdapterFolder
from loralint.verify.merge_parts import Part, Parts
from loralint.verify.merge_stream import Streamed, dtype_of, foreseen, same_tensor, streamed
from loralint.verify.merge_tensor import Judged, judge
from loralint.verify.replay import CannotReplayError, Ingredients, PlainAgain, merge, ways
from loralint.verify.result import Progress, short

if TYPE_CHECKING:
    from torch import Tensor


# --- tied -----------------------------------------------------------------------------------------


def tied_names(folder: Path) -> Mapping[str, tuple[str, ...]]:
    """The other names of each tensor that a model of this folder has under more than one.

    Empty where nothing is tied, and where the model cannot be built: its code is not here.
    """
    model = _built(folder)
    if model is None:
        return {}
    groups: dict[int, list[str]] = {}
    for name, tensor in everything(model).items():
        groups.setdefault(id(tensor), []).append(name)
    return {
        name: tuple(one for one in group if one != name)
        for group in groups.values() if len(group) > 1
        for name in group
    }  # fmt: skip


def _built(folder: Path) -> Any:
    import torch
    import transformers

    try:
        config = transformers.AutoConfig.from_pretrained(str(folder), local_files_only=True)
        cls = getattr(transformers, (config.architectures or ["AutoModel"])[0], None)
        if cls is None:
            return None
        with torch.device("meta"):
            model = cls(config)
        model.tie_weights()
    except Exception:  # a configuration of another transformers, or of code that is not run
        return None
    return model


# --- merge judging --------------------------------------------------------------------------------


Pair = tuple[str, "str | None"]
"""A tensor of the merged model, and the base's of which it was made."""


@dataclass
class Replay:
    """One check: the three files, and what has been seen so far, by name of the tensor."""

    folder: AdapterFolder
    base: Checkpoint
    model: Checkpoint
    exact: int = 0
    rounded: list[str] = field(default_factory=list)
    traceless: list[str] = field(default_factory=list)
    wrong: dict[str, str] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)
    by_rounding: bool = False
    """Whether something is open that no other merge decides."""
    applied: int = 0
    plain: PlainAgain = field(default_factory=PlainAgain)
    reaching: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Parts of the adapter on one of several names of a tensor, and the other names."""

    def run(self, progress: Progress) -> None:
        """Judge every tensor of the merged model, then what should be in it and is not."""
        self.parts: Parts = merge_parts.take_apart(self.folder)
        self.adapter = Checkpoint.of_file(self.folder.weights)
        self._modules = Names(self.parts.by_module)
        self._whole = Names(self.parts.whole)
        self._tied = tied_names(self.model.folder) or tied_names(self.base.folder)
        self._names, self._aliases = Names(self.model.entries), Names(self._tied)
        names = Names(self.base.entries)
        seen: set[str] = set()
        used: set[str] = set()
        pairs = [(name, names.find(name)) for name in self.model.entries]
        size = {name: entry.size for name, entry in self.model.entries.items()}
        for name, source in foreseen(pairs, lambda pair: size[pair[0]], self._expect):
            if source is not None:
                seen.add(source)
            used |= self._note(name, source)
            progress.advance(size[name])
        self._missing(seen, used)

    def _expect(self, pair: Pair) -> None:
        name, source = pair
        self.model.expect(name)
        if source is not None:
            self.base.expect(source)

    def _note(self, name: str, source: str | None) -> set[str]:
        """Judge a tensor and note the verdict; the parts of the adapter that it took."""
        part = self._part(name)
        try:
            judged = self._judged(name, source, part)
        except CannotReplayError as error:
            judged = Judged("open", str(error))
        if judged.verdict == "wrong":
            self.wrong[name] = judged.reason
        elif judged.verdict == "open":
            self.open[name] = judged.reason
            self.by_rounding |= judged.by_rounding
        else:
            self.exact += judged.verdict == "exact"
            self.applied += part is not None and not judged.traceless
            if judged.verdict == "rounded":
                self.rounded.append(name)
            if judged.traceless:
                self.traceless.append(name)
        return {part.module} if part is not None else set()

    def _part(self, name: str) -> Part | None:
        """What the adapter does to a tensor of the merged model, by any of its names."""
        found = self._part_of(name)
        others = self._other_names(name)
        for other in others:
            if found is None:
                found = self._part_of(other)
        if found is not None and others and found.kind != "tokens":
            self._note_reach(found, (name, *others))
        return found

    def _part_of(self, name: str) -> Part | None:
        whole = self._whole.find(name)
        if whole is not None:
            return self.parts.whole[whole]
        module, _, leaf = name.rpartition(".")
        if leaf != "weight":
            return None
        found = self._modules.find(module)
        return None if found is None else self.parts.by_module[found]

    def _other_names(self, name: str) -> tuple[str, ...]:
        """The names that the model has for this tensor beside the one under which it is saved."""
        known = self._aliases.find(name)
        others = self._tied[known] if known is not None else ()
        return tuple(one for one in others if self._names.find(one) is None)

    def _note_reach(self, part: Part, names: tuple[str, ...]) -> None:
        bare = [one for one in names if self._part_of(one) is None]
        if bare and not self.folder.config.get("ensure_weight_tying"):
            self.reaching[part.module] = tuple(bare)

    def _judged(self, name: str, source: str | None, part: Part | None) -> Judged:
        if part is not None and part.kind == "whole":
            same = same_tensor(self.adapter, part.pieces["tensor"], self.model, name)
            return Judged("exact") if same else Judged("wrong", "it is not the adapter's tensor")
        if source is None:
            return Judged("open", "the base's files have no tensor of that name")
        if part is None and same_tensor(self.base, source, self.model, name):
            return Judged("exact")
        return self._incomparable(name, source) or self._compared(name, source, part)

    def _incomparable(self, name: str, source: str) -> Judged | None:
        """What can be said without looking at a value."""
        here, there = self.model.entries[name], self.base.entries[source]
        if here.dtype not in FLOATS or there.dtype not in FLOATS:
            told = "it is quantised, and rounded again after the merge"
            return Judged("open", told, by_rounding=True)
        if here.shape != there.shape:
            return Judged("wrong", f"it is {list(here.shape)}, and {list(there.shape)} in the base")
        return None

    def _compared(self, name: str, source: str, part: Part | None) -> Judged:
        if part is None:
            return self._rounded_or_quantised(name, source)
        judge_part = self._tokens if part.kind == "tokens" else self._merged
        return judge_part(name, source, part)

    def _rounded_or_quantised(self, name: str, source: str) -> Judged:
        """A tensor that no adapter is on, and not the base's: what loading has made of it."""
        import torch

        base, found = self.base.tensor(source), self.model.tensor(name)
        for dtype in (torch.bfloat16, torch.float16):
            if torch.equal(base.to(dtype).to(found.dtype), found):
                return Judged("exact")
        judged = self.plain.untouched(base, found) if base.ndim == 2 else None
        return judged or Judged("wrong", "no adapter is on it, and it is not the base's")

    def _tokens(self, name: str, source: str, part: Part) -> Judged:
        """Embeddings of which the adapter replaces some rows."""
        import torch

        rows = merge_parts.token_indices(self.folder.config, part.module)
        if rows is None:
            return Judged("open", "adapter_config.json does not say which rows are trained")
        found = self.model.tensor(name)
        base = self.base.tensor(source).to(found.dtype)
        new = self.adapter.tensor(part.pieces["rows"]).to(found.dtype)
        expected = base.index_copy(0, torch.tensor(rows), new)
        return judge(found, base, [expected], half_adapter=False)

    def _merged(self, name: str, source: str, part: Part) -> Judged:
        plan = Streamed.plan(self.folder, part, self.base, source, self.model, name)
        if plan is not None and self.plain.mode is None:
            changed = streamed(plan, self.adapter, self.base, self.model)
            if changed is not None:
                return Judged("exact", traceless=not changed)
        found, base = self.model.tensor(name), self.base.tensor(source)
        pieces = self._pieces(part)
        base = pieces.pop("base", base)  # loading the adapter has put it in the base's place
        half = any(one.dtype != dtype_of("F32") for one in pieces.values())
        given = self._ingredients(part, base, pieces)
        linear = base.ndim == 2 and not given.is_embedding
        if linear and self.plain.mode is not None:  # the others were: this one probably too
            judged = self.plain.merged(given, found, half)
            if judged is not None and judged.verdict != "open":
                return judged
        judged = judge(found, base.to(found.dtype), self._replays(given, found), half)
        if judged.verdict != "wrong" or not linear:
            return judged
        return self.plain.merged(given, found, half) or judged

    def _replays(self, given: Ingredients, found: Tensor) -> Iterator[Tensor]:
        adapter = next(iter(given.pieces.values())).dtype
        for way in ways(given.weight.dtype, found.dtype, adapter):
            yield merge(given, way).to(found.dtype)

    def _pieces(self, part: Part) -> dict[str, Tensor]:
        pieces = {name: self.adapter.tensor(key) for name, key in part.pieces.items()}
        if any(name.endswith(".bias") for name in pieces):
            raise CannotReplayError("the adapter has a bias of its own (lora_bias)")
        if not {"lora_A", "lora_B"} <= pieces.keys() and "lora_embedding_A" not in pieces:
            raise CannotReplayError("the adapter has only one of the two matrices of it")
        return pieces

    def _ingredients(self, part: Part, base: Tensor, pieces: dict[str, Tensor]) -> Ingredients:
        config = self.folder.config
        variant = [key for key in merge_parts.VARIANTS if config.get(key)]
        if variant:
            raise CannotReplayError(f"{variant[0]} is merged in a way that is not replayed")
        first = pieces["lora_embedding_A" if "lora_embedding_A" in pieces else "lora_A"]
        factor = merge_parts.scaling(self.folder, part.module, int(first.shape[0]))
        given = Ingredients(base, pieces, factor, bool(config.get("fan_in_fan_out")),
                            "lora_magnitude_vector" in pieces)  # fmt: skip
        _insist_on_shapes(given)
        return given

    def _missing(self, seen: set[str], used: set[str]) -> None:
        """What the base or the adapter has, and the merged model has not."""
        for name in sorted(self.base.entries.keys() - seen):
            if not self._is_kept(name):
                self.wrong[name] = "the base has it, and the merged model does not"
        for module in sorted((self.parts.by_module.keys() | self.parts.whole.keys()) - used):
            self.open[module] = (
                "the adapter is on it, and no tensor of the merged model has its name"
            )
        for name in self.parts.unknown:
            self.open[short(name)] = "what merging does with it is not known"

    def _is_kept(self, name: str) -> bool:
        """Whether a tensor of the base is in the merged model under another of its names."""
        known = self._aliases.find(name)
        others = self._tied[known] if known is not None else ()
        return any(self._names.find(one) is not None for one in others)


def _insist_on_shapes(given: Ingredients) -> None:
    """The pieces fit the weight; PEFT would raise an error that says less."""
    if given.weight.ndim != 2 or given.is_embedding:
        return
    inner, outer = given.pieces["lora_A"].shape[1], given.pieces["lora_B"].shape[0]
    wanted = (inner, outer) if given.fan_in_fan_out else (outer, inner)
    if tuple(given.weight.shape) != wanted:
        raise CannotReplayError(
            f"the base's weight is {list(given.weight.shape)}, the adapter is for {list(wanted)}"
        )
