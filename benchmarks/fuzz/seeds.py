"""What the fuzzer starts from: one small file or two of every kind that loralint reads."""

from __future__ import annotations

import json

from loralint.source import SourceKind

PYTHON = """\
import os
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

BASE = os.environ.get("BASE", "microsoft/phi-2")
kwargs = {"revision": "main", "torch_dtype": "auto"}


class Trainer:
    def __init__(self, name: str = BASE, *rest: int, **more: object) -> None:
        self.model = AutoModelForCausalLM.from_pretrained(name, **kwargs)


@torch.no_grad()
def train(args):
    try:
        if args.four and not args.eight:
            quant = BitsAndBytesConfig(load_in_4bit=True)
        elif args.eight:
            quant = None
        else:
            raise ValueError(f"{args!r:>{10}} {1 + 2}")
    except (OSError, ValueError) as error:
        print("a" "b" % error)
    for path in [x for x in args.paths if x]:
        with open(path) as file:
            match file.read():
                case ["a", {"b": c}, Point(x=0)]:
                    model = PeftModel.from_pretrained(Trainer().model, path, revision="v1")
    return get_peft_model(model, LoraConfig(r=16, lora_alpha=32)).save_pretrained("out/" + BASE)


if __name__ == "__main__":
    train(lambda a, b=1: a if b else -a ** 2)
"""

SHELL = """\
#!/bin/bash
set -euo pipefail
export BASE="${1:-microsoft/phi-2}"  # loralint: ignore[LOR101]
args=(--revision "$(git rev-parse HEAD)" --lora-modules a=b/c)
function serve() { vllm serve "$BASE" "${args[@]}" --revision abc; }
for x in a b; do
  if [ "$x" = a ]; then serve "$x"; else python train.py --model_name_or_path=$BASE \\
    --output_dir out/$x; fi
done
cat <<EOF | bash -c 'trl sft --model_name_or_path x'
$BASE `date`
EOF
case $x in a) hf download x/y --revision z ;; *) accelerate launch train.py ;; esac
"""

MAKEFILE = """\
BASE ?= microsoft/phi-2
REV := $(shell git rev-parse HEAD)
train: data
\t@python train.py --model $(BASE) --revision $(REV) \\
\t  --output out
serve:
\tvllm serve ${BASE} --lora-modules a=out
"""

DOCKERFILE = """\
FROM vllm/vllm-openai:v0.6.0 AS base
ARG MODEL=microsoft/phi-2
ENV REV=abc OTHER "x y"
RUN pip install vllm && \\
    # a comment
    hf download $MODEL --revision ${REV}
ENTRYPOINT ["vllm", "serve"]
CMD ["microsoft/phi-2", "--revision", "abc"]
"""

RECIPE = """\
base: &base
  base_model: microsoft/phi-2
  base_model_revision: abc
<<: *base
adapter: lora
lora_r: 16
lora_target_modules: [q_proj, "v_proj"]
datasets:
  - path: x/y
    type: alpaca
    text: |
      long
      text
micro_batch_size: 1_000
learning_rate: 2e-4
output_dir: ./out  # loralint: ignore[LOR101]
sequence_len: 0x10
---
model_name_or_path: ${oc.env:BASE}
stage: sft
finetuning_type: lora
"""

WORKFLOW = """\
on: push
env: {BASE: microsoft/phi-2}
jobs:
  train:
    runs-on: ubuntu-latest
    strategy: {matrix: {rev: [a, b]}}
    steps:
      - uses: actions/checkout@v4
      - name: train
        run: |
          python train.py --model $BASE --revision ${{ matrix.rev }}
        env:
          X: 1
"""

COMPOSE = """\
services:
  llm:
    image: vllm/vllm-openai:latest
    environment: [HF_HOME=/x]
    command: ["--model", "microsoft/phi-2", "--revision", "abc"]
  tgi:
    image: ghcr.io/huggingface/text-generation-inference:2.0
    command: --model-id x/y
"""

