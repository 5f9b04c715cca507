"""Every call that loads nothing and matters all the same, each by what changes because of it."""

from __future__ import annotations

import pytest

from loralint.catalog.patterns import fits
from tests.tables.projects import check, codes, inventory, pairs
from tests.tables.tables import ACTIONS, METHOD_ACTIONS, SAVERS, STATE_READERS

BASE = """\
from transformers import AutoModelForCausalLM, AutoTokenizer
from peft import AutoPeftModelForCausalLM, LoraConfig, PeftModel, get_peft_model
{imports}

base = AutoModelForCausalLM.from_pretrained("org/x"{options})
"""
TRAINED = """
model = get_peft_model(base, LoraConfig(r=8))
trainer = Trainer(model)
trainer.train()
"""


def base(*lines, imports="", options=""):
    """A script that loads a base and goes on."""
    return BASE.format(imports=imports, options=options) + "\n".join(lines) + "\n"


# --- training -----------------------------------------------------------------------------------

TRAINING = {
    "peft get_peft_model": "get_peft_model(base, config)",
    "peft inject_adapter_in_model": "inject_adapter_in_model(config, base)",
    "peft PeftModel": "PeftModel(base, config)",
    "peft PeftModelForCausalLM": "PeftModelForCausalLM(base, config)",
    "peft PeftMixedModel": "PeftMixedModel(base, config)",
    "peft LoraModel": 'LoraModel(base, config, "default")',
    "unsloth FastLanguageModel.get_peft_model": "FastLanguageModel.get_peft_model(base, r=8)",
    "swift Swift.prepare_model": "Swift.prepare_model(base, config)",
    "swift Swift.get_peft_model": "Swift.get_peft_model(base, config)",
    "swift get_peft_model": "get_peft_model(base, config)",
    "peft prepare_model_for_kbit_training": "prepare_model_for_kbit_training(base)",
    "peft prepare_model_for_int8_training": "prepare_model_for_int8_training(base)",
    "trl SFTTrainer": "SFTTrainer(model=base)",
    "transformers Seq2SeqTrainer": "Seq2SeqTrainer(base)",
    "unsloth UnslothTrainer": "UnslothTrainer(model=base)",
    "sentence_transformers SentenceTransformerTrainer": "SentenceTransformerTrainer(base)",
    "optimum GaudiTrainer": "GaudiTrainer(model=base)",
    "setfit SetFitTrainer": "SetFitTrainer(model=base)",
    "lightning Trainer": "Trainer().fit(base)",
    "pytorch_lightning Trainer": "Trainer().fit(base)",
    "accelerate Accelerator": "Accelerator().backward(base(**batch).loss)",
    "mine add_adapter": "base.add_adapter(config)",
    "mine train": "None\ntrainer = make(base)\ntrainer.train()",
    "mine backward": "base(**batch).loss.backward()",
}
"""A package, what is imported from it, and a call that makes the base a training side."""


@pytest.mark.parametrize("name", TRAINING)
def test_training(tmp_path, name):
    package, imported = name.split()
    line = f"from {package} import {imported.partition('.')[0]}"
    text = base(f"model = {TRAINING[name]}", imports=line)
    [found] = inventory(tmp_path, {"train.py": text})
    assert found["stage"] == "train"
    [without] = inventory(tmp_path, {"train.py": base("model = base", imports=line)})
    assert without["stage"] == "neither"


# --- inference ----------------------------------------------------------------------------------

FRESH = {
    "generate": "model.generate(**batch)",
    "chat": "model.chat(tokenizer, question)",
    "merge_and_unload": "model.merge_and_unload()",
    "mlx_lm.generate": "generate(model, tokenizer, question)",
}


@pytest.mark.parametrize("name", FRESH)
def test_inference_with_a_fresh_adapter(tmp_path, name):
    wrapped = 'model = get_peft_model(base, LoraConfig.from_pretrained("out/x"))'
    text = base(wrapped, f"print({FRESH[name]})", imports="from mlx_lm import generate")
    assert codes(tmp_path, {"serve.py": text}, "LOR301") == ["LOR301"]
    assert codes(tmp_path, {"serve.py": base(wrapped)}, "LOR301") == []


TRAIN = base(TRAINED, 'model.save_pretrained("out/x")', imports="from transformers import Trainer")
MERGING = {
    "merge_and_unload": "model = model.merge_and_unload()",
    "merge_adapter": "model.merge_adapter()",
    "fuse_lora": "model.fuse_lora()",
    "save_pretrained_merged": 'model.save_pretrained_merged("out/merged", tokenizer)',
    "push_to_hub_merged": 'model.push_to_hub_merged("me/merged", tokenizer)',
    "save_pretrained_gguf": 'model.save_pretrained_gguf("out/merged", tokenizer)',
    "push_to_hub_gguf": 'model.push_to_hub_gguf("me/merged", tokenizer)',
    "swift.Swift.merge_and_unload": "Swift.merge_and_unload(model)",
}


