//! One mask in numbers.

use std::fmt;

use causal_clip_seg::Mask;
use serde::Serialize;

use super::tiles::Tiles;

/// What a mask says, for people and for tables.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    pub(super) image: String,
    pub(super) sentence: String,
    /// The mask's file.
    pub(super) mask: String,
    /// The share of the picture that is in the mask, in `[0, 1]`.
    pub(super) area_share: f64,
    /// `None` if the mask is empty.
    pub(super) bounding_box: Option<Corners>,
    /// How sure the network is that the target is there, in `[0, 1]`.
    pub(super) presence: f32,
    /// Whether that reaches the threshold of presence, if there is one.
    pub(super) present: Option<bool>,
    /// Whether the sentence was longer than the network reads.
    pub(super) sentence_cut: bool,
    /// If the answer is made of several tiles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tiles: Option<Tiles>,
}

/// Pixels at the mask's ends, both included.
#[derive(Debug, Serialize)]
pub(super) struct Corners {
    pub(super) left: u32,
    pub(super) right: u32,
    pub(super) top: u32,
    pub(super) bottom: u32,
}

impl Answer {
    pub(super) fn new(image: String, sentence: &str, mask: &Mask, file: String) -> Self {
        let decided = mask.decided();
        let bounding_box = decided.bounding_box().map(|found| Corners {
            left: found.left,
            right: found.right,
            top: found.top,
            bottom: found.bottom,
        });
        Self {
            image,
            sentence: sentence.to_owned(),
            mask: file,
            area_share: decided.area() as f64 / decided.values.len().max(1) as f64,
            bounding_box,
            presence: mask.presence(),
            present: mask.is_present(),
            sentence_cut: mask.sentence_cut,
            tiles: None,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: \"{}\": ", self.image, short(&self.sentence))?;
        match (&self.bounding_box, self.present) {
            (_, Some(false)) => write!(f, "not there (presence {:.3})", self.presence),
            (None, _) => f.write_str("nothing found"),
            (Some(Corners { left, right, top, bottom }), _) => write!(
                f,
                "{:.1} % of the picture, columns {left} to {right}, rows {top} to {bottom}",
                100.0 * self.area_share
            ),
        }
    }
}

/// What of a sentence fits on a line.
pub(super) fn short(sentence: &str) -> String {
    const MOST: usize = 80;
    match sentence.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &sentence[..end]),
        None => sentence.to_owned(),
    }
}
