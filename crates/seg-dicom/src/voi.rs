//! Which values are shown, and how bright: windows and lookup tables of values of interest (VOI).

use dicom_dictionary_std::tags;

use crate::dataset::DataSet;
use crate::error::Problem;
use crate::groups::Groups;
use crate::lookup::Lookup;
use crate::options::{DicomOptions, Window};

/// The shape of the way from black to white (PS3.3, C.11.2.1.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WindowFunction {
    /// `LINEAR`, whose width counts values of whole numbers.
    #[default]
    Linear,
    /// `LINEAR_EXACT`
    LinearExact,
    /// `SIGMOID`
    Sigmoid,
}

impl WindowFunction {
    /// The brightness of a value, in 0 to 255.
    pub(crate) fn brightness(self, x: f64, window: Window) -> f64 {
        let (c, w) = (window.centre(), window.width());
        match self {
            Self::Sigmoid => 255.0 / (1.0 + (-4.0 * (x - c) / w).exp()),
            // Below 1 the standard gives LINEAR no meaning.
            Self::Linear if w >= 1.0 => {
                let (c, w) = (c - 0.5, w - 1.0);
                match x {
                    _ if x <= c - w / 2.0 => 0.0,
                    _ if x > c + w / 2.0 => 255.0,
                    _ => ((x - c) / w + 0.5) * 255.0,
                }
            }
            _ => (((x - c) / w + 0.5) * 255.0).clamp(0.0, 255.0),
        }
    }
}

/// What decides how bright a value is shown.
pub(crate) enum Voi {
    Lookup(Lookup),
    Window(Window, WindowFunction),
    /// Nothing is given.
    None,
}

/// What a file says of the values of interest.
pub(crate) struct FoundVoi {
    pub(crate) voi: Voi,
    /// Windows that the file gives, of which one is used at most.
    pub(crate) windows: usize,
}

impl FoundVoi {
    /// From the frame's own groups, else from the whole picture.
    pub(crate) fn read(
        set: &DataSet<'_>,
        groups: &Groups<'_>,
        options: &DicomOptions,
        after_signed: bool,
    ) -> Result<Self, Problem> {
        let own = groups.first(tags::FRAME_VOILUT_SEQUENCE)?;
        let at = own.as_ref().filter(|own| own.bytes(tags::WINDOW_CENTER).is_some());
        let at = at.unwrap_or(set);
        let function = match at.text(tags::VOILUT_FUNCTION).as_deref() {
            Some("SIGMOID") => WindowFunction::Sigmoid,
            Some("LINEAR_EXACT") => WindowFunction::LinearExact,
            _ => WindowFunction::Linear,
        };
        let pairs = at.numbers(tags::WINDOW_CENTER).into_iter().zip(at.numbers(tags::WINDOW_WIDTH));
        let given = pairs.filter_map(|(centre, width)| Window::new(centre, width).ok());
        let given = given.collect::<Vec<_>>();
        let windows = given.len();
        if let Some(window) = options.window {
            return Ok(Self { voi: Voi::Window(window, function), windows });
        }
        // A table and a window are alternatives; the table says more.
        let table = set.first(tags::VOILUT_SEQUENCE)?;
        let voi = match (table, given.first()) {
            (Some(table), _) => Voi::Lookup(Lookup::read(&table, after_signed)?),
            (None, Some(window)) => Voi::Window(*window, function),
            (None, None) => Voi::None,
        };
        Ok(Self { voi, windows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(function: WindowFunction, window: (f64, f64), x: f64) -> f64 {
        function.brightness(x, Window::new(window.0, window.1).unwrap())
    }

    /// The examples of PS3.3, C.11.2.1.2.1: centre 2048 and width 4096 are the whole of 12 bits.
    #[test]
    fn a_window_of_all_values_shows_each() {
        let linear = |x| at(WindowFunction::Linear, (2048.0, 4096.0), x);
        assert_eq!((linear(0.0), linear(4095.0)), (0.0, 255.0));
        assert!((linear(2047.5) - 127.5).abs() < 1e-9);
        let exact = |x| at(WindowFunction::LinearExact, (2048.0, 4096.0), x);
        assert_eq!((exact(0.0), exact(2048.0), exact(4096.0)), (0.0, 127.5, 255.0));
        let sigmoid = |x| at(WindowFunction::Sigmoid, (2048.0, 4096.0), x);
        assert_eq!(sigmoid(2048.0), 127.5);
        assert!((sigmoid(0.0) - 255.0 / (1.0 + 2f64.exp())).abs() < 1e-9);
    }

    #[test]
    fn a_width_of_one_is_a_threshold_and_a_smaller_one_is_exact() {
        let one = |x| at(WindowFunction::Linear, (2048.0, 1.0), x);
        assert_eq!((one(2047.5), one(2047.6)), (0.0, 255.0));
        let half = |x| at(WindowFunction::Linear, (1.0, 0.5), x);
        assert_eq!((half(0.75), half(1.0), half(1.25)), (0.0, 127.5, 255.0));
    }
}
