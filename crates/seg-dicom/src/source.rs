//! What a picture was made from.

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use crate::charset::Charset;
use crate::container::Container;
use crate::dataset::DataSet;
use crate::error::{Problem, element};
use crate::grey::Shown;
use crate::groups::Groups;
use crate::layout::Layout;
use crate::side::{FoundSides, Side};
use crate::spacing::{PixelSpacing, is_length};
use crate::uid::is_uid;

/// What a picture was made from: what a reader needs to know, and what an object that refers to it has to
/// say.
#[derive(Clone, Debug, PartialEq)]
pub struct DicomSource {
    /// UID of the transfer syntax.
    pub transfer_syntax: String,
    /// As the file has it, such as `MONOCHROME1`.
    pub photometric: String,
    /// Such as `DX`; empty if the file does not say.
    pub modality: String,
    /// The frame that was read, from 1.
    pub frame: u32,
    /// How many frames there are.
    pub frames: u32,
    /// Columns and rows as stored, which masks go back to.
    pub stored_size: (u32, u32),
    /// Columns and rows of the picture; others than stored if pixels are not square.
    pub shown_size: (u32, u32),
    /// What decides how bright the picture is.
    pub shown: Shown,
    /// Windows that the file gives.
    pub windows: usize,
    /// The distance of stored pixels, if the file says it.
    pub spacing: Option<PixelSpacing>,
    /// The side that is pictured, of what there are two of: a breast, a hand.
    pub laterality: Option<Side>,
    /// The patient's side that the picture's right shows, if the file says it.
    pub side_on_the_right: Option<Side>,
    /// Whether the picture was made for computers and not for readers.
    pub for_processing: bool,
    pub(crate) reference: Reference,
}

/// What an object that is made from a picture says of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reference {
    pub(crate) class: Option<String>,
    pub(crate) instance: Option<String>,
    pub(crate) series: Option<String>,
    /// The patient's and the study's attributes that are copied.
    pub(crate) copied: Vec<(Tag, VR, String)>,
    pub(crate) orientation: Option<String>,
    pub(crate) lossy: Option<Lossy>,
    /// `CHEST`, for instance.
    pub(crate) body_part: Option<String>,
    pub(crate) plane: Option<Plane>,
    pub(crate) spacing: Option<String>,
}

/// What was lost in compressing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lossy {
    pub(crate) ratio: Option<String>,
    pub(crate) method: Option<String>,
}

/// Where the picture lies in the patient, as the file has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plane {
    pub(crate) frame_of_reference: String,
    pub(crate) indicator: String,
    pub(crate) orientation: String,
    pub(crate) position: String,
    pub(crate) spacing: String,
    pub(crate) thickness: Option<String>,
}

/// What a segmentation has of the patient and the study, and whether it must have it even if empty
/// (type 2) or only where the picture has it.
const COPIED: [(Tag, VR, bool); 19] = [
    (tags::STUDY_DATE, VR::DA, true),
    (tags::STUDY_TIME, VR::TM, true),
    (tags::ACCESSION_NUMBER, VR::SH, true),
    (tags::REFERRING_PHYSICIAN_NAME, VR::PN, true),
    (tags::STUDY_DESCRIPTION, VR::LO, false),
    (tags::TIMEZONE_OFFSET_FROM_UTC, VR::SH, false),
    (tags::PATIENT_NAME, VR::PN, true),
    (tags::PATIENT_ID, VR::LO, true),
    (tags::ISSUER_OF_PATIENT_ID, VR::LO, false),
    (tags::PATIENT_BIRTH_DATE, VR::DA, true),
    (tags::PATIENT_SEX, VR::CS, true),
    (tags::PATIENT_AGE, VR::AS, false),
    (tags::PATIENT_SIZE, VR::DS, false),
    (tags::PATIENT_WEIGHT, VR::DS, false),
    (tags::PATIENT_IDENTITY_REMOVED, VR::CS, false),
    (tags::DEIDENTIFICATION_METHOD, VR::LO, false),
    (tags::STUDY_INSTANCE_UID, VR::UI, true),
    (tags::STUDY_ID, VR::SH, true),
    (tags::BURNED_IN_ANNOTATION, VR::CS, false),
];

/// Transfer syntaxes that always lose something, with the standard's name of the method.
const LOSSY: [(&str, &str); 3] = [
    ("1.2.840.10008.1.2.4.50", "ISO_10918_1"),
    ("1.2.840.10008.1.2.4.51", "ISO_10918_1"),
    ("1.2.840.10008.1.2.4.91", "ISO_15444_1"),
];

