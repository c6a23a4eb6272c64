//! Functional groups: what an enhanced object says of a single frame.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::dataset::DataSet;
use crate::error::Problem;

/// The functional groups of a frame; empty for objects that have none.
pub(crate) struct Groups<'a> {
    own: Option<DataSet<'a>>,
    shared: Option<DataSet<'a>>,
}

impl<'a> Groups<'a> {
    /// `frame` counts from 0.
    pub(crate) fn read(set: &DataSet<'a>, frame: u32) -> Result<Self, Problem> {
        let own = set.item(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, frame as usize)?;
        Ok(Self { own, shared: set.first(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE)? })
    }

    /// The first item of a group, the frame's own before that of all frames.
    pub(crate) fn first(&self, tag: Tag) -> Result<Option<DataSet<'a>>, Problem> {
        for groups in [&self.own, &self.shared].into_iter().flatten() {
            if let Some(found) = groups.first(tag)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}