@pytest.mark.parametrize("name", MERGING)
def test_merging(tmp_path, name):
    loaded = 'model = PeftModel.from_pretrained(base, "out/x")'
    text = base(loaded, MERGING[name], imports="from swift import Swift")
    [pair] = pairs(tmp_path, {"train.py": TRAIN, "merge.py": text})
    assert pair["merge"] is True
    [pair] = pairs(tmp_path, {"train.py": TRAIN, "merge.py": base(loaded)})
    assert pair["merge"] is False


# --- adapters -----------------------------------------------------------------------------------

ACTIVE = {
    "set_adapter": 'model.set_adapter("b")',
    "set_adapters": 'model.set_adapters(["a", "b"])',
    "set_active_adapters": 'model.set_active_adapters("b")',
    "add_weighted_adapter": 'model.add_weighted_adapter(["a", "b"], [1, 1], "c")',
    "hotswap_adapter": 'model.hotswap_adapter("out/b", "b")',
}


@pytest.mark.parametrize("name", ["", *ACTIVE])
def test_a_second_adapter_is_made_active(tmp_path, name):
    loaded = (
        'model = PeftModel.from_pretrained(base, "out/a", adapter_name="a")',
        'model.load_adapter("out/b", adapter_name="b")',
    )
    text = base(*loaded, ACTIVE.get(name, ""), "model.generate(**batch)")
    assert codes(tmp_path, {"serve.py": text}, "LOR303") == ([] if name else ["LOR303"])


LOST = {
    "unload": ("LOR305", ["model = model.unload()", 'model.save_pretrained("out/merged")'], ""),
    "load_state_dict": (
        "LOR304",
        ['state = load_file("out/x/adapter_model.safetensors")',
         "model.load_state_dict(state, strict=False)"],
        "from safetensors.torch import load_file",
    ),
    "set_peft_model_state_dict": (
        "LOR302",
        ['set_peft_model_state_dict(model, load_file("out/x/adapter_model.safetensors"))'],
        "from peft import set_peft_model_state_dict\nfrom safetensors.torch import load_file",
    ),
    "resize_token_embeddings": (
        "LOR309",
        ['tokenizer = AutoTokenizer.from_pretrained("org/x")', 'tokenizer.add_tokens(["<a>"])',
         "base.resize_token_embeddings(len(tokenizer))", "get_peft_model(base, LoraConfig(r=8))"],
        "",
    ),
    "add_special_tokens": (
        "LOR309",
        ['tokenizer = AutoTokenizer.from_pretrained("org/x")',
         'tokenizer.add_special_tokens({"additional_special_tokens": ["<a>"]})',
         "base.resize_token_embeddings(len(tokenizer))", "get_peft_model(base, LoraConfig(r=8))"],
        "",
    ),
    "compile": ("LOR314", ["get_peft_model(torch.compile(base), LoraConfig(r=8))"], "import torch"),
    "filterwarnings": ("LOR312", ['warnings.filterwarnings("ignore")'], "import warnings"),
    "simplefilter": ("LOR312", ['warnings.simplefilter("ignore")'], "import warnings"),
    "set_verbosity_error": (
        "LOR312",
        ["logging.set_verbosity_error()", 'base.load_adapter("out/x")'],
        "from transformers.utils import logging",
    ),
    "LoraConfig": (
        "LOR310",
        ['get_peft_model(base, LoraConfig(init_lora_weights="pissa_niter_4"))'],
        "",
    ),
}  # fmt: skip
"""A name, the rule that a call of it breaks, and the rows of code with what they import."""


@pytest.mark.parametrize("name", LOST)
def test_lost_adapters(tmp_path, name):
    code, lines, imports = LOST[name]
    before = 'model = PeftModel.from_pretrained(base, "out/x")'
    text = base(before, *lines, imports=imports)
    assert codes(tmp_path, {"serve.py": text}, code) == [code]
    lines = [line for line in lines if name not in line]
    assert codes(tmp_path, {"serve.py": base(before, *lines, imports=imports)}, code) == []


READERS = {
    "safetensors.torch.load_file": 'load_file("out/x/adapter_model.safetensors")',
    "torch.load": 'torch.load("out/x/adapter_model.bin")',
    "peft.load_peft_weights": 'load_peft_weights("out/x")',
    "mlx.core.load": 'mx.load("out/x/adapter_model.safetensors")',
}


