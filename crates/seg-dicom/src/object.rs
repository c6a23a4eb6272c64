//! The elements of a Segmentation object (PS3.3, A.51).

use std::error::Error;
use std::io::Write;

use chrono::{DateTime, FixedOffset, Utc};
use dicom_core::value::{DataSetSequence, PrimitiveValue};
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use dicom_object::meta::FileMetaTableBuilder;

use crate::bits::pack;
use crate::code::{Category, Code, SegmentKind};
use crate::segmentation::{Frame, Geometry, Segment, SegmentationOptions};
use crate::side::Side;
use crate::source::{DicomSource, Plane};
use crate::uid::new_uid;

/// What wrote a file, in its header: a number that was drawn once.
const IMPLEMENTATION: &str = "2.25.201917163478203412694820916507318423907";
const IMPLEMENTATION_NAME: &str = concat!("SEG-DICOM ", env!("CARGO_PKG_VERSION"));

/// A Segmentation object in memory.
pub(crate) struct Object(InMemDicomObject);

impl Object {
    pub(crate) fn write(self, out: impl Write) -> Result<(), Box<dyn Error + Send + Sync>> {
        let meta = FileMetaTableBuilder::new()
            .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
            .implementation_class_uid(IMPLEMENTATION)
            .implementation_version_name(IMPLEMENTATION_NAME);
        Ok(self.0.with_meta(meta)?.write_all(out)?)
    }
}

/// Elements that are put together one by one.
#[derive(Default)]
struct Elements(Vec<DataElement<InMemDicomObject>>);

impl Elements {
    fn text(&mut self, tag: Tag, vr: VR, text: impl Into<String>) {
        self.0.push(DataElement::new(tag, vr, PrimitiveValue::from(text.into())));
    }

    fn number(&mut self, tag: Tag, number: u16) {
        self.0.push(DataElement::new(tag, VR::US, PrimitiveValue::from(number)));
    }

    fn value(&mut self, tag: Tag, vr: VR, value: PrimitiveValue) {
        self.0.push(DataElement::new(tag, vr, value));
    }

    fn items(&mut self, tag: Tag, items: Vec<Elements>) {
        let items = items.into_iter().map(Self::object).collect::<Vec<_>>();
        self.0.push(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
    }

    /// A sequence of one item that `fill` fills.
    fn item(&mut self, tag: Tag, fill: impl FnOnce(&mut Elements)) {
        let mut item = Elements::default();
        fill(&mut item);
        self.items(tag, vec![item]);
    }

    fn code(&mut self, tag: Tag, code: &Code) {
        self.item(tag, |item| {
            item.text(tags::CODE_VALUE, VR::SH, &code.value);
            item.text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, &code.scheme);
            item.text(tags::CODE_MEANING, VR::LO, &code.meaning);
        });
    }

    fn object(self) -> InMemDicomObject {
        InMemDicomObject::from_element_iter(self.0)
    }
}

