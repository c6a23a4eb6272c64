//! Left and right: of the patient, and of the picture.

use std::fmt;

use dicom_dictionary_std::tags;

use crate::dataset::DataSet;
use crate::error::Problem;
use crate::groups::Groups;

/// A side of the patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The patient's left.
    Left,
    /// The patient's right.
    Right,
}

impl Side {
    /// By the first letter, as in `L` or `LP`.
    fn of(code: &str) -> Option<Self> {
        match code.chars().next() {
            Some('L') => Some(Self::Left),
            Some('R') => Some(Self::Right),
            _ => None,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Left => "left",
            Self::Right => "right",
        })
    }
}

/// What a file says of left and right.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct FoundSides {
    /// The side that is pictured, of what there are two of.
    pub(crate) laterality: Option<Side>,
    /// The patient's side that the picture's right shows.
    pub(crate) on_the_right: Option<Side>,
}

impl FoundSides {
    pub(crate) fn read(set: &DataSet<'_>, groups: &Groups<'_>) -> Result<Self, Problem> {
        let anatomy = groups.first(tags::FRAME_ANATOMY_SEQUENCE)?;
        let own = anatomy.and_then(|item| item.text(tags::FRAME_LATERALITY));
        let of_all = || set.text(tags::IMAGE_LATERALITY).or_else(|| set.text(tags::LATERALITY));
        let laterality = own.or_else(of_all).and_then(|code| Side::of(&code));
        // The first direction is that of the rows, to the right.
        let told = set.text(tags::PATIENT_ORIENTATION).and_then(|code| Side::of(&code));
        let plane = groups.first(tags::PLANE_ORIENTATION_SEQUENCE)?;
        let at = plane.as_ref().unwrap_or(set);
        let along = at.numbers(tags::IMAGE_ORIENTATION_PATIENT).first().copied();
        // The patient's axes go to the left, to the back and to the head.
        let by_axes = along.and_then(|x| match x {
            _ if x > 0.5 => Some(Side::Left),
            _ if x < -0.5 => Some(Side::Right),
            _ => None,
        });
        Ok(Self { laterality, on_the_right: told.or(by_axes) })
    }
}