@pytest.mark.parametrize("name", READERS)
def test_what_a_state_dict_is_read_from(tmp_path, name):
    """A state dict that comes out of an adapter's folder drops every tensor; others do not."""
    module = {"torch.load": "import torch", "mlx.core.load": "import mlx.core as mx"}
    line = module.get(name, "from {} import {}".format(*name.rsplit(".", 1)))
    rows = ["model = get_peft_model(base, LoraConfig(r=8))",
            f"model.load_state_dict({READERS[name]}, strict=False)"]  # fmt: skip
    text = base(*rows, imports=line)
    assert codes(tmp_path, {"serve.py": text}, "LOR304") == ["LOR304"]
    other = text.replace(READERS[name], f"convert({READERS[name]})")
    assert codes(tmp_path, {"serve.py": other}, "LOR304") == []


@pytest.mark.parametrize("given", ["model=base", "base"])
def test_a_pipeline_asks_the_model_that_it_is_given(tmp_path, given):
    rows = ['model = PeftModel.from_pretrained(base, "out/x")',
            f'pipeline("text-generation", {given})', "model.generate(**batch)"]  # fmt: skip
    text = base(*rows, imports="from transformers import pipeline")
    assert codes(tmp_path, {"serve.py": text}, "LOR316") == ["LOR316"]
    mine = base(*rows, imports="from mine import pipeline")
    assert codes(tmp_path, {"serve.py": mine}, "LOR316") == []


READING_BACK = {"peft.get_peft_model_state_dict": "now = get_peft_model_state_dict(model)"}
"""What reads an adapter's tensors back out of a model, and a call of it."""


@pytest.mark.parametrize("name", READING_BACK)
def test_what_is_read_back_is_looked_at(tmp_path, name):
    imports = (
        "from safetensors.torch import load_file\n"
        "from peft import get_peft_model_state_dict, set_peft_model_state_dict"
    )
    rows = ["model = get_peft_model(base, LoraConfig(r=8))",
            'weights = load_file("out/x/adapter_model.safetensors")',
            "set_peft_model_state_dict(model, weights)"]  # fmt: skip
    text = base(*rows, imports=imports)
    assert codes(tmp_path, {"serve.py": text}, "LOR302") == ["LOR302"]
    after = base(*rows, READING_BACK[name], imports=imports)
    assert codes(tmp_path, {"serve.py": after}, "LOR302") == []
    before = base(rows[0], READING_BACK[name], *rows[1:], imports=imports)
    assert codes(tmp_path, {"serve.py": before}, "LOR302") == ["LOR302"], "it was read before"


# --- saving -------------------------------------------------------------------------------------

SAVES = {
    "save_pretrained": ("model", ["save_directory", "save_dir", "output_dir"]),
    "save_model": ("trainer", ["output_dir"]),
    "push_to_hub": ("model", ["repo_id"]),
    "save_lora_weights": ("model", ["save_directory"]),
    "save_lora_adapter": ("model", ["save_directory"]),
    "save_attn_procs": ("model", ["save_directory"]),
    "save_adapter": ("model", ["save_directory"]),
    "save_pretrained_merged": ("model", ["save_directory"]),
    "push_to_hub_merged": ("model", ["repo_id"]),
    "save_pretrained_gguf": ("model", ["save_directory"]),
    "push_to_hub_gguf": ("model", ["repo_id"]),
}
"""A method, the object that has it, and the keywords of its target."""

MERGED = {name for name in SAVES if name.endswith(("_merged", "_gguf"))}
"""Those that save a merge: whoever loads that as an adapter loads none that was trained."""


@pytest.mark.parametrize(
    ("method", "keyword"),
    [(name, word) for name, (_, words) in SAVES.items() for word in ["", *words]],
)
def test_saving(tmp_path, method, keyword):
    owner, target = SAVES[method][0], "me/x" if "repo_id" in SAVES[method][1] else "out/x"
    given = f'{keyword}="{target}"' if keyword else f'"{target}"'
    text = base(TRAINED, f"{owner}.{method}({given})", imports="from transformers import Trainer")
    serve = base(f'model = PeftModel.from_pretrained(base, "{target}")')
    found = pairs(tmp_path, {"train.py": text, "serve.py": serve})
    assert [pair["rule"] for pair in found] == ([] if method in MERGED else ["artifact"])


@pytest.mark.parametrize(
    "method", [name for name, (_, words) in SAVES.items() if "repo_id" not in words]
)
def test_a_folder_that_is_saved_is_no_repository(tmp_path, method):
    text = base(
        TRAINED, f'{SAVES[method][0]}.{method}("me/x")', imports="from transformers import Trainer"
    )
    serve = 'from transformers import AutoModel\n\nmodel = AutoModel.from_pretrained("me/x")\n'
    assert codes(tmp_path, {"serve.py": serve}, "LOR101") == ["LOR101"]
    found = check(tmp_path, {"serve.py": serve, "train.py": text}, "LOR101")
    assert [one["filename"] for one in found] == ["train.py"], "only the base is none"


