"""What is here against what was recorded: files of the base, tokenizer, answers."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loralint.contract import Base, FileHash, Golden, Tokenizer
from loralint.verify import answers, files
from loralint.verify.files import Located

if TYPE_CHECKING:
    from torch import Tensor


# --- tokenizers -----------------------------------------------------------------------------------


STATE = ("truncation", "padding")
"""What a call may change in a tokenizer without making it another one."""


def fingerprint(tokenizer: Any) -> Tokenizer:
    """The fingerprint of a transformers tokenizer; a processor's is that of its tokenizer."""
    plain = getattr(tokenizer, "tokenizer", tokenizer)
    template = getattr(plain, "chat_template", None)
    return Tokenizer(
        tokenizer_class=type(plain).__name__,
        length=len(plain),
        vocabulary=_digest(_pipeline(plain)),
        special_tokens=_digest(_special(plain)),
        chat_template=None if template is None else _digest(template),
    )


def _pipeline(tokenizer: Any) -> Any:
    """Everything that turns text into ids; the vocabulary alone where there is no more to see."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return sorted(tokenizer.get_vocab().items())
    described = json.loads(backend.to_str())
    return {name: value for name, value in described.items() if name not in STATE}


def _special(tokenizer: Any) -> Any:
    named = {name: str(value) for name, value in tokenizer.special_tokens_map.items()}
    return [named, sorted(tokenizer.all_special_ids), sorted(tokenizer.all_special_tokens)]


def _digest(value: Any) -> str:
    return files.of_bytes(json.dumps(value, sort_keys=True).encode())


def load(places: list[tuple[str, dict[str, Any]]]) -> tuple[Any, str]:
    """The first tokenizer that loads, and why none does.

    A place is a folder or Hub id with the options of `from_pretrained`. A folder that holds no
    tokenizer is passed over.
    """
    from transformers import AutoTokenizer

    reason = "neither the adapter folder nor the base has a tokenizer"
    for place, options in places:
        if Path(place).is_dir() and not is_in(Path(place)):
            continue
        try:
            return AutoTokenizer.from_pretrained(place, **options), ""
        except Exception as error:  # whatever a tokenizer of somebody else's raises
            reason = f"the tokenizer of {place} does not load: {_first_line(error)}"
    return None, reason


def is_in(folder: Path) -> bool:
    """Whether a folder holds a tokenizer."""
    return any((folder / name).is_file() for name in ("tokenizer_config.json", "tokenizer.json"))


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


# --- golden check ---------------------------------------------------------------------------------


TOLERANCE = 0.15
"""The largest mean difference, as a share of the adapter's own effect, that another dtype, device
or library version explains. Measured: 0.105 for bfloat16 in place of float32; 0.21 for a base
whose weights move by 1 % of their spread; 0.4 to 1 for another quantisation or a lost adapter."""

FULL = 0.02
"""The same where both loads compute in float32: the order of a sum moves no more than that."""


@dataclass(frozen=True, slots=True)
class Distance:
    """How far the answers are from the recorded ones.

    `exact` means equal to the last bit, in every entry. `share` is the mean difference divided
    by the adapter's recorded effect; `largest` the largest difference, absolute. `shape` tells
    that there is nothing to subtract: the model answers in another shape.
    """

    exact: bool
    share: float = 0.0
    largest: float = 0.0
    shape: str = ""

    def within(self, tolerance: float) -> bool:
        """Whether the answers are the recorded ones, give or take rounding."""
        return self.exact or (not self.shape and self.share <= tolerance)


def measure(model: Any, recorded: Golden) -> Distance:
    """Ask a model, adapter on, for what was recorded; `NoAnswerError` where it cannot be asked."""
    rows = answers.table_size(model)
    if max(max(row) for row in recorded.token_ids) >= rows:
        return Distance(exact=False, shape=f"it knows {rows:,} tokens only")
    with answers.quiet(model):
        output, logits = answers.answers(model, recorded.token_ids)
    if output != recorded.output:
        return Distance(exact=False, shape=f"it gives {output} in place of {recorded.output}")
    return _distance(logits, recorded)


def _distance(logits: Tensor, recorded: Golden) -> Distance:
    if answers.digest(logits) == recorded.sha256:
        return Distance(exact=True)
    here = (logits.shape[0], logits.shape[1], len(answers.chosen_columns(logits.shape[-1])))
    if here != recorded.shape or answers.chosen_columns(logits.shape[-1]) != recorded.columns:
        return Distance(exact=False, shape=f"its answers have the shape {tuple(logits.shape)}")
    now = logits[..., list(recorded.columns)].float()
    then = values(recorded)
    apart = (now - then).abs()
    scale = recorded.effect or float(then.std()) or 1.0
    share = float(apart.mean()) / scale
    if not math.isfinite(share):
        return Distance(exact=False, shape="it gives NaN or infinity")
    return Distance(exact=False, share=share, largest=float(apart.max()))


def values(recorded: Golden) -> Tensor:
    """The recorded values as a tensor of their shape."""
    import torch

    flat = torch.frombuffer(bytearray(recorded.values), dtype=torch.float32)
    return flat.reshape(recorded.shape)


# --- fingerprints ---------------------------------------------------------------------------------


@dataclass
class Compared:
    """What the comparison has seen: files that are the same, that differ (and how), and those
    that could not be compared, with the reason.
    """

    same: list[str] = field(default_factory=list)
    different: dict[str, str] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)


def compare(recorded: Base, located: Located) -> Compared:
    """Compare the files of a base that is on this machine with the recorded ones."""
    seen = Compared()
    if located.folder is None:
        seen.open["the base's files"] = located.reason
        return seen
    for name, expected in _recorded(recorded, seen):
        path = located.folder / name
        if path.is_file():
            _judge(name, expected, files.of_file(path), seen)
        else:
            seen.different[name] = "it is not there"
    _newcomers(recorded, located, seen)
    return seen


def of_the_same_sizes(recorded: Base, folder: Path) -> bool:
    """Whether the recorded weights are all there, by their sizes: folders change."""
    return all(
        (folder / name).is_file() and (folder / name).stat().st_size == one.size
        for name, one in recorded.weights.items()
    )


def _recorded(recorded: Base, seen: Compared) -> Iterator[tuple[str, FileHash]]:
    yield from recorded.config.items()
    yield from recorded.weights.items()
    code = recorded.code
    if code is None:
        return
    if code.repository in (None, recorded.id):
        yield from code.files.items()
    else:
        seen.open["the remote code"] = f"it comes from {code.repository}, another repository"


def _judge(name: str, expected: FileHash, found: FileHash, seen: Compared) -> None:
    verdict = files.same(expected, found)
    if verdict is None:
        seen.open[name] = "its hash here is of another kind than the recorded one"
    elif verdict:
        seen.same.append(name)
    else:
        seen.different[name] = _how(expected, found)


def _how(expected: FileHash, found: FileHash) -> str:
    if expected.size != found.size:
        return f"{expected.size:,} bytes were recorded, {found.size:,} are here"
    return f"of the same size, with other content (SHA-256 {_short(expected)} → {_short(found)})"


def _short(file: FileHash) -> str:
    return (file.sha256 or file.git or "unknown")[:12]


def _newcomers(recorded: Base, located: Located, seen: Compared) -> None:
    """Weights that transformers would load here in place of the recorded ones."""
    assert located.folder is not None
    for path in files.weight_files(located.folder):
        if recorded.weights and path.name not in recorded.weights:
            seen.different[path.name] = "it was not there when the adapter was trained"


def adapter_differences(
    recorded: Mapping[str, object], found: Mapping[str, object]
) -> dict[str, str]:
    """The keys of adapter_config.json that say something else than they did.

    Those that only say where the base lies, or who wrote the file, are left out.
    """
    return {
        key: f"{key} was {recorded.get(key)!r} and is {found.get(key)!r}"
        for key in sorted({*recorded, *found} - IGNORED)
        if _plain(recorded.get(key)) != _plain(found.get(key))
    }


IGNORED = frozenset(
    {"base_model_name_or_path", "revision", "peft_version", "inference_mode", "auto_mapping"}
)


def _plain(value: object) -> object:
    """A set is saved as a list in any order; nothing given is as good as nothing in it."""
    if isinstance(value, list):
        return sorted(map(str, value)) or None
    return value or None if isinstance(value, dict) else value
