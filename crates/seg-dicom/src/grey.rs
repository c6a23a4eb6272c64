//! Grey values as a radiologist sees them (PS3.3, C.11; PS3.4, N.2).

use dicom_dictionary_std::tags;

use crate::dataset::DataSet;
use crate::error::Problem;
use crate::groups::Groups;
use crate::layout::{Layout, Photometric};
use crate::lookup::Lookup;
use crate::options::{DicomOptions, Window};
use crate::samples::Samples;
use crate::voi::{FoundVoi, Voi, WindowFunction};

/// What made stored values bright or dark.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shown {
    /// A window, the file's or one that was given.
    Window(Window, WindowFunction),
    /// A VOI lookup table of the file.
    LookupTable,
    /// Nothing: black is the smallest and white the largest value of the frame.
    Range {
        /// After the file's rescaling.
        smallest: f64,
        /// After the file's rescaling.
        largest: f64,
    },
    /// Nothing: 8 bits as they are stored, or colours.
    AsStored,
}

/// From stored to meaningful values.
enum Modality {
    Lookup(Lookup),
    Rescale { slope: f64, intercept: f64 },
}

impl Modality {
    fn read(set: &DataSet<'_>, groups: &Groups<'_>, layout: &Layout) -> Result<Self, Problem> {
        if let Some(item) = set.first(tags::MODALITY_LUT_SEQUENCE)? {
            return Ok(Self::Lookup(Lookup::read(&item, layout.signed)?));
        }
        let own = groups.first(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE)?;
        let at = own.as_ref().unwrap_or(set);
        let number = |tag| at.numbers(tag).first().copied().filter(|x: &f64| x.is_finite());
        let slope = number(tags::RESCALE_SLOPE).unwrap_or(1.0);
        Ok(Self::Rescale { slope, intercept: number(tags::RESCALE_INTERCEPT).unwrap_or(0.0) })
    }

    fn value(&self, stored: f64) -> f64 {
        match self {
            Self::Lookup(table) => f64::from(table.entry(stored)),
            Self::Rescale { slope, intercept } => slope * stored + intercept,
        }
    }

    fn changes_nothing(&self) -> bool {
        matches!(self, Self::Rescale { slope, intercept } if (*slope, *intercept) == (1.0, 0.0))
    }

    /// Whether a value can be negative.
    fn can_be_negative(&self, layout: &Layout) -> bool {
        let ends = if layout.signed {
            [layout.range() / 2, layout.range() - 1]
        } else {
            [0, layout.range() - 1]
        };
        match self {
            Self::Lookup(_) => false,
            Self::Rescale { .. } => {
                let values = ends.map(|used| self.value(f64::from(layout.value(used as u16))));
                layout.signed || values.into_iter().any(|value| value < 0.0)
            }
        }
    }
}

/// The values that stand for no picture at all.
struct Padding(Option<(i32, i32)>);

impl Padding {
    fn read(set: &DataSet<'_>, layout: &Layout) -> Self {
        let value = |tag| {
            let word = set.word(tag)?;
            Some(if layout.signed { i32::from(word as i16) } else { i32::from(word) })
        };
        let padding = value(tags::PIXEL_PADDING_VALUE);
        let limit = value(tags::PIXEL_PADDING_RANGE_LIMIT).or(padding);
        Self(padding.zip(limit).map(|(a, b)| (a.min(b), a.max(b))))
    }

    fn holds(&self, stored: i32) -> bool {
        self.0.is_some_and(|(low, high)| (low..=high).contains(&stored))
    }
}

/// A frame in 8 bits: the brightness that stands for each used value.
pub(crate) struct Grey {
    table: Vec<u8>,
    layout: Layout,
    pub(crate) shown: Shown,
    /// Windows that the file gives.
    pub(crate) windows: usize,
}

impl Grey {
    pub(crate) fn read(
        set: &DataSet<'_>,
        groups: &Groups<'_>,
        options: &DicomOptions,
        (samples, layout): (&Samples<'_>, Layout),
    ) -> Result<Self, Problem> {
        let modality = Modality::read(set, groups, &layout)?;
        let padding = Padding::read(set, &layout);
        let after_signed = modality.can_be_negative(&layout);
        let FoundVoi { voi, windows } = FoundVoi::read(set, groups, options, after_signed)?;
        let value = |used: u32| modality.value(f64::from(layout.value(used as u16)));
        let is_padding = |used: u32| padding.holds(layout.value(used as u16));
        let as_stored = match layout.stored {
            1 => true, // black and white
            stored => stored == 8 && !layout.signed && modality.changes_nothing(),
        };
        let shown = match &voi {
            Voi::Window(window, function) => Shown::Window(*window, *function),
            Voi::Lookup(_) => Shown::LookupTable,
            Voi::None if as_stored => Shown::AsStored,
            Voi::None => {
                let values =
                    occurring(samples, &layout).into_iter().filter(|used| !is_padding(*used));
                let (mut smallest, mut largest) = (f64::INFINITY, f64::NEG_INFINITY);
                values.map(value).for_each(|x| {
                    smallest = smallest.min(x);
                    largest = largest.max(x);
                });
                Shown::Range { smallest, largest }
            }
        };
        let brightness = |x: f64| match (&voi, shown) {
            (Voi::Lookup(table), _) => table.brightness(x),
            (Voi::Window(window, function), _) => function.brightness(x, *window),
            (Voi::None, Shown::Range { smallest, largest }) if smallest < largest => {
                ((x - smallest) / (largest - smallest) * 255.0).clamp(0.0, 255.0)
            }
            (Voi::None, Shown::Range { .. }) => 0.0,
            (Voi::None, _) if layout.stored == 1 => x * 255.0,
            (Voi::None, _) => x,
        };
        let eight = |used: u32| {
            let y = brightness(value(used));
            let y = if layout.photometric == Photometric::Monochrome1 { 255.0 - y } else { y };
            if is_padding(used) { 0 } else { (y + 0.5).floor() as u8 }
        };
        let table = (0..layout.range()).map(eight).collect();
        Ok(Self { table, layout, shown, windows })
    }

    /// The brightness of a stored word.
    pub(crate) fn of(&self, word: u16) -> u8 {
        self.table[usize::from(self.layout.used(word))]
    }
}

/// The used values that occur in a frame.
fn occurring(samples: &Samples<'_>, layout: &Layout) -> Vec<u32> {
    let mut seen = vec![false; layout.range() as usize];
    samples.for_each(|word| seen[usize::from(layout.used(word))] = true);
    (0..layout.range()).filter(|used| seen[*used as usize]).collect()
}
