"""Every row of the catalogue of loaders, every package and every keyword of an id, each once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from loralint.catalog.patterns import fits, names
from tests.tables.projects import each
from tests.tables.tables import DATASET_BUILDERS, FOREIGN, LOADERS, Loader, loader_of

LOADS = [
    line.split(" -> ")
    for line in Path(__file__).with_name("loads.txt").read_text(encoding="utf-8").splitlines()
]
"""Package, call and artifact; the id is always `org/x`, and `v1` its revision if it has one."""


BESIDE = 'other = transformers.AutoModel.from_pretrained("org/other", revision="v0")\n'
CLASSES = {
    "tokenizer_class": "tokenizer",
    "tokenizer_cls": "tokenizer",
    "TokenizerFast": "tokenizer",
    "slow_tokenizer": "tokenizer",
    "processor_class": "processor",
    "image_processor": "processor",
    "feature_extractor": "processor",
    "config_class": "config",
    "ModelConfig": "config",
    "configuration": "config",
    "pipeline_class": "pipeline",
    "pipe": "pipeline",
    "model_class": "model",
    "cls": "model",
}
FOREIGN_PACKAGES = """paddlenlp paddle ppdiffusers mindnlp mindformers mindspore keras tensorflow tf
    torchvision torch spacy stanza flair allennlp fairseq espnet nemo catboost
    segmentation_models_pytorch pytorch_pretrained_biggan efficientnet_pytorch ragatouille colbert
    mamba_ssm sae_lens lmdeploy dictionary_learning""".split()
FORMATS = """json csv text parquet arrow pandas xml webdataset imagefolder audiofolder videofolder
    generator sql spark hdf5 pdffolder niftifolder lance eval""".split()


def code(call):
    package, _, expression = call.partition(": ")
    name = re.match(r"\w+", expression)[0]
    return f"from {package} import {name}\n\nfound = {expression}\n"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What the inventory says of each call that stands beside another load, and of it alone."""
    texts = {call: code(call) for call, _ in LOADS}
    beside = {call: f"import transformers\n\n{text}{BESIDE}" for call, text in texts.items()}
    return (
        each(tmp_path_factory.mktemp("beside"), beside),
        each(tmp_path_factory.mktemp("alone"), texts),
    )


def known(loads):
    """The loads of `org/x`: artifact and revision."""
    return [
        (one["artifact"], "|".join(one["revision"]["values"]))
        for one in loads
        if one["repo_id"]["values"] == ["org/x"]
    ]


def expected(call, artifact):
    return [(artifact, "v1" if '"v1"' in call or "@v1" in call else "")]


def revision_is_unknown(call):
    """Unsloth may map the name to another repository, and then drops the revision."""
    return call.startswith("unsloth")


@pytest.mark.parametrize(("call", "artifact"), LOADS)
def test_loader(found, call, artifact, request):
    if "adapter_kwargs" in call:
        reason = "the inventory has no revision for an adapter that is given it in adapter_kwargs"
        request.applymarker(pytest.mark.xfail(strict=True, reason=reason))
    if revision_is_unknown(call):
        assert known(found[0][call]) == [(artifact, "")]
    else:
        assert known(found[0][call]) == expected(call, artifact)


@pytest.mark.parametrize(("call", "artifact"), LOADS)
def test_loader_in_a_file_of_its_own(found, call, artifact):
    assert [artifact for artifact, _ in known(found[1][call])] == [artifact]


def rows(found, call):
    """The rows of the catalogue that the load of `org/x` comes from."""
    return [
        loader_of(one["loader"]) for one in found[0][call] if one["repo_id"]["values"] == ["org/x"]
    ]


@pytest.mark.parametrize("loader", LOADERS, ids=lambda row: f"{row.packages}: {row.calls}")
def test_every_row_has_calls(found, loader: Loader):
    calls = [call for call, _ in LOADS if loader in rows(found, call)]
    packages = [call.partition(": ")[0] for call in calls]
    for package in names(loader.packages):
        assert any(fits(package, each) for each in packages), package
    keywords = {word for call in calls for word in re.findall(r'(\w+)="[^"]*org/x', call)}
    assert keywords == set(loader.id)


@pytest.mark.parametrize(("class_", "artifact"), CLASSES.items())
def test_a_class_that_nobody_can_resolve_goes_by_its_name(tmp_path, class_, artifact):
    text = f'def build({class_}):\n    return {class_}.from_pretrained("org/x", revision="v1")\n'
    assert known(each(tmp_path, {"": text})[""]) == [(artifact, "v1")]


def test_libraries_that_do_not_load_from_the_hub(tmp_path):
    texts = {
        name: f'from {name} import AutoModel\n\nx = AutoModel.from_pretrained("org/x")\n'
        for name in [*FOREIGN_PACKAGES, "transformers", "unheard_of"]
    }
    found = each(tmp_path, texts)
    assert [name for name, loads in found.items() if loads] == ["transformers", "unheard_of"]
    assert set(FOREIGN_PACKAGES) == FOREIGN


def test_file_formats_are_no_datasets(tmp_path):
    texts = {
        name: f'from datasets import load_dataset\n\nx = load_dataset("{name}", data_files=files)\n'
        for name in [*FORMATS, "squad"]
    }
    found = each(tmp_path, texts)
    assert [name for name, loads in found.items() if loads] == ["squad"]
    assert set(FORMATS) == DATASET_BUILDERS
