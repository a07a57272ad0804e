# PyTorch reads what convert writes, and convert reads whatever torch.save makes of a state dict:
# views, transposed and shared tensors, what training leaves beside them, the form before 1.6.
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

python=/usr/bin/python3
"$python" -c 'import torch' 2> err || skip 'no PyTorch for /usr/bin/python3'

cat > tiny.py <<'EOF'
import argparse, collections, json, random, sys
import numpy, torch

config = {"embed_dim": 12, "quick_gelu": True,
          "vision_cfg": {"image_size": 8, "layers": 2, "width": 16, "head_width": 8, "patch_size": 4},
          "text_cfg": {"context_length": 6, "vocab_size": 20, "width": 8, "heads": 2, "layers": 1}}

def state(dtype=torch.float32):
    torch.manual_seed(1)
    r = lambda *shape: torch.randn(*shape).to(dtype)
    s = collections.OrderedDict()
    s["positional_embedding"] = r(6, 8)
    s["text_projection"] = r(8, 12)
    s["logit_scale"] = torch.tensor(2.6592).to(dtype)
    s["visual.class_embedding"] = r(16)
    s["visual.positional_embedding"] = r(5, 16)
    s["visual.proj"] = r(16, 12)
    s["visual.conv1.weight"] = r(16, 3, 4, 4)
    s["token_embedding.weight"] = r(20, 8)
    norms = ["visual.ln_pre", "visual.ln_post", "ln_final"]
    for tower, n, w in (("visual.transformer", 2, 16), ("transformer", 1, 8)):
        for i in range(n):
            b = f"{tower}.resblocks.{i}."
            norms += [b + "ln_1", b + "ln_2"]
            s[b + "attn.in_proj_weight"], s[b + "attn.in_proj_bias"] = r(3 * w, w), r(3 * w)
            s[b + "attn.out_proj.weight"], s[b + "attn.out_proj.bias"] = r(w, w), r(w)
            s[b + "mlp.c_fc.weight"], s[b + "mlp.c_fc.bias"] = r(4 * w, w), r(4 * w)
            s[b + "mlp.c_proj.weight"], s[b + "mlp.c_proj.bias"] = r(w, 4 * w), r(w)
    for name in norms:
        w = 8 if not name.startswith("visual") else 16
        s[name + ".weight"], s[name + ".bias"] = r(w), r(w)
    return s

def odd():
    s = state()
    t = {}
    s["visual.proj"] = s["visual.proj"].t().contiguous().t()             # column-major
    s["visual.conv1.weight"] = s["visual.conv1.weight"].permute(3, 1, 0, 2).contiguous().permute(2, 1, 3, 0)
    both = torch.randn(64)
    s["ln_final.weight"], s["ln_final.bias"] = both[3:11], both[8:16]    # one storage, overlapping
    s["visual.ln_pre.weight"] = torch.randn(32)[::2]                     # every second
    s["visual.ln_pre.bias"] = torch.tensor(0.5).expand(16)               # one value, sixteen times
    s["token_embedding.weight"] = torch.randn(40, 20)[10:30, 5:13]       # a window
    s["logit_scale"] = torch.randn(9)[4]                                 # 0-d, in the middle
    s["text_projection"] = torch.randn(8, 12).bfloat16()
    s["positional_embedding"] = torch.nn.Parameter(torch.randn(6, 8).half())
    s["text.position_ids"] = torch.arange(6)
    s["flag"], s["nothing"] = torch.tensor([True, False]), torch.randn(0, 3)
    s["table"] = torch.randint(0, 9, (3,), dtype=torch.int32)
    return s

def training(s):
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.randn(4, 3)).sum().backward()
    optimizer.step()
    return {"epoch": 3, "name": "tiny é", "state_dict": s, "optimizer": optimizer.state_dict(),
            "args": argparse.Namespace(lr=5e-4, betas=(0.9, 0.98), precision="amp", big=1 << 70),
            "rng": {"torch": torch.get_rng_state(), "numpy": numpy.random.get_state(),
                    "python": random.getstate()},
            "loss": numpy.float64(0.25), "device": torch.device("cpu"), "dtype": torch.float16,
            "size": torch.Size([2, 3]), "done": {1, 2}, "frozen": frozenset("ab"), "none": None,
            "seen": collections.defaultdict(list, {"a": [1]}), "bytes": b"\0\xff", "cell": 1 + 2j}