/// The object of segments of a picture.
pub(crate) fn build(
    source: &DicomSource,
    segments: &[Segment<'_>],
    options: &SegmentationOptions,
) -> Result<Object, getrandom::Error> {
    let mut out = Elements::default();
    patient_and_study(&mut out, source);
    series_and_equipment(&mut out)?;
    image(&mut out, source, segments);
    let planes = Planes::of(segments, options.geometry)?;
    references(&mut out, source);
    dimensions(&mut out, segments)?;
    out.items(
        tags::SEGMENT_SEQUENCE,
        (1..)
            .zip(segments)
            .map(|(number, segment)| described(number, segment, source, options))
            .collect(),
    );
    groups(&mut out, segments, &planes);
    let masks = segments.iter().flat_map(|s| s.frames.iter().map(|frame| frame.values.as_slice()));
    out.value(tags::PIXEL_DATA, VR::OB, PrimitiveValue::U8(pack(masks).into()));
    Ok(Object(out.object()))
}

fn patient_and_study(out: &mut Elements, source: &DicomSource) {
    out.text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
    for (tag, vr, value) in &source.reference.copied {
        out.text(*tag, *vr, value);
    }
}

fn series_and_equipment(out: &mut Elements) -> Result<(), getrandom::Error> {
    out.text(tags::SOP_CLASS_UID, VR::UI, uids::SEGMENTATION_STORAGE);
    out.text(tags::SOP_INSTANCE_UID, VR::UI, new_uid()?);
    out.text(tags::MODALITY, VR::CS, "SEG");
    out.text(tags::SERIES_INSTANCE_UID, VR::UI, new_uid()?);
    out.text(tags::SERIES_NUMBER, VR::IS, "100"); // any
    out.text(tags::SERIES_DESCRIPTION, VR::LO, "Referring segmentation");
    out.text(tags::MANUFACTURER, VR::LO, "causal-clip-seg");
    out.text(tags::MANUFACTURER_MODEL_NAME, VR::LO, "causal-clip-seg, research software");
    out.text(tags::DEVICE_SERIAL_NUMBER, VR::LO, "0");
    out.text(tags::SOFTWARE_VERSIONS, VR::LO, env!("CARGO_PKG_VERSION"));
    Ok(())
}

fn image(out: &mut Elements, source: &DicomSource, segments: &[Segment<'_>]) {
    let now = now(source);
    let (date, time) = (now.format("%Y%m%d").to_string(), now.format("%H%M%S").to_string());
    out.text(tags::INSTANCE_CREATION_DATE, VR::DA, &date);
    out.text(tags::INSTANCE_CREATION_TIME, VR::TM, &time);
    out.text(tags::CONTENT_DATE, VR::DA, date);
    out.text(tags::CONTENT_TIME, VR::TM, time);
    out.text(tags::INSTANCE_NUMBER, VR::IS, "1");
    out.text(tags::IMAGE_TYPE, VR::CS, "DERIVED\\PRIMARY");
    // Wanted where no plane says it, and then may be unknown.
    out.text(
        tags::PATIENT_ORIENTATION,
        VR::CS,
        source.reference.orientation.clone().unwrap_or_default(),
    );
    let lossy = source.reference.lossy.as_ref();
    let lost = if lossy.is_some() { "01" } else { "00" };
    out.text(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, lost);
    if let Some(ratio) = lossy.and_then(|lossy| lossy.ratio.clone()) {
        out.text(tags::LOSSY_IMAGE_COMPRESSION_RATIO, VR::DS, ratio);
    }
    if let Some(method) = lossy.and_then(|lossy| lossy.method.clone()) {
        out.text(tags::LOSSY_IMAGE_COMPRESSION_METHOD, VR::CS, method);
    }
    let frames = segments.iter().map(|segment| segment.frames.len()).sum::<usize>();
    let (columns, rows) = source.stored_size;
    out.number(tags::SAMPLES_PER_PIXEL, 1);
    out.text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    out.text(tags::NUMBER_OF_FRAMES, VR::IS, frames.to_string());
    out.number(tags::ROWS, rows as u16); // as read from 16 bits
    out.number(tags::COLUMNS, columns as u16);
    out.number(tags::BITS_ALLOCATED, 1);
    out.number(tags::BITS_STORED, 1);
    out.number(tags::HIGH_BIT, 0);
    out.number(tags::PIXEL_REPRESENTATION, 0);
    out.text(tags::SEGMENTATION_TYPE, VR::CS, "BINARY");
    let overlap = if overlap(segments) { "YES" } else { "NO" };
    out.text(tags::SEGMENTS_OVERLAP, VR::CS, overlap);
    out.text(tags::CONTENT_LABEL, VR::CS, "ANSWERS");
    out.text(tags::CONTENT_DESCRIPTION, VR::LO, "Answers of a network to sentences");
    out.text(tags::CONTENT_CREATOR_NAME, VR::PN, "");
}

/// Now, in the time zone of the study's own times if the picture says it, else in UTC.
fn now(source: &DicomSource) -> DateTime<FixedOffset> {
    let zone =
        source.reference.copied.iter().find(|(tag, ..)| *tag == tags::TIMEZONE_OFFSET_FROM_UTC);
    let seconds = zone.and_then(|(_, _, text)| {
        let (sign, digits) = match text.split_at_checked(1)? {
            ("+", digits) => (1, digits),
            ("-", digits) => (-1, digits),
            _ => return None,
        };
        let (hours, minutes) = digits.split_at_checked(2)?;
        let number = |text: &str| text.parse::<u16>().ok();
        Some(sign * (i32::from(number(hours)?) * 3600 + i32::from(number(minutes)?) * 60))
    });
    let zone = FixedOffset::east_opt(seconds.unwrap_or(0));
    let utc = Utc::now();
    zone.map_or_else(|| utc.fixed_offset(), |zone| utc.with_timezone(&zone))
}

/// Whether a pixel is in two segments.
fn overlap(segments: &[Segment<'_>]) -> bool {
    let shared = |a: &Frame<'_>, b: &Frame<'_>| {
        a.source.frame == b.source.frame && a.values.iter().zip(&b.values).any(|(a, b)| *a && *b)
    };
    let pairs = segments.iter().enumerate();
    let mut pairs = pairs.flat_map(|(at, a)| segments[at + 1..].iter().map(move |b| (a, b)));
    pairs.any(|(a, b)| a.frames.iter().any(|a| b.frames.iter().any(|b| shared(a, b))))
}

fn references(out: &mut Elements, source: &DicomSource) {
    let reference = &source.reference;
    out.item(tags::REFERENCED_SERIES_SEQUENCE, |series| {
        series.item(tags::REFERENCED_INSTANCE_SEQUENCE, |item| instance(item, source));
        series.text(
            tags::SERIES_INSTANCE_UID,
            VR::UI,
            reference.series.clone().unwrap_or_default(),
        );
    });
}

fn instance(item: &mut Elements, source: &DicomSource) {
    let reference = &source.reference;
    let (class, instance) = (reference.class.clone(), reference.instance.clone());
    item.text(tags::REFERENCED_SOP_CLASS_UID, VR::UI, class.unwrap_or_default());
    item.text(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, instance.unwrap_or_default());
}

/// Whether segments have masks of several frames of the picture.
fn has_several_frames(segments: &[Segment<'_>]) -> bool {
    let mut frames = segments.iter().flat_map(|s| s.frames.iter().map(|frame| frame.source.frame));
    let first = frames.next();
    frames.any(|frame| Some(frame) != first)
}

fn dimensions(out: &mut Elements, segments: &[Segment<'_>]) -> Result<(), getrandom::Error> {
    let organization = new_uid()?;
    out.item(tags::DIMENSION_ORGANIZATION_SEQUENCE, |item| {
        item.text(tags::DIMENSION_ORGANIZATION_UID, VR::UI, &organization);
    });
    let dimension = |pointer: Tag, group: Tag, label: &str| {
        let mut item = Elements::default();
        item.text(tags::DIMENSION_ORGANIZATION_UID, VR::UI, &organization);
        item.value(tags::DIMENSION_INDEX_POINTER, VR::AT, PrimitiveValue::from(pointer));
        item.value(tags::FUNCTIONAL_GROUP_POINTER, VR::AT, PrimitiveValue::from(group));
        item.text(tags::DIMENSION_DESCRIPTION_LABEL, VR::LO, label);
        item
    };
    let segment = tags::REFERENCED_SEGMENT_NUMBER;
    let mut items =
        vec![dimension(segment, tags::SEGMENT_IDENTIFICATION_SEQUENCE, "Segment Number")];
    if has_several_frames(segments) {
        let frame = tags::IN_STACK_POSITION_NUMBER;
        items.push(dimension(frame, tags::FRAME_CONTENT_SEQUENCE, "Frame Number"));
    }
    out.items(tags::DIMENSION_INDEX_SEQUENCE, items);
    Ok(())
}

/// What a segment is.
fn described(
    number: u16,
    segment: &Segment<'_>,
    source: &DicomSource,
    options: &SegmentationOptions,
) -> Elements {
    let mut out = Elements::default();
    let kind = options.kind.clone().unwrap_or_else(|| SegmentKind::of_sentence(segment.sentence));
    let sentence = plain(segment.sentence);
    let label = if sentence.is_empty() { format!("Segment {number}") } else { sentence.clone() };
    out.number(tags::SEGMENT_NUMBER, number);
    out.text(tags::SEGMENT_LABEL, VR::LO, cut(&label, 64));
    out.text(tags::SEGMENT_DESCRIPTION, VR::ST, cut(&sentence, 1024));
    out.text(tags::SEGMENT_ALGORITHM_TYPE, VR::CS, "AUTOMATIC");
    let or_own = |text: &str, own: &str| cut(&plain(if text.is_empty() { own } else { text }), 64);
    let name = or_own(&options.algorithm, "causal-clip-seg");
    let version = or_own(&options.algorithm_version, env!("CARGO_PKG_VERSION"));
    out.text(tags::SEGMENT_ALGORITHM_NAME, VR::LO, &name);
    out.code(tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE, &kind.category.code());
    out.code(tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE, &kind.code);
    out.item(tags::SEGMENTATION_ALGORITHM_IDENTIFICATION_SEQUENCE, |item| {
        let family = Code::new("123110", "DCM", "Artificial Intelligence");
        item.code(tags::ALGORITHM_FAMILY_CODE_SEQUENCE, &family);
        item.text(tags::ALGORITHM_NAME, VR::LO, &name);
        item.text(tags::ALGORITHM_VERSION, VR::LO, &version);
    });
    let chest = source.reference.body_part.as_deref() == Some("CHEST");
    let region = SegmentKind::region_of(segment.sentence)
        .or_else(|| chest.then(|| Code::new("816094009", "SCT", "Chest")))
        .or_else(|| (kind.category == Category::Anatomy).then(|| kind.code.clone()));
    if let Some(region) = region {
        out.item(tags::ANATOMIC_REGION_SEQUENCE, |item| {
            item.text(tags::CODE_VALUE, VR::SH, &region.value);
            item.text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, &region.scheme);
            item.text(tags::CODE_MEANING, VR::LO, &region.meaning);
            let side = segment.side.map(|side| match side {
                Side::Left => Code::new("7771000", "SCT", "Left"),
                Side::Right => Code::new("24028007", "SCT", "Right"),
            });
            if let Some(side) = side {
                item.code(tags::ANATOMIC_REGION_MODIFIER_SEQUENCE, &side);
            }
        });
    }
    let colour = COLOURS[usize::from(number - 1) % COLOURS.len()];
    let colour = PrimitiveValue::U16(colour.into_iter().collect());
    out.value(tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE, VR::US, colour);
    out
}

/// Colours in which viewers draw segments, in CIELab (PS3.3, C.10.7.1.1): red, blue, green, orange, purple
/// and turquoise of sRGB under D65.
const COLOURS: [[u16; 3]; 6] = [
    [34891, 53480, 50167],
    [21166, 53247, 5176],
    [30295, 19609, 45719],
    [49109, 39047, 53186],
    [19519, 48040, 23519],
    [53257, 21567, 31861],
];

/// A text without what values of DICOM must not have.
fn plain(text: &str) -> String {
    let text = text.replace('\\', "/").replace(|c: char| c.is_control(), " ");
    text.trim().to_owned()
}

/// The first characters of a text.
fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect::<String>().trim_end().to_owned()
}

/// Where frames lie in space; none if nowhere.
struct Planes {
    /// Made up, for all frames.
    made_up: Option<Plane>,
    /// The frames' own.
    own: bool,
}

impl Planes {
    fn of(segments: &[Segment<'_>], geometry: Geometry) -> Result<Self, getrandom::Error> {
        let mut frames = segments.iter().flat_map(|segment| &segment.frames);
        let has_plane = |frame: &Frame<'_>| {
            frame.source.reference.plane.as_ref().is_some_and(|plane| plane.thickness.is_some())
        };
        let own = geometry != Geometry::None && frames.clone().all(has_plane);
        let first = frames.next();
        let made_up = match first {
            Some(frame) if !own && geometry == Geometry::Plane => Some(Plane {
                frame_of_reference: new_uid()?,
                indicator: String::new(),
                // What viewers take for pictures that say nothing.
                orientation: "1\\0\\0\\0\\1\\0".to_owned(),
                position: String::new(), // each frame has its own
                spacing: frame
                    .source
                    .reference
                    .spacing
                    .clone()
                    .unwrap_or_else(|| "1\\1".to_owned()),
                thickness: Some("1".to_owned()),
            }),
            _ => None,
        };
        Ok(Self { made_up, own })
    }

    fn of_frame<'a>(&'a self, frame: &'a Frame<'_>) -> Option<&'a Plane> {
        if self.own { frame.source.reference.plane.as_ref() } else { self.made_up.as_ref() }
    }
}

/// What holds for all frames, and for each.
fn groups(out: &mut Elements, segments: &[Segment<'_>], planes: &Planes) {
    let several = has_several_frames(segments);
    let frames = segments.iter().flat_map(|segment| &segment.frames);
    let of_frames = frames.clone().filter_map(|frame| planes.of_frame(frame)).collect::<Vec<_>>();
    let first = of_frames.first().copied();
    let same = |part: fn(&Plane) -> (&str, Option<&str>)| {
        of_frames.iter().all(|plane| first.is_some_and(|first| part(first) == part(plane)))
    };
    let same_measures = same(|plane| (&plane.spacing, plane.thickness.as_deref()));
    let same_orientation = same(|plane| (&plane.orientation, None));
    if let Some(plane) = first {
        out.text(tags::FRAME_OF_REFERENCE_UID, VR::UI, &plane.frame_of_reference);
        out.text(tags::POSITION_REFERENCE_INDICATOR, VR::LO, &plane.indicator);
    }
    let measures = |out: &mut Elements, plane: &Plane| {
        out.item(tags::PIXEL_MEASURES_SEQUENCE, |item| {
            let thickness = plane.thickness.clone().unwrap_or_default();
            item.text(tags::PIXEL_SPACING, VR::DS, &plane.spacing);
            item.text(tags::SLICE_THICKNESS, VR::DS, &thickness);
            if planes.made_up.is_some() {
                item.text(tags::SPACING_BETWEEN_SLICES, VR::DS, thickness);
            }
        });
    };
    let orientation = |out: &mut Elements, plane: &Plane| {
        out.item(tags::PLANE_ORIENTATION_SEQUENCE, |item| {
            item.text(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, &plane.orientation);
        });
    };
    out.item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, |shared| {
        if let Some(plane) = first {
            if same_measures {
                measures(shared, plane);
            }
            if same_orientation {
                orientation(shared, plane);
            }
        }
    });
    let numbered = (1u16..)
        .zip(segments)
        .flat_map(|(number, segment)| segment.frames.iter().map(move |frame| (number, frame)));
    let items = numbered.map(|(number, frame)| {
        let mut item = Elements::default();
        derivation(&mut item, frame.source);
        item.item(tags::FRAME_CONTENT_SEQUENCE, |content| {
            let mut index = vec![u32::from(number)];
            if several {
                index.push(frame.source.frame);
                content.text(tags::STACK_ID, VR::SH, "1");
                let position = PrimitiveValue::from(frame.source.frame);
                content.value(tags::IN_STACK_POSITION_NUMBER, VR::UL, position);
            }
            let index = PrimitiveValue::U32(index.into());
            content.value(tags::DIMENSION_INDEX_VALUES, VR::UL, index);
        });
        if let Some(plane) = planes.of_frame(frame) {
            item.item(tags::PLANE_POSITION_SEQUENCE, |position| {
                // Frames of a loop lie behind each other: what lies at one place cannot be told apart.
                let text = match planes.made_up {
                    Some(_) => format!("0\\0\\{}", frame.source.frame - 1),
                    None => plane.position.clone(),
                };
                position.text(tags::IMAGE_POSITION_PATIENT, VR::DS, text);
            });
            if !same_measures {
                measures(&mut item, plane);
            }
            if !same_orientation {
                orientation(&mut item, plane);
            }
        }
        item.item(tags::SEGMENT_IDENTIFICATION_SEQUENCE, |segment| {
            segment.number(tags::REFERENCED_SEGMENT_NUMBER, number);
        });
        item
    });
    let items = items.collect();
    out.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, items);
}

/// The picture that a frame was made from. For each frame, since readers look for it there.
fn derivation(out: &mut Elements, source: &DicomSource) {
    out.item(tags::DERIVATION_IMAGE_SEQUENCE, |item| {
        item.code(tags::DERIVATION_CODE_SEQUENCE, &Code::new("113076", "DCM", "Segmentation"));
        item.item(tags::SOURCE_IMAGE_SEQUENCE, |image| {
            instance(image, source);
            if source.frames > 1 {
                image.text(tags::REFERENCED_FRAME_NUMBER, VR::IS, source.frame.to_string());
            }
            image.text(tags::SPATIAL_LOCATIONS_PRESERVED, VR::CS, "YES");
            let purpose = Code::new("121322", "DCM", "Source image for image processing operation");
            image.code(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, &purpose);
        });
    });
}
