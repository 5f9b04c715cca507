"""Stages, instances and pairs."""

from loralint.config import Config, PairSetting
from tests.linker.building import AUTO, linked, paired, short

PEFT = f"{AUTO}from peft import AutoPeftModelForCausalLM, LoraConfig, PeftModel, get_peft_model\n"


def train(out="out", base="o/m", more=""):
    """A script that trains an adapter; the base is loaded in row 5."""
    return f"""{PEFT}from transformers import Trainer
BASE = "{base}"
model = AutoModelForCausalLM.from_pretrained(BASE{more})
model = get_peft_model(model, LoraConfig(r=8))
Trainer(model=model).train()
model.save_pretrained("{out}")
"""


def infer(adapter="out", base="o/m", more=""):
    """A script that loads an adapter; the base is loaded in row 3."""
    return f"""{PEFT}base = AutoModelForCausalLM.from_pretrained("{base}"{more})
model = PeftModel.from_pretrained(base, "{adapter}")
model.generate()
"""


def test_an_adapter_that_is_saved_and_loaded():
    project = linked({"train.py": train(more=", revision='v1'"), "infer.py": infer()})
    assert paired(project) == [("train.py:5", "infer.py:3", "artifact")]
    (pair,) = project.pairs
    assert pair.reason == "out: saved in train.py:8, loaded in infer.py:4"
    assert (short(pair.train.site.revision), short(pair.infer.site.revision)) == ("v1", "-")
    assert (pair.train.stage, pair.infer.stage, pair.merge) == ("train", "infer", False)
    assert str(pair.adapter.place) == "infer.py:4"
    assert project.stages == {"train.py": "train", "infer.py": "infer"}


def test_a_checkpoint_below_and_other_spellings():
    for adapter in ("./out/checkpoint-500", "out/", "out/../out"):
        project = linked({"train.py": train("./out"), "infer.py": infer(adapter)})
        assert len(project.pairs) == 1, adapter


def test_different_adapters_of_one_base_are_no_pair():
    project = linked({"train.py": train("out/a"), "infer.py": infer("out/b")})
    assert paired(project) == []


def test_the_same_adapter_on_another_base_is_a_pair():
    project = linked({"train.py": train(), "infer.py": infer(base="o/other")})
    assert paired(project) == [("train.py:5", "infer.py:3", "artifact")]


def test_the_same_base_where_nothing_contradicts():
    sources = {"train.py": train().replace('"out"', "sys.argv[1]"), "infer.py": infer("me/lora")}
    assert paired(linked(sources)) == [("train.py:5", "infer.py:3", "base-id")]


def test_a_file_that_loads_no_adapter_is_no_inference_side():
    source = f'{PEFT}m = AutoModelForCausalLM.from_pretrained("o/m")\nm.generate()'
    project = linked({"train.py": train().replace('"out"', "sys.argv[1]"), "eval.py": source})
    assert paired(project) == []
    assert project.stages["eval.py"] == "neither"


def test_scripts_of_different_folders_that_use_one_bare_name():
    sources = {f"{name}/{side}.py": text for name in ("a", "b")
               for side, text in (("train", train("lora")), ("infer", infer("lora")))}  # fmt: skip
    assert paired(linked(sources)) == [
        ("a/train.py:5", "a/infer.py:3", "artifact"),
        ("b/train.py:5", "b/infer.py:3", "artifact"),
    ]


def test_a_configured_pair():
    config = Config(pairs=(PairSetting("train.py", "infer.py"),))
    project = linked({"train.py": train("a"), "infer.py": infer("b")}, config)
    assert paired(project) == [("train.py:5", "infer.py:3", "configured")]


def test_a_configured_stage():
    config = Config(stages=(("*.py", "infer"),))
    assert linked({"train.py": train()}, config).stages == {"train.py": "infer"}


