//! Values by a rule from names, the same in every language.

use seeded::{SplitMix64, fnv1a64};

/// `n` numbers in [-1, 1) that belong to `name`.
pub fn uniform(name: &str, n: usize) -> Vec<f32> {
    let mut stream = SplitMix64::new(fnv1a64(name));
    (0..n).map(|_| stream.uniform()).collect()
}

/// The value of the parameter or statistic `name` with PyTorch's `shape`.
pub fn parameter(name: &str, shape: &[usize]) -> Vec<f32> {
    let last = name.rsplit('.').next().unwrap_or_default();
    let n = shape.iter().product();
    let fan_in = shape.iter().skip(1).product::<usize>().max(1) as f64;
    // Each factor is computed in f64 and rounded once.
    let scaled = |factor: f64| uniform(name, n).iter().map(|u| u * factor as f32).collect();
    let around_one = |spread: f32, factor: f32| {
        uniform(name, n).iter().map(|u| (1.0 + u * spread) * factor).collect::<Vec<_>>()
    };
    match last {
        "running_mean" => scaled(0.1),
        "running_var" => around_one(0.5, 1.0),
        "logit_scale" => vec![(1.0f64 / 0.07).ln() as f32; n],
        "positional_embedding" => scaled(0.2),
        _ if name.ends_with("token_embedding.weight") => scaled(0.5),
        _ if name.ends_with("txt.weight") => {
            scaled((3.0 / (fan_in * (shape[0] as f64 - 1.0))).sqrt())
        }
        "text_projection" => scaled((3.0 / shape[0] as f64).sqrt()),
        _ if shape.len() == 1 && last.contains("bias") => scaled(0.1),
        _ if shape.len() == 1 => {
            let residual = name.ends_with("bn3.weight") && name.contains(".layer");
            around_one(0.1, if residual { 0.25 } else { 1.0 })
        }
        _ => scaled((if shape.len() == 4 { 6.0 } else { 3.0 } / fan_in).sqrt()),
    }
}

/// Where the stored values of a sampled tensor lie.
pub fn sample_places(key: &str, elements: usize, samples: usize) -> Vec<usize> {
    let mut stream = SplitMix64::new(fnv1a64(&format!("sample:{key}")));
    (0..samples).map(|_| stream.below(elements)).collect()
}