def loop(s):
    d = {"state_dict": s}
    d["self"] = d
    d["list"] = [d]
    return d

prefixed = lambda p, s: collections.OrderedDict((p + k, v) for k, v in s.items())
old = {"_use_new_zipfile_serialization": False}
files = {
    "plain": (state(), {}), "f16": (state(torch.float16), {}), "bf16": (state(torch.bfloat16), {}),
    "odd": (odd(), {}), "odd_old": (odd(), old),
    "training": (training(odd()), {}), "training_old": (training(odd()), old),
    "module": (prefixed("module.", odd()), {}), "compiled": ({"model": prefixed("_orig_mod.module.", odd())}, {}),
    "loop": (loop(odd()), {}), "protocol4": (training(odd()), {"pickle_protocol": 4}),
    "protocol5_old": (odd(), dict(old, pickle_protocol=5)), "protocol3": (odd(), {"pickle_protocol": 3}),
    "custom_text": (collections.OrderedDict((k if k == "logit_scale" or k.startswith("visual.") else "text." + k, v)
                                            for k, v in state().items()), {}),
}

def weights(obj):
    for key in ("state_dict", "model"):
        obj = obj.get(key, obj)
    out = {}
    for k, v in obj.items():
        while k.startswith(("module.", "_orig_mod.")):
            k = k.split(".", 1)[1]
        k = k[5:] if k.startswith("text.") else k
        if torch.is_tensor(v) and v.dtype in (torch.float32, torch.float16, torch.bfloat16) and v.numel():
            out[k] = v.detach()
    return out

if sys.argv[1] == "write":
    json.dump(config, open("tiny.json", "w"))
    for name, (obj, how) in files.items():
        torch.save(obj, name + ".pt", **how)
    print("\n".join(files))
elif sys.argv[1] == "evil":
    import os
    class Evil:
        def __reduce__(self):
            return os.system, ("touch evil",)
    torch.save({"state_dict": state(), "args": Evil()}, "evil.pt")
    torch.save(torch.nn.Linear(2, 2), "whole.pt")
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), "script.pt")
else:  # NAME FILE TYPE, again and again
    types = {"same": None, "fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
    for name, path, cast in zip(*[iter(sys.argv[2:])] * 3):
        want, got = weights(torch.load(name + ".pt")), torch.load(path)
        assert set(want) == set(got), (path, set(want) ^ set(got))
        for k, v in want.items():
            v = v.to(types[cast]) if types[cast] else v
            assert got[k].dtype == v.dtype and got[k].shape == v.shape and torch.equal(got[k], v), (path, k)
            assert got[k].is_contiguous(), (path, k)
EOF

names=$("$python" tiny.py write) || fail 'cannot make the files'
compared=()
for name in $names; do
    expect 0 convert --config tiny.json -o "out_$name/model.pt" "$name.pt"
    # There and back, through Hugging Face's names.
    expect 0 convert -o "hf_$name" "out_$name/model.pt"
    expect 0 convert -o "back_$name/model.pt" "hf_$name"
    compared+=("$name" "out_$name/model.pt" same "$name" "back_$name/model.pt" same)
done
for type in fp32 fp16 bf16; do
    expect 0 convert --config tiny.json --dtype $type -o "cast_$type/model.pt" plain.pt
    compared+=(plain "cast_$type/model.pt" $type)
done
"$python" tiny.py compare "${compared[@]}" 2> err || fail 'PyTorch reads something else'

# ---- programs are refused, by name, and not run ----
"$python" tiny.py evil || fail 'cannot make the files'
expect 1 convert --config tiny.json -o evil/model.pt evil.pt
says err 'refuses posix.system: a checkpoint holds data only'
[[ ! -e evil && ! -e out/evil ]] || fail 'it was run'
expect 1 info whole.pt
says err 'refuses torch.nn.modules.linear.Linear'
expect 1 info script.pt
says err 'TorchScript archive'
