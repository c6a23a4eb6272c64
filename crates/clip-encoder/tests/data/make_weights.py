"""Writes small checkpoints with PyTorch, as each source writes them: `python make_weights.py`.

CLIP alone goes to `weights/` beside this file, the segmentation network to `../../../causal-clip-seg/tests/data/`.
A value depends on its tensor's name alone and is exact in half precision, so that tests can compare without a
tolerance: floor(64 u) / 256 with u of the golden vectors' rule (1 + floor(64 u) / 128 for a running variance).
In the segmentation network's files, tensors of more than 300 values repeat their first row: PyTorch stores it once.
"""
import collections
import pathlib

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

HERE = pathlib.Path(__file__).parent
CLIP, NETWORK = HERE / "weights", HERE / "../../../causal-clip-seg/tests/data"


def uniform(name, n):
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) & (1 << 64) - 1
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) / 2**23 - 1


def value(name, shape, thin=False):
    n = int(np.prod(shape))
    if name.endswith("num_batches_tracked"):
        return torch.tensor(7)
    steps = np.floor(uniform(name, n) * 64)
    steps = 1 + steps / 128 if name.endswith("running_var") else steps / 256
    x = torch.from_numpy(steps.astype(np.float32)).reshape(shape)
    return x[:1].clone().expand(shape) if thin and n > 300 else x


def norm(name, channels):
    yield from ((f"{name}.{part}", (channels,)) for part in ("weight", "bias", "running_mean", "running_var"))
    yield f"{name}.num_batches_tracked", ()


def linear(name, outputs, inputs):
    yield f"{name}.weight", (outputs, inputs)
    yield f"{name}.bias", (outputs,)


def clip(width=2, blocks=(1, 2, 1, 1), grid=2, embed=24, vocabulary=40, context=12, text=16, layers=1):
    """Names and shapes of OpenAI's CLIP; image size 32 grid."""
    half = width // 2
    for i, (inputs, outputs) in enumerate([(3, half), (half, half), (half, width)], 1):
        yield f"visual.conv{i}.weight", (outputs, inputs, 3, 3)
        yield from norm(f"visual.bn{i}", outputs)
    inputs = width
    for i, count in enumerate(blocks):
        planes = width << i
        for j in range(count):
            at = f"visual.layer{i + 1}.{j}"
            for k, (n, m, size) in enumerate([(inputs, planes, 1), (planes, planes, 3), (planes, 4 * planes, 1)], 1):
                yield f"{at}.conv{k}.weight", (m, n, size, size)
                yield from norm(f"{at}.bn{k}", m)
            if j == 0:
                yield f"{at}.downsample.0.weight", (4 * planes, inputs, 1, 1)
                yield from norm(f"{at}.downsample.1", 4 * planes)
            inputs = 4 * planes
    yield "visual.attnpool.positional_embedding", (grid * grid + 1, inputs)
    for part in "kqv":
        yield from linear(f"visual.attnpool.{part}_proj", inputs, inputs)
    yield from linear("visual.attnpool.c_proj", embed, inputs)
    for i in range(layers):
        at = f"transformer.resblocks.{i}"
        yield f"{at}.attn.in_proj_weight", (3 * text, text)
        yield f"{at}.attn.in_proj_bias", (3 * text,)
        yield from linear(f"{at}.attn.out_proj", text, text)
        yield from linear(f"{at}.mlp.c_fc", 4 * text, text)
        yield from linear(f"{at}.mlp.c_proj", text, 4 * text)
        yield from ((f"{at}.{ln}.{part}", (text,)) for ln in ("ln_1", "ln_2") for part in ("weight", "bias"))
    yield "token_embedding.weight", (vocabulary, text)
    yield "positional_embedding", (context, text)
    yield from ((f"ln_final.{part}", (text,)) for part in ("weight", "bias"))
    yield "text_projection", (text, embed)
    yield "logit_scale", ()


def block(name, outputs, inputs, size):
    yield f"{name}.0.weight", (outputs, inputs, size, size)
    yield from norm(f"{name}.1", outputs)


def convolution(name, outputs, inputs, size):
    yield f"{name}.weight", (outputs, inputs, size, size)
    yield f"{name}.bias", (outputs,)


