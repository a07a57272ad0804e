#!/usr/bin/env python3
"""Writes the kept inputs of fuzz_pt, fuzz_safetensors and fuzz_clip_config, by hand and without
PyTorch, to fuzz/corpus/."""
import io, json, os, pickle, struct, zipfile

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")
MAGIC, PROTOCOL = 0x1950a86a20f9469cfc6c, 1001


def text(s):
    return b"X" + struct.pack("<I", len(s)) + s.encode()


def whole(n):
    return b"M" + struct.pack("<H", n)


def wholes(ns):
    return b"(" + b"".join(map(whole, ns)) + b"t"


def tensor(name, key, kind, n, dims, strides, tail=b"", offset=0):
    storage = b"(" + text("storage") + b"ctorch\n" + kind + b"\n" + text(key) + text("cpu") + whole(n) + tail + b"tQ"
    return (text(name) + b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + whole(offset) + wholes(dims) +
            wholes(strides) + b"\x89ccollections\nOrderedDict\n)RtR")


def contiguous(dims):
    out, step = [], 1
    for d in reversed(dims):
        out.insert(0, step)
        step *= d
    return out, step


def model(width=64, text_width=64):
    """Names and shapes of the smallest model whose shapes tell all."""
    s = {"positional_embedding": (2, text_width), "text_projection": (text_width, 1), "logit_scale": (),
         "visual.class_embedding": (width,), "visual.positional_embedding": (2, width), "visual.proj": (width, 1),
         "visual.conv1.weight": (width, 3, 1, 1), "token_embedding.weight": (3, text_width)}
    for b, w in (("visual.transformer.resblocks.0.", width), ("transformer.resblocks.0.", text_width)):
        s.update({b + "attn.in_proj_weight": (3 * w, w), b + "attn.in_proj_bias": (3 * w,),
                  b + "attn.out_proj.weight": (w, w), b + "attn.out_proj.bias": (w,),
                  b + "mlp.c_fc.weight": (1, w), b + "mlp.c_fc.bias": (1,),
                  b + "mlp.c_proj.weight": (w, 1), b + "mlp.c_proj.bias": (w,)})
        for ln in ("ln_1.", "ln_2."):
            s.update({b + ln + "weight": (w,), b + ln + "bias": (w,)})
    for ln, w in (("visual.ln_pre.", width), ("visual.ln_post.", width), ("ln_final.", text_width)):
        s.update({ln + "weight": (w,), ln + "bias": (w,)})
    return s


def zip_of(data, storages, **extra):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as z:
        for name, content in [("data.pkl", data)] + list(extra.items()) + [(f"data/{k}", v) for k, v in storages.items()]:
            z.writestr(zipfile.ZipInfo("m/" + name), content)
    return out.getvalue()


def put(target, name, content):
    folder = os.path.join(HERE, target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(content)


matrix = tensor("a", "0", b"FloatStorage", 6, (2, 2), (1, 2), offset=1)
floats = struct.pack("<6f", 1, 2, 3, 4, 5, 6)
put("pt", "strided", zip_of(b"\x80\x02}" + matrix + b"s.", {"0": floats}, byteorder=b"little"))
put("pt", "wrapped", zip_of(b"}" + text("epoch") + b"K\x01s" + text("state_dict") + b"}" + matrix + b"s" + b"s.", {"0": floats}))
put("pt", "namespace", zip_of(b"}" + text("args") + b"cargparse\nNamespace\n)\x81}" + text("lr") + b"G?@bM\xd2\xf1\xa9\xfcsbs" +
                              matrix + b"s.", {"0": floats}))
put("pt", "refused", zip_of(b"}" + text("a") + b"cposix\nsystem\n" + text("id") + b"\x85Rs.", {"0": floats}))
legacy = pickle.dumps(MAGIC, 2) + pickle.dumps(PROTOCOL, 2) + pickle.dumps({"little_endian": True}, 2)
halves = struct.pack("<q3e", 3, 1, 2, 3)
put("pt", "legacy", legacy + b"}" + tensor("a", "0", b"HalfStorage", 3, (2,), (1,), b"N") + b"s." + pickle.dumps(["0"], 2) + halves)
view = b"(" + text("v") + b"K\x01K\x02t"
put("pt", "legacy_view", legacy + b"}" + tensor("a", "0", b"HalfStorage", 3, (2,), (1,), view) + b"s." + pickle.dumps(["0"], 2) + halves)
put("pt", "protocol4", zip_of(pickle.dumps({"state_dict": [1, (2, 3.5), None, b"x", {"y"}, frozenset([1]), 1 << 70]}, 4), {}))
# A whole model, all of whose tensors share one storage.
shapes, most = model(), 64 * 192
body = b"".join(tensor(k, "0", b"HalfStorage", most, d, contiguous(d)[0]) for k, d in shapes.items())
put("pt", "model", zip_of(b"\x80\x02ccollections\nOrderedDict\n)R(" + body + b"u.", {"0": bytes(2 * most)}))


def safetensors(header, n):
    h = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(h)) + h + bytes(n)


entry = lambda t, s, a, b: {"dtype": t, "shape": s, "data_offsets": [a, b]}
put("safetensors", "two", safetensors({"__metadata__": {"format": "pt"}, "a": entry("F32", [2, 3], 0, 24),
                                       "b": entry("BF16", [], 24, 26)}, 26))
put("safetensors", "ids", safetensors({"position_ids": entry("I64", [1, 2], 0, 16), "e": entry("F16", [0], 16, 16)}, 16))
put("safetensors", "overlap", safetensors({"a": entry("U8", [4], 0, 4), "b": entry("U8", [4], 2, 6)}, 6))
put("safetensors", "short", safetensors({"a": entry("F32", [4], 0, 16)}, 15))

configs = {
    "open_clip": {"embed_dim": 12, "quick_gelu": True,
                  "vision_cfg": {"image_size": [8, 8], "layers": 2, "width": 16, "head_width": 8, "patch_size": 4,
                                 "mlp_ratio": 4.9231, "norm_kwargs": {"eps": 1e-6}},
                  "text_cfg": {"context_length": 6, "vocab_size": 20, "width": 8, "heads": 2, "layers": 1,
                               "norm_kwargs": {"eps": 1e-6}, "pool_type": "eos", "eos_id": 2}},
    "folder": {"model_cfg": {"embed_dim": 8, "vision_cfg": {}, "text_cfg": {"hf_tokenizer_name": "google/mt5-base"}},
               "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.25, 1], "interpolation": "bilinear",
                                  "resize_mode": "squash"}},
    "hugging_face": {"model_type": "clip", "projection_dim": 8, "text_config": {"eos_token_id": 2},
                     "vision_config_dict": {"hidden_size": 24, "num_attention_heads": 3, "hidden_act": "quick_gelu"}},
    "worldwide": {"model_type": "metaclip_2", "text_config": {"vocab_size": 901629, "eos_token_id": [2]}},
    "with_preprocessing": {"model_type": "clip", "size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224},
                           "resample": 2, "do_rescale": False, "image_mean": [1, 2, 3], "image_std": [4, 5, 6]},
    "resnet": {"embed_dim": 8, "vision_cfg": {"layers": [3, 4, 6, 3]}, "text_cfg": {}},
}
for name, config in configs.items():
    put("clip_config", name, json.dumps(config).encode())
