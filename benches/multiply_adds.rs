//! The arithmetic of the network as it is published, counted by formula.
//!
//! A product of `[m, k]` and `[k, n]` is `m k n` multiply-adds, a convolution `outputs · inputs ·
//! kernel² · cells`. Norms, activations, pools and resizes are left out. The count is the published
//! network's whatever form computes it: the rate of a form that needs less arithmetic may pass the
//! machine's peak.

use causal_clip_seg::CausalClipSegConfig;

/// Multiply-adds of one picture and one sentence, stage by stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MultiplyAdds {
    /// Trunk and dense head.
    pub image_tower: u64,
    /// All blocks; the projection is left out.
    pub text_tower: u64,
    /// c5 to the decoder's channels; 0 without an adapter.
    pub adapter: u64,
    /// The two convolutions on c4.
    pub c4: u64,
    /// The upsampling of c5.
    pub carafe: u64,
    /// The three gates together.
    pub gates: u64,
    /// Both aggregations.
    pub aggregation: u64,
    /// One projector; there are two.
    pub projector: u64,
}

impl MultiplyAdds {
    /// Adapter and neck, both sides.
    pub fn neck(&self) -> u64 {
        self.adapter + self.c4 + self.carafe + self.gates + self.aggregation
    }

    /// The forward pass that training sees: both branches.
    pub fn both(&self) -> u64 {
        self.image_tower + self.text_tower + self.neck() + 2 * self.projector
    }

    /// The forward pass that a mask needs: the causal branch.
    pub fn causal(&self) -> u64 {
        self.both() - self.aggregation / 2 - self.projector
    }
}

/// The multiply-adds for pictures of `size` x `size` pixels and sentences of `words` tokens.
pub fn multiply_adds(config: &CausalClipSegConfig, size: usize, words: usize) -> MultiplyAdds {
    let n = |value: usize| value as u64;
    let (image, text) = (&config.clip.image, &config.clip.text);
    let (w, embed_dim) = (n(image.width), n(config.clip.embed_dim));
    let decoder = config.decoder();
    let (d, c4, c5, state) = (n(decoder.features), n(decoder.c4), n(decoder.c5), n(decoder.state));
    // Cells of the map that has been halved so many times.
    let cells = |halved: u32| n(size >> halved) * n(size >> halved);

    let stem = 9 * cells(1) * (3 * (w / 2) + (w / 2) * (w / 2) + (w / 2) * w);
    let mut inputs = w;
    let mut trunk = stem;
    for (layer, blocks) in image.blocks.into_iter().enumerate() {
        let planes = w << layer;
        let after = cells(2 + layer as u32);
        for block in 0..blocks {
            let first = block == 0;
            let before = if first && layer > 0 { cells(1 + layer as u32) } else { after };
            let shortcut = if first { inputs * 4 * planes * after } else { 0 };
            trunk += inputs * planes * before + 9 * planes * planes * before;
            trunk += planes * 4 * planes * after + shortcut;
            inputs = 4 * planes;
        }
    }
    let tokens = cells(5);
    let head =
        tokens * (3 * inputs * inputs + 2 * inputs * embed_dim) + 2 * tokens * tokens * inputs;

    let (words, width) = (n(words), n(text.width));
    let block = 12 * words * width * width + 2 * words * words * width;
    let reassembly = 9 * d * cells(4);
    MultiplyAdds {
        image_tower: trunk + head,
        text_tower: n(text.layers) * block,
        adapter: if decoder.has_adapter() { c5 * d * tokens } else { 0 },
        c4: 9 * cells(4) * (c4 * d + d * d),
        carafe: tokens * (d * d / 4 + 9 * 36 * d / 4) + d * d * cells(4) + reassembly,
        gates: 3 * 9 * cells(4) * (2 * d * (d + 2) + 2 * d * d),
        aggregation: 2 * 3 * d * d * cells(4),
        projector: 9 * d * d * cells(2)
            + cells(0) * (9 * d * d / 2 + d * d / 4 + 9 * d / 2)
            + state * (9 * d / 2 + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counted by hooks on every layer of the network in PyTorch, rn50, 77 tokens.
    #[test]
    fn formulas_count_what_hooks_count() {
        let config = CausalClipSegConfig::rn50();
        let small = MultiplyAdds {
            image_tower: 6_199_144_448,
            text_tower: 2_979_508_224,
            adapter: 25_690_112,
            c4: 924_844_032 + 462_422_016,
            carafe: 57_526_784,
            gates: 3 * 1_853_300_736,
            aggregation: 308_281_344,
            projector: 69_995_070_464,
        };
        assert_eq!(multiply_adds(&config, 224, 77), small);
        assert_eq!(small.both(), 156_507_460_096);
        let large = MultiplyAdds {
            image_tower: 21_463_789_568,
            text_tower: 2_979_508_224,
            adapter: 88_604_672,
            c4: 3_189_768_192 + 1_594_884_096,
            carafe: 198_408_704,
            gates: 3 * 6_391_996_416,
            aggregation: 1_063_256_064,
            projector: 241_405_789_184,
        };
        assert_eq!(multiply_adds(&config, 416, 77), large);
        assert_eq!(large.both(), 532_565_787_136);
    }

    #[test]
    fn a_mask_needs_half_of_both_branches() {
        let count = multiply_adds(&CausalClipSegConfig::tiny(), 64, 20);
        assert_eq!(count.causal() + count.projector + count.aggregation / 2, count.both());
    }
}
