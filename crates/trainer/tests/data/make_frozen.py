#!/usr/bin/env python3
"""Writes frozen.json and frozen.safetensors: both players' gradients over 16 pictures with every batch norm frozen.

    python3 make_frozen.py REFERENCE OUT

REFERENCE is the folder of network.py and make_goldens.py, which made the vectors of crates/parity; the format is
theirs too. Truth is the float64 run, a floor is how far the float32 run lies from it. Made with torch 2.15.0.
"""
import sys
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, sys.argv[1])

import torch
import make_goldens as G
import network as N

BATCH, SIZE, WORDS = 16, 64, 12


def main(out):
    # Words as in `tiny_train_sgd`; rows beyond its own are as short as a sentence gets.
    tokens = G.tokens_for(G.TINY, BATCH, WORDS, "tiny_train_sgd")
    case = G.Case("frozen", "train", config=asdict(G.TINY), batch=BATCH, height=SIZE, width=SIZE, pixels="pixels",
                  tokens=tokens.tolist(), mask="hash_uniform('mask') > 0.3", norms="frozen",
                  definition=("loss = 0.5 BCE with logits + 0.5 soft Dice. Batch norms use their running statistics, and their parameters have "
                              "no gradients. grad1: of L_causal + L_confounding, everything outside neck_ad.masker*; grad2: of L_causal - "
                              "L_confounding, neck_ad.masker*. Both at the same weights."))

    def run(model, dtype, note):
        pixels = N.hash_pixels((BATCH, 3, SIZE, SIZE)).to(dtype)
        mask = torch.from_numpy(N.hash_uniform("mask", (BATCH, 1, SIZE, SIZE)) > 0.3).to(dtype)
        norms = [m for m in model.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
        frozen = {id(p) for m in norms for p in m.parameters()}
        names = {id(p): n for n, p in model.named_parameters()}
        causal, confounding = N.player_losses(model, pixels, tokens, mask)
        note("loss.causal", causal)
        note("loss.confounding", confounding)
        for turn, parameters, sign in ((1, model.others(), 1.0), (2, model.gates(), -1.0)):
            wanted = [p for p in parameters if id(p) not in frozen]
            found = torch.autograd.grad(causal + sign * confounding, wanted, retain_graph=True, allow_unused=True)
            for p, g in zip(wanted, found):
                if g is not None:
                    note(f"grad{turn}.{names[id(p)]}", g)

    G.both(lambda: N.load_hash_weights(N.CausalClipSeg(G.TINY)), run, case, train=False)
    case.write(out)


main(Path(sys.argv[2]))
