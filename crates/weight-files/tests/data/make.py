"""Writes the archives of this folder with PyTorch: `python make.py`. Values are small multiples of 1/8, exact in half."""
import collections
import pathlib

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

HERE = pathlib.Path(__file__).parent


def ramp(*shape, start=0):
    """start/8, (start+1)/8, ... wrapped at 64."""
    n = int(np.prod(shape))
    return ((torch.arange(n) + start) % 512).float().div(8).reshape(shape)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(2)

    def forward(self, x):
        return self.bn1(self.conv1(x))


class Visual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 2, 3, bias=False)
        self.layer1 = nn.Sequential(Block(), Block())

    def forward(self, x):
        return self.layer1(self.conv1(x))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attn = nn.MultiheadAttention(4, 2)
        self.ln_1 = nn.LayerNorm(4)


class Tiny(nn.Module):
    """Named and nested as OpenAI's CLIP; the three scalars are attributes there."""

    def __init__(self):
        super().__init__()
        self.context_length = 5
        self.visual = Visual()
        self.transformer = nn.Module()
        self.transformer.resblocks = nn.Sequential(Attention())
        self.token_embedding = nn.Embedding(6, 4)
        self.positional_embedding = nn.Parameter(torch.empty(5, 4))
        self.ln_final = nn.LayerNorm(4)
        self.text_projection = nn.Parameter(torch.empty(4, 3))
        self.logit_scale = nn.Parameter(torch.ones([]))

    def forward(self, image):
        return self.visual(image)


class Scripted(nn.Module):
    """OpenAI's archives hold the three scalars as attributes of the script module."""

    input_resolution: int
    vocab_size: int

    def __init__(self, tiny):
        super().__init__()
        self.input_resolution = 224
        self.context_length = tiny.context_length
        self.vocab_size = 6
        self.register_buffer("grid", torch.tensor([7, 7]))
        for name, child in tiny.named_children():
            if name != "transformer":
                setattr(self, name, child)
        self.transformer = nn.Sequential(collections.OrderedDict(ln_1=tiny.transformer.resblocks[0].ln_1))
        self.positional_embedding = tiny.positional_embedding
        self.text_projection = tiny.text_projection
        self.logit_scale = tiny.logit_scale

    def forward(self, image):
        return self.visual(image)


def tiny():
    model = Tiny()
    for start, (_, value) in enumerate(sorted(model.state_dict().items())):
        if value.dtype == torch.float32:
            value.copy_(ramp(*value.shape, start=start))
    return model


def main():
    torch.manual_seed(1)
    model = tiny().eval()
    state = model.state_dict()
    torch.save(state, HERE / "state.pt")
    torch.save(collections.OrderedDict(("module." + k, v) for k, v in state.items()), HERE / "parallel.pt")
    torch.save({"epoch": 3, "loss": 0.5, "best": None, "done": True, "note": "a checkpoint", "sizes": [1, (2, 3)],
                "state_dict": state, "optimizer": {"state": {0: {"step": 7}}, "param_groups": [{"lr": 1e-4, "params": [0]}]}},
               HERE / "checkpoint.pt")
    torch.save({"model": "name", "state_dict": state}, HERE / "named.pt")
    base = ramp(6, 4)
    torch.save({"half": ramp(3, 5).half(), "bfloat": ramp(3, 5).bfloat16(), "double": ramp(3, 5).double(),
                "int": torch.arange(-3, 3), "int32": torch.arange(-3, 3, dtype=torch.int32), "byte": torch.arange(6, dtype=torch.uint8),
                "int8": torch.arange(-3, 3, dtype=torch.int8), "int16": torch.arange(-3, 3, dtype=torch.int16), "bool": torch.tensor([True, False]),
                "scalar": torch.tensor(2.5), "empty": torch.empty(0, 3), "transposed": base.t(), "columns": base[:, 1:3],
                "shared": base[2:], "expanded": torch.tensor([1.5]).expand(2, 3), "channels_last": ramp(1, 2, 3, 2).to(memory_format=torch.channels_last),
                "parameter": nn.Parameter(ramp(2, 2))}, HERE / "kinds.pt")
    torch.save({"a": torch.tensor([1.0, float("nan")]), "b": torch.tensor([1e300], dtype=torch.float64)}, HERE / "bad_values.pt")
    torch.save({"a": torch.ones(3)}, HERE / "legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(model, HERE / "whole_module.pt")
    torch.jit.save(torch.jit.script(Scripted(tiny().half()).eval()), HERE / "scripted.pt")
    torch.jit.save(torch.jit.trace(tiny().eval(), torch.zeros(1, 3, 8, 8), strict=False), HERE / "traced.pt")
    # The values as a second implementation reads them back.
    plain = lambda d: {k: v.detach().float().contiguous().clone() for k, v in d.items()}
    save_file(plain(torch.load(HERE / "state.pt")), HERE / "state.safetensors", {"epoch": "3"})
    save_file(plain(torch.load(HERE / "kinds.pt")), HERE / "kinds.safetensors")
    save_file(plain(torch.jit.load(HERE / "scripted.pt").state_dict()), HERE / "scripted.safetensors")
    for path in sorted(HERE.glob("*.*")):
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    with torch.no_grad():
        main()