TOML = '''\
model_name_or_path = "microsoft/phi-2"
revision = 'main'
[adapter.lora]
r = 16
"quoted key" = [1, 2.5, true, 1979-05-27T07:32:00Z]
text = """
many
"""
[[datasets]]
path = "x/y"
inline = {a = {b = 1}}
'''

DOTENV = """\
export BASE=microsoft/phi-2
REV="main" # x
OUT='a b'
X=${BASE}/y
"""

RECIPE_JSON = json.dumps(
    {"base_model": "microsoft/phi-2", "adapter": "lora", "lora_r": 16, "output_dir": "out",
     "datasets": [{"path": "x", "type": "alpaca"}], "zero_optimization": {"stage": 3}}, indent=1
)  # fmt: skip

ADAPTER = json.dumps(
    {"base_model_name_or_path": "microsoft/phi-2", "revision": None, "peft_type": "LORA", "r": 16,
     "rank_pattern": {"a": 8}, "task_type": "CAUSAL_LM", "modules_to_save": ["lm_head"],
     "auto_mapping": None, "target_modules": ["q_proj"]}, indent=2
)  # fmt: skip

CARD = """\
---
base_model: microsoft/phi-2
tags: [a, b]
base_model_relation: adapter
---
# A model

`PeftModel.from_pretrained(...)`
"""

REQUIREMENTS = (
    "transformers>=4.40,<5\npeft==0.14.0 ; python_version < '3.13'\n-r x.txt\ntorch @ u\n"
)


def _cell(source: object, kind: str = "code") -> dict[str, object]:
    return {"cell_type": kind, "metadata": {}, "source": source, "outputs": [{"text": ["x"]}]}


NOTEBOOK = json.dumps(
    {
        "cells": [
            _cell("# Title", "markdown"),
            _cell(["!pip install peft\n", "%env BASE=microsoft/phi-2\n", "base = 'x/y' #@param\n"]),
            _cell("%%bash\nvllm serve x/y --revision abc"),
            _cell("%%capture out\nx = !python train.py --model {base} \\\n  --revision a\nx?"),
            _cell("if True:\n    %time m = AutoModel.from_pretrained(base)\n  bad indent"),
            _cell(">>> from transformers import AutoModel\n... "),
            _cell(PYTHON),
            _cell("%%writefile train.py\nprint(1)"),
        ],
        "metadata": {"kernelspec": {"name": "python3"}, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    },
    indent=1,
)


def _weights() -> bytes:
    tensors = {
        "__metadata__": {"format": "pt"},
        "base_model.model.layers.0.q_proj.lora_A.weight": {
            "dtype": "F32", "shape": [8, 64], "data_offsets": [0, 2048],
        },
    }  # fmt: skip
    header = json.dumps(tensors).encode()
    return len(header).to_bytes(8, "little") + header


SEEDS: dict[str, tuple[tuple[str, SourceKind, bytes], ...]] = {
    "python": (("train.py", "python", PYTHON.encode()),),
    "notebook": (("train.ipynb", "notebook", NOTEBOOK.encode()),),
    "yaml": (
        ("recipe.yaml", "yaml", RECIPE.encode()),
        ("config.yml", "yaml", WORKFLOW.encode()),
    ),
    "workflow": (
        (".github/workflows/a.yml", "shell", WORKFLOW.encode()),
        ("docker-compose.yml", "shell", COMPOSE.encode()),
    ),
    "json": (("recipe.json", "json", RECIPE_JSON.encode()),),
    "toml": (("recipe.toml", "toml", TOML.encode()),),
    "dotenv": ((".env", "dotenv", DOTENV.encode()),),
    "shell": (("train.sh", "shell", SHELL.encode()),),
    "makefile": (("Makefile", "shell", MAKEFILE.encode()),),
    "dockerfile": (("Dockerfile", "shell", DOCKERFILE.encode()),),
    "weights": (("adapter_model.safetensors", "weights", _weights()),),
    "adapter": (("adapter_config.json", "adapter", ADAPTER.encode()),),
    "card": (("README.md", "card", CARD.encode()),),
    "requirements": (("requirements.txt", "requirements", REQUIREMENTS.encode()),),
}
"""For each kind the path, the kind of source and the content of its seeds."""
