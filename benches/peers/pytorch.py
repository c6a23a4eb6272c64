#!/usr/bin/env python3
"""CausalCLIPSeg in PyTorch with random weights, to be timed beside this repository's:

    pip install torch
    cargo run --release -p benches --bin compare -- --peer "python3 benches/peers/pytorch.py"

Prints one line of JSON: seconds of a forward pass of both branches in evaluation, or with --train or
--two-player of a training step. OMP_NUM_THREADS or --threads sets the threads.

--bf16, --channels-last and --compile are ways to make it faster; --lean computes only what a mask needs: the
causal branch, and the sentence to its end. --device cuda computes on a GPU, in exact float32 unless --tf32 is
given; the first run's seconds are first_s. With --stages the line has the key stages: median seconds of the
parts of a forward pass.
"""
import argparse
import json
import os
import resource
import statistics
import time

START = time.perf_counter()
import torch
from torch import nn
from torch.nn import functional as F

IMPORT_S = time.perf_counter() - START

# blocks, width, native size, joint space, vocabulary, context, text width, text heads, text layers
SIZES = {
    "rn50": ((3, 4, 6, 3), 64, 224, 1024, 49408, 77, 512, 8, 12),
    "rn101": ((3, 4, 23, 3), 64, 224, 512, 49408, 77, 512, 8, 12),
    "small": ((1, 2, 2, 1), 16, 96, 128, 49408, 77, 64, 2, 2),
    "tiny": ((1, 1, 1, 1), 8, 128, 64, 49408, 77, 32, 2, 2),
}


def conv(inputs, outputs, kernel, stride=1, norm=True, relu=True):
    """Convolution without bias, batch norm, ReLU; or a convolution with a bias."""
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=not norm)]
    layers += [nn.BatchNorm2d(outputs)] if norm else []
    return nn.Sequential(*layers, *([nn.ReLU()] if relu else []))


class Block(nn.Module):
    def __init__(self, inputs, planes, stride):
        super().__init__()
        pool = [nn.AvgPool2d(stride)] if stride > 1 else []
        self.body = nn.Sequential(
            conv(inputs, planes, 1), conv(planes, planes, 3), *pool, conv(planes, 4 * planes, 1, relu=False))
        same = stride == 1 and inputs == 4 * planes
        self.skip = nn.Identity() if same else nn.Sequential(*pool, conv(inputs, 4 * planes, 1, relu=False))

    def forward(self, x):
        return F.relu(self.body(x) + self.skip(x))


