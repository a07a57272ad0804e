#!/usr/bin/env python3
"""Writes tests/data/tiny_clip/: a small CLIP model with random weights in Hugging Face's form, inputs for
it, and the features that a plain NumPy implementation of CLIP (float64) computes from them. Needs NumPy."""
import json
import os
import struct

import numpy as np

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "tiny_clip")
D, EPS = 10, 1e-5
V = dict(width=12, layers=2, heads=3, mlp=20, image=16, patch=5)  # one pixel a side is left over
T = dict(width=8, layers=2, heads=2, mlp=16, context=12, vocab=724)  # ids of tests/data/vocab_small.txt
rng = np.random.default_rng(7)


def tower(prefix, width, layers, mlp, out):
    for i in range(layers):
        p = f"{prefix}.encoder.layers.{i}."
        for name in ("layer_norm1", "layer_norm2"):
            out[p + name + ".weight"] = 1 + 0.1 * rng.standard_normal(width)
            out[p + name + ".bias"] = 0.1 * rng.standard_normal(width)
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            out[p + f"self_attn.{name}.weight"] = rng.standard_normal((width, width)) / width**0.5
            out[p + f"self_attn.{name}.bias"] = 0.1 * rng.standard_normal(width)
        out[p + "mlp.fc1.weight"] = rng.standard_normal((mlp, width)) / width**0.5
        out[p + "mlp.fc1.bias"] = 0.1 * rng.standard_normal(mlp)
        out[p + "mlp.fc2.weight"] = rng.standard_normal((width, mlp)) / mlp**0.5
        out[p + "mlp.fc2.bias"] = 0.1 * rng.standard_normal(width)


def norm_weights(name, width, out):
    out[name + ".weight"] = 1 + 0.1 * rng.standard_normal(width)
    out[name + ".bias"] = 0.1 * rng.standard_normal(width)


def make():
    w, grid = {}, V["image"] // V["patch"]
    w["vision_model.embeddings.class_embedding"] = rng.standard_normal(V["width"])
    w["vision_model.embeddings.patch_embedding.weight"] = (
        rng.standard_normal((V["width"], 3, V["patch"], V["patch"])) / (3 * V["patch"] ** 2) ** 0.5)
    w["vision_model.embeddings.position_embedding.weight"] = rng.standard_normal((1 + grid**2, V["width"]))
    norm_weights("vision_model.pre_layrnorm", V["width"], w)
    tower("vision_model", V["width"], V["layers"], V["mlp"], w)
    norm_weights("vision_model.post_layernorm", V["width"], w)
    w["text_model.embeddings.token_embedding.weight"] = rng.standard_normal((T["vocab"], T["width"]))
    w["text_model.embeddings.position_embedding.weight"] = rng.standard_normal((T["context"], T["width"]))
    tower("text_model", T["width"], T["layers"], T["mlp"], w)
    norm_weights("text_model.final_layer_norm", T["width"], w)
    w["visual_projection.weight"] = rng.standard_normal((D, V["width"])) / V["width"] ** 0.5
    w["text_projection.weight"] = rng.standard_normal((D, T["width"])) / T["width"] ** 0.5
    w["logit_scale"] = np.array(2.5)
    return {k: v.astype(np.float32) for k, v in w.items()}


# ---- CLIP, plainly ----

def layer_norm(x, w, name):
    x = x - x.mean(-1, keepdims=True)
    x = x / np.sqrt((x**2).mean(-1, keepdims=True) + EPS)
    return x * w[name + ".weight"] + w[name + ".bias"]


def linear(x, w, name):
    return x @ w[name + ".weight"].T + w.get(name + ".bias", 0)


