"""What findings advise: a revision where the callee, the recipe or the tool takes one."""

from __future__ import annotations

from pathlib import Path

import pytest

from loralint.config import Config
from loralint.engine import Request, check, gather
from loralint.rules import RULES
from loralint.rules.judgement.wording import PIN

PYTHON = {
    "langchain_huggingface.HuggingFaceEmbeddings(model_name='acme/base')": (
        'pass model_kwargs={"revision": …} with the commit you mean'
    ),
    "langchain_huggingface.HuggingFacePipeline.from_model_id('acme/base', 'text-generation')": (
        'pass model_kwargs={"revision": …} with the commit you mean'
    ),
    "trl.SFTTrainer(model='acme/base')": (
        'pass model_init_kwargs={"revision": …} in args= with the commit you mean'
    ),
    "keras_hub.models.Backbone.from_preset('hf://acme/base')": (
        "download the commit you mean and name its folder:"
        " `keras_hub.Backbone.from_preset` takes no revision for it"
    ),
    "transformers.AutoModel.from_pretrained('acme/base')": (
        "pass revision= with the commit you mean (`loralint pin` finds it)"
    ),
}

SHELL = {
    "lm_eval --model hf --model_args pretrained=acme/base,dtype=float16": (
        "add revision=… to `--model_args` with the commit you mean"
    ),
    "swift sft --model acme/base": (
        "set `--model_revision` to the commit you mean (`loralint pin` finds it)"
    ),
    "swift infer --adapters acme/adapter": (
        "download the adapter's commit and name its folder:"
        " `swift` takes no revision for an adapter"
    ),
    "text-generation-launcher --model-id /base --lora-adapters acme/adapter": (
        "write `@` and the adapter's commit behind the id"
    ),
    "hf download acme/base": "set `--revision` to the commit you mean (`loralint pin` finds it)",
}

ADAPTERS = {
    "PeftModel.from_pretrained(base, 'acme/adapter')": (
        "pass revision= with the adapter's commit (`loralint pin` finds it)"
    ),
    "base.load_adapter('acme/adapter')": (
        'pass adapter_kwargs={"revision": …} with the adapter\'s commit'
    ),
}


def advice(folder: Path, name: str, text: str) -> list[str]:
    """The advice of LOR101 and LOR106 for a file."""
    (folder / name).write_text(text)
    scope = str(folder)
    request = Request(root=scope, scopes=(scope,), config=Config(), cached=False)
    project = gather(request).project
    rules = [rule for rule in RULES if rule.code in ("LOR101", "LOR106")]
    found = [one for rule in rules for one in rule.run(project)]
    return [one.fix.message for one in found if one.fix is not None]


@pytest.mark.parametrize(
    ("call", "says"), [("transformers.AutoModel.from_pretrained('a/b')", True),
                       ("trl.SFTTrainer(model='a/b')", False)]
)  # fmt: skip
def test_pin_is_named_where_it_can_write(call: str, says: bool, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f"import {call.partition('.')[0]}\n{call}\n")
    request = Request(root=str(tmp_path), scopes=(str(tmp_path),), config=Config(), cached=False)
    [rule] = [rule for rule in RULES if rule.code == "LOR101"]
    [found] = rule.run(gather(request).project)
    assert found.fix is not None
    assert (PIN in found.fix.message) is says


@pytest.mark.parametrize(("call", "expected"), PYTHON.items())
def test_a_call(call: str, expected: str, tmp_path: Path) -> None:
    package = call.partition(".")[0]
    assert advice(tmp_path, "a.py", f"import {package}\n\n{call}\n") == [expected]


@pytest.mark.parametrize(("command", "expected"), SHELL.items())
def test_a_command(command: str, expected: str, tmp_path: Path) -> None:
    assert advice(tmp_path, "a.sh", f"{command}\n") == [expected]


@pytest.mark.parametrize(("call", "expected"), ADAPTERS.items())
def test_an_adapter(call: str, expected: str, tmp_path: Path) -> None:
    lines = (
        "from peft import PeftModel",
        "from transformers import AutoModel",
        "base = AutoModel.from_pretrained('acme/base', revision='refs/pr/1')",
        call,
    )
    assert advice(tmp_path, "a.py", "\n".join(lines)) == [expected]


def test_an_edit_uses_the_keyword_of_the_call(tmp_path: Path) -> None:
    lines = (
        "from modelscope import pipeline, snapshot_download",
        "snapshot_download('acme/base', 'v1')",
        "pipeline('text-generation', model='acme/base')",
    )
    (tmp_path / "a.py").write_text("\n".join(lines))
    scope = str(tmp_path)
    found = check(Request(root=scope, scopes=(scope,), config=Config(), cached=False))
    (partial,) = [one for one in found.diagnostics if one.code == "LOR211"]
    assert partial.fix is not None
    assert [edit.content for edit in partial.fix.edits] == [', model_revision="v1"']


def test_a_target_of_hydra_has_no_place_that_pin_could_write_to(tmp_path: Path) -> None:
    (tmp_path / "conf.yaml").write_text(
        "model:\n  _target_: transformers.AutoModel.from_pretrained\n"
        "  pretrained_model_name_or_path: acme/base\n"
    )
    scope = str(tmp_path)
    found = check(Request(root=scope, scopes=(scope,), config=Config(), cached=False))
    (missing,) = [one for one in found.diagnostics if one.code == "LOR101"]
    assert missing.fix is not None
    assert PIN not in missing.fix.message
