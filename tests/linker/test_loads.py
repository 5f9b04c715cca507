"""Which calls load, as what, with which options."""

import pytest

from loralint.facts import Attribute, Known, Parameter, Partial, Reason, Symbol, Unknown
from tests.linker.building import (
    AUTO,
    Argument,
    by_hand,
    call,
    file,
    linked,
    model,
    only_load,
    rows,
    short,
)


def loads(source, **more):
    """The loader, artifact and repo id of every load of a script."""
    project = linked({"main.py": source, **{f"{name}.py": text for name, text in more.items()}})
    return [
        (load.site.loader, load.site.artifact, short(load.site.repo_id)) for load in project.loads
    ]


def option(load, name):
    """An option of a load, in short."""
    return short(load.option(name))


AUTO_LOADER = "transformers.AutoModelForCausalLM.from_pretrained"


@pytest.mark.parametrize(
    ("statement", "call", "loader", "artifact"),
    [
        ("from transformers import AutoModel", "AutoModel.from_pretrained('o/m')",
         "transformers.AutoModel.from_pretrained", "base-model"),
        ("import transformers as t", "t.LlamaForCausalLM.from_pretrained('o/m')",
         "transformers.LlamaForCausalLM.from_pretrained", "base-model"),
        ("from transformers.models.llama import LlamaTokenizerFast as T",
         "T.from_pretrained('o/m')",
         "transformers.LlamaTokenizerFast.from_pretrained", "tokenizer"),
        ("from transformers import AutoProcessor", "AutoProcessor.from_pretrained('o/m')",
         "transformers.AutoProcessor.from_pretrained", "processor"),
        ("from transformers import AutoConfig", "AutoConfig.from_pretrained('o/m')",
         "transformers.AutoConfig.from_pretrained", "config"),
        ("from transformers import pipeline", "pipeline('text-generation', 'o/m')",
         "transformers.pipeline", "pipeline"),
        ("from peft import PeftModel", "PeftModel.from_pretrained(x, 'o/m')",
         "peft.PeftModel.from_pretrained", "adapter"),
        ("from peft import PeftConfig", "PeftConfig.from_pretrained('o/m')",
         "peft.PeftConfig.from_pretrained", "config"),
        ("import peft", "peft.AutoPeftModelForCausalLM.from_pretrained('o/m')",
         "peft.AutoPeftModelForCausalLM.from_pretrained", "adapter"),
        ("from diffusers import StableDiffusionPipeline as P", "P.from_pretrained('o/m')",
         "diffusers.StableDiffusionPipeline.from_pretrained", "pipeline"),
        ("from diffusers import DDPMScheduler", "DDPMScheduler.from_pretrained('o/m')",
         "diffusers.DDPMScheduler.from_pretrained", "config"),
        ("from diffusers import AutoencoderKL", "AutoencoderKL.from_pretrained('o/m')",
         "diffusers.AutoencoderKL.from_pretrained", "base-model"),
        ("from sentence_transformers import SentenceTransformer as S", "S('o/m')",
         "sentence_transformers.SentenceTransformer", "embedding"),
        ("from vllm import LLM", "LLM(model='o/m')", "vllm.LLM", "engine"),
        ("from vllm.lora.request import LoRARequest", "LoRARequest('a', 1, 'o/m')",
         "vllm.LoRARequest", "adapter"),
        ("from unsloth import FastLanguageModel as F", "F.from_pretrained(model_name='o/m')",
         "unsloth.FastLanguageModel.from_pretrained", "base-model"),
        ("from trl import SFTTrainer", "SFTTrainer(model='o/m')", "trl.SFTTrainer", "base-model"),
        ("from datasets import load_dataset", "load_dataset('o/m')", "datasets.load_dataset",
         "dataset"),
        ("from huggingface_hub import snapshot_download", "snapshot_download('o/m')",
         "huggingface_hub.snapshot_download", "file"),
        ("from huggingface_hub import HfApi", "HfApi().hf_hub_download('o/m', 'f')",
         "huggingface_hub.HfApi.hf_hub_download", "file"),
        ("from tokenizers import Tokenizer", "Tokenizer.from_pretrained('o/m')",
         "tokenizers.Tokenizer.from_pretrained", "tokenizer"),
        ("import timm", "timm.create_model('hf_hub:o/m')", "timm.create_model", "base-model"),
        ("from auto_gptq import AutoGPTQForCausalLM as G", "G.from_quantized('o/m')",
         "auto_gptq.AutoGPTQForCausalLM.from_quantized", "base-model"),
        ("from modelscope import AutoModel", "AutoModel.from_pretrained('o/m')",
         "modelscope.AutoModel.from_pretrained", "base-model"),
        ("from langchain_huggingface import HuggingFaceEmbeddings as H", "H(model_name='o/m')",
         "langchain_huggingface.HuggingFaceEmbeddings", "embedding"),
        ("from gliner import GLiNER", "GLiNER.from_pretrained('o/m')",
         "gliner.GLiNER.from_pretrained", "model"),
    ],
)  # fmt: skip
def test_the_ecosystem(statement, call, loader, artifact):
    assert loads(f"{statement}\n{call}") == [(loader, artifact, "o/m")]


