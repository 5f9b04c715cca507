"""Names of the project's own that libraries have too: wrapped, or something else altogether."""

from __future__ import annotations

import pytest

from tests.whole.pairs import serves
from tests.whole.running import Small, table

WRAPPED = {
    "pipeline": (
        "import transformers\n\n\ndef pipeline(task):\n"
        '    return transformers.pipeline(task, model="org/a", revision="v1")\n\n\n'
        'pipeline("text-generation")\n',
        ("LOR103", 5),
    ),
    "pipeline, of an argument": (
        "import transformers\n\n\ndef pipeline(task, model):\n"
        '    return transformers.pipeline(task, model=model, revision="v1")\n\n\n'
        'pipeline("text-generation", "org/a")\n',
        ("LOR103", 5),
    ),
    "pipeline, under another name before": (
        "from transformers import pipeline as library\n\n\ndef pipeline(task):\n"
        '    return library(task, model="org/a", revision="v1")\n\n\n'
        'pipeline("text-generation")\n',
        ("LOR103", 5),
    ),
    "pipeline, which nobody calls": (
        "import transformers\n\n\ndef pipeline(task):\n"
        '    return transformers.pipeline(task, model="org/a", revision="v1")\n',
        ("LOR103", 5),
    ),
    "pipeline, a method": (
        "import transformers\n\n\nclass Server:\n    def pipeline(self, task):\n"
        '        return transformers.pipeline(task, model="org/a", revision="v1")\n\n\n'
        'Server().pipeline("text-generation")\n',
        ("LOR103", 6),
    ),
    "pipeline, a variable": (
        "import transformers\n\n"
        'pipeline = transformers.pipeline("text-generation", model="org/a", revision="v1")\n'
        'print(pipeline("hello", model="org/b", revision="v2"))\n',
        ("LOR103", 3),
    ),
    "load_dataset": (
        "import datasets\n\n\ndef load_dataset(split):\n"
        '    return datasets.load_dataset("org/data", split=split)\n\n\n'
        'load_dataset("train")\n',
        ("LOR112", 5),
    ),
    "snapshot_download": (
        "import huggingface_hub\n\n\ndef snapshot_download(name):\n"
        '    return huggingface_hub.snapshot_download(name, revision="v1")\n\n\n'
        'snapshot_download("org/a")\n',
        ("LOR103", 5),
    ),
    "LLM": (
        "import vllm\n\n\ndef LLM(name):\n"
        '    return vllm.LLM(model=name, revision="v1")\n\n\n'
        'LLM("org/a")\n',
        ("LOR103", 5),
    ),
    "SentenceTransformer": (
        "import sentence_transformers\n\n\ndef SentenceTransformer():\n"
        '    return sentence_transformers.SentenceTransformer("org/a", revision="v1")\n\n\n'
        "SentenceTransformer()\n",
        ("LOR103", 5),
    ),
    "AutoModel, a subclass": (
        "import transformers\n\n\nclass AutoModel(transformers.AutoModel):\n    pass\n\n\n"
        'AutoModel.from_pretrained("org/a", revision="v1")\n',
        ("LOR103", 8),
    ),
    "AutoModel, a variable": (
        "import transformers\n\nAutoModel = transformers.AutoModelForCausalLM\n"
        'AutoModel.from_pretrained("org/a", revision="v1")\n',
        ("LOR103", 4),
    ),
    "from_pretrained": (
        "from transformers import AutoModel\n\n\ndef from_pretrained(name):\n"
        '    return AutoModel.from_pretrained(name, revision="v1")\n\n\n'
        'from_pretrained("org/a")\n',
        ("LOR103", 5),
    ),
}
"""A file with one finding, and where that stands."""


@pytest.mark.parametrize("case", table(WRAPPED))
def test_a_wrapper_of_the_same_name(small: Small, case: str) -> None:
    text, (code, row) = WRAPPED[case]
    small.write({"main.py": text})
    assert small.found("LOR101", "LOR103", "LOR112") == [(code, "main.py", row)]
    (load,) = small.inventory()
    assert load["repo_id"]["values"] == ["org/data" if code == "LOR112" else "org/a"]


