//! Segmentation objects: read back to the pixel, and what stands in them.

#![allow(clippy::unwrap_used)] // in helpers of tests

mod common;

use common::{File, read, read_with};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::{InMemDicomObject, open_file};
use seg_dicom::{
    DicomOptions, DicomPicture, Geometry, SegmentMask, SegmentationError, SegmentationOptions,
    Side, read_dicom, write_segmentation,
};

fn picture(file: &File) -> DicomPicture {
    read(&file.explicit())
}

fn radiograph() -> File {
    let mut file = File::new(7, 5);
    file.window("20", "40").pixels(&(0..35).collect::<Vec<_>>());
    file.text(tags::PATIENT_ORIENTATION, VR::CS, "L\\F").text(
        tags::BODY_PART_EXAMINED,
        VR::CS,
        "CHEST",
    );
    file.text(tags::PIXEL_SPACING, VR::DS, "0.2\\0.2").text(tags::LATERALITY, VR::CS, "L");
    file
}

fn pattern(step: usize, count: usize) -> Vec<bool> {
    (0..count).map(|at| at % step == 1).collect()
}

fn mask<'a>(picture: &'a DicomPicture, sentence: &'a str, values: &'a [bool]) -> SegmentMask<'a> {
    let size = picture.image.dimensions();
    SegmentMask { source: &picture.source, sentence, size, values, side: None }
}

/// The frames of an object, as this crate reads them.
fn frames(file: &std::path::Path) -> Vec<Vec<bool>> {
    let first = read_dicom(file, &DicomOptions::default()).unwrap();
    let frame = |frame| {
        let options = DicomOptions { frame, keep_grid: true, ..DicomOptions::default() };
        let image = read_dicom(file, &options).unwrap().image;
        image.pixels().map(|pixel| pixel[0] > 0).collect()
    };
    (1..=first.source.frames).map(frame).collect()
}

fn text(object: &InMemDicomObject, tag: Tag) -> String {
    object.element(tag).unwrap().to_str().unwrap().into_owned()
}

fn items(object: &InMemDicomObject, tag: Tag) -> Vec<InMemDicomObject> {
    object.element(tag).unwrap().items().unwrap().to_vec()
}

#[test]
fn masks_come_back_to_the_pixel() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.seg.dcm");
    let picture = picture(&radiograph());
    let values = [2, 3, 99].map(|step| pattern(step, 35));
    let sentences = ["The left lung.", "An opacity \u{2014} \u{7ed3}\u{8282}.", "Nothing"];
    let masks = [0, 1, 2].map(|at| mask(&picture, sentences[at], &values[at]));
    write_segmentation(&file, &masks, &SegmentationOptions::default()).unwrap();
    assert_eq!(frames(&file), values);

    let object = open_file(&file).unwrap().into_inner();
    assert_eq!(object.element(tags::PIXEL_DATA).unwrap().to_bytes().unwrap().len(), 14);
    assert_eq!(text(&object, tags::SEGMENTS_OVERLAP), "YES");
    assert_eq!(text(&object, tags::PATIENT_NAME), "Synthetic^M\u{fc}ller");
    assert_eq!(text(&object, tags::STUDY_INSTANCE_UID), "2.25.1002");
    assert_ne!(text(&object, tags::SERIES_INSTANCE_UID), "2.25.1003");
    // An error by the standard's own checks.
    assert!(object.element(tags::LATERALITY).is_err());
    assert!(object.element(tags::FRAME_OF_REFERENCE_UID).is_err());
    let segments = items(&object, tags::SEGMENT_SEQUENCE);
    let described = segments.iter().map(|segment| text(segment, tags::SEGMENT_DESCRIPTION));
    assert_eq!(described.collect::<Vec<_>>(), sentences);
    let codes = segments.iter().map(|segment| {
        let codes = items(segment, tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE);
        text(&codes[0], tags::CODE_MEANING)
    });
    assert_eq!(codes.collect::<Vec<_>>(), ["Lung", "Opacity", "Lesion"]);
    let groups = items(&object, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    for (number, group) in (1u32..).zip(&groups) {
        let derived = items(group, tags::DERIVATION_IMAGE_SEQUENCE);
        let source = items(&derived[0], tags::SOURCE_IMAGE_SEQUENCE);
        assert_eq!(text(&source[0], tags::REFERENCED_SOP_INSTANCE_UID), "2.25.1001");
        let content = items(group, tags::FRAME_CONTENT_SEQUENCE);
        let index = content[0].element(tags::DIMENSION_INDEX_VALUES).unwrap();
        assert_eq!(index.to_int::<u32>().unwrap(), number);
    }
}