@pytest.mark.parametrize(
    "source",
    [
        "from transformers import pipeline\npipeline('text-generation', model=load())",
        "from datasets import load_dataset\nload_dataset('json', data_files='x')",
        "from sklearn import pipeline\npipeline('a', 'o/m')",
        "import timm\ntimm.create_model('resnet50')",
        "class Mine:\n    @classmethod\n    def from_pretrained(cls, x): ...\n"
        "Mine.from_pretrained('o/m')",
        f"{AUTO}m = AutoModelForCausalLM.from_config('o/m')\nm.from_pretrained('o/m')",
        "import paddlenlp\npaddlenlp.Model.from_pretrained('o/m')",
        "from trl import SFTTrainer\nSFTTrainer(model=model)",
        "def f(x):\n    x.from_pretrained('outputs/m')",
        "def f(x):\n    x.from_pretrained('m')",
    ],
)
def test_no_loads(source):
    assert loads(source) == []


@pytest.mark.parametrize(
    "source",
    [
        f"{AUTO}load = AutoModelForCausalLM.from_pretrained\nload('o/m')",
        f"{AUTO}C = AutoModelForCausalLM\ndef f():\n    C.from_pretrained('o/m')",
        f"{AUTO}getattr(AutoModelForCausalLM, 'from_pretrained')('o/m')",
        f"{AUTO}R = {{'a': AutoModelForCausalLM}}\ndef f(k):\n    R[k].from_pretrained('o/m')",
        f"from functools import partial\n{AUTO}p = partial(AutoModelForCausalLM.from_pretrained,"
        " revision='v')\np('o/m')",
        f"{AUTO}def f(cls):\n    return cls.from_pretrained('o/m')\nf(AutoModelForCausalLM)",
        f"{AUTO}x = dict(type=AutoModelForCausalLM.from_pretrained,"
        " pretrained_model_name_or_path='o/m')",
        f"{AUTO}class A:\n    def __init__(self):\n        self.k = AutoModelForCausalLM\n"
        "    def f(self):\n        self.k.from_pretrained('o/m')",
    ],
)
def test_the_ways_to_say_it(source):
    assert loads(source) == [(AUTO_LOADER, "base-model", "o/m")]


def test_a_class_that_another_file_exports_again():
    source = "from compat import AutoModelForCausalLM as A\nA.from_pretrained('o/m')"
    found = loads(source, compat="from transformers import AutoModelForCausalLM")
    assert found == [(AUTO_LOADER, "base-model", "o/m")]


