"""`plugins: [loralint.axolotl.Plugin]`, as axolotl's plugin manager uses it.

axolotl itself is used where it is installed; elsewhere its documented interface stands in for it.
"""

from __future__ import annotations

import json
import sys
import types
from importlib import import_module
from importlib.util import find_spec

import pytest

from tests.verify.conftest import MISSING, REASON, REQUIRED

if MISSING and not REQUIRED:
    pytest.skip(REASON, allow_module_level=True)

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

from loralint import contract as contracts
from tests.verify.fake_hub import publish
from tests.verify.tiny import TARGETS, llama

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]

ROWS = [{"input_ids": list(range(3, 19)), "labels": list(range(3, 19))}] * 8


class BasePlugin:
    """What `axolotl.integrations.base.BasePlugin` documents, of what is used here."""

    def __init__(self):
        """Initializes the BasePlugin."""

    def add_callbacks_post_trainer(self, cfg, trainer):
        return []


class Recipe(dict):
    """A recipe as axolotl's `DictDefault`: a key that is not there is None."""

    def __getattr__(self, name):
        return self.get(name)


@pytest.fixture
def plugin(monkeypatch):
    if find_spec("axolotl") is None:
        for name in ("axolotl", "axolotl.integrations", "axolotl.integrations.base"):
            monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
        sys.modules["axolotl.integrations.base"].BasePlugin = BasePlugin
    monkeypatch.delitem(sys.modules, "loralint.axolotl", raising=False)
    # As axolotl's `load_plugin` does: the module by its name, the class, an instance.
    return import_module("loralint.axolotl").Plugin()


def test_a_recipe_that_names_a_revision_saves_the_commit(plugin, hub_cache, tmp_path):
    old = publish(hub_cache, "acme/axolotl", llama(tmp_path / "v1", seed=1), "v1")
    publish(hub_cache, "acme/axolotl", llama(tmp_path / "v2", seed=2), "main")
    recipe = Recipe(base_model="acme/axolotl", revision_of_model="v1", adapter="lora")
    base = AutoModelForCausalLM.from_pretrained("acme/axolotl", revision="v1")
    trainer = Trainer(
        get_peft_model(base, LoraConfig(r=4, target_modules=TARGETS, task_type="CAUSAL_LM")),
        TrainingArguments(
            output_dir=str(tmp_path / "out"), max_steps=1, save_strategy="no", report_to=[],
            use_cpu=True, disable_tqdm=True,
        ),
        train_dataset=ROWS,
    )  # fmt: skip
    for callback in plugin.add_callbacks_post_trainer(recipe, trainer):
        trainer.add_callback(callback)
    trainer.train()
    trainer.model.save_pretrained(tmp_path / "out")
    config = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    recorded = contracts.parse((tmp_path / "out" / contracts.NAME).read_bytes())
    assert config["revision"] == recorded.base.commit == old
    assert recorded.base.requested == "v1"


def test_a_recipe_without_an_adapter_is_left_alone(plugin):
    assert plugin.add_callbacks_post_trainer(Recipe(base_model="acme/whole"), None) == []
