"""A configuration of each of PEFT's types for the tiny Llama of the zoo, by the type's name.

A type that a new PEFT brings and that has no row here fails `test_every_type.py`. Classes are named
by text, so that an older PEFT, which lacks some, can be tried too.
"""

from __future__ import annotations

from typing import Any

TARGETS = ["q_proj", "v_proj"]
ON_LAYERS: dict[str, dict[str, Any]] = {
    "ADALORA": {"total_step": 10},
    "ADAMSS": {"r": 8},
    "BEFT": {},
    "BOFT": {"boft_block_size": 4},
    "C3A": {"block_size": 8},
    "DEFT": {},
    "DELORA": {"r": 2},
    "FOURIERFT": {"n_frequency": 10},
    "FROD": {"sparse_rate": 0.01},
    "GLORA": {},
    "GRALORA": {"r": 8, "alpha": 16, "gralora_k": 2, "hybrid_r": 0},
    "HIRA": {},
    "HRA": {},
    "IA3": {"target_modules": ["k_proj", "down_proj"], "feedforward_modules": ["down_proj"]},
    "LILY": {"r": 2, "stride_A": 1, "num_B": 2},
    "LN_TUNING": {"target_modules": ["input_layernorm"]},
    "LOHA": {"r": 4},
    "LOKR": {"r": 4},
    "LORA": {"r": 4},
    "MISS": {"r": 2},
    "OFT": {"oft_block_size": 8},
    "OSF": {},
    "PEANUT": {"r": 2, "depth": 0, "act_fn": "relu"},
    "POLY": {"n_tasks": 3, "n_skills": 2, "r": 4},
    "PSOFT": {"r": 4, "psoft_alpha": 4},
    "PVERA": {"r": 8},
    "RANDLORA": {"r": 8},
    "ROAD": {"group_size": 2},
    "SHIRA": {"r": 1},
    "SUPERTUNING": {"sparsity": 0.5},
    "TINYLORA": {"r": 2, "u": 16},
    "TRAINABLE_TOKENS": {"target_modules": ["embed_tokens"], "token_indices": [3, 5]},
    "UNILORA": {"theta_d_length": 101},
    "VBLORA": {"vector_length": 4, "num_vectors": 8},
    "VERA": {"target_modules": ["q_proj"], "r": 8},
    "WAVEFT": {"n_frequency": 8},
}
PROMPTS: dict[str, dict[str, Any]] = {
    "ADAPTION_PROMPT": {"adapter_len": 4, "adapter_layers": 2},
    "CARTRIDGE": {"num_virtual_tokens": 4},
    "CPT": {"cpt_token_ids": [5, 6, 7], "cpt_mask": [1, 1, 1], "cpt_tokens_type_mask": [1, 2, 2]},
    "MULTITASK_PROMPT_TUNING": {"num_virtual_tokens": 4, "num_tasks": 3},
    "P_TUNING": {"num_virtual_tokens": 4, "encoder_hidden_size": 32},
    "PREFIX_TUNING": {"num_virtual_tokens": 4},
    "PROMPT_TUNING": {"num_virtual_tokens": 4},
    "SHADOW": {},
}
OF_SEVERAL = {"XLORA"}
"""What is made of adapters that lie elsewhere: nobody can load its folder alone."""

ROWS = {
    **{name: {"target_modules": TARGETS, **given} for name, given in ON_LAYERS.items()},
    **PROMPTS,
}


def config(kind: Any) -> Any:
    """The configuration of a PeftType; KeyError where it has no row."""
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

    return PEFT_TYPE_TO_CONFIG_MAPPING[kind](task_type="CAUSAL_LM", **ROWS[kind.value])