def test_a_subclass_and_its_cls_and_super():
    source = """
from transformers import LlamaForCausalLM
class Mine(LlamaForCausalLM):
    @classmethod
    def load(cls):
        return cls.from_pretrained("o/m")
Mine.from_pretrained("o/n", revision="v")
"""
    load = linked({"main.py": source}).loads[-1]
    assert {(name, repo) for name, _, repo in loads(source)} == {
        ("transformers.LlamaForCausalLM.from_pretrained", "o/m"),
        ("transformers.LlamaForCausalLM.from_pretrained", "o/n"),
    }
    assert option(load, "class") == "Mine"
    overriding = """
from transformers import LlamaForCausalLM
class Mine(LlamaForCausalLM):
    @classmethod
    def from_pretrained(cls, path, **kwargs):
        return super().from_pretrained(path, **kwargs)
Mine.from_pretrained("o/n")
"""
    assert len(loads(overriding)) == 1  # what is handed on is loaded by the caller


def test_a_choice_of_classes():
    source = """
import sys
from transformers import AutoModel, AutoModelForCausalLM
C = AutoModel if len(sys.argv) else AutoModelForCausalLM
C.from_pretrained("o/m")
"""
    load = only_load(source)
    assert option(load, "class") == ["AutoModel", "AutoModelForCausalLM"]


def test_an_unresolvable_receiver_with_a_hub_id():
    facts = file(
        "main.py",
        call(1, Attribute(Parameter("f", "x"), "from_pretrained"), Known("o/m"), function="f"),
    )
    assert rows(by_hand(facts)) == [(1, "model", "o/m", "-")]


def test_a_partial_keeps_its_arguments():
    callee = Partial(model(), (Argument(Known("v1"), "revision"),))
    assert rows(by_hand(file("main.py", call(1, callee, Known("o/m"))))) == [
        (1, "base-model", "o/m", "v1")
    ]


def test_an_unknown_callee_is_nothing():
    assert (
        rows(by_hand(file("main.py", call(1, Unknown(Reason.EXPRESSION, "?"), Known("o/m"))))) == []
    )
    assert rows(by_hand(file("main.py", call(1, Symbol("os", "getcwd"), Known("o/m"))))) == []


# --- ids and revisions --------------------------------------------------------------------------


def test_a_downloaded_snapshot_is_local_and_pinned():
    commit = "0123456789abcdef0123456789abcdef01234567"
    source = f"""
from huggingface_hub import snapshot_download
{AUTO}
path = snapshot_download("o/m", revision="{commit}")
AutoModelForCausalLM.from_pretrained(path)
"""
    project = linked({"main.py": source})
    assert rows(project)[1][2:4] == ("o/m", commit)
    assert project.loads[1].local


def test_the_base_that_an_adapter_records():
    source = f"""
from peft import PeftConfig
{AUTO}
config = PeftConfig.from_pretrained("o/adapter")
AutoModelForCausalLM.from_pretrained(config.base_model_name_or_path)
"""
    assert rows(linked({"main.py": source}))[1][2] == "? o/adapter:base_model_name_or_path"


def test_a_4_bit_unsloth_load_drops_its_revision():
    begin = "from unsloth import FastLanguageModel as F\nF.from_pretrained('o/m', revision='v'"
    assert rows(linked({"main.py": f"{begin})"}))[0][3] == "?"
    assert rows(linked({"main.py": f"{begin}, load_in_4bit=False)"}))[0][3] == "v"
    assert rows(linked({"main.py": f"{begin}, use_exact_model_name=True)"}))[0][3] == "v"


def test_a_trainer_passes_the_revision_in_its_arguments():
    source = """
from trl import SFTTrainer, SFTConfig
args = SFTConfig(output_dir="out", model_init_kwargs={"revision": "v1"})
SFTTrainer(model="o/m", args=args)
"""
    assert rows(linked({"main.py": source})) == [(4, "base-model", "o/m", "v1")]


def test_a_revision_inside_model_kwargs():
    source = """
from langchain_huggingface import HuggingFaceEmbeddings
HuggingFaceEmbeddings(model_name="o/m", model_kwargs={"revision": "v1"})
"""
    assert rows(linked({"main.py": source})) == [(3, "embedding", "o/m", "v1")]


def test_a_timm_name_holds_its_revision():
    source = "import timm\ntimm.create_model('hf-hub:o/m@v1', pretrained=True)"
    assert rows(linked({"main.py": source})) == [(2, "base-model", "o/m", "v1")]


