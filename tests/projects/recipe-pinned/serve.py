from peft import AutoPeftModelForCausalLM

model = AutoPeftModelForCausalLM.from_pretrained("out/mistral")
