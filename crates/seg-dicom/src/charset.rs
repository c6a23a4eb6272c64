//! Texts in the character set of a data set.

use dicom_dictionary_std::tags;
use dicom_encoding::text::{SpecificCharacterSet, TextCodec};

use crate::dataset::DataSet;

/// The character set of a data set's texts.
pub(crate) struct Charset(SpecificCharacterSet);

impl Charset {
    /// The last one that is known, if escapes switch between several: the first is the Latin one, which the
    /// others contain.
    pub(crate) fn of(set: &DataSet<'_>) -> Self {
        let codes = set.texts(tags::SPECIFIC_CHARACTER_SET);
        let known = codes.iter().rev().find_map(|code| SpecificCharacterSet::from_code(code));
        Self(known.unwrap_or_default())
    }

    /// A text; what it cannot read of it is replaced.
    pub(crate) fn decode(&self, bytes: &[u8]) -> String {
        let text = self.0.decode(bytes);
        let text = text.unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned());
        // What is left of escapes would be invisible and wrong in another character set.
        text.replace(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t'), "")
    }
}
