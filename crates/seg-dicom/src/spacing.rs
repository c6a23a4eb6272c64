//! How far pixels lie from each other.

use std::fmt;

use dicom_dictionary_std::tags;

use crate::dataset::DataSet;
use crate::error::Problem;
use crate::groups::Groups;

/// Which attribute tells the distance of pixels, and with it where that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpacingSource {
    /// `PixelSpacing`: in the patient, or calibrated.
    PixelSpacing,
    /// `ImagerPixelSpacing`, and a `PixelSpacing` that is equal and not calibrated: at the detector of
    /// a projection. What is nearer to the source is smaller than it measures.
    ImagerPixelSpacing,
    /// `NominalScannedPixelSpacing`: on the film that was scanned.
    NominalScannedPixelSpacing,
}

impl fmt::Display for SpacingSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PixelSpacing => "PixelSpacing",
            Self::ImagerPixelSpacing => "ImagerPixelSpacing, at the detector",
            Self::NominalScannedPixelSpacing => "NominalScannedPixelSpacing, on the film",
        })
    }
}

/// How far the centres of stored pixels lie from each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelSpacing {
    /// From one row to the next, in millimetres; above 0.
    pub rows: f64,
    /// From one column to the next, in millimetres; above 0.
    pub columns: f64,
    /// Where this was found.
    pub source: SpacingSource,
}

impl PixelSpacing {
    pub(crate) fn read(set: &DataSet<'_>, groups: &Groups<'_>) -> Result<Option<Self>, Problem> {
        let pair = |at: &DataSet<'_>, tag| match at.numbers(tag)[..] {
            [rows, columns, ..] if is_length(rows) && is_length(columns) => Some((rows, columns)),
            _ => None,
        };
        let measures = groups.first(tags::PIXEL_MEASURES_SEQUENCE)?;
        let own = measures.and_then(|item| pair(&item, tags::PIXEL_SPACING));
        let patient = own.or_else(|| pair(set, tags::PIXEL_SPACING));
        let imager = pair(set, tags::IMAGER_PIXEL_SPACING);
        let film = pair(set, tags::NOMINAL_SCANNED_PIXEL_SPACING);
        let calibrated = set.text(tags::PIXEL_SPACING_CALIBRATION_TYPE).is_some();
        let found = match (patient, imager) {
            (Some(patient), Some(imager)) if patient == imager && !calibrated => {
                Some((imager, SpacingSource::ImagerPixelSpacing))
            }
            (Some(patient), _) => Some((patient, SpacingSource::PixelSpacing)),
            (None, Some(imager)) => Some((imager, SpacingSource::ImagerPixelSpacing)),
            (None, None) => film.map(|film| (film, SpacingSource::NominalScannedPixelSpacing)),
        };
        Ok(found.map(|((rows, columns), source)| Self { rows, columns, source }))
    }
}

pub(crate) fn is_length(mm: f64) -> bool {
    mm.is_finite() && mm > 0.0
}

/// How much taller than wide a stored pixel is; 1 if the file does not say.
pub(crate) fn height_by_width(set: &DataSet<'_>, spacing: Option<PixelSpacing>) -> f64 {
    // A ratio stands in a file that has no distances.
    let told = set.numbers(tags::PIXEL_ASPECT_RATIO);
    match (spacing, &told[..]) {
        (Some(spacing), _) => spacing.rows / spacing.columns,
        (None, [tall, wide, ..]) if is_length(*tall) && is_length(*wide) => tall / wide,
        _ => 1.0,
    }
}
