"""What is plainly meant as a folder decides no Hub id: LOR111 is silent about it."""

from __future__ import annotations

import pytest

from tests.whole.running import Small, table

HEAD = (
    "import argparse\nimport os\nfrom pathlib import Path\n\n"
    "from peft import PeftModel\nfrom transformers import AutoModel\n\n"
    "parser = argparse.ArgumentParser()\n"
)
PARSE = "args = parser.parse_args()\n"


def _option(flag: str, help_text: str = "") -> str:
    said = f", help={help_text!r}" if help_text else ""
    return f"parser.add_argument({flag!r}, required=True{said})\n{PARSE}"


ADAPTER = "PeftModel.from_pretrained(base, {})\n"
BASE = "base = AutoModel.from_pretrained({})\n"
KNOWN = 'base = AutoModel.from_pretrained("org/a", revision="v1")\n'

FOLDERS = {
    "--adapter_path": _option("--adapter_path") + KNOWN + ADAPTER.format("args.adapter_path"),
    "--lora-dir": _option("--lora-dir") + KNOWN + ADAPTER.format("args.lora_dir"),
    "--checkpoint": _option("--checkpoint") + KNOWN + ADAPTER.format("args.checkpoint"),
    "help of an adapter": (
        _option("--adapter", "path to a trained LoRA adapter")
        + KNOWN
        + ADAPTER.format("args.adapter")
    ),
    "help of a model": (
        _option("--model_path", "Path to the model directory") + BASE.format("args.model_path")
    ),
    "help of a merged model": (
        _option("--model", "Path to the fine-tuned adapter or merged model.")
        + BASE.format("args.model")
    ),
    "--merged_path": _option("--merged_path") + BASE.format("args.merged_path"),
    "--model_dir": _option("--model_dir") + BASE.format("args.model_dir"),
    "below a folder": (
        _option("--out")
        + KNOWN
        + "def load(checkpoint_path):\n"
        + '    return PeftModel.from_pretrained(base, f"{checkpoint_path}/unet")\n'
    ),
    "joined to a path of three parts": (
        _option("--run") + KNOWN + ADAPTER.format('os.path.join("runs", args.run, "adapter")')
    ),
    "pathlib": (
        _option("--run_dir") + KNOWN + ADAPTER.format('str(Path(args.run_dir) / "adapter")')
    ),
    "a parameter": (
        PARSE
        + KNOWN
        + "def load(lora_path):\n    return PeftModel.from_pretrained(base, lora_path)\n"
    ),
    "folders of other callers": (
        _option("--source")
        + KNOWN
        + "def load(source):\n    return PeftModel.from_pretrained(base, source)\n\n\n"
        + 'load("outputs/one/final")\nload("/content/drive/run/final")\nload(args.source)\n'
    ),
}

NAMES = {
    "--model": _option("--model") + BASE.format("args.model"),
    "--model_path": _option("--model_path") + BASE.format("args.model_path"),
    "--base_model_path": _option("--base_model_path") + BASE.format("args.base_model_path"),
    "--adapter": _option("--adapter") + KNOWN + ADAPTER.format("args.adapter"),
    "--adapter_name_or_path": (
        _option("--adapter_name_or_path") + KNOWN + ADAPTER.format("args.adapter_name_or_path")
    ),
    "help of both": (
        _option("--model", "Path to pretrained model or model identifier from huggingface.co")
        + BASE.format("args.model")
    ),
    "help of a name": _option("--model", "Base model name or path.") + BASE.format("args.model"),
    "owner and name": _option("--name") + BASE.format('"org/" + args.name'),
}


@pytest.mark.parametrize("case", table(FOLDERS))
def test_a_folder_is_silent(small: Small, case: str) -> None:
    small.write({"serve.py": HEAD + FOLDERS[case]})
    assert small.findings("LOR111") == []


@pytest.mark.parametrize("case", table(NAMES))
def test_a_name_is_told(small: Small, case: str) -> None:
    small.write({"serve.py": HEAD + NAMES[case]})
    assert len(small.findings("LOR111")) == 1