def test_auto_peft_loads_the_recorded_base():
    source = f'{PEFT}AutoPeftModelForCausalLM.from_pretrained("out")'
    project = linked({"train.py": train(more=", revision='v1'"), "infer.py": source})
    (pair,) = project.pairs
    assert (short(pair.infer.site.repo_id), short(pair.infer.site.revision)) == ("o/m", "-")
    told = train(more=", revision='v1'").replace("r=8", "r=8, revision='v1'")
    (pair,) = linked({"train.py": told, "infer.py": source}).pairs
    assert short(pair.infer.site.revision) == "v1"


def test_a_model_class_on_an_adapter_folder():
    source = f'{PEFT}AutoModelForCausalLM.from_pretrained("out", revision="v2")'
    (pair,) = linked({"train.py": train(), "infer.py": source}).pairs
    assert (short(pair.infer.site.repo_id), short(pair.infer.site.revision)) == ("o/m", "v2")


def test_a_merge_is_marked():
    source = infer().replace("model.generate()", "model.merge_and_unload().save_pretrained('m')")
    (pair,) = linked({"train.py": train(), "merge.py": source}).pairs
    assert pair.merge


def test_both_sides_in_one_file():
    source = f"""{PEFT}from transformers import Trainer
def train():
    model = AutoModelForCausalLM.from_pretrained("o/m", revision="v1")
    model = get_peft_model(model, LoraConfig())
    Trainer(model=model).train()
    model.save_pretrained("out")
def serve():
    base = AutoModelForCausalLM.from_pretrained("o/m")
    return PeftModel.from_pretrained(base, "out").generate()
"""
    project = linked({"main.py": source})
    assert paired(project) == [("main.py:5", "main.py:10", "artifact")]
    assert project.stages == {"main.py": "both"}
    assert [load.stage for load in project.loads] == ["train", "infer", "infer"]


def test_one_helper_for_both_sides():
    helper = f"""{PEFT}
def load(name, revision=None):
    return AutoModelForCausalLM.from_pretrained(name, revision=revision)
"""
    training = """
from peft import LoraConfig, get_peft_model
from transformers import Trainer
from helper import load
model = get_peft_model(load("o/m", revision="v1"), LoraConfig())
Trainer(model=model).train()
model.save_pretrained("out")
"""
    serving = """
from peft import PeftModel
from helper import load
model = PeftModel.from_pretrained(load("o/m"), "out")
"""
    project = linked({"helper.py": helper, "train.py": training, "serve.py": serving})
    assert paired(project) == [("train.py:5", "serve.py:4", "artifact")]
    (pair,) = project.pairs
    assert (short(pair.train.site.revision), short(pair.infer.site.revision)) == ("v1", "-")
    assert (pair.train.stage, pair.infer.stage) == ("train", "infer")
    (load,) = [load for load in project.loads if load.site.path == "helper.py"]
    assert load.stage == "both"


def test_training_and_serving_functions_with_arguments():
    source = f"""{PEFT}from transformers import Trainer
def train(base, out):
    model = AutoModelForCausalLM.from_pretrained(base)
    model = get_peft_model(model, LoraConfig())
    Trainer(model=model).train()
    model.save_pretrained(out)
def serve(base, out):
    model = AutoModelForCausalLM.from_pretrained(base)
    return PeftModel.from_pretrained(model, out).generate()
train("o/a", "out/a")
train("o/b", "out/b")
serve("o/a", "out/a")
serve("o/c", "out/b")
"""
    project = linked({"main.py": source})
    found = {(short(p.train.site.repo_id), short(p.infer.site.repo_id)) for p in project.pairs}
    assert found == {("o/a", "o/a"), ("o/b", "o/c")}


