//! Two discs that overlap and an empty mask on every frame of a DICOM file, as a Segmentation object:
//! `cargo run --release -p seg-dicom --example discs -- x.dcm x.seg.dcm [auto|none|plane]`

use seg_dicom::{DicomOptions, SegmentMask, SegmentationOptions, read_dicom, write_segmentation};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("expected a DICOM file, a file to write, and perhaps a geometry".into());
    };
    let geometry = arguments.next().map_or(Ok(Default::default()), |name| name.parse())?;
    let frames = read_dicom(&file, &DicomOptions::default())?.source.frames;
    let mut sources = Vec::new();
    for frame in 1..=frames {
        sources.push(read_dicom(&file, &DicomOptions { frame, ..DicomOptions::default() })?.source);
    }
    // On the stored grid: centre and radius in hundredths of the sides, moving with the frame.
    let disc = |(columns, rows): (u32, u32), frame: u32, centre: u32, radius: u32| {
        let inside = move |at: u32| {
            let (x, y) = (i64::from(at % columns), i64::from(at / columns));
            let centre = i64::from(centre + frame);
            let (dx, dy) =
                (100 * x - centre * i64::from(columns), 100 * y - centre * i64::from(rows));
            let radius = i64::from(radius * columns.min(rows));
            dx * dx + dy * dy <= radius * radius
        };
        (0..columns * rows).map(inside).collect::<Vec<_>>()
    };
    let mut drawn = Vec::new();
    for (sentence, centre, radius) in
        [("The left lung.", 35, 25), ("A nodule, K\u{f6}rper.", 50, 20), ("Nothing.", 200, 1)]
    {
        for source in &sources {
            drawn.push((sentence, source, disc(source.stored_size, source.frame, centre, radius)));
        }
    }
    let masks = drawn.iter().map(|(sentence, source, values)| SegmentMask {
        source,
        sentence,
        size: source.stored_size,
        values,
        side: None,
    });
    let options = SegmentationOptions { geometry, ..SegmentationOptions::default() };
    Ok(write_segmentation(out, &masks.collect::<Vec<_>>(), &options)?)
}
