//! Files that programs carry inside, so that they run without a checkout of the source beside them.
//!
//! The files themselves lie in this folder: `recipes/` and, behind the feature `demo`, `demo/`.
//!
//! ```
//! let recipe = causal_clip_seg_assets::recipe("small-cpu").map(|recipe| recipe.text);
//! assert!(recipe.is_some_and(|text| text.contains("preset = \"small\"")));
//! ```
#![deny(missing_docs)]

/// A picture that the demonstration network can answer about, and what there is to know of it.
#[cfg(feature = "demo")]
pub mod demo {
    /// A generated picture of a chest, a PNG (`demo/chest.png`).
    pub const PICTURE: &[u8] = include_bytes!("demo/chest.png");

    /// The network's card: how it was trained, how well it does, what it is for (`demo/README.md`,
    /// Markdown).
    pub const CARD: &str = include_str!("demo/README.md");

    /// A sentence that the picture has an answer to.
    pub const SENTENCE: &str = "Lesion in the upper right lung.";
}

/// A network with a name: `--weights phantom` in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// What it is called.
    pub name: &'static str,
    /// A safetensors file; `None` in a build without the feature `demo`.
    pub weights: Option<&'static [u8]>,
}

/// The content of a file, where programs are to carry it.
macro_rules! carried {
    ($file:literal) => {{
        #[cfg(feature = "demo")]
        let content: Option<&'static [u8]> = Some(include_bytes!($file));
        #[cfg(not(feature = "demo"))]
        let content: Option<&'static [u8]> = None;
        content
    }};
}

/// The demonstration network: trained on generated pictures of chests, knows nothing of real ones.
pub const PHANTOM: Network =
    Network { name: "phantom", weights: carried!("demo/tiny.safetensors") };

/// All networks that have a name.
pub const NETWORKS: [Network; 1] = [PHANTOM];

/// The network of that name, if there is one.
pub fn network(name: &str) -> Option<Network> {
    NETWORKS.into_iter().find(|network| network.name == name)
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
