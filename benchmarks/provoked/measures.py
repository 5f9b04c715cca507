"""What became of the adapter after a snippet ran: one measure a rule.

Each returns whether the fault is there, and the number that shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification
from workspace import IDS, base

Names = dict[str, Any]
Verdict = tuple[bool, str]
Run = Callable[[], "Ran"]


class Ran:
    """A snippet that ran: its names, its warnings, the error it raised."""

    def __init__(self, names: Names, warned: list[str], error: BaseException | None) -> None:
        self.names, self.warned, self.error = names, warned, error


def logits(model: torch.nn.Module) -> torch.Tensor:
    """The model's answer to a fixed input."""
    with torch.no_grad():
        return model.eval()(input_ids=IDS).logits


def trained(folder: Path, adapter: str = "adapter") -> torch.Tensor:
    """The answer of the base with the adapter, loaded as it should be."""
    return logits(PeftModel.from_pretrained(base(folder), folder / adapter))


def distance(one: torch.Tensor, other: torch.Tensor) -> float:
    """The largest difference of two answers."""
    return float((one - other).abs().max())


def not_as(adapter: str) -> Callable[[Path, Ran], Verdict]:
    """The fault: the snippet's model does not answer as the adapter was trained to."""

    def measure(folder: Path, ran: Ran) -> Verdict:
        found = distance(logits(ran.names["model"]), trained(folder, adapter))
        return found > 1e-4, f"{found:.4f} from the trained model"

    return measure


def unnoticed(folder: Path, ran: Ran) -> Verdict:
    """The fault: an adapter that does not fit is loaded without an error."""
    if ran.error is not None:
        return False, f"raises {type(ran.error).__name__}"
    lost = [p for key, p in ran.names["model"].named_parameters() if "lora_B.second" in key]
    return not any(p.any() for p in lost), f"lora_B all zero, {len(ran.warned)} warnings"


def silent(folder: Path, ran: Ran) -> Verdict:
    """The fault: nothing is said of an adapter that did not arrive."""
    return not ran.warned, f"{len(ran.warned)} warnings of missing keys"


def fits(folder: Path, ran: Ran) -> Verdict:
    """The fault: tensors of another size are dropped."""
    if ran.error is not None:
        return False, f"raises {type(ran.error).__name__}"
    lost = [p for key, p in ran.names["model"].named_parameters() if "lora_B" in key]
    return not any(p.any() for p in lost), "lora_B all zero, no error"


def merged(folder: Path, ran: Ran) -> Verdict:
    """The fault: what was saved as merged is not the trained model."""
    target = folder / "merged"
    if not (target / "config.json").exists():
        sizes = [len(load_file(path)) for path in target.glob("*.safetensors")]
        return True, f"saved: {sizes} tensors, no config.json"
    found = distance(logits(AutoModelForCausalLM.from_pretrained(target)), trained(folder))
    return found > 1e-4, f"{found:.4f} from the trained model"


def twice(folder: Path, ran: Ran) -> Verdict:
    """The fault: the saved folder applies the adapter a second time."""
    target = folder / ("merged" if (folder / "merged").exists() else "adapter")
    reference = trained_by_hand(folder)
    found = distance(logits(AutoModelForCausalLM.from_pretrained(target)), reference)
    return found > 1e-3, f"{found:.4f} from the trained model"


def trained_by_hand(folder: Path) -> torch.Tensor:
    """The trained model without PEFT's loading, which the fault would mislead."""
    model, tensors = base(folder), load_file(folder / "adapter" / "adapter_model.safetensors")
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for key, tensor in tensors.items():
            if "lora_A" in key:
                name = key.removeprefix("base_model.model.").replace(".lora_A", "")
                parameters[name] += 2 * tensors[key.replace("lora_A", "lora_B")] @ tensor
    return logits(model)


def effect_lost(folder: Path, ran: Ran) -> Verdict:
    """The fault: less than nine tenths of a small adapter's change survive the merge.

    Weights are compared, not logits: a forward on a CPU repacks 4-bit weights.
    """
    quantization = ran.names.get("quantization")
    options = {"quantization_config": quantization} if quantization is not None else {}
    plain = AutoModelForCausalLM.from_pretrained(folder / "tiny", **options)
    tensors = load_file(folder / "small-effect" / "adapter_model.safetensors")
    wanted, found = [], []
    for key in (key for key in tensors if "lora_A" in key):
        name = key.removeprefix("base_model.model.").replace(".lora_A.weight", "")
        wanted.append(2 * tensors[key.replace("lora_A", "lora_B")] @ tensors[key])
        found.append(_weight(ran.names["model"], name) - _weight(plain, name))
    pair = [torch.cat([each.flatten().float() for each in side]) for side in (wanted, found)]
    cosine = float(torch.cosine_similarity(*pair, dim=0))
    return cosine < 0.9, f"cosine {cosine:.2f} between the merge's change and the adapter's"


def _weight(model: torch.nn.Module, name: str) -> torch.Tensor:
    from peft.utils.integrations import dequantize_module_weight

    return dequantize_module_weight(model.get_submodule(name)).detach()


