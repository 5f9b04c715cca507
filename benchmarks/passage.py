"""Through how many functions and files does one literal repo id pass?

    python benchmarks/passage.py [CHECKOUT]

A project of two files is checked in this process under `sys.setprofile`. A function counts if an
argument or its result is the id, or holds it at most five levels deep.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

ID = "acme/passing-base"
LEVELS = 5
MANY = 50

TRAIN = """from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM
base = AutoModelForCausalLM.from_pretrained("other/base", revision="refs/pr/23")
model = get_peft_model(base, LoraConfig(r=8))
model.save_pretrained("out/a")
"""
SERVE = f"""from peft import PeftModel
from transformers import AutoModelForCausalLM
base = AutoModelForCausalLM.from_pretrained("{ID}")
model = PeftModel.from_pretrained(base, "out/a")
print(model.generate())
"""


def holds(value: object, levels: int) -> bool:
    """Whether a value is the id, or has it inside."""
    if isinstance(value, str):
        return value == ID
    return levels > 0 and any(holds(part, levels - 1) for part in _parts(value))


def _parts(value: object) -> tuple[object, ...]:
    if isinstance(value, (tuple, list)):
        return tuple(value) if len(value) < MANY else ()
    if isinstance(value, dict):
        return tuple(value.values()) if len(value) < MANY else ()
    if isinstance(value, msgspec.Struct):
        return tuple(getattr(value, name) for name in value.__struct_fields__)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return tuple(getattr(value, field.name, None) for field in dataclasses.fields(value))
    return ()


class Trace:
    """The functions of a checkout that get the id or return it."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.passed: set[tuple[str, str, int]] = set()

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """One call or return, as `sys.setprofile` tells of it."""
        code = frame.f_code
        key = (code.co_filename, code.co_name, code.co_firstlineno)
        if not code.co_filename.startswith(self.root) or key in self.passed:
            return
        given = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        values = [frame.f_locals.get(name) for name in given] if event == "call" else [argument]
        if event in ("call", "return") and any(holds(value, LEVELS) for value in values):
            self.passed.add(key)


def main() -> None:
    """Check the small project and count."""
    root = str(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve() / "loralint")
    sys.path.insert(0, str(Path(root).parent))
    from loralint.cli import main as loralint

    trace = Trace(root)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "train.py").write_text(TRAIN)
        Path(folder, "serve.py").write_text(SERVE)
        os.chdir(folder)
        sys.argv = ["loralint", "check", "--isolated", "--no-cache", "--jobs", "1", "."]
        sys.setprofile(trace)
        with contextlib.suppress(SystemExit):
            loralint()
        sys.setprofile(None)
        os.chdir("/")
    files = {path for path, _, _ in trace.passed}
    print(f"{len(trace.passed)} functions in {len(files)} files")


if __name__ == "__main__":
    main()
