"""One side of a pair as a case: the base as this side's code loads it, and the adapter on it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from loralint.facts import Absent, Value
from loralint.project import Load
from loralint.refs import is_repo_id
from loralint.rules.judgement.models import double, method
from loralint.rules.judgement.values import is_off, is_true, only, texts
from loralint.values.paths import candidates
from loralint.verify.case import DTYPES, QUANTIZATIONS, Case, Dtype, Quantization

_CLASS = re.compile(r"transformers\.([A-Z]\w*)\.from_pretrained")
CONFIG = "adapter_config.json"


class CannotPlanError(Exception):
    """The code does not say enough to load what it loads; the message says what is missing."""


@dataclass(frozen=True)
class Surroundings:
    """Where a project lies, and what may be done for it."""

    root: Path
    trust_remote_code: bool = False
    offline: bool = True
    device: str = "auto"


@dataclass
class SideCase:
    """A case, and what of the load it does not follow."""

    case: Case
    notes: list[str] = field(default_factory=list)


def side_case(load: Load, adapter: Path, name: str, around: Surroundings) -> SideCase:
    """The base as a load asks for it; CannotPlanError where that cannot be known."""
    notes: list[str] = []
    quantization = _quantization(load, notes)
    case = Case(
        adapter=adapter,
        name=name,
        base=_base(load, around.root),
        revision=_revision(load.site.revision, "the revision"),
        code_revision=_revision(load.option("code_revision"), "the revision of the code"),
        quantization=quantization,
        double_quant=is_true(double(load)),
        dtype=_dtype(load, quantization, notes),
        device=around.device,
        model_class=_model_class(load),
        trust_remote_code=_trusts(load, around),
        offline=around.offline or is_true(load.option("local_files_only")),
    )
    return SideCase(case, notes)


def _base(load: Load, root: Path) -> str:
    found = texts(load.site.repo_id)
    if len(found) != 1:
        raise CannotPlanError(_open(load.site.repo_id, "the base", found))
    text = found[0].removeprefix("hf://").removeprefix("https://huggingface.co/")
    for place in candidates(text, load.place.path):
        if (root / place).is_dir():
            return str(root / place)
    if load.local or not is_repo_id(text):
        raise CannotPlanError(f"the base {text} is a local path, and there is no such folder")
    return text


def _open(value: Value, what: str, found: tuple[str, ...]) -> str:
    if found:
        return f"{what} is one of {', '.join(found)}"
    reason = getattr(value, "reason", "")
    return f"{what} cannot be known: {reason}" if reason else f"{what} cannot be known"


def _revision(value: Value, what: str) -> str | None:
    if is_off(value):
        return None
    found = only(value)
    if not isinstance(found, str):
        raise CannotPlanError(_open(value, what, texts(value)))
    return found


def _quantization(load: Load, notes: list[str]) -> Quantization | None:
    """None where it cannot be known: whether tensors find their place does not hang on it."""
    given = method(load)
    if given is None:
        return "none"  # the repository's own config.json says how
    found = only(given)
    if found in QUANTIZATIONS:
        return found
    if isinstance(found, str):
        notes.append(f"{found} is loaded as the base's own files say")
        return "none"
    notes.append("the quantisation cannot be known; the base is loaded in nf4 if that goes")
    return None


def _dtype(load: Load, quantization: str | None, notes: list[str]) -> Dtype:
    given = load.option("dtype")
    if isinstance(given, Absent) and quantization in (None, "nf4", "fp4"):
        given = load.option("bnb_4bit_compute_dtype")
    found = only(given)
    if found in DTYPES:
        return found
    if not isinstance(given, Absent):
        notes.append("the dtype cannot be known; the base's own is taken")
    return "auto"


def _trusts(load: Load, around: Surroundings) -> bool:
    """Code of the base runs where its loader lets it, and who runs loralint does as well."""
    return around.trust_remote_code and not is_off(load.option("trust_remote_code"))


def _model_class(load: Load) -> str | None:
    match = _CLASS.fullmatch(load.site.loader)
    return match[1] if match and match[1] != "PreTrainedModel" else None


def adapter_folder(load: Load, around: Surroundings) -> tuple[Path, str] | None:
    """The folder that a load of an adapter names, with the name; None where it is not there.

    CannotPlanError where the code does not say which adapter it is.
    """
    below = texts(load.option("subfolder"))
    found = texts(load.site.repo_id)
    if len(found) != 1:
        raise CannotPlanError(_open(load.site.repo_id, "the adapter", found))
    return on_disk("/".join((found[0], *below)), load.place.path, around.root)


def on_disk(text: str, script: str, root: Path) -> tuple[Path, str] | None:
    """The adapter folder that a path of a script means, with the path from the root."""
    for place in candidates(text, script):
        if (root / place / CONFIG).is_file():
            return root / place, place
    return None
