//! The text tower: tokens to a sentence's state.

use causal_clip_seg::config::{Activation, TextTowerConfig};

use crate::error::OnnxError;
use crate::graph::{Graph, Value, float, int};

/// Burn's and PyTorch's epsilon of a layer norm.
const EPSILON: f32 = 1e-5;
/// What a score is lowered by that must not count.
const HIDDEN: f32 = -1e9;

/// `tokens: [batch, words]` to `[batch, embed_dim]`.
pub(crate) fn text_tower(
    graph: &mut Graph,
    config: &TextTowerConfig,
    tokens: &Value,
) -> Result<Value, OnnxError> {
    let table = graph.weight("backbone.token_embedding.weight")?;
    let places = graph.weight("backbone.positional_embedding")?;
    let shape = graph.op("Shape", &[tokens], vec![int("start", 1), int("end", 2)]); // [words]
    let zero = graph.ints(&[0]);
    let places = graph.op("Slice", &[&places, &zero, &shape, &zero], vec![]);
    let words = graph.op("Gather", &[&table, tokens], vec![]);
    let mut x = graph.add(&words, &places);

    let n = config.context;
    let hidden = (0..n * n).map(|i| if i % n > i / n { HIDDEN } else { 0.0 });
    let mask = graph.constant("causal_mask", &[n, n], &hidden.collect::<Vec<_>>());
    let (zeros, axes) = (graph.ints(&[0, 0]), graph.ints(&[0, 1]));
    let both = graph.concat(&[shape.clone(), shape], 0);
    let mask = graph.op("Slice", &[&mask, &zeros, &both, &axes], vec![]); // [words, words]
    for i in 0..config.layers {
        x = block(graph, config, &x, &mask, &format!("backbone.transformer.resblocks.{i}"))?;
    }

    // CLIP's last word has the highest number.
    let end = graph.op("ArgMax", &[tokens], vec![int("axis", 1), int("keepdims", 1)]);
    let last = graph.op("GatherND", &[&x, &end], vec![int("batch_dims", 1)]); // [batch, width]
    let last = norm(graph, &last, "backbone.ln_final")?;
    let projection = graph.weight("backbone.text_projection")?;
    Ok(graph.matmul(&last, &projection))
}

fn norm(graph: &mut Graph, x: &Value, name: &str) -> Result<Value, OnnxError> {
    let scale = graph.weight(&format!("{name}.weight"))?;
    let shift = graph.weight(&format!("{name}.bias"))?;
    let attributes = vec![int("axis", -1), float("epsilon", EPSILON)];
    Ok(graph.op("LayerNormalization", &[x, &scale, &shift], attributes))
}

fn block(
    graph: &mut Graph,
    config: &TextTowerConfig,
    x: &Value,
    mask: &Value,
    name: &str,
) -> Result<Value, OnnxError> {
    let (heads, per_head) = (config.heads as i64, (config.width / config.heads) as i64);
    let y = norm(graph, x, &format!("{name}.ln_1"))?;
    let (weight, bias) =
        (format!("{name}.attn.in_proj_weight"), format!("{name}.attn.in_proj_bias"));
    let fused = graph.linear_of(&y, &weight, &bias)?;
    let fused = graph.reshape(&fused, &[0, 0, 3 * heads, per_head]);
    let parts = graph.op_many("Split", &[&fused], 3, vec![int("axis", 2), int("num_outputs", 3)]);
    let scale = graph.number((per_head as f64).powf(-0.5));
    let q = graph.mul(&parts[0], &scale);
    let q = graph.transpose(&q, &[0, 2, 1, 3]);
    let k = graph.transpose(&parts[1], &[0, 2, 3, 1]);
    let v = graph.transpose(&parts[2], &[0, 2, 1, 3]);
    let scores = graph.matmul(&q, &k);
    let scores = graph.add(&scores, mask);
    let weights = graph.softmax(&scores, 3);
    let y = graph.matmul(&weights, &v);
    let y = graph.transpose(&y, &[0, 2, 1, 3]);
    let y = graph.reshape(&y, &[0, 0, config.width as i64]);
    let y = graph.linear(&y, &format!("{name}.attn.out_proj"))?;
    let x = graph.add(x, &y);

    let y = norm(graph, &x, &format!("{name}.ln_2"))?;
    let y = graph.linear(&y, &format!("{name}.mlp.c_fc"))?;
    let y = match config.activation {
        Activation::QuickGelu => {
            let factor = graph.number(1.702);
            let gate = graph.mul(&y, &factor);
            let gate = graph.op("Sigmoid", &[&gate], vec![]);
            graph.mul(&y, &gate)
        }
        Activation::Gelu => {
            let factor = graph.number(std::f64::consts::FRAC_1_SQRT_2);
            let inner = graph.mul(&y, &factor);
            let inner = graph.op("Erf", &[&inner], vec![]);
            let (one, half) = (graph.number(1.0), graph.number(0.5));
            let inner = graph.add(&inner, &one);
            let inner = graph.mul(&inner, &half);
            graph.mul(&y, &inner)
        }
    };
    let y = graph.linear(&y, &format!("{name}.mlp.c_proj"))?;
    Ok(graph.add(&x, &y))
}
