"""Names that make a text worth parsing."""

from __future__ import annotations

FILE_MARKERS: frozenset[str] = frozenset(
    """from_pretrained from_quantized from_model_id load_adapter load_lora_weights load_attn_procs
    load_ip_adapter load_textual_inversion lora_state_dict get_peft_model LoraConfig PeftModel
    PeftConfig AutoPeftModelForCausalLM LoRARequest SentenceTransformer CrossEncoder SparseEncoder
    HuggingFaceEmbeddings HuggingFaceEmbedding HuggingFaceBgeEmbeddings HuggingFaceLLM
    HuggingFacePipeline snapshot_download hf_hub_download load_dataset SFTTrainer DPOTrainer
    GRPOTrainer RewardTrainer KTOTrainer ORPOTrainer PPOTrainer AsyncEngineArgs EngineArgs
    merge_and_unload save_pretrained push_to_hub add_adapter resize_token_embeddings
    set_peft_model_state_dict create_model_and_transforms hf_hub from_preset MsDataset
    save_lora_weights save_pretrained_merged mlx_lm vllm sglang""".split()
)
"""A file with none of these neither loads nor saves anything."""

MARKERS: frozenset[str] = FILE_MARKERS | frozenset(
    """pipeline LLM Trainer TrainingArguments SFTConfig BitsAndBytesConfig add_argument parse_args
    ArgumentParser HfArgumentParser TrlParser set_defaults set_adapter load_state_dict backward
    generate save_model load_file load_peft_weights create_model filterwarnings simplefilter
    set_verbosity_error Engine load_dotenv merge_adapter unload fuse_lora
    prepare_model_for_kbit_training""".split()
)
"""A function with one of these matters by itself, in a file that does."""