PEFT = """\
import peft
from transformers import AutoModelForCausalLM, Trainer


{wrapper}


base = AutoModelForCausalLM.from_pretrained("org/a", revision="v1")
model = {call}
Trainer(model=model).train()
model.save_pretrained("out/lora")
"""

WRAPPERS = {
    "get_peft_model": (
        "def get_peft_model(model):\n    return peft.get_peft_model(model, peft.LoraConfig(r=8))",
        "get_peft_model(base)",
    ),
    "get_peft_model, a method": (
        "class Trained:\n    def get_peft_model(self, model):\n"
        "        return peft.get_peft_model(model, peft.LoraConfig(r=8))",
        "Trained().get_peft_model(base)",
    ),
    "LoraConfig": (
        "def LoraConfig():\n    return peft.LoraConfig(r=8)",
        "peft.get_peft_model(base, LoraConfig())",
    ),
    "prepare_model_for_kbit_training": (
        "def prepare_model_for_kbit_training(model):\n"
        "    return peft.prepare_model_for_kbit_training(model)",
        "peft.get_peft_model(prepare_model_for_kbit_training(base), peft.LoraConfig(r=8))",
    ),
}
"""A function of its own, and how the adapter is made with it."""


@pytest.mark.parametrize("case", table(WRAPPERS))
def test_a_wrapper_on_the_way_to_the_adapter(small: Small, case: str) -> None:
    wrapper, call = WRAPPERS[case]
    small.write({"train.py": PEFT.format(wrapper=wrapper, call=call)})
    small.write({"infer.py": serves("", '"org/a", revision="v2"')})
    assert small.found("LOR201") == [("LOR201", "infer.py", 4)]
    assert [code for code, *_ in small.found("LOR110")] == ["LOR110"]
    assert [load["stage"] for load in small.inventory("train.py")] == ["train"]


NO_LOADS = {
    "pipeline": (
        "def pipeline(task, model, revision=None):\n    return task, model, revision\n\n\n"
        'pipeline("x", model="org/a", revision="v1")\n'
    ),
    "pipeline, of another file": (
        'from steps import pipeline\n\npipeline("x", model="org/a", revision="v1")\n'
    ),
    "pipeline, a method": (
        "class Steps:\n    def pipeline(self, model):\n        return model\n\n\n"
        'Steps().pipeline(model="org/a")\n'
    ),
    "load_dataset": (
        'def load_dataset(name):\n    return open(name)\n\n\nload_dataset("org/data")\n'
    ),
    "LLM, a class": (
        "class LLM:\n    def __init__(self, model):\n        self.model = model\n\n\n"
        'LLM(model="org/a")\n'
    ),
    "SentenceTransformer, of another file": (
        'from steps import SentenceTransformer\n\nSentenceTransformer("org/a")\n'
    ),
    "AutoModel, a class": (
        "class AutoModel:\n    @classmethod\n    def from_pretrained(cls, name, revision=None):\n"
        '        return name, revision\n\n\nAutoModel.from_pretrained("org/a", revision="v1")\n'
    ),
    "AutoModel, a class of another file": (
        'from steps import AutoModel\n\nAutoModel.from_pretrained("org/a", revision="v1")\n'
    ),
    "transformers, a module of the project": (
        'import steps as transformers\n\ntransformers.pipeline("x", model="org/a")\n'
    ),
}
STEPS = """\
def pipeline(task, model, revision=None):
    return task, model, revision


class SentenceTransformer:
    def __init__(self, name):
        self.name = name


class AutoModel:
    @classmethod
    def from_pretrained(cls, name, revision=None):
        return name, revision
"""


@pytest.mark.parametrize("case", table(NO_LOADS))
def test_something_else_of_the_same_name(small: Small, case: str) -> None:
    small.write({"main.py": NO_LOADS[case], "steps.py": STEPS})
    assert small.inventory() == []
    assert small.findings() == []
    assert small.undecided("--strict") == (0, [])
