"""One case of verification: which adapter, on which base, loaded how."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

Quantization: TypeAlias = Literal["nf4", "fp4", "int8", "none"]
Dtype: TypeAlias = Literal["auto", "float32", "float16", "bfloat16"]

QUANTIZATIONS: tuple[Quantization, ...] = ("nf4", "fp4", "int8", "none")
DTYPES: tuple[Dtype, ...] = ("auto", "float32", "float16", "bfloat16")


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What a tier works on. Plain data: a case can be sent to a child process.

    `adapter` is the local folder (a Hub id has been fetched by then) and `name` what the user
    calls it. `base` is a Hub id or a folder, None where nobody names one; `revision` is the one
    to ask for, None for the default branch. `quantization` is None where nobody asks for any: then
    the base is loaded in nf4, or plainly where that does not go. `double_quant` counts for nf4 and
    fp4. `dtype` is that of the base's unquantised weights and of 4-bit arithmetic; `auto` is what
    the base's config.json says. `device` is `auto` (accelerate's device map where there is a GPU,
    else the CPU), `cpu`, `cuda` or `cuda:N`. `model_class` names a transformers class (`AutoModel`,
    `PhiForCausalLM`); None derives it from the adapter's task type. `alone` is False where the
    adapters in subfolders have cases of their own.
    """

    adapter: Path
    name: str
    base: str | None = None
    revision: str | None = None
    code_revision: str | None = None
    quantization: Quantization | None = None
    double_quant: bool = True
    dtype: Dtype = "auto"
    device: str = "auto"
    model_class: str | None = None
    trust_remote_code: bool = False
    offline: bool = False
    alone: bool = True

    @property
    def precision(self) -> str:
        """How the base is loaded, in words."""
        return self.quantization or "nf4 if that goes"

    def file(self, name: str) -> str:
        """The path of a file of the adapter folder, as findings name it."""
        return shown_path(self.adapter / name)

    def hub_options(self) -> dict[str, Any]:
        """The keyword arguments that every `from_pretrained` of the base takes."""
        options: dict[str, Any] = {"trust_remote_code": self.trust_remote_code}
        if self.revision is not None:
            options["revision"] = self.revision
        if self.code_revision is not None:
            options["code_revision"] = self.code_revision
        if self.offline:
            options["local_files_only"] = True
        return options


def shown_path(path: Path) -> str:
    """A path relative to the working directory where it lies below it, with `/` between."""
    try:
        return path.resolve().relative_to(Path.cwd().resolve()).as_posix()
    except (ValueError, OSError):
        return path.as_posix()