class Image(nn.Module):
    def __init__(self, blocks, width, native, joint):
        super().__init__()
        self.stem = nn.Sequential(
            conv(3, width // 2, 3, 2), conv(width // 2, width // 2, 3), conv(width // 2, width, 3), nn.AvgPool2d(2))
        inputs, layers = width, []
        for i, count in enumerate(blocks):
            planes = width << i
            layers.append(nn.Sequential(
                Block(inputs, planes, 2 if i else 1), *(Block(4 * planes, planes, 1) for _ in range(count - 1))))
            inputs = 4 * planes
        self.layers = nn.ModuleList(layers)
        self.grid, self.heads = native // 32, inputs // 64
        self.places = nn.Parameter(torch.randn(1, inputs, self.grid, self.grid) * inputs ** -0.5)
        self.qkv, self.out = nn.Linear(inputs, 3 * inputs), nn.Linear(inputs, joint)
        self.skip = conv(inputs, joint, 1, relu=False)

    def forward(self, x):
        maps = [self.stem(x)]
        for layer in self.layers:
            maps.append(layer(maps[-1]))
        x = maps[-1]
        b, c, h, w = x.shape
        places = F.interpolate(self.places, size=(h, w), mode="bicubic", align_corners=False)
        tokens = (x + places).flatten(2).transpose(1, 2)
        q, k, v = self.qkv(tokens).reshape(b, h * w, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, h * w, c)
        y = self.out(y).transpose(1, 2).reshape(b, -1, h, w)
        return maps[2], maps[3], F.relu(y + self.skip(x))


class TextBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(b, n, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(b, n, c))
        y = self.wide(self.norm2(x))
        return x + self.narrow(y * torch.sigmoid(1.702 * y))


class Text(nn.Module):
    def __init__(self, joint, vocabulary, context, width, heads, layers):
        super().__init__()
        self.words = nn.Embedding(vocabulary, width)
        self.places = nn.Parameter(torch.randn(context, width) * 0.01)
        self.blocks = nn.Sequential(*(TextBlock(width, heads) for _ in range(layers)))
        self.norm, self.out = nn.LayerNorm(width), nn.Linear(width, joint, bias=False)

    def forward(self, tokens):
        x = self.norm(self.blocks(self.words(tokens) + self.places[: tokens.shape[1]]))
        return self.out(x[torch.arange(len(x)), tokens.argmax(1)])


class CoordConv(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.conv = conv(d + 2, d, 3)

    def forward(self, x):
        b, _, h, w = x.shape
        xs = torch.linspace(-1, 1, w, device=x.device).expand(b, 1, h, w)
        ys = torch.linspace(-1, 1, h, device=x.device)[:, None].expand(b, 1, h, w)
        return self.conv(torch.cat([x, xs, ys], 1))


class Carafe(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.weights = nn.Sequential(
            conv(d, d // 4, 1, norm=False, relu=False), conv(d // 4, 36, 3, norm=False, relu=False))
        self.out = nn.Conv2d(d, d, 1)

    def forward(self, x):
        b, c, h, w = x.shape
        weights = torch.softmax(F.pixel_shuffle(self.weights(x), 2), 1).reshape(b, 9, h, 2, w, 2)
        cells = F.unfold(x, 3, padding=1).reshape(b, c, 9, h, w)
        return self.out(torch.einsum("bkhywx,bckhw->bchywx", weights, cells).reshape(b, c, 2 * h, 2 * w))


class Neck(nn.Module):
    def __init__(self, d, c4, c5):
        super().__init__()
        self.lean = False
        self.adapter = conv(c5, d, 1) if c5 != d else nn.Identity()
        self.c4, self.carafe = nn.Sequential(conv(c4, d, 3), conv(d, d, 3)), Carafe(d)
        self.gates = nn.ModuleList(nn.Sequential(
            CoordConv(d), conv(d, d, 3), CoordConv(d), nn.Conv2d(d, d, 3, padding=1), nn.BatchNorm2d(d), nn.Sigmoid()
        ) for _ in range(3))
        self.aggregation = conv(3 * d, d, 1)

    def forward(self, c3, c4, c5):
        levels = F.avg_pool2d(c3, 2), self.c4(c4), self.carafe(self.adapter(c5))
        gates = [gate(level) for gate, level in zip(self.gates, levels)]
        causal = self.aggregation(torch.cat([q * m for q, m in zip(levels, gates)], 1))
        if self.lean:
            return causal, None
        return causal, self.aggregation(torch.cat([q * (1 - m) for q, m in zip(levels, gates)], 1))


class Projector(nn.Module):
    def __init__(self, state, d):
        super().__init__()
        self.map = nn.Sequential(
            nn.Upsample(scale_factor=4, mode="bilinear"), conv(d, d, 3),
            nn.Upsample(scale_factor=4, mode="bilinear"), conv(d, d // 2, 3), nn.Conv2d(d // 2, d // 2, 1))
        self.kernel = nn.Linear(state, 9 * (d // 2) + 1)

    def forward(self, x, state):
        x, kernel = self.map(x), self.kernel(state)
        b, c, h, w = x.shape
        weight, offset = kernel[:, :-1].reshape(b, c, 3, 3), kernel[:, -1]
        return F.conv2d(x.reshape(1, b * c, h, w), weight, offset, padding=1, groups=b).transpose(0, 1)


class Network(nn.Module):
    def __init__(self, blocks, width, native, joint, *text):
        super().__init__()
        d = 8 * width
        self.image, self.text = Image(blocks, width, native, joint), Text(joint, *text)
        self.neck = Neck(d, 2 * d, joint)
        self.causal, self.confounding = Projector(joint, d), Projector(joint, d)
        self.bf16 = False

    def forward(self, pixels, tokens):
        with torch.autocast(pixels.device.type, torch.bfloat16, enabled=self.bf16):
            state = self.text(tokens)
            causal, confounding = self.neck(*self.image(pixels))
            logits = [self.causal(causal, state)]
            logits += [] if confounding is None else [self.confounding(confounding, state)]
        return tuple(branch.float() for branch in logits)


def loss_of(logits, mask):
    p, axes = torch.sigmoid(logits), (1, 2, 3)
    dice = 1 - (2 * (p * mask).sum(axes) + 1e-6) / (p.sum(axes) + mask.sum(axes) + 1e-6)
    return 0.5 * F.binary_cross_entropy_with_logits(logits, mask) + 0.5 * dice.mean()


def trainer(network, pixels, tokens, two_player):
    gates = list(network.neck.gates.parameters()) if two_player else []
    own = {id(p) for p in gates}
    first = torch.optim.AdamW([p for p in network.parameters() if id(p) not in own], lr=1e-4)
    second = torch.optim.AdamW(gates, lr=1e-4) if two_player else None
    mask = (torch.rand(len(pixels), 1, *pixels.shape[2:]) > 0.8).float().to(pixels.device)

    def losses():
        return [loss_of(logits, mask) for logits in network(pixels, tokens)]

    def step():
        causal, confounding = losses()
        first.zero_grad()
        (causal + confounding).backward()
        first.step()
        if second:
            causal, confounding = losses()
            second.zero_grad()
            (causal - confounding).backward()
            second.step()
    return step


def finished():
    """Waits for a GPU, which works on after a call has returned."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()


def timed(run, count):
    """Seconds of each run, without a first one; that one's stand before them."""
    seconds = []
    for _ in range(count + 1):
        start = time.perf_counter()
        run()
        finished()
        seconds.append(time.perf_counter() - start)
    return seconds[0], seconds[1:]


def stages(network, pixels, tokens, count, compiled):
    """Median seconds of the parts of a forward pass."""
    image, text, neck = compiled(network.image), compiled(network.text), compiled(network.neck)
    causal, confounding = compiled(network.causal), compiled(network.confounding)
    levels, state = image(pixels), text(tokens)
    split = neck(*levels)
    parts = {
        "image_tower": lambda: image(pixels),
        "text_tower": lambda: text(tokens),
        "neck": lambda: neck(*levels),
        "projectors": lambda: (causal(split[0], state), confounding(split[1], state)),
    }
    return {name: statistics.median(timed(run, count)[1]) for name, run in parts.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="rn50", choices=SIZES)
    for name, value in (("size", 224), ("batch", 1), ("tokens", 77), ("runs", 5)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--threads", type=int, default=int(os.environ.get("OMP_NUM_THREADS", os.cpu_count())))
    for name, what in (
        ("train", "a step on the loss of both branches"), ("two-player", "a step of each player"),
        ("lean", "only what a mask needs"), ("tf32", "TF32 products on a GPU"), ("bf16", "bfloat16 where autocast takes it"), ("channels-last", "maps with the channels innermost"),
        ("compile", "torch.compile; the first run's seconds are compile_s"), ("stages", "the parts one by one too"),
    ):
        parser.add_argument(f"--{name}", action="store_true", help=what)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    a = parser.parse_args()
    if a.lean and (a.train or a.two_player or a.stages):
        parser.error("--lean is for forward passes: training needs both branches")
    if a.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: PyTorch sees no CUDA device")

    torch.set_num_threads(a.threads)
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = a.tf32
    torch.manual_seed(0)
    network = Network(*SIZES[a.config]).to(a.device)
    network.bf16, network.neck.lean = a.bf16, a.lean
    end = SIZES[a.config][4] - 1
    pixels = torch.randn(a.batch, 3, a.size, a.size)
    words = min(a.tokens, 22)
    tokens = torch.zeros(a.batch, words if a.lean else a.tokens, dtype=torch.long)
    tokens[:, :words] = torch.randint(1, end - 1, (a.batch, words))
    tokens[:, 0], tokens[:, words - 1] = end - 1, end
    pixels, tokens = pixels.to(a.device), tokens.to(a.device)
    if a.channels_last:
        network, pixels = network.to(memory_format=torch.channels_last), pixels.to(memory_format=torch.channels_last)
    compiled = torch.compile if a.compile else lambda part: part
    whole = compiled(network)

    if a.train or a.two_player:
        step = trainer(whole.train(), pixels, tokens, a.two_player)
    else:
        whole.eval()

        def step():
            with torch.inference_mode():
                whole(pixels, tokens)
    first, seconds = timed(step, a.runs)
    line = {
        "peer": "pytorch", "torch": torch.__version__, "config": a.config, "size": a.size, "batch": a.batch,
        "threads": a.threads, "runs": a.runs, "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "ways": [way for way in ("lean", "tf32", "bf16", "channels_last", "compile") if getattr(a, way)],
        "device": torch.cuda.get_device_name() if a.device == "cuda" else "cpu", "first_s": first,
        "import_s": IMPORT_S, "median_s": statistics.median(seconds), "min_s": min(seconds), "max_s": max(seconds),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    if a.compile:
        line["compile_s"] = first
    if a.device == "cuda":
        line["peak_device_mb"] = torch.cuda.max_memory_allocated() / 2 ** 20
    if a.stages:
        with torch.inference_mode(), torch.autocast(a.device, torch.bfloat16, enabled=a.bf16):
            line["stages"] = stages(network.eval(), pixels, tokens, a.runs, compiled)
    print(json.dumps(line))


if __name__ == "__main__":
    main()