def head_lost(folder: Path, ran: Ran) -> Verdict:
    """The fault: the head is frozen, and another one after reloading."""
    torch.manual_seed(77)
    fresh = AutoModelForSequenceClassification.from_pretrained(folder / "tiny", num_labels=3)
    again = PeftModel.from_pretrained(fresh, folder / "classifier")
    found = distance(logits(ran.names["model"]), logits(again))
    trains = any("score" in k for k, p in ran.names["model"].named_parameters() if p.requires_grad)
    return found > 1e-4 and not trains, f"{found:.4f} after reloading, head trains: {trains}"


def rows_untrained(folder: Path, ran: Ran) -> Verdict:
    """The fault: the new tokens' rows are after training what they were before."""
    layer = ran.names["model"].get_input_embeddings()
    now = layer(torch.arange(len(ran.names["tokenizer"]))).detach()
    moved = float((now - ran.names["before"][: len(now)])[-2:].abs().max())
    saved = [k for k in load_file(folder / "resized" / "adapter_model.safetensors") if "embed" in k]
    return moved == 0, f"new rows moved by {moved:.3f}; saved: {len(saved)} embedding tensors"


def reloads_differ(name: str) -> Callable[[Path, Ran], Verdict]:
    """The fault: two loads of one folder are two models."""

    def measure(folder: Path, ran: Ran) -> Verdict:
        one, other = (logits(PeftModel.from_pretrained(base(folder), folder / name)) for _ in "ab")
        return distance(one, other) > 1e-4, f"{distance(one, other):.4f} between two loads"

    return measure


def keys_do_not_fit(name: str) -> Callable[[Path, Ran], Verdict]:
    """The fault: the saved tensors do not fit the base."""

    def measure(folder: Path, ran: Ran) -> Verdict:
        wanted = set(load_file(folder / "adapter" / "adapter_model.safetensors"))
        found = set(load_file(folder / name / "adapter_model.safetensors"))
        return not wanted & found, f"{len(wanted & found)} of {len(found)} keys fit: {min(found)}"

    return measure


def pooler_lost(folder: Path, ran: Ran) -> Verdict:
    """The fault: two loads of one classifier are two models."""
    answers = []
    for seed in (77, 78):
        torch.manual_seed(seed)
        name = folder / "microsoft" / "deberta-v3-base"
        fresh = AutoModelForSequenceClassification.from_pretrained(name, num_labels=3)
        answers.append(logits(PeftModel.from_pretrained(fresh, folder / "classifier")))
    found = distance(*answers)
    return found > 1e-5, f"{found:.6f} between two loads"


def not_saved(name: str, module: str) -> Callable[[Path, Ran], Verdict]:
    """The fault: a module that was asked for is not in the adapter's file."""

    def measure(folder: Path, ran: Ran) -> Verdict:
        saved = [k for k in load_file(folder / name / "adapter_model.safetensors") if module in k]
        return not saved, f"{len(saved)} tensors of {module} saved"

    return measure


def not_plain(folder: Path, ran: Ran) -> Verdict:
    """The fault: what is taken for the base answers otherwise."""
    found = distance(logits(ran.names["model"]), logits(base(folder)))
    return found > 1e-4, f"{found:.4f} from the base"


def raises(error: type[Exception]) -> Callable[[Path, Ran], Verdict]:
    """The fault: the library refuses, as it does today."""

    def measure(folder: Path, ran: Ran) -> Verdict:
        raised = isinstance(ran.error, error)
        if ran.error is not None and not raised:
            raise ran.error
        return raised, str(ran.error)[:70] if raised else "runs"

    return measure


def drawn(unet: Any) -> torch.Tensor:
    """The answer of a drawing's part to a fixed input."""
    torch.manual_seed(5)
    with torch.no_grad():
        found: torch.Tensor = unet(torch.randn(1, 4, 8, 8), 3, torch.randn(1, 4, 8)).sample
    return found


def draws_as_base(folder: Path, ran: Ran) -> Verdict:
    """The fault: the pipeline draws as it does without an adapter, and not as the trained part."""
    from diffusers import UNet2DConditionModel

    if ran.error is not None:
        raise ran.error
    plain = UNet2DConditionModel.from_pretrained(folder / "drawing", subfolder="unet")
    found = distance(drawn(ran.names["pipe"].unet), drawn(ran.names["trained"]))
    off = distance(drawn(ran.names["pipe"].unet), drawn(plain))
    return (
        found > 1e-4 and off < 1e-4,
        f"{found:.4f} from the trained model, {off:.4f} from the base",
    )


def fused_lost(folder: Path, ran: Ran) -> Verdict:
    """The fault: what was saved is not what was fused."""
    from diffusers import UNet2DConditionModel

    if ran.error is not None:
        raise ran.error
    again = UNet2DConditionModel.from_pretrained(folder / "fused", subfolder="unet")
    found = distance(drawn(again), drawn(ran.names["pipe"].unet))
    return not found < 1e-4, f"{found:.4f} from the fused model"


def type_error(folder: Path, ran: Ran) -> Verdict:
    """The fault: a TypeError."""
    raised = isinstance(ran.error, TypeError)
    return raised, str(ran.error)[:70] if raised else "loads"
