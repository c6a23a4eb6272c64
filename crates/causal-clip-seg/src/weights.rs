//! Weights by name: a file, a network that the program carries, or one on Hugging Face's hub.
//!
//! | name | what it is |
//! | --- | --- |
//! | `net.safetensors`, `RN50.pt`, a folder | a weight file on this machine |
//! | `chest` | the network for real chest X-rays, with the feature `chest` (CC BY-SA 4.0) |
//! | `phantom` | the network for generated pictures, with the feature `demo` |
//! | `hf:OWNER/REPO[/FILE][@REVISION]` | a repository of the hub, or a file in it, with the feature `hub` |
//! | `clip:RN50`, `clip:RN101` | OpenAI's towers in open_clip's files on the hub, with the feature `hub` |
//!
//! A file or a folder called `chest` is that file. What begins with `hf:` or `clip:` is never a file; a file of
//! such a name is `./hf:…`.

use std::path::{Path, PathBuf};

use causal_clip_seg_assets::{NETWORKS, Network, network};
use weight_files::WeightFile;

pub use weight_hub::{FetchEvent, HubName};

use crate::errors::HubError;
use crate::errors::SegError;

/// OpenAI's networks as open_clip's files, by the repositories and the file that timm names for them
/// (`timm/models/byobnet.py`).
const TOWERS: [(&str, &str); 2] = [
    ("RN50", "hf:timm/resnet50_clip.openai/open_clip_pytorch_model.bin"),
    ("RN101", "hf:timm/resnet101_clip.openai/open_clip_pytorch_model.bin"),
];

/// Where weights are from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeightSource {
    /// A weight file, a folder or an index of weight files.
    File(PathBuf),
    /// A network that the program carries.
    BuiltIn(Network),
    /// A repository of the hub, or a file in it.
    Hub(HubName),
}

/// Open weights.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OpenWeights {
    /// The file, or the built-in network's content.
    pub file: WeightFile,
    /// A name that means these weights and no later ones: of the hub's with file and commit
    /// (`hf:OWNER/REPO/FILE@COMMIT`), of others as they were asked for.
    pub name: PathBuf,
    /// Where the weights are on this machine, if they are in a file.
    pub path: Option<PathBuf>,
}

impl WeightSource {
    /// What a name means.
    ///
    /// # Errors
    ///
    /// If it begins as a name does and is none.
    pub fn parse(name: impl AsRef<Path>) -> Result<Self, SegError> {
        let path = name.as_ref();
        let file = || Self::File(path.to_owned());
        // What is not Unicode can only be a file.
        let Some(text) = path.to_str() else { return Ok(file()) };
        if HubName::is_meant(text) {
            return Ok(Self::Hub(text.parse()?));
        }
        if let Some(tower) = text.strip_prefix("clip:") {
            let known = TOWERS.iter().find(|(name, _)| name.eq_ignore_ascii_case(tower));
            let Some((_, name)) = known else {
                let names = TOWERS.map(|(name, _)| format!("clip:{name}")).join(", ");
                return Err(refused(text, format!("no such towers: there are {names}")));
            };
            return Ok(Self::Hub(name.parse()?));
        }
        if text.starts_with("https://") || text.starts_with("http://") {
            let what = "addresses are not read: write hf:OWNER/REPO/FILE for a file on Hugging Face's hub, or download \
                        it and give its path";
            return Err(refused(text, what.to_owned()));
        }
        Ok(match network(text).filter(|_| !path.exists()) {
            Some(network) => Self::BuiltIn(network),
            None => file(),
        })
    }

