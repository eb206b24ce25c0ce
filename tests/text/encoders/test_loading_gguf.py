"""A model in one GGUF file, written here by hand."""

import numpy as np
import torch
from transformers import LlamaConfig, LlamaModel

from foretaste.text.encoders.config import EncoderConfig
from foretaste.text.encoders.loading import load_language_model
from foretaste.text.encoders.opening import open_encoder

WIDTH, HEADS, LAYERS = 32, 2, 2
PARTS = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}


def write_gguf(path, model, tokens):
    """The format of llama.cpp: its names, and the rotated halves of queries and keys interleaved."""
    from gguf import GGUFWriter

    def interleaved(weight):
        return weight.reshape(HEADS, 2, -1, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)

    writer = GGUFWriter(str(path), "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(2 * WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_merges(["o i", "oi l"])
    writer.add_eos_token_id(0)
    weights = {name: value.detach().numpy().astype(np.float32) for name, value in model.state_dict().items()}
    writer.add_tensor("token_embd.weight", weights["embed_tokens.weight"])
    writer.add_tensor("output_norm.weight", weights["norm.weight"])
    for layer in range(LAYERS):
        for theirs, ours in PARTS.items():
            weight = weights[f"layers.{layer}.{ours}.weight"]
            ready = interleaved(weight) if theirs in ("attn_q", "attn_k") else weight
            writer.add_tensor(f"blk.{layer}.{theirs}.weight", np.ascontiguousarray(ready))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_a_gguf_file_gives_the_networks_states(tmp_path):
    tokens = ["<end>", *"abcdefghijklmnopqrstuvwxyz", "oi", "oil"]
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokens),
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=2 * WIDTH,
        max_position_embeddings=64,
        initializer_range=0.3,
    )
    model = LlamaModel(config).eval()
    write_gguf(tmp_path / "tiny.gguf", model, tokens)
    found = load_language_model(tmp_path / "tiny.gguf")
    assert (found.kind, found.hidden, found.name) == ("decoder", WIDTH, "tiny")
    ids = found.tokenizer("soap", return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        wanted = model(input_ids=ids).last_hidden_state[0]
    encoder = open_encoder(EncoderConfig(encoder=str(tmp_path / "tiny.gguf"), pooling="last", normalize=False))
    got = encoder.encode(["oil", "soap"])
    np.testing.assert_allclose(got[1], wanted[-1].numpy(), atol=1e-4)
    assert encoder.max_tokens == 64
