"""A Hub cache with two revisions of one small Phi: what issue 1678 fell over.

At `refs/pr/23` the model brings its own code, with the module names that microsoft/phi-2 had at
first; on `main` it is the Phi of transformers. The two share `fc1` and `fc2`, and nothing else.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch

REPO = "acme/phi"
OLD_REF, OLD = "refs/pr/23", "a" * 40
NEW_REF, NEW = "main", "b" * 40

CONFIGURATION = """
from transformers import PretrainedConfig


class PhiMsftConfig(PretrainedConfig):
    model_type = "phi-msft"

    def __init__(self, vocab_size=128, n_embd=64, n_layer=2, n_inner=256, **kwargs):
        self.vocab_size = vocab_size
        self.n_embd = n_embd
        self.n_layer = n_layer
        self.n_inner = n_inner
        self.hidden_size = n_embd
        self.num_hidden_layers = n_layer
        super().__init__(**kwargs)
"""

MODELING = """
import torch
from torch import nn
from transformers import GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

from .configuration_phi import PhiMsftConfig


class Mixer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.Wqkv = nn.Linear(width, 3 * width)
        self.out_proj = nn.Linear(width, width)

    def forward(self, x):
        q, k, v = self.Wqkv(x).chunk(3, dim=-1)
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out_proj(y)


class MLP(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.fc1 = nn.Linear(width, inner)
        self.fc2 = nn.Linear(inner, width)

    def forward(self, x):
        return self.fc2(nn.functional.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.ln = nn.LayerNorm(config.n_embd)
        self.mixer = Mixer(config.n_embd)
        self.mlp = MLP(config.n_embd, config.n_inner)

    def forward(self, x):
        y = self.ln(x)
        return x + self.mixer(y) + self.mlp(y)


class Transformer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.wte = nn.Embedding(config.vocab_size, config.n_embd)
        self.h = nn.ModuleList(Block(config) for _ in range(config.n_layer))

    def forward(self, ids):
        x = self.wte(ids)
        for block in self.h:
            x = block(x)
        return x


class PhiForCausalLM(PreTrainedModel, GenerationMixin):
    config_class = PhiMsftConfig

    def __init__(self, config):
        super().__init__(config)
        self.transformer = Transformer(config)
        self.lm_head = nn.Linear(config.n_embd, config.vocab_size)
        self.post_init()

    def get_input_embeddings(self):
        return self.transformer.wte

    def forward(self, input_ids=None, attention_mask=None, **kwargs):
        return CausalLMOutputWithPast(logits=self.lm_head(self.transformer(input_ids)))
"""


def build(home: Path) -> None:
    """Write the cache below HF_HOME."""
    repo = home / "hub" / f"models--{REPO.replace('/', '--')}"
    _ref(repo, OLD_REF, OLD)
    _ref(repo, NEW_REF, NEW)
    _old(repo / "snapshots" / OLD)
    _native(repo / "snapshots" / NEW)


def _ref(repo: Path, name: str, commit: str) -> None:
    path = repo / "refs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(commit)


def _old(snapshot: Path) -> None:
    """The weights are those of the code itself, loaded from the folder."""
    from transformers import AutoConfig, AutoModelForCausalLM

    snapshot.mkdir(parents=True)
    (snapshot / "configuration_phi.py").write_text(CONFIGURATION)
    (snapshot / "modeling_phi.py").write_text(MODELING)
    config = {
        "model_type": "phi-msft",
        "architectures": ["PhiForCausalLM"],
        "auto_map": {
            "AutoConfig": "configuration_phi.PhiMsftConfig",
            "AutoModelForCausalLM": "modeling_phi.PhiForCausalLM",
        },
        "dtype": "float32",
    }
    (snapshot / "config.json").write_text(json.dumps(config))
    torch.manual_seed(0)
    loaded = AutoConfig.from_pretrained(snapshot, trust_remote_code=True)
    model = AutoModelForCausalLM.from_config(loaded, trust_remote_code=True)
    kept = (snapshot / "config.json").read_text()
    model.save_pretrained(snapshot)
    (snapshot / "config.json").write_text(kept)


def _native(snapshot: Path) -> None:
    from transformers import PhiConfig, PhiForCausalLM

    torch.manual_seed(1)
    config = PhiConfig(
        vocab_size=128,
        hidden_size=64,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
    )
    PhiForCausalLM(config).save_pretrained(snapshot)


def train(home: Path, folder: Path, *, record: bool = False) -> Path:
    """An adapter trained at `refs/pr/23`, saved as PEFT does: its base recorded, no revision."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from tests.verify.zoo import randomise

    base = AutoModelForCausalLM.from_pretrained(
        REPO, revision=OLD_REF, cache_dir=home / "hub", trust_remote_code=True
    )
    torch.manual_seed(2)
    model = get_peft_model(
        base,
        LoraConfig(
            r=8,
            lora_alpha=16,
            target_modules=["Wqkv", "out_proj", "fc1", "fc2"],
            task_type="CAUSAL_LM",
            revision=OLD_REF if record else None,
        ),
    )
    randomise(model)
    model.save_pretrained(folder)
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    return folder
