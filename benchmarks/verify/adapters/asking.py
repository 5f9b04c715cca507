"""What loralint says of an adapter: the command in three ways, and the Python interface.

Only what users have is used, so that any version of loralint can be asked.
"""

from __future__ import annotations

import gc
import json
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.bases import NAMED

WAYS = ("default", "nf4", "none", "load_verified", "verify_loaded")
OPTIONS: dict[str, tuple[str, ...]] = {
    "default": (),
    "nf4": ("--quantization", "nf4"),
    "none": ("--quantization", "none"),
}


@dataclass(frozen=True)
class Said:
    """The verdict ("verified", "failed", "inconclusive", "crash"), and why."""

    verdict: str
    codes: tuple[str, ...] = ()
    message: str = ""
    skipped: tuple[str, ...] = field(default=())
    seconds: float = 0.0


def ask(way: str, folder: Path, base: str, task: str | None, below: Path) -> Said:
    """Ask in one of the WAYS."""
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if way in OPTIONS:
            said = command([str(folder), *OPTIONS[way]])
        elif way == "load_verified":
            said = called(lambda: _load_verified(folder))
        else:
            said = called(lambda: _verify_loaded(folder, base, task, below))
    gc.collect()
    return Said(said.verdict, said.codes, said.message, said.skipped,
                round(time.perf_counter() - began, 2))  # fmt: skip


def command(arguments: Sequence[str]) -> Said:
    """`loralint verify` in this process."""
    from click.testing import CliRunner

    from loralint.cli.group import loralint

    ran = CliRunner().invoke(
        loralint, ["verify", *arguments, "--offline", "--output-format", "json"]
    )
    try:
        told = json.loads(ran.stdout)
    except ValueError:
        text = " ".join((ran.stderr or ran.stdout or repr(ran.exception)).split())
        return Said("crash", (), f"exit {ran.exit_code}: {text[-400:]}")
    findings = told["findings"]
    return Said(
        told["verdict"],
        tuple(sorted({one["code"] for one in findings})),
        findings[0]["message"][:400] if findings else "",
        tuple(f"{one['what']}: {one['reason']}"[:300] for one in told["skipped"]),
    )


def _load_verified(folder: Path) -> Any:
    import loralint

    return loralint.load_verified(str(folder), offline=True)


def _verify_loaded(folder: Path, base: str, task: str | None, below: Path) -> Any:
    from peft import PeftModel

    import loralint

    options = {"num_labels": 3} if task in ("SEQ_CLS", "TOKEN_CLS") else {}
    plain = NAMED[base].load(below, task, **options)
    return loralint.verify_loaded(PeftModel.from_pretrained(plain, folder).eval(), folder)


def called(call: Callable[[], Any]) -> Said:
    """What a call of the Python interface says, by what it raises."""
    import loralint

    try:
        call()
    except loralint.AdapterVerificationError as error:
        codes = tuple(sorted({one.code for one in error.findings}))
        skipped = tuple(f"{one.what}: {one.reason}"[:300] for one in error.skipped)
        message = error.findings[0].message[:400] if error.findings else ""
        return Said("failed" if codes else "inconclusive", codes, message, skipped)
    except Exception as error:
        return Said("crash", (), f"{type(error).__name__}: {' '.join(str(error).split())[:400]}")
    return Said("verified")