def network(embed, d=16):
    """The released network, with a few of its unused tensors."""
    yield from (("backbone." + name, shape) for name, shape in clip(embed=embed, text=128))
    yield from block("backbone.visual.attnpool.connect", embed, 64, 1)
    yield from block("neck_ad.f2_v_proj", d, 2 * d, 3)
    yield from block("neck_ad.f4_proj4", d, d, 3)
    yield from block("neck_ad.aggr", d, 3 * d, 1)
    for level in (3, 4, 5):
        at = f"neck_ad.masker{level}"
        yield from block(f"{at}.coordconv.conv1", d, d + 2, 3)
        yield from block(f"{at}.coordconv2.conv1", d, d + 2, 3)
        yield from block(f"{at}.conv2", d, d, 3)
        yield from convolution(f"{at}.conv", d, d, 3)
        yield from norm(f"{at}.bn", d)
    yield from convolution("neck_ad.carafe.down", d // 4, d, 1)
    yield from convolution("neck_ad.carafe.encoder", 36, d // 4, 3)
    yield from convolution("neck_ad.carafe.out", d, d, 1)
    for name in ("proj", "proj_ad"):
        yield from block(f"{name}.vis.1", d, d, 3)
        yield from block(f"{name}.vis.3", d // 2, d, 3)
        yield from convolution(f"{name}.vis.4", d // 2, d // 2, 1)
        yield from linear(f"{name}.txt", 9 * d // 2 + 1, embed)
    yield "neck_ad.txt_proj.0.weight", (d, embed)  # unused from here on
    yield from norm("neck_ad.txt_proj.1", d)
    yield from block("neck_ad.f1_v_proj", d, embed, 1)
    yield from block("neck_ad.coordconv.0.conv1", d, d + 2, 3)


def values(tensors, prefix="", thin=False):
    return collections.OrderedDict((prefix + name, value(name, shape, thin)) for name, shape in tensors)


class Node(nn.Module):
    """A tree of modules made from names; the archive's code is of no interest."""

    def forward(self, x):
        return x


def tree(state, scalars):
    root = Node()
    for name, x in state.items():
        *path, last = name.split(".")
        at = root
        for part in path:
            if part not in at._modules:
                at.add_module(part, Node())
            at = at._modules[part]
        if last.startswith("running") or not x.is_floating_point():
            at.register_buffer(last, x)
        else:
            at.register_parameter(last, nn.Parameter(x, requires_grad=False))
    for name, number in scalars.items():
        root.register_buffer(name, torch.tensor(number))
    return root


def main():
    state = values(clip())
    half = {name: x.half() if x.is_floating_point() else x for name, x in state.items()}
    small = {k: v.half() if v.is_floating_point() else v for k, v in values(clip(blocks=(1, 1, 1, 1))).items()}
    scalars = {"input_resolution": 64, "context_length": 12, "vocab_size": 40}
    torch.jit.save(torch.jit.trace(tree(small, scalars), torch.zeros(1)), CLIP / "openai.pt")
    drop = lambda x, prefix: {prefix + k: v for k, v in x.items() if not k.endswith("num_batches_tracked")}
    save_file(drop(state, ""), CLIP / "open_clip.safetensors", {"format": "pt"})
    save_file(drop(half, "model."), CLIP / "open_clip_model.safetensors", {"format": "pt"})
    # BiomedCLIP's text tower: open_clip's wrapper around a BERT of Hugging Face.
    foreign = {k: v for k, v in drop(half, "").items() if k.startswith("visual.") or k == "logit_scale"}
    for name in ("embeddings.word_embeddings", "encoder.layer.0.attention.self.query", "encoder.layer.0.output.dense"):
        foreign[f"text.transformer.{name}.weight"] = torch.ones(4, 4)
    foreign["text.proj.0.weight"] = torch.ones(4, 4)
    save_file(foreign, CLIP / "foreign_text.safetensors", {"format": "pt"})

    direct = values(network(16), thin=True)
    torch.save(collections.OrderedDict(("module." + k, v) for k, v in direct.items()), NETWORK / "released.pth")
    half = {k: v.half() if v.is_floating_point() and v.numel() <= 300 else v for k, v in direct.items()}
    torch.save({"epoch": 50, "config": "config/qata.yaml", "state_dict": half, "best_iou": 0.77}, NETWORK / "state_dict.pth")
    torch.save({"model": half, "optimizer": {"param_groups": [{"lr": 1e-4, "params": [0]}]}}, NETWORK / "model.pth")
    wrapped = values(network(24), thin=True)
    wrapped = collections.OrderedDict(("base_model." + k, v) for k, v in wrapped.items())
    wrapped.update(values(block("v5_proj", 16, 24, 1)))
    rest = {"metrics": {"epoch": 3, "val": {"dice": 0.8}}, "args": {"seed": 123, "model": "CausalCLIPSegRN50"}}
    torch.save({"model": "CausalCLIPSegRN50", "state_dict": wrapped, **rest}, NETWORK / "medequiseg.pt")
    wrapped["text_encoder_module.token_expand"] = torch.zeros(1, 16, 8)
    wrapped["text_encoder_module.token_proj.weight"] = torch.zeros(8, 4)
    wrapped["text_encoder_module.state_proj.weight"] = torch.zeros(24, 4)
    torch.save({"model": "CausalCLIPSegRN50", "state_dict": wrapped, **rest}, NETWORK / "biomedclip.pt")
    for path in sorted([*CLIP.iterdir(), *NETWORK.iterdir()]):
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    with torch.no_grad():
        main()