    /// The names of the networks that programs carry.
    pub fn built_in() -> impl Iterator<Item = &'static str> {
        NETWORKS.iter().map(|network| network.name)
    }

    /// Opens the weights, which fetches those of the hub that are not in its cache; `tell` hears of that.
    ///
    /// The hub's cache and address follow the variables of Hugging Face's own libraries (`HF_HOME`,
    /// `HF_ENDPOINT`, `HF_HUB_OFFLINE`, `HF_TOKEN`).
    ///
    /// # Errors
    ///
    /// If the weights cannot be fetched or read, or the program was built without what they need.
    pub fn open(&self, tell: &mut dyn FnMut(FetchEvent)) -> Result<OpenWeights, SegError> {
        match self {
            Self::File(path) => {
                let file = WeightFile::open(path)?;
                let found = Some(file.path().to_owned());
                Ok(OpenWeights { file, name: path.clone(), path: found })
            }
            Self::BuiltIn(network) => {
                let Some(content) = network.content else {
                    let what = format!(
                        "this program was built without the feature `{}`, which has the network of this name, \
                         and there is no such file",
                        network.feature
                    );
                    return Err(refused(network.name, what));
                };
                let file = WeightFile::from_bytes(content.weights, network.name)?;
                Ok(OpenWeights { file, name: network.name.into(), path: None })
            }
            Self::Hub(name) => {
                let (path, name) = fetch(name, tell)?;
                Ok(OpenWeights { file: WeightFile::open(&path)?, name, path: Some(path) })
            }
        }
    }
}

fn refused(name: &str, what: String) -> SegError {
    SegError::Name { name: name.chars().take(200).collect(), what }
}

/// Where a name's weights are, and the name of these for ever.
#[cfg(feature = "hub")]
fn fetch(name: &HubName, tell: &mut dyn FnMut(FetchEvent)) -> Result<(PathBuf, PathBuf), HubError> {
    let found = weight_hub::Hub::from_env()?.fetch(name, tell)?;
    Ok((found.path, found.name.to_string().into()))
}

#[cfg(not(feature = "hub"))]
fn fetch(name: &HubName, _: &mut dyn FnMut(FetchEvent)) -> Result<(PathBuf, PathBuf), HubError> {
    Err(HubError::Feature { name: name.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_file_a_network_of_ours_or_one_on_the_hub() {
        let of = |name: &str| WeightSource::parse(name).unwrap();
        assert_eq!(of("net.safetensors"), WeightSource::File("net.safetensors".into()));
        assert_eq!(of("C:\\net.pt"), WeightSource::File("C:\\net.pt".into()));
        assert_eq!(of("./hf:a/b"), WeightSource::File("./hf:a/b".into()));
        assert!(
            matches!(of("phantom"), WeightSource::BuiltIn(network) if network.name == "phantom")
        );
        let WeightSource::Hub(name) = of("clip:rn101") else { panic!("no name of the hub") };
        assert_eq!(name.repository(), "timm/resnet101_clip.openai");
        assert!(matches!(of("hf:a/b"), WeightSource::Hub(_)));
    }

    #[test]
    fn what_begins_as_a_name_and_is_none_says_the_form() {
        let error = |name: &str| WeightSource::parse(name).unwrap_err().to_string();
        assert!(error("hf:../x").contains("hf:OWNER/REPO[/FILE][@REVISION]"));
        assert!(error("clip:ViT-B/32").ends_with("there are clip:RN50, clip:RN101"));
        assert!(error("https://huggingface.co/a/b").contains("hf:OWNER/REPO/FILE"));
    }

    #[test]
    fn every_name_of_ours_is_right() {
        for (tower, name) in TOWERS {
            assert!(name.parse::<HubName>().is_ok_and(|name| name.file().is_some()), "{tower}");
        }
        assert!(WeightSource::built_in().all(|name| !name.contains(':')));
    }

    #[test]
    #[cfg(not(feature = "hub"))]
    fn without_the_feature_the_error_names_it() {
        let error = WeightSource::parse("hf:a/b").unwrap().open(&mut |_| ()).unwrap_err();
        assert!(error.to_string().contains("the feature `hub`"), "{error}");
    }

    #[test]
    #[cfg(not(feature = "demo"))]
    fn without_the_demonstration_the_error_names_its_feature() {
        let error = WeightSource::parse("phantom").unwrap().open(&mut |_| ()).unwrap_err();
        assert!(error.to_string().contains("the feature `demo`"), "{error}");
    }
}
