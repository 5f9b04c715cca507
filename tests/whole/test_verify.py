"""`loralint verify` where what it needs is not installed: it says what to install."""

from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec

import pytest

from tests.whole.running import Small

CONFIG = '{"peft_type": "LORA", "base_model_name_or_path": "org/a", "r": 8}'


@pytest.mark.parametrize("hidden", ["torch", "transformers", "peft", "safetensors", "accelerate"])
@pytest.mark.parametrize("more", [(), ("--tier", "header")], ids=["all tiers", "the header alone"])
def test_what_is_missing_is_named(
    small: Small, monkeypatch: pytest.MonkeyPatch, hidden: str, more: tuple[str, ...]
) -> None:
    find = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == hidden else find(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    small.write({"out/adapter_config.json": CONFIG})
    result = small.run("verify", "out", *more)
    assert result.exit_code == 2, result.output
    assert hidden in result.stderr
    assert "pip install 'loralint[runtime]'" in result.stderr
    assert result.stdout == ""
