//! A frame of a DICOM file as PNG, as the networks see it:
//! `cargo run --release -p seg-dicom --example picture -- x.dcm x.png [FRAME]`

use seg_dicom::{DicomOptions, read_dicom};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("expected a DICOM file, a PNG to write, and perhaps a frame".into());
    };
    let frame = arguments.next().map_or(Ok(1), |frame| frame.parse())?;
    let picture = read_dicom(&file, &DicomOptions { frame, ..DicomOptions::default() })?;
    picture.notes.iter().for_each(|note| eprintln!("{note}"));
    println!("{:#?}", picture.source);
    Ok(picture.image.save(out)?)
}
