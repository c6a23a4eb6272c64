//! Whose left a sentence means, where the picture's file says which side it shows.

use causal_clip_seg::config::Sides;
pub(super) use seg_sentences::PictureSides;

use super::answer::short;

/// Whose sides a network's sentences mean, as `seg_sentences` has it.
fn named(network: Sides) -> seg_sentences::Sides {
    match network {
        Sides::Patient => seg_sentences::Sides::Patient,
        Sides::Image => seg_sentences::Sides::Image,
        Sides::Stated => seg_sentences::Sides::Fixed,
    }
}

/// The patient's side that an answer shows by the picture's file: -1 is the left, 1 the right.
pub(super) fn shown(sentence: &str, network: Option<Sides>, picture: PictureSides) -> Option<i8> {
    seg_sentences::shown_side(sentence, network.map(named), picture)
}

/// What has to be said of a sentence's sides, given what the network takes them for and what the file says.
pub(super) fn note(
    sentence: &str,
    network: Option<Sides>,
    picture: PictureSides,
) -> Option<String> {
    let note = seg_sentences::side_note(sentence, network.map(named), picture)?;
    Some(format!("{note}: {}", short(sentence)))
}