def test_a_folder_that_the_project_saves_to_is_local():
    source = f"""
{AUTO}
m = AutoModelForCausalLM.from_pretrained("o/m")
m.save_pretrained("mine/model")
AutoModelForCausalLM.from_pretrained("mine/model")
"""
    assert [load.local for load in linked({"main.py": source}).loads] == [False, True]


def test_load_adapter_of_peft_and_of_transformers():
    source = f"""
from peft import PeftModel
{AUTO}
m = AutoModelForCausalLM.from_pretrained("o/m")
m.load_adapter("o/a")
p = PeftModel.from_pretrained(m, "o/b")
p.load_adapter("o/c", adapter_name="second")
"""
    found = loads(source)
    assert found[1:] == [
        ("transformers.PreTrainedModel.load_adapter", "adapter", "o/a"),
        ("peft.PeftModel.from_pretrained", "adapter", "o/b"),
        ("peft.PeftModel.load_adapter", "adapter", "o/c"),
    ]
    project = linked({"main.py": source})
    assert [load.inputs for load in project.loads] == [(), (0,), (0,), (2,)]


# --- options ------------------------------------------------------------------------------------


def test_options():
    source = f"""
import torch
{AUTO}
AutoModelForCausalLM.from_pretrained("o/m", torch_dtype=torch.float16, trust_remote_code=True,
    local_files_only=False, subfolder="a")
"""
    load = only_load(source)
    names = ("dtype", "trust_remote_code", "local_files_only", "subfolder", "class", "variant")
    assert [option(load, name) for name in names] == [
        "float16", True, False, "a", "AutoModelForCausalLM", "-",
    ]  # fmt: skip
    assert option(load, "quantization") == "none"


@pytest.mark.parametrize(
    ("arguments", "word", "double"),
    [
        ("load_in_4bit=True", "fp4", False),
        ("quantization_config=B(load_in_4bit=True)", "fp4", False),
        ("quantization_config=B(load_in_4bit=True, bnb_4bit_quant_type='nf4',"
         " bnb_4bit_use_double_quant=True)", "nf4", True),
        ("quantization_config=dict(load_in_4bit=True, bnb_4bit_quant_type='nf4')", "nf4", False),
        ("quantization_config=B(load_in_8bit=True)", "int8", "-"),
        ("quantization_config=None", "none", "-"),
        ("quantization_config=GPTQConfig(bits=4)", "gptq", "-"),
        ("quantization_config=B(load_in_4bit=True) if flag else None", ["fp4", "none"],
         [False, "-"]),
        ("**unknown()", "?", "-"),
    ],
)  # fmt: skip
def test_quantisation(arguments, word, double):
    source = f"""
from transformers import BitsAndBytesConfig as B, GPTQConfig
{AUTO}
AutoModelForCausalLM.from_pretrained("o/m", {arguments})
"""
    load = only_load(source)
    assert option(load, "quantization") == word
    assert option(load, "bnb_4bit_use_double_quant") in (double, "?")


def test_the_keywords_are_listed():
    source = f'{AUTO}AutoTokenizer.from_pretrained("o/m", revison="v", **{{"use_fast": True}})'
    assert option(only_load(source), "keywords") == "revison use_fast"


def test_a_configuration_that_is_written_out_again():
    source = """
from peft import PeftModel, LoraConfig
PeftModel.from_pretrained(x, "o/a", config=LoraConfig(r=8, target_modules=["q", "v"]))
"""
    load = only_load(source)
    assert (option(load, "config.r"), option(load, "config.target_modules")) == (8, '["q", "v"]')


def test_revisions_in_other_options():
    source = f"""
{AUTO}
AutoModelForCausalLM.from_pretrained("o/m", adapter_kwargs={{"revision": "a1"}}, code_revision="c")
"""
    load = only_load(source)
    assert option(load, "adapter_kwargs.revision") == "a1"
    assert option(load, "code_revision") == "c"
