"""What flows into loads, saves and actions."""

from tests.linker.building import AUTO, linked, short

PEFT = f"{AUTO}from peft import LoraConfig, PeftModel, get_peft_model\n"
BASE = 'base = AutoModelForCausalLM.from_pretrained("o/m")\n'


def actions(source, **more):
    """The kinds of actions with the loads and actions that flow in."""
    project = linked({"main.py": source, **{f"{name}.py": text for name, text in more.items()}})
    return [(action.kind, action.inputs, action.actions) for action in project.actions]


def saves(source):
    """The saves: artifact, target, loads that flow in."""
    project = linked({"main.py": source})
    return [(save.site.artifact, short(save.site.target), save.inputs) for save in project.saves]


def test_wrapping_and_training():
    source = f"""{PEFT}{BASE}
from transformers import Trainer, TrainingArguments
config = LoraConfig(r=8, target_modules=["q_proj"], task_type="CAUSAL_LM", revision="v1")
model = get_peft_model(base, config)
trainer = Trainer(model=model, args=TrainingArguments(output_dir="out"))
trainer.train()
"""
    assert actions(source) == [
        ("lora-config", (), ()),
        ("wrap", (0,), (0,)),
        ("train", (0,), (1,)),
        ("train", (0,), (1, 2)),
    ]
    options = linked({"main.py": source}).actions[0].options
    assert {name: short(value) for name, value in options.items()} == {
        "r": 8, "target_modules": '["q_proj"]', "task_type": "CAUSAL_LM", "revision": "v1",
    }  # fmt: skip


def test_an_enum_and_a_dict_of_keywords():
    source = """
from peft import LoraConfig, TaskType
kwargs = {"r": 8}
LoraConfig(task_type=TaskType.CAUSAL_LM, **kwargs)
"""
    (action,) = linked({"main.py": source}).actions
    assert {name: short(value) for name, value in action.options.items()} == {
        "task_type": "CAUSAL_LM", "r": 8,
    }  # fmt: skip


def test_switching_a_model_to_training_is_no_training():
    assert actions(f"{PEFT}{BASE}base.train()") == []
    assert actions("def f(trainer):\n    trainer.train()")[0][0] == "train"


def test_a_model_that_goes_through_functions_and_other_files():
    helper = f"{PEFT}def wrap(model):\n    return get_peft_model(model, LoraConfig(r=1))\n"
    source = f"{PEFT}from helper import wrap\n{BASE}m = wrap(base)\nm.merge_and_unload()"
    assert actions(source, helper=helper) == [
        ("lora-config", (), ()),
        ("wrap", (0,), (0,)),
        ("merge", (0,), (1,)),
    ]


def test_a_model_on_self():
    source = f"""{PEFT}
class Run:
    def load(self):
        self.model = AutoModelForCausalLM.from_pretrained("o/m")
    def train(self):
        self.model = get_peft_model(self.model, LoraConfig())
    def save(self):
        self.model.save_pretrained("out")
"""
    assert saves(source) == [("adapter", "out", (0,))]


def test_what_is_saved():
    source = f"""{PEFT}{BASE}
tok = AutoTokenizer.from_pretrained("o/m")
tok.save_pretrained("t")
base.save_pretrained("b")
a = PeftModel.from_pretrained(base, "o/a")
a.save_pretrained("a")
a.merge_and_unload().save_pretrained("m")
get_peft_model(base, LoraConfig()).push_to_hub("me/lora")
"""
    assert saves(source) == [
        ("tokenizer", "t", (1,)),
        ("model", "b", (0,)),
        ("adapter", "a", (2,)),
        ("model", "m", (2,)),
        ("adapter", "me/lora", (0,)),
    ]


def test_the_folder_of_a_trainer():
    source = f"""{PEFT}{BASE}
from trl import SFTTrainer, SFTConfig
args = SFTConfig(output_dir="out", hub_model_id="me/lora")
trainer = SFTTrainer(model=base, args=args, peft_config=LoraConfig())
trainer.save_model()
trainer.model.save_pretrained(args.output_dir + "/final")
"""
    assert saves(source) == [
        ("adapter", "out", (0,)),
        ("adapter", "out/final", (0,)),
        ("adapter", "out", (0,)),
        ("adapter", "me/lora", (0,)),
    ]


def test_unsloth_returns_model_and_tokenizer():
    source = """
from unsloth import FastLanguageModel
model, tokenizer = FastLanguageModel.from_pretrained("o/m")
model = FastLanguageModel.get_peft_model(model, r=16)
model.save_pretrained("out")
tokenizer.save_pretrained("out")
"""
    assert saves(source) == [("adapter", "out", (0,)), ("tokenizer", "out", (0,))]
    assert actions(source) == [("wrap", (0,), ())]


def test_accelerate_returns_what_it_is_given():
    source = f"""{PEFT}{BASE}
from accelerate import Accelerator
accelerator = Accelerator()
optimizer, model = accelerator.prepare(make(), get_peft_model(base, LoraConfig()))
accelerator.unwrap_model(model).save_pretrained("out")
model.save_pretrained("out")
"""
    assert saves(source)[1] == ("adapter", "out", (0,))


def test_a_discarded_merge_and_the_calls_on_the_way():
    source = f"""{PEFT}{BASE}
a = PeftModel.from_pretrained(get_peft_model(base, LoraConfig()), "o/a")
a.merge_and_unload()
a.save_pretrained("out")
"""
    project = linked({"main.py": source})
    assert project.loads[1].actions == (1,)
    assert project.actions[1].kind == "wrap"
    assert [a.discarded for a in project.actions if a.kind == "merge"] == [True]
    assert [a.inputs for a in project.actions if a.kind == "merge"] == [(1,)]


def test_unload_only_of_an_adapter():
    source = f"{PEFT}{BASE}a = PeftModel.from_pretrained(base, 'o/a')\na.unload()\nx.unload()"
    assert [kind for kind, _, _ in actions(source)] == ["unload"]