def test_the_same_unknown_folder_of_a_shared_configuration():
    config = """
import os
OUT = os.environ["OUT"]
BASE = os.environ["BASE"]
"""
    training = train().replace('"out"', "config.OUT").replace('"o/m"', "config.BASE")
    serving = infer().replace('"out"', "config.OUT").replace('"o/m"', "config.BASE")
    project = linked(
        {
            "config.py": config,
            "train.py": f"import config\n{training}",
            "infer.py": f"import config\n{serving}",
        }
    )
    assert paired(project) == [("train.py:6", "infer.py:4", "artifact")]


def test_a_lora_request_goes_onto_the_engine():
    source = """
from vllm import LLM
from vllm.lora.request import LoRARequest
llm = LLM(model="o/m", enable_lora=True)
llm.generate("x", lora_request=LoRARequest("a", 1, "out"))
"""
    project = linked({"train.py": train(), "serve.py": source})
    assert paired(project) == [("train.py:5", "serve.py:4", "artifact")]


def test_staged_training_is_both():
    source = f"""{PEFT}from transformers import Trainer
base = AutoModelForCausalLM.from_pretrained("o/m")
model = PeftModel.from_pretrained(base, "sft").merge_and_unload()
model = get_peft_model(model, LoraConfig())
Trainer(model=model).train()
model.save_pretrained("dpo")
"""
    project = linked({"dpo.py": source, "sft.py": train("sft")})
    assert project.stages["dpo.py"] == "both"
    assert paired(project) == [("sft.py:5", "dpo.py:4", "artifact")]


def test_undecided_loads_say_why():
    project = linked({"main.py": f"{AUTO}def f(x):\n    AutoTokenizer.from_pretrained(x)"})
    (skipped,) = project.undecided
    reason = "given by the caller: `f.x` (main.py:2)"
    assert (str(skipped.place), skipped.reason) == ("main.py:3", reason)


def paths_of(project):
    """The files of each pair."""
    return [(pair.train.site.path, pair.infer.site.path) for pair in project.pairs]


NAMED = '"out"', 'f"experiments/run_{time()}/adapter"'


def test_a_hole_stands_for_one_part_of_a_path():
    def found(adapter):
        return paths_of(linked({"train.py": train().replace(*NAMED), "infer.py": infer(adapter)}))

    assert found("experiments/run_1/adapter") == [("train.py", "infer.py")]
    assert found("experiments/run_1/adapter/checkpoint-5") == [("train.py", "infer.py")]
    assert found("experiments/run_1/more/adapter") == []
    assert found("experiments/other/adapter") == []


def test_a_hole_on_the_inference_side():
    loaded = infer().replace('"out"', 'f"experiments/{name()}/adapter"')
    sources = {"train.py": train("experiments/run1/adapter"), "infer.py": loaded}
    assert paired(linked(sources)) == [("train.py:5", "infer.py:3", "artifact")]


def test_of_two_patterns_the_one_that_says_more():
    longer = train().replace('"out"', 'f"experiments/run_{size}_v2_{time()}/adapter"')
    sources = {"train.py": train().replace(*NAMED), "train_v2.py": longer}
    sources["infer.py"] = infer("experiments/run_4_v2_5/adapter")
    assert paths_of(linked(sources)) == [("train_v2.py", "infer.py")]


def test_an_option_in_a_name_may_be_given_otherwise():
    option = """import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--bits", default="4bit")
args = parser.parse_args()
"""
    training = option + train().replace('"out"', 'f"runs/{args.bits}_{time()}"')
    sources = {"train.py": training, "infer.py": infer("runs/8bit_now")}
    assert paths_of(linked(sources)) == [("train.py", "infer.py")]


def test_paths_that_begin_differently_contradict():
    training = train().replace(*NAMED)
    assert paired(linked({"train.py": training, "infer.py": infer("loras/old/adapter")})) == []
    loaded = infer().replace('"out"', 'f"loras/{name()}"')
    assert paired(linked({"train.py": training, "infer.py": loaded})) == []
    alike = infer().replace('"out"', 'f"experiments/{name()}"')
    sources = {"train.py": training, "infer.py": alike}
    assert paired(linked(sources)) == [("train.py:5", "infer.py:3", "base-id")]