def attention(x, w, p, heads, causal):
    n, width = x.shape
    q, k, v = (linear(x, w, p + name).reshape(n, heads, -1).swapaxes(0, 1)
               for name in ("q_proj", "k_proj", "v_proj"))
    scores = q @ k.swapaxes(1, 2) / (width // heads) ** 0.5
    if causal:
        scores = scores + np.triu(np.full((n, n), -np.inf), 1)
    scores = np.exp(scores - scores.max(-1, keepdims=True))
    mixed = (scores / scores.sum(-1, keepdims=True)) @ v
    return linear(mixed.swapaxes(0, 1).reshape(n, width), w, p + "out_proj")


def blocks(x, w, prefix, layers, heads, causal):
    for i in range(layers):
        p = f"{prefix}.encoder.layers.{i}."
        x = x + attention(layer_norm(x, w, p + "layer_norm1"), w, p + "self_attn.", heads, causal)
        z = linear(layer_norm(x, w, p + "layer_norm2"), w, p + "mlp.fc1")
        x = x + linear(z / (1 + np.exp(-1.702 * z)), w, p + "mlp.fc2")
    return x


def image_feature(pixels, w):
    p, grid = V["patch"], V["image"] // V["patch"]
    kernel = w["vision_model.embeddings.patch_embedding.weight"].reshape(V["width"], -1)
    rows = [w["vision_model.embeddings.class_embedding"]]
    for r in range(grid):
        for c in range(grid):
            rows.append(kernel @ pixels[:, r * p:(r + 1) * p, c * p:(c + 1) * p].reshape(-1))
    x = np.stack(rows) + w["vision_model.embeddings.position_embedding.weight"]
    x = blocks(layer_norm(x, w, "vision_model.pre_layrnorm"), w, "vision_model", V["layers"], V["heads"], False)
    return linear(layer_norm(x[0], w, "vision_model.post_layernorm"), w, "visual_projection")


def text_feature(tokens, w):
    x = (w["text_model.embeddings.token_embedding.weight"][tokens]
         + w["text_model.embeddings.position_embedding.weight"])
    x = blocks(x, w, "text_model", T["layers"], T["heads"], True)
    return linear(layer_norm(x, w, "text_model.final_layer_norm")[tokens.argmax()], w, "text_projection")


# ---- files ----

def write_safetensors(path, tensors):
    header, at = {}, 0
    for name, value in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [at, at + value.nbytes]}
        at += value.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(v.tobytes() for v in tensors.values()))


def config():
    return {"model_type": "clip", "projection_dim": D,
            "text_config": {"hidden_size": T["width"], "intermediate_size": T["mlp"],
                            "num_hidden_layers": T["layers"], "num_attention_heads": T["heads"],
                            "max_position_embeddings": T["context"], "vocab_size": T["vocab"],
                            "hidden_act": "quick_gelu", "eos_token_id": T["vocab"] - 1,
                            "bos_token_id": T["vocab"] - 2},
            "vision_config": {"hidden_size": V["width"], "intermediate_size": V["mlp"],
                              "num_hidden_layers": V["layers"], "num_attention_heads": V["heads"],
                              "image_size": V["image"], "patch_size": V["patch"], "hidden_act": "quick_gelu"}}


def main():
    os.makedirs(HERE, exist_ok=True)
    weights = make()
    exact = {k: v.astype(np.float64) for k, v in weights.items()}
    pixels = rng.standard_normal((3, 3, V["image"], V["image"])).astype(np.float32)
    tokens = np.zeros((4, T["context"]), dtype=np.int32)
    for row, n in zip(tokens, (0, 3, 10, 6)):  # words between start and end; the third fills the row
        row[:n + 2] = [T["vocab"] - 2, *rng.integers(0, T["vocab"] - 2, n), T["vocab"] - 1]
    write_safetensors(os.path.join(HERE, "model.safetensors"), weights)
    with open(os.path.join(HERE, "config.json"), "w") as file:
        json.dump(config(), file, indent=1)
        file.write("\n")
    images = np.stack([image_feature(p.astype(np.float64), exact) for p in pixels])
    texts = np.stack([text_feature(t, exact) for t in tokens])
    for name, value in (("pixels", pixels), ("tokens", tokens), ("image_features", images.astype(np.float32)),
                        ("text_features", texts.astype(np.float32))):
        np.save(os.path.join(HERE, name + ".npy"), value)


main()
