//! Which networks are in a file, and which one is meant.

use std::collections::BTreeSet;

use weight_files::{STATE_DICTS, WeightFile};

use crate::error::WeightsError;

/// What the tensors of a CLIP are called in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClipNames {
    prefix: String,
    /// What stands before the text tower's names: nothing, or `text.` as in open_clip's CustomTextCLIP.
    text: &'static str,
}

impl ClipNames {
    /// The names of the CLIP behind `prefix` (`model.`), whose text tower is where OpenAI has it.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), text: "" }
    }

    /// What stands before all of its names: nothing, `model.`, `backbone.` ...
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The name in the file of a tensor that OpenAI calls `name`.
    pub fn of(&self, name: &str) -> String {
        let text = match name.starts_with("visual.") || name == "logit_scale" {
            true => "",
            false => self.text,
        };
        format!("{}{text}{name}", self.prefix)
    }
}

/// What a file's tensors make up, the most complete last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NetworkKind {
    /// CLIP's image tower, without its text tower.
    ImageTower,
    /// CLIP.
    Clip,
    /// CLIP under `backbone.` with a decoder (`neck_ad.`) beside it.
    Segmentation,
}

/// A network in a file.
#[derive(Clone, Debug)]
pub struct FoundNetwork {
    /// The file, showing the part that the network is in.
    pub file: WeightFile,
    /// The names of its CLIP.
    pub clip: ClipNames,
    /// What it is.
    pub kind: NetworkKind,
    /// Where it is in the file (`state_dict`, `ema`, `model.student`), empty if at the top: a key for
    /// [`find_network`].
    pub key: String,
    /// The keys of other networks of the kind that are in the file with other values.
    pub others: Vec<String>,
    /// A tensor of a decoder in the file, though the network has none.
    pub decoder: Option<String>,
}

impl FoundNetwork {
    /// A sentence that says which network was taken and what else there is, if there is more than one.
    pub fn note(&self) -> Option<String> {
        let named = |key: &str| match key {
            "" => "the top".to_owned(),
            key => format!("`{key}`"),
        };
        let others = self.others.iter().map(|key| named(key)).collect::<Vec<_>>().join(", ");
        let (file, taken) = (self.file.path().display(), named(&self.key));
        (!others.is_empty())
            .then(|| format!("{file}: took the network at {taken}; the file also holds {others}"))
    }
}

/// The network in a file that is meant: under `key`, or by this rule if there are several.
///
/// 1. A segmentation network goes before a CLIP, and that before an image tower alone.
/// 2. The network itself goes before an average of it or a teacher (`ema`, `swa`, `teacher`, `momentum`).
/// 3. What checkpoints call their state dict goes before other keys, in the order of
///    [`STATE_DICTS`]; then the shorter key, then the alphabet.
///
/// # Errors
///
/// If there is no CLIP ResNet in the file, or none under `key`.
pub fn find_network(file: &WeightFile, key: Option<&str>) -> Result<FoundNetwork, WeightsError> {
    let whole = file.with_part("");
    let mut candidates = candidates(&whole);
    if candidates.is_empty() {
        return Err(foreign(file, nothing_found(file)));
    }
    candidates.sort_by_cached_key(Candidate::rank);
    if let Some(key) = key {
        let keys = listed(candidates.iter().map(|candidate| candidate.key()));
        candidates.retain(|candidate| candidate.is_under(key));
        if candidates.is_empty() {
            return Err(foreign(file, format!("no network under `{key}`; there is {keys}")));
        }
    }
    let Some((chosen, rest)) = candidates.split_first() else {
        return Err(foreign(file, nothing_found(file)));
    };
    let others = rest.iter().filter(|other| other.kind == chosen.kind).take(MAX_OTHERS);
    let others = others.filter(|other| !is_same(&whole, chosen.root(), other.root()));
    let others = others.map(|other| other.key().to_owned()).collect();
    let decoder = match chosen.kind {
        NetworkKind::Segmentation => None,
        _ => whole.names().find(|name| name.split('.').any(|part| part == "neck_ad")),
    };
    let part = file.parts().find(|part| is_in(chosen.surroundings(), part)).unwrap_or("");
    let inside = chosen.prefix.get(part.len()..).unwrap_or(&chosen.prefix);
    let prefix = if part.is_empty() { inside } else { inside.strip_prefix('.').unwrap_or(inside) };
    Ok(FoundNetwork {
        file: file.with_part(part),
        clip: ClipNames { prefix: prefix.to_owned(), text: chosen.text },
        kind: chosen.kind,
        key: chosen.key().to_owned(),
        others,
        decoder: decoder.map(str::to_owned),
    })
}