UPLOADS = ["upload_folder", "upload_large_folder"]
"""Methods that send to the Hub what was saved to a folder before."""


@pytest.mark.parametrize("method", UPLOADS)
def test_uploading(tmp_path, method):
    upload = f'HfApi().{method}(folder_path="out/x", repo_id="me/x")'
    imports = "from huggingface_hub import HfApi\nfrom transformers import Trainer"
    text = base(TRAINED, 'model.save_pretrained("out/x")', upload, imports=imports)
    serve = base('model = PeftModel.from_pretrained(base, "me/x")')
    found = pairs(tmp_path, {"train.py": text, "serve.py": serve})
    assert [pair["rule"] for pair in found] == ["artifact"]


# --- prompt templates ---------------------------------------------------------------------------

TEMPLATES = {
    "unsloth.get_chat_template": 'get_chat_template(tokenizer, "{}")',
    "tokenizer.apply_chat_template": 'tokenizer.apply_chat_template(rows, chat_template="{}")',
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates(tmp_path, name):
    imports = "from unsloth.chat_templates import get_chat_template\nfrom trl import SFTTrainer"
    tokenizer = 'tokenizer = AutoTokenizer.from_pretrained("org/x")'

    def sides(first, second):
        train = (
            tokenizer,
            TEMPLATES[name].format(first),
            "model = get_peft_model(base, LoraConfig())",
        )
        serve = (
            tokenizer,
            TEMPLATES[name].format(second),
            'PeftModel.from_pretrained(base, "out/x")',
        )
        trained = (*train, "SFTTrainer(model).train()", 'model.save_pretrained("out/x")')
        return {
            "train.py": base(*trained, imports=imports),
            "serve.py": base(*serve, imports=imports),
        }

    for number, (second, found) in enumerate((("chatml", False), ("alpaca", True))):
        (tmp_path / str(number)).mkdir()
        found_here = codes(tmp_path / str(number), sides("chatml", second), "LOR212")
        assert bool(found_here) == found


# --- LoRA layers of a pipeline that are taken off -----------------------------------------------

DROPPING = ("unload_lora_weights", "unload_lora", "delete_adapters")


@pytest.mark.parametrize("name", DROPPING)
def test_dropping(tmp_path, name):
    text = (
        "from diffusers import DiffusionPipeline\n"
        'pipe = DiffusionPipeline.from_pretrained("org/x")\n'
        "pipe.fuse_lora()\n{}pipe.save_pretrained('out')\n"
    )
    for number, line in enumerate(("", f"pipe.{name}()\n")):
        (tmp_path / str(number)).mkdir()
        found = codes(tmp_path / str(number), {"merge.py": text.format(line)}, "LOR319")
        assert bool(found) == (line == "")


# --- completeness -------------------------------------------------------------------------------


def test_every_method_has_a_test():
    tried = {*(name.split()[1] for name in TRAINING), *FRESH, *MERGING, *ACTIVE, *LOST}
    tried |= {name.rpartition(".")[2] for name in TEMPLATES} | set(DROPPING)
    tried |= {"add_tokens"}  # beside resize_token_embeddings
    assert set(METHOD_ACTIONS) <= tried
    assert {name: tuple(words) for name, (_, words) in SAVES.items()} == {
        name: saver.target for name, saver in SAVERS.items() if not saver.uploads
    }
    assert {name for name, saver in SAVERS.items() if saver.uploads} == set(UPLOADS)
    assert {
        "safetensors.torch.load_file", "safetensors.load_file", "torch.load",
        "peft.load_peft_weights", "mlx.load",
    } == STATE_READERS  # fmt: skip


ELSEWHERE = {
    "peft.set_peft_model_state_dict", "peft.load_peft_weights", "torch.compile",
    "transformers.utils.logging.set_verbosity_error", "warnings.filterwarnings",
    "swift.Swift.merge_and_unload", "mlx_lm.generate", "peft.LoraConfig", "transformers.pipeline",
    "accelerate.Accelerator.backward", *TEMPLATES, *READING_BACK,
}  # fmt: skip


@pytest.mark.parametrize(
    "action",
    [row for row in ACTIONS if row.packages],
    ids=lambda row: f"{row.packages}: {row.calls}",
)
def test_every_row_has_a_call(action):
    tried = ELSEWHERE | {name.replace(" ", ".") for name in TRAINING}
    assert any(
        fits(action.packages, package) and fits(action.calls, rest)
        for package, _, rest in (name.partition(".") for name in tried)
    )
