//! How a DICOM file is to be read, where it leaves a choice.

use std::fmt;
use std::str::FromStr;

/// How a DICOM file is to be read, where it leaves a choice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DicomOptions {
    /// The frame, from 1. Only one of a loop is a picture.
    pub frame: u32,
    /// Takes the place of the file's windows and VOI lookup tables; in the file's units (after its
    /// rescaling), and with the file's function. Pictures in colour have none.
    pub window: Option<Window>,
    /// Leaves pixels that are not square as they are stored.
    pub keep_grid: bool,
}

impl Default for DicomOptions {
    fn default() -> Self {
        Self { frame: 1, window: None, keep_grid: false }
    }
}

/// A range of values that is shown from black to white.
///
/// ```
/// let window: seg_dicom::Window = "2048,4096".parse().unwrap();
/// assert_eq!((window.centre(), window.width()), (2048.0, 4096.0));
/// assert!("2048,0".parse::<seg_dicom::Window>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    centre: f64,
    width: f64,
}

/// A window that shows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no window: expected a centre and a width above 0, such as 2048,4096")]
pub struct NoWindow {
    /// What was given.
    pub found: String,
}

impl Window {
    /// A window around a centre, both in the file's units.
    ///
    /// # Errors
    ///
    /// If one of them is not finite, or the width is not above 0.
    pub fn new(centre: f64, width: f64) -> Result<Self, NoWindow> {
        if centre.is_finite() && width.is_finite() && width > 0.0 {
            return Ok(Self { centre, width });
        }
        Err(NoWindow { found: format!("{centre},{width}") })
    }

    /// In the file's units.
    pub fn centre(self) -> f64 {
        self.centre
    }

    /// In the file's units; above 0.
    pub fn width(self) -> f64 {
        self.width
    }
}

/// Equal parts, which are never `NaN`.
impl Eq for Window {}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.centre, self.width)
    }
}

impl FromStr for Window {
    type Err = NoWindow;

    fn from_str(text: &str) -> Result<Self, NoWindow> {
        let parts = text.split_once(',');
        let number = |text: &str| text.trim().parse::<f64>().ok();
        let numbers = parts.and_then(|(centre, width)| number(centre).zip(number(width)));
        let window = numbers.and_then(|(centre, width)| Self::new(centre, width).ok());
        window.ok_or_else(|| NoWindow { found: text.to_owned() })
    }
}
