//! What was decided while a DICOM file was read, and is worth telling.

use std::fmt;

/// Something that was decided while a DICOM file was read, by a rule and not by the file alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DicomNote {
    /// The picture was made for computers and not for readers.
    ForProcessing,
    /// The file has several windows, and the first was taken.
    Windows {
        /// How many there are.
        count: usize,
    },
    /// Neither a window nor a table says what is black and white.
    NoWindow,
    /// The file has several frames, and one was read.
    Frames {
        /// How many there are.
        count: u32,
        /// The one that was read, from 1.
        read: u32,
    },
    /// Pixels are not square, and the picture was made so that they are.
    NotSquare {
        /// Columns and rows as stored.
        stored: (u32, u32),
        /// Columns and rows of the picture.
        shown: (u32, u32),
    },
    /// The file has a distance of pixels that no pixels can have.
    NoSpacing {
        /// The attribute's value.
        found: String,
    },
    /// A window was given for a picture in colour, which has none.
    ColourWindow,
    /// Every pixel is equal.
    Even,
    /// The file holds masks, and no picture.
    Segmentation,
    /// The file does not say how it is written.
    NoTransferSyntax,
}

impl fmt::Display for DicomNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForProcessing => f.write_str(
                "DICOM, FOR PROCESSING: made for a computer and not for a reader, so that it may look \
                 unlike the pictures that a network knows; is there one FOR PRESENTATION?",
            ),
            Self::Windows { count } => {
                write!(f, "DICOM with {count} windows; the first is taken, unless one is given")
            }
            Self::NoWindow => f.write_str(
                "DICOM without a window: black is its smallest and white its largest value, unless one \
                 is given",
            ),
            Self::Frames { count, read } => {
                write!(f, "DICOM of {count} frames; frame {read} is read")
            }
            Self::NotSquare { stored: (w, h), shown: (to_w, to_h) } => write!(
                f,
                "DICOM whose pixels are not square: {w} x {h} are shown as {to_w} x {to_h}"
            ),
            Self::NoSpacing { found } => write!(
                f,
                "DICOM with a PixelSpacing (0028,0030) of `{found}`, which no pixels have; it is passed over"
            ),
            Self::ColourWindow => {
                f.write_str("DICOM in colour: a window is for grey, and changes nothing")
            }
            Self::Even => f.write_str("DICOM whose pixels are all shown alike: there is nothing to see"),
            Self::Segmentation => {
                f.write_str("DICOM Segmentation object: its masks are read as if they were a picture")
            }
            Self::NoTransferSyntax => f.write_str(
                "DICOM without a transfer syntax; its first element shows how it is written",
            ),
        }
    }
}