impl Reference {
    fn read(
        set: &DataSet<'_>,
        groups: &Groups<'_>,
        container: &Container<'_>,
    ) -> Result<Self, Problem> {
        let charset = Charset::of(set);
        let raw = |set: &DataSet<'_>, tag| {
            let bytes = set.bytes(tag)?;
            let text = charset.decode(bytes);
            let text = text.trim_matches(['\0', ' ']).to_owned();
            (!text.is_empty()).then_some(text)
        };
        let copied = COPIED.iter().filter_map(|(tag, vr, always)| {
            let value = raw(set, *tag).or(always.then(String::new))?;
            Some((*tag, *vr, value))
        });
        let copied = copied.collect();
        let lossy = LOSSY.iter().find(|(uid, _)| *uid == container.transfer_syntax);
        let told = raw(set, tags::LOSSY_IMAGE_COMPRESSION).as_deref() == Some("01");
        let lossy = (told || lossy.is_some()).then(|| Lossy {
            ratio: raw(set, tags::LOSSY_IMAGE_COMPRESSION_RATIO),
            method: raw(set, tags::LOSSY_IMAGE_COMPRESSION_METHOD)
                .or_else(|| lossy.map(|(_, method)| (*method).to_owned())),
        });
        let measures = groups.first(tags::PIXEL_MEASURES_SEQUENCE)?;
        let direction = groups.first(tags::PLANE_ORIENTATION_SEQUENCE)?;
        let place = groups.first(tags::PLANE_POSITION_SEQUENCE)?;
        let within = |item: &Option<DataSet<'_>>, tag| {
            item.as_ref().and_then(|item| raw(item, tag)).or_else(|| raw(set, tag))
        };
        let spacing = within(&measures, tags::PIXEL_SPACING).filter(|text| are_lengths(text));
        let plane = || {
            let orientation = within(&direction, tags::IMAGE_ORIENTATION_PATIENT)?;
            let position = within(&place, tags::IMAGE_POSITION_PATIENT)?;
            let numbers = |text: &str, count| {
                let parts = text.split('\\').map(|part| part.trim().parse::<f64>());
                let parts = parts.collect::<Result<Vec<_>, _>>();
                parts.is_ok_and(|parts| parts.len() == count && parts.iter().all(|x| x.is_finite()))
            };
            let spacing = spacing.clone()?;
            let whole = numbers(&orientation, 6) && numbers(&position, 3) && numbers(&spacing, 2);
            Some(Plane {
                frame_of_reference: raw(set, tags::FRAME_OF_REFERENCE_UID)?,
                indicator: raw(set, tags::POSITION_REFERENCE_INDICATOR).unwrap_or_default(),
                orientation,
                position,
                spacing,
                thickness: within(&measures, tags::SLICE_THICKNESS),
            })
            .filter(|_| whole)
        };
        let plane = plane();
        Ok(Self {
            class: raw(set, tags::SOP_CLASS_UID),
            instance: raw(set, tags::SOP_INSTANCE_UID).or_else(|| container.instance.clone()),
            series: raw(set, tags::SERIES_INSTANCE_UID),
            copied,
            orientation: raw(set, tags::PATIENT_ORIENTATION),
            lossy,
            body_part: raw(set, tags::BODY_PART_EXAMINED),
            plane,
            spacing: spacing
                .or_else(|| raw(set, tags::IMAGER_PIXEL_SPACING).filter(|text| are_lengths(text))),
        })
    }
}

/// Whether a text is two distances above 0.
pub(crate) fn are_lengths(text: &str) -> bool {
    let lengths = text.split('\\').map(|part| part.trim().parse().is_ok_and(is_length));
    lengths.collect::<Vec<_>>() == [true; 2]
}

impl Reference {
    /// The first attribute that a segmentation refers by and that is missing, or is no identifier.
    pub(crate) fn lacks(&self) -> Option<Tag> {
        let study = self.copied.iter().find(|(tag, ..)| *tag == tags::STUDY_INSTANCE_UID);
        let needed = [
            (tags::SOP_CLASS_UID, self.class.as_deref()),
            (tags::SOP_INSTANCE_UID, self.instance.as_deref()),
            (tags::SERIES_INSTANCE_UID, self.series.as_deref()),
            (tags::STUDY_INSTANCE_UID, study.map(|(_, _, uid)| uid.as_str())),
        ];
        let lacking = needed.into_iter().find(|(_, uid)| !uid.is_some_and(is_uid));
        lacking.map(|(tag, _)| tag)
    }
}

impl DicomSource {
    /// What a Segmentation object needs to refer to this picture and the file has not, by name and number,
    /// such as `StudyInstanceUID (0020,000D)`; `None` if nothing is missing.
    pub fn lacks(&self) -> Option<String> {
        self.reference.lacks().map(element)
    }

    pub(crate) fn read(
        set: &DataSet<'_>,
        groups: &Groups<'_>,
        container: &Container<'_>,
        (layout, frame): (&Layout, u32),
        (shown, windows, shown_size): (Shown, usize, (u32, u32)),
    ) -> Result<Self, Problem> {
        let FoundSides { laterality, on_the_right } = FoundSides::read(set, groups)?;
        let intent = set.text(tags::PRESENTATION_INTENT_TYPE);
        Ok(Self {
            transfer_syntax: container.transfer_syntax.clone(),
            photometric: set.text(tags::PHOTOMETRIC_INTERPRETATION).unwrap_or_default(),
            modality: set.text(tags::MODALITY).unwrap_or_default(),
            frame,
            frames: layout.frames,
            stored_size: (layout.columns, layout.rows),
            shown_size,
            shown,
            windows,
            spacing: PixelSpacing::read(set, groups)?,
            laterality,
            side_on_the_right: on_the_right,
            for_processing: intent.as_deref() == Some("FOR PROCESSING"),
            reference: Reference::read(set, groups, container)?,
        })
    }
}