def test_an_empty_default_names_no_adapter():
    option = """import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--adapter", default="")
args = parser.parse_args()
"""
    sources = {"train.py": train(), "infer.py": option + infer().replace('"out"', "args.adapter")}
    assert paired(linked(sources)) == [("train.py:5", "infer.py:7", "base-id")]


def test_an_adapter_class_of_the_project_is_no_peft():
    own = f"""{AUTO}from transformers import Trainer
from ours import wrap
model = wrap(AutoModelForCausalLM.from_pretrained("o/m"))
Trainer(model=model).train()
model.save_pretrained(sys.argv[1])
"""
    ours = "def wrap(model):\n    return Ours(model)\nclass Ours:\n    pass\n"
    sources = {"train.py": own, "ours.py": ours, "infer.py": infer("me/lora")}
    assert paired(linked(sources)) == []


def test_an_adapter_put_back_on_the_trained_object():
    again = 'PeftModel.from_pretrained(model, "out").generate()\n'
    assert paired(linked({"train.py": train() + again})) == []
    onto_base = 'PeftModel.from_pretrained(base, "out").generate()\n'
    training = train().replace("model = Auto", "base = Auto").replace("(model, L", "(base, L")
    assert paired(linked({"train.py": training + onto_base})) == []


def test_a_folder_inside_another_is_of_whoever_saves_there():
    source = f"""{PEFT}from transformers import Trainer, TrainingArguments
def plain():
    model = AutoModelForCausalLM.from_pretrained("o/a")
    Trainer(model, TrainingArguments(output_dir="out")).train()
def tuned():
    model = get_peft_model(AutoModelForCausalLM.from_pretrained("o/b"), LoraConfig())
    Trainer(model=model).train()
    model.save_pretrained("out/lora")
def serve():
    base = AutoModelForCausalLM.from_pretrained("o/b")
    PeftModel.from_pretrained(base, "out/lora").generate()
"""
    assert paired(linked({"main.py": source})) == [("main.py:8", "main.py:12", "artifact")]


def test_a_save_of_unknown_origin_is_of_no_other_function():
    source = f"""{PEFT}from transformers import Trainer
def one():
    model = get_peft_model(AutoModelForCausalLM.from_pretrained("o/m"), LoraConfig())
    Trainer(model=model).train()
def two():
    model = get_peft_model(AutoModelForCausalLM.from_pretrained("o/m"), LoraConfig())
    Trainer(model=model).train()
def keep(thing):
    thing.save_pretrained("out")
"""
    assert paired(linked({"train.py": source, "infer.py": infer(base="o/other")})) == []


def test_a_baseline_beside_the_adapter_is_no_inference_side():
    source = f"""{PEFT}
def baseline():
    return AutoModelForCausalLM.from_pretrained("o/m").generate()
def tuned():
    return AutoModelForCausalLM.from_pretrained("out").generate()
"""
    project = linked({"train.py": train(), "compare.py": source})
    assert paired(project) == [("train.py:5", "compare.py:7", "artifact")]


def test_a_bare_name_of_several_folders_is_nobodys():
    sources = {f"{name}/train.py": train("lora") for name in ("a", "b")}
    assert paired(linked({**sources, "c/infer.py": infer("lora")})) == []
    del sources["b/train.py"]
    project = linked({**sources, "c/infer.py": infer("lora")})
    assert paired(project) == [("a/train.py:5", "c/infer.py:3", "artifact")]


def test_a_hub_id_of_the_arguments_counts_as_a_push():
    pushed = train().replace('save_pretrained("out")', 'push_to_hub("u/x")')
    told = (
        train()
        .replace("import Trainer", "import Trainer, TrainingArguments")
        .replace(
            "Trainer(model=model)", 'Trainer(model, TrainingArguments("run", hub_model_id="u/x"))'
        )
        .replace('save_pretrained("out")', "eval()")
    )
    by_trainer = told.replace(").train()", ").push_to_hub('done')")
    for training in (pushed, told, by_trainer):
        project = linked({"train.py": training, "infer.py": infer("u/x")})
        assert paired(project) == [("train.py:5", "infer.py:3", "artifact")], training
        assert [load.local for load in project.loads] == [False, False, False]


