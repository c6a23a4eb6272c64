//! The sizes of the CLIP in a file, by its shapes.

use std::collections::BTreeSet;

use weight_files::WeightFile;

use crate::config::{Activation, ClipConfig, Difference, ImageTowerConfig, TextTowerConfig};
use crate::error::WeightsError;
use crate::found::ClipNames;

/// The sizes that a file's shapes give to the CLIP of these names; heads follow CLIP's rules.
///
/// # Errors
///
/// If a tensor that decides a size is missing, as where the text tower is another one, or if the
/// sizes are impossible.
pub fn clip_config(file: &WeightFile, clip: &ClipNames) -> Result<ClipConfig, WeightsError> {
    let config = sizes(file, clip)?;
    match config.check() {
        Ok(()) => Ok(config),
        Err(source) => Err(WeightsError::Config { file: file.path().to_owned(), source }),
    }
}

/// Whether the CLIP of these names has the sizes of `config`. Heads and activation leave no trace
/// in the shapes: those of `config` stand.
///
/// # Errors
///
/// The first size that differs, with both values.
pub fn check_sizes(
    file: &WeightFile,
    clip: &ClipNames,
    config: &ClipConfig,
) -> Result<(), WeightsError> {
    let mut found = sizes(file, clip)?;
    found.image.heads = config.image.heads;
    found.text.heads = config.text.heads;
    found.text.activation = config.text.activation;
    match config.first_difference(&found) {
        None => Ok(()),
        Some(Difference { field, ours, theirs }) => Err(WeightsError::Disagrees {
            file: file.path().to_owned(),
            field,
            tensor: clip.of(deciding_tensor(field)),
            stated: ours,
            found: theirs,
        }),
    }
}

/// The tensor whose shape, or whose name, gives a size.
fn deciding_tensor(field: &str) -> &'static str {
    match field {
        "image.blocks" => "visual.layer1.0.conv1.weight",
        "image.width" => "visual.layer1.0.conv1.weight",
        "image.image_size" => "visual.attnpool.positional_embedding",
        "text.vocabulary" => "token_embedding.weight",
        "text.context" => "positional_embedding",
        "text.layers" => "transformer.resblocks.0.ln_1.weight",
        _ => "text_projection",
    }
}

/// Sizes by shapes, heads by CLIP's rules; nothing is checked.
fn sizes(file: &WeightFile, clip: &ClipNames) -> Result<ClipConfig, WeightsError> {
    check_text_tower(file, clip)?;
    let shape = |name: &str, axes: usize| -> Result<Vec<usize>, WeightsError> {
        let tensor = clip.of(name);
        let found = file.check(&tensor)?.map(|entry| entry.shape.clone());
        match found {
            Some(shape) if shape.len() == axes => Ok(shape),
            found => {
                let file = file.path().to_owned();
                Err(WeightsError::NoSize { file, tensor, axes, found })
            }
        }
    };
    let count = |stem: &str| -> usize {
        let stem = clip.of(stem);
        let numbers = file
            .names_after(&stem)
            .filter_map(|name| name.strip_prefix(&stem)?.split('.').next()?.parse::<usize>().ok());
        numbers.collect::<BTreeSet<_>>().len()
    };
    let width = shape("visual.layer1.0.conv1.weight", 4)?[0];
    let cells = shape("visual.attnpool.positional_embedding", 2)?[0].saturating_sub(1);
    let projection = shape("text_projection", 2)?;
    let (text_width, embed_dim) = (projection[0], projection[1]);
    Ok(ClipConfig {
        image: ImageTowerConfig {
            blocks: [1, 2, 3, 4].map(|i| count(&format!("visual.layer{i}."))),
            width,
            image_size: cells.isqrt().saturating_mul(32),
            heads: (width / 2).max(1),
        },
        text: TextTowerConfig {
            vocabulary: shape("token_embedding.weight", 2)?[0],
            context: shape("positional_embedding", 2)?[0],
            width: text_width,
            heads: (text_width / 64).max(1),
            layers: count("transformer.resblocks."),
            activation: Activation::QuickGelu,
        },
        embed_dim,
    })
}

/// Some trainings put another text encoder in CLIP's place.
fn check_text_tower(file: &WeightFile, clip: &ClipNames) -> Result<(), WeightsError> {
    let lacking = ["token_embedding.weight", "text_projection"]
        .map(|name| clip.of(name))
        .into_iter()
        .find(|name| !file.contains(name));
    let class_token = clip.of("cls_emb");
    let Some(lacking) = lacking else {
        if !file.contains(&class_token) {
            return Ok(());
        }
        let what = format!("its text tower is not CLIP's: it has a class token (`{class_token}`)");
        return Err(WeightsError::Foreign { file: file.path().to_owned(), what });
    };
    let visual = clip.of("visual.");
    let others = file.names_after(clip.prefix()).filter(|name| !name.starts_with(&visual));
    let others = others.take(3).map(|name| format!("`{name}`")).collect::<Vec<_>>();
    let others = if others.is_empty() { "nothing".to_owned() } else { others.join(", ") };
    Err(WeightsError::Foreign {
        file: file.path().to_owned(),
        what: format!(
            "its text tower is not CLIP's: no tensor `{lacking}`; instead there is {others}"
        ),
    })
}