#[test]
fn masks_of_a_picture_with_square_pixels_go_back_to_the_stored_grid() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.dcm");
    let mut tall = File::new(4, 3);
    tall.bits(8, 8).bytes(&[0; 12]).text(tags::PIXEL_ASPECT_RATIO, VR::IS, "2\\1");
    let picture = picture(&tall);
    assert_eq!(picture.image.dimensions(), (4, 6));
    let values = (0..24).map(|at| at / 8 == 1).collect::<Vec<_>>(); // the middle third
    let masks = [mask(&picture, "a", &values)];
    write_segmentation(&file, &masks, &SegmentationOptions::default()).unwrap();
    assert_eq!(frames(&file), [(0..12).map(|at| at / 4 == 1).collect::<Vec<_>>()]);
}

#[test]
fn frames_of_a_loop_are_frames_of_one_segment() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.dcm");
    let mut us = File::new(5, 5);
    us.bits(8, 8).frames(3).bytes(&[7; 76]);
    let frame =
        |frame| read_with(&us.explicit(), &DicomOptions { frame, ..DicomOptions::default() });
    let pictures = [frame(1), frame(2), frame(3)];
    let values = [2, 3, 4].map(|step| pattern(step, 25));
    let sentences = ["a nodule", "a cyst"];
    let mut masks = Vec::new();
    for sentence in sentences {
        masks.extend((0..3).map(|at| mask(&pictures[at], sentence, &values[at])));
    }
    write_segmentation(&file, &masks, &SegmentationOptions::default()).unwrap();
    assert_eq!(frames(&file), [values.clone(), values].concat());
    let object = open_file(&file).unwrap().into_inner();
    assert_eq!(items(&object, tags::SEGMENT_SEQUENCE).len(), 2);
    assert_eq!(items(&object, tags::DIMENSION_INDEX_SEQUENCE).len(), 2);
    let last = items(&object, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).pop().unwrap();
    let source =
        items(&items(&last, tags::DERIVATION_IMAGE_SEQUENCE)[0], tags::SOURCE_IMAGE_SEQUENCE);
    assert_eq!(text(&source[0], tags::REFERENCED_FRAME_NUMBER), "3");
}