def test_what_the_hub_sends_is_none_of_what_is_saved_here():
    source = f"""{PEFT}from huggingface_hub import snapshot_download
import os
base = AutoModelForCausalLM.from_pretrained("o/m")
folder = snapshot_download("me/lora")
model = PeftModel.from_pretrained(base, os.path.join(folder, "default"))
model.generate()
"""
    assert paired(linked({"train.py": train(), "infer.py": source})) == []


def test_a_hub_id_does_not_lie_in_the_folder_above_its_script():
    """`output_dir="../."`: the folder of the examples, and of every script that loads something."""
    sources = {
        "examples/one/train.py": train("../.", base="o/one"),
        "examples/two/infer.py": infer("o/adapter", base="o/two"),
        "examples/two/load.py": PEFT + "AutoPeftModelForCausalLM.from_pretrained('o/m').chat()\n",
        "examples/two/unet.py": infer("INSERT PATH HERE/unet", base="o/two"),
    }
    assert paired(linked(sources)) == []


def test_a_reason_shows_no_origin_of_the_evaluator():
    shared = 'import make\nparts = make.parts()\nname = f"{make.base()}_{parts.kind}"\n'
    sources = {
        "run.py": shared
        + train("X", base="o/m").replace('"X"', "name")
        + "base = AutoModelForCausalLM.from_pretrained(BASE)\n"
        + "PeftModel.from_pretrained(base, name).generate()\n"
    }
    reasons = [pair.reason for pair in linked(sources).pairs]
    assert not any(mark in reason for reason in reasons for mark in "{}#")


def test_an_adapter_beside_the_script_that_saves_to_its_own_folder():
    project = linked({"a/train.py": train("."), "a/infer.py": infer("checkpoint-500")})
    assert len(project.pairs) == 1


def test_the_owner_of_a_hub_id_is_no_evidence():
    saved = train("X").replace('"X"', 'f"acme/{sys.argv[1]}"')
    other = {"train.py": saved, "infer.py": infer("acme/another", base="o/other")}
    assert paired(linked(other)) == []
    named = {"train.py": saved.replace("acme/{", "acme/run-{"), "infer.py": infer("acme/run-7")}
    assert len(linked(named).pairs) == 1


def test_tests_that_share_a_small_model_are_no_pair():
    free = train().replace('"out"', "sys.argv[1]")
    test = f"import pytest\n{infer('me/lora')}"
    assert paired(linked({"train.py": free, "test_infer.py": test})) == []
    assert paired(linked({"tests/train.py": free, "infer.py": infer("me/lora")})) == []
    together = f"{free}base = AutoModelForCausalLM.from_pretrained(BASE, revision='v1')\n"
    both = f"import pytest\n{together}PeftModel.from_pretrained(base, 'me/lora').generate()\n"
    assert len(linked({"test_all.py": both}).pairs) == 1


def test_of_two_experiments_the_one_beside_the_serving_script_is_meant():
    free = train().replace('"out"', "sys.argv[1]")
    sources = {"a/train.py": free, "b/train.py": free, "b/infer.py": infer("me/lora")}
    assert paired(linked(sources)) == [("b/train.py:5", "b/infer.py:3", "base-id")]
    del sources["b/train.py"]  # examples share small bases: a Hub's adapter is anybody's
    assert paired(linked(sources)) == []
    sources["b/infer.py"] = infer("me/lora").replace('"me/lora"', "sys.argv[1]")
    assert paired(linked(sources)) == [("a/train.py:5", "b/infer.py:3", "base-id")]