/// Networks that are told beside the one that was taken.
const MAX_OTHERS: usize = 8;
const FIRST: &str = "visual.conv1.weight";
const SECOND: &str = "visual.layer1.0.conv1.weight";
/// What the released network calls its towers, and its neck beside them.
const TOWERS: &str = "backbone.";
const NECK: &str = "neck_ad.";
/// The module that MedEquiSeg puts around the network, with an adapter beside it.
const WRAPPER: &str = "base_model.";
/// Words for a network that follows another.
const FOLLOWERS: [&str; 8] =
    ["average", "averaged", "avg", "swa", "teacher", "momentum", "shadow", "target"];

/// A network by its names from the top of the file.
struct Candidate {
    /// What stands before `visual.`.
    prefix: String,
    text: &'static str,
    kind: NetworkKind,
}

impl Candidate {
    /// What stands before all of the network's names.
    fn root(&self) -> &str {
        match self.kind {
            NetworkKind::Segmentation => self.prefix.strip_suffix(TOWERS).unwrap_or(&self.prefix),
            _ => &self.prefix,
        }
    }

    /// What stands before the network's names and those that may belong to it.
    fn surroundings(&self) -> &str {
        let root = self.root();
        root.strip_suffix(WRAPPER).unwrap_or(root)
    }

    fn key(&self) -> &str {
        self.root().strip_suffix('.').unwrap_or("")
    }

    /// Whether `key` is the network's own, or whole parts of it.
    fn is_under(&self, key: &str) -> bool {
        let whole = format!(".{}.", self.prefix.strip_suffix('.').unwrap_or(""));
        whole.contains(&format!(".{key}."))
    }

    /// The smallest is taken.
    fn rank(&self) -> (std::cmp::Reverse<NetworkKind>, bool, Vec<usize>, String) {
        let key = self.key();
        let words = key.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_lowercase);
        let follows = words
            .into_iter()
            .any(|word| word.ends_with("ema") || FOLLOWERS.contains(&word.as_str()));
        let known = |part| STATE_DICTS.iter().position(|&name| name == part);
        let order = key.split('.').filter(|part| !part.is_empty());
        let order = order.map(|part| known(part).unwrap_or(STATE_DICTS.len())).collect();
        (std::cmp::Reverse(self.kind), follows, order, key.to_owned())
    }
}

fn candidates(file: &WeightFile) -> Vec<Candidate> {
    let prefixes = file.names().filter_map(|name| name.strip_suffix(FIRST));
    let prefixes = prefixes.filter(|prefix| prefix.is_empty() || prefix.ends_with('.'));
    let found = prefixes.filter(|prefix| file.contains(&format!("{prefix}{SECOND}")));
    let has = |prefix: &str, name: &str| file.contains(&format!("{prefix}{name}"));
    found
        .map(|prefix| {
            let text = match prefix {
                _ if has(prefix, "token_embedding.weight") => Some(""),
                _ if has(prefix, "text.token_embedding.weight") => Some("text."),
                _ => None,
            };
            let neck = prefix.strip_suffix(TOWERS).map(|root| format!("{root}{NECK}"));
            let kind = match text {
                _ if neck.is_some_and(|neck| file.names_after(&neck).next().is_some()) => {
                    NetworkKind::Segmentation
                }
                Some(_) => NetworkKind::Clip,
                None => NetworkKind::ImageTower,
            };
            Candidate { prefix: prefix.to_owned(), text: text.unwrap_or(""), kind }
        })
        .collect()
}

/// Whether two networks have the same tensors in the same places of the file.
fn is_same(file: &WeightFile, one: &str, other: &str) -> bool {
    let names = file.names_after(one).filter_map(|name| name.strip_prefix(one));
    let mut common = names.filter(|name| file.contains(&format!("{other}{name}"))).peekable();
    common.peek().is_some()
        && common.all(|name| {
            file.entry(&format!("{one}{name}")) == file.entry(&format!("{other}{name}"))
        })
}

fn is_in(name: &str, part: &str) -> bool {
    name.strip_prefix(part).is_some_and(|rest| rest.starts_with('.'))
}

fn listed<'a>(keys: impl Iterator<Item = &'a str>) -> String {
    let keys: BTreeSet<&str> = keys.collect();
    let shown = keys.iter().take(MAX_OTHERS).map(|key| match *key {
        "" => "one at the top".to_owned(),
        key => format!("`{key}`"),
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    match keys.len().saturating_sub(MAX_OTHERS) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn foreign(file: &WeightFile, what: String) -> WeightsError {
    WeightsError::Foreign { file: file.path().to_owned(), what }
}

fn nothing_found(file: &WeightFile) -> String {
    let whole = file.with_part("");
    let is_transformer = |name: &str| name.contains("visual.transformer.resblocks.");
    if let Some(name) = whole.names().find(|name| is_transformer(name)) {
        return format!(
            "no CLIP ResNet in it, but one with a vision transformer (`{name}`); the network needs a ResNet \
             (RN50, RN101, RN50x4 ...)"
        );
    }
    let some = file.names().take(3).collect::<Vec<_>>().join(", ");
    format!("no CLIP ResNet in it (no tensor ends in `{SECOND}`); it begins with {some}")
}
