//! Files that programs carry inside, so that they run without a checkout of the source beside them.
//!
//! The files themselves lie in this folder: `recipes/` and, each behind the feature of its name, `chest/` and
//! `demo/`. What is in `chest/` has a licence of its own, CC BY-SA 4.0: see `chest/NOTICE`.
//!
//! ```
//! let recipe = causal_clip_seg_assets::recipe("small-cpu").map(|recipe| recipe.text);
//! assert!(recipe.is_some_and(|text| text.contains("preset = \"small\"")));
//! ```
#![deny(missing_docs)]

/// A network with a name: `--weights chest` in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// What it is called.
    pub name: &'static str,
    /// The feature that carries it.
    pub feature: &'static str,
    /// What is carried of it; `None` in a build without its feature.
    pub content: Option<Content>,
}

/// A network that is carried, and what there is to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// A safetensors file.
    pub weights: &'static [u8],
    /// The card: how it was trained, how well it does, what it is for, in Markdown.
    pub card: &'static str,
    /// Pictures that it can answer about, with their names, the first one for a first look.
    pub pictures: &'static [(&'static str, &'static [u8])],
    /// A sentence that the first picture has an answer to.
    pub sentence: &'static str,
}

/// Lungs and their parts on real chest X-rays (feature `chest`, CC BY-SA 4.0).
pub const CHEST: Network = Network { name: "chest", feature: "chest", content: chest() };

/// Lesions on generated pictures of chests; knows nothing of real ones (feature `demo`).
pub const PHANTOM: Network = Network { name: "phantom", feature: "demo", content: phantom() };

/// All networks that have a name.
pub const NETWORKS: [Network; 2] = [CHEST, PHANTOM];

/// The network that answers where none is named: the first that is carried.
pub fn first_network() -> Option<(Network, Content)> {
    NETWORKS.into_iter().find_map(|network| Some((network, network.content?)))
}

/// The network of that name, if there is one.
pub fn network(name: &str) -> Option<Network> {
    NETWORKS.into_iter().find(|network| network.name == name)
}

#[cfg(feature = "chest")]
const fn chest() -> Option<Content> {
    Some(Content {
        weights: include_bytes!("chest/network.safetensors"),
        card: include_str!("chest/README.md"),
        pictures: &[
            ("xray-1.jpg", include_bytes!("chest/xray-1.jpg")),
            ("xray-2.jpg", include_bytes!("chest/xray-2.jpg")),
            ("xray-3.jpg", include_bytes!("chest/xray-3.jpg")),
        ],
        sentence: "The patient's left lung.",
    })
}

#[cfg(not(feature = "chest"))]
const fn chest() -> Option<Content> {
    None
}

#[cfg(feature = "demo")]
const fn phantom() -> Option<Content> {
    Some(Content {
        weights: include_bytes!("demo/tiny.safetensors"),
        card: include_str!("demo/README.md"),
        pictures: &[("phantom.png", include_bytes!("demo/chest.png"))],
        sentence: "Lesion in the upper right lung.",
    })
}

#[cfg(not(feature = "demo"))]
const fn phantom() -> Option<Content> {
    None
}

/// A training recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// The file's name without its ending.
    pub name: &'static str,
    /// TOML.
    pub text: &'static str,
}

/// The recipe for a CPU, which a training follows unless another one is named.
pub const SMALL_CPU: Recipe =
    Recipe { name: "small-cpu", text: include_str!("recipes/small-cpu.toml") };

/// All recipes, by name.
pub const RECIPES: [Recipe; 7] = [
    Recipe { name: "chest", text: include_str!("recipes/chest.toml") },
    Recipe { name: "cris", text: include_str!("recipes/cris.toml") },
    Recipe { name: "medequiseg", text: include_str!("recipes/medequiseg.toml") },
    Recipe { name: "paper", text: include_str!("recipes/paper.toml") },
    Recipe { name: "phantom", text: include_str!("recipes/phantom.toml") },
    Recipe { name: "regions", text: include_str!("recipes/regions.toml") },
    SMALL_CPU,
];

/// The recipe of that name, if there is one.
pub fn recipe(name: &str) -> Option<Recipe> {
    RECIPES.into_iter().find(|recipe| recipe.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recipe_in_the_folder_is_embedded() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/recipes");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut files = files
            .map(|file| file.file_stem().unwrap().to_string_lossy().into_owned())
            .collect::<Vec<_>>();
        files.sort();
        assert_eq!(files, RECIPES.map(|recipe| recipe.name));
    }
}