#[test]
fn geometry_is_the_pictures_or_made_up_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let values = pattern(2, 35);
    let written = |file: &File, geometry: Geometry| {
        let picture = picture(file);
        let path = folder.path().join("x.dcm");
        let options = SegmentationOptions { geometry, ..SegmentationOptions::default() };
        write_segmentation(&path, &[mask(&picture, "a", &values)], &options).unwrap();
        open_file(path).unwrap().into_inner()
    };
    let spacing = |object: &InMemDicomObject| {
        let shared = items(object, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
        let measures = shared[0].element(tags::PIXEL_MEASURES_SEQUENCE).ok()?.items()?.to_vec();
        Some(text(&measures[0], tags::PIXEL_SPACING))
    };
    let mut file = radiograph();
    assert_eq!(spacing(&written(&file, Geometry::Auto)), None);
    assert_eq!(spacing(&written(&file, Geometry::Plane)), Some("0.2\\0.2".to_owned()));
    file.text(tags::FRAME_OF_REFERENCE_UID, VR::UI, "2.25.7").text(
        tags::SLICE_THICKNESS,
        VR::DS,
        "3",
    );
    file.text(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\1\\0");
    file.text(tags::IMAGE_POSITION_PATIENT, VR::DS, "-10\\5.5\\7");
    for geometry in [Geometry::Auto, Geometry::Plane] {
        let object = written(&file, geometry);
        assert_eq!(text(&object, tags::FRAME_OF_REFERENCE_UID), "2.25.7");
        let group = items(&object, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
        let position = items(&group[0], tags::PLANE_POSITION_SEQUENCE);
        assert_eq!(text(&position[0], tags::IMAGE_POSITION_PATIENT), "-10\\5.5\\7");
    }
    assert!(written(&file, Geometry::None).element(tags::FRAME_OF_REFERENCE_UID).is_err());
}

#[test]
fn sides_labels_and_codes_have_the_form_of_the_standard() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.dcm");
    let picture = picture(&radiograph());
    let values = pattern(2, 35);
    let sentence = format!("left \\ {}\n", "long ".repeat(300));
    let masks = [SegmentMask { side: Some(Side::Left), ..mask(&picture, &sentence, &values) }];
    let kind = Some("80891009,SCT,Heart,anatomy".parse().unwrap());
    let options = SegmentationOptions { kind, algorithm: "net".to_owned(), ..Default::default() };
    write_segmentation(&file, &masks, &options).unwrap();
    let object = open_file(&file).unwrap().into_inner();
    let segment = items(&object, tags::SEGMENT_SEQUENCE).remove(0);
    let label = text(&segment, tags::SEGMENT_LABEL);
    assert!(label.starts_with("left / long") && label.len() <= 64, "{label}");
    assert!(text(&segment, tags::SEGMENT_DESCRIPTION).len() <= 1024);
    assert_eq!(text(&segment, tags::SEGMENT_ALGORITHM_NAME), "net");
    let region = items(&segment, tags::ANATOMIC_REGION_SEQUENCE).remove(0);
    let side = items(&region, tags::ANATOMIC_REGION_MODIFIER_SEQUENCE).remove(0);
    assert_eq!(
        (text(&region, tags::CODE_MEANING), text(&side, tags::CODE_MEANING)),
        ("Chest".into(), "Left".into())
    );
    assert_eq!(text(&object, tags::SEGMENTS_OVERLAP), "NO");
}

#[test]
fn what_does_not_fit_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.dcm");
    let written = |masks: &[SegmentMask<'_>]| {
        let error = write_segmentation(&file, masks, &SegmentationOptions::default()).unwrap_err();
        assert!(!file.exists());
        error
    };
    let (first, values) = (picture(&radiograph()), pattern(2, 35));
    assert!(matches!(written(&[]), SegmentationError::Nothing { .. }));
    let wrong = SegmentMask { size: (5, 7), ..mask(&first, "a", &values) };
    assert!(
        written(&[wrong])
            .to_string()
            .ends_with("of \"a\" has 5 x 7 pixels in 35 values, its picture 7 x 5")
    );
    let short = mask(&first, "a", &values[..34]);
    assert!(matches!(written(&[short]), SegmentationError::Size { .. }));
    let twice = [mask(&first, "a", &values), mask(&first, "a", &values)];
    assert!(matches!(written(&twice), SegmentationError::Twice { .. }));
    let mut other = radiograph();
    other.text(tags::SOP_INSTANCE_UID, VR::UI, "2.25.5");
    let other = picture(&other);
    let two = [mask(&first, "a", &values), mask(&other, "a", &values)];
    assert!(matches!(written(&two), SegmentationError::Pictures { .. }));
    let mut nameless = radiograph();
    nameless.text(tags::SERIES_INSTANCE_UID, VR::UI, "");
    let nameless = picture(&nameless);
    let message = written(&[mask(&nameless, "a", &values)]).to_string();
    assert!(message.contains("no valid SeriesInstanceUID (0020,000E), by which"), "{message}");
}

/// Two that other software checked and read lie beside the checkout.
#[test]
fn objects_of_others_are_read() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases/dicom/seg");
    for name in ["reference_rs.dcm", "reference_rs_compat.dcm"] {
        if folder.is_dir() {
            assert_eq!(frames(&folder.join(name)).len(), 2);
        }
    }
}
