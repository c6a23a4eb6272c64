//! Codes for what a segment shows.

use std::str::FromStr;

/// A concept of a coding scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Such as `52988006`; at most 16 characters.
    pub value: String,
    /// Such as `SCT` for SNOMED CT; at most 16 characters.
    pub scheme: String,
    /// In English; at most 64 characters.
    pub meaning: String,
}

impl Code {
    pub(crate) fn new(value: &str, scheme: &str, meaning: &str) -> Self {
        let (value, scheme) = (value.to_owned(), scheme.to_owned());
        Self { value, scheme, meaning: meaning.to_owned() }
    }
}

/// The kind of thing that a segment shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Category {
    /// Something that should not be there.
    #[default]
    Finding,
    /// A part of the body.
    Anatomy,
    /// A device.
    Object,
}

impl Category {
    pub(crate) fn code(self) -> Code {
        match self {
            Self::Finding => Code::new("49755003", "SCT", "Morphologically Abnormal Structure"),
            Self::Anatomy => Code::new("91723000", "SCT", "Anatomical Structure"),
            Self::Object => Code::new("260787004", "SCT", "Physical object"),
        }
    }
}

/// What a segment shows, in codes.
///
/// As text it is a word of a small table (`lesion`, `infection`, `opacity`, `infiltrate`, `mass`, `nodule`,
/// `tumour`, `cyst`, `effusion`, `lung`, `heart`, `bone`, `breast`, `liver`, `kidney`, `brain`, `nucleus`), or
/// `VALUE,SCHEME,MEANING`, with `,anatomy` or `,object` behind what is no finding.
///
/// ```
/// use seg_dicom::{Category, SegmentKind};
///
/// let kind: SegmentKind = "nodule".parse()?;
/// assert_eq!((kind.code.value.as_str(), kind.category), ("27925004", Category::Finding));
/// let kind: SegmentKind = "80891009,SCT,Heart,anatomy".parse()?;
/// assert_eq!(kind.category, Category::Anatomy);
/// assert_eq!(SegmentKind::of_sentence("A nodule in the left lung.").code.meaning, "Nodule");
/// # Ok::<(), seg_dicom::UnknownKind>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentKind {
    /// What kind of thing it is.
    pub category: Category,
    /// What it is.
    pub code: Code,
}

/// A text that is neither a word of the table nor a code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{found}` is no code: expected one of {}, or VALUE,SCHEME,MEANING such as 52988006,SCT,Lesion (at most \
     16, 16 and 64 characters), with ,anatomy or ,object behind what is no finding",
    KINDS.map(|(words, ..)| words[0]).join(", ")
)]
pub struct UnknownKind {
    /// What was given.
    pub found: String,
}

type Kind = (&'static [&'static str], Category, &'static str, &'static str, &'static str);

/// Words in any form, and what they stand for. The codes are those of DICOM's own lists of SNOMED CT and
/// DCM concepts (PS3.16). Findings come first: a lesion in a lung is a lesion.
const KINDS: [Kind; 17] = [
    (&["lesion", "lesions"], Category::Finding, "52988006", "SCT", "Lesion"),
    (
        &["infection", "infections", "infected", "pneumonia", "inflammation"],
        Category::Finding,
        "409774005",
        "SCT",
        "Inflammation",
    ),
    (&["opacity", "opacities", "consolidation"], Category::Finding, "112001", "DCM", "Opacity"),
    (&["infiltrate", "infiltrates"], Category::Finding, "112121", "DCM", "Infiltrate"),
    (&["mass", "masses"], Category::Finding, "4147007", "SCT", "Mass"),
    (&["nodule", "nodules"], Category::Finding, "27925004", "SCT", "Nodule"),
    (
        &["tumour", "tumours", "tumor", "tumors", "neoplasm"],
        Category::Finding,
        "108369006",
        "SCT",
        "Neoplasm",
    ),
    (&["cyst", "cysts"], Category::Finding, "367643001", "SCT", "Cyst"),
    (&["effusion", "effusions"], Category::Finding, "41699000", "SCT", "Effusion"),
    (&["lung", "lungs"], Category::Anatomy, "39607008", "SCT", "Lung"),
    (&["heart"], Category::Anatomy, "80891009", "SCT", "Heart"),
    (&["bone", "bones"], Category::Anatomy, "272673000", "SCT", "Bone"),
    (&["breast", "breasts"], Category::Anatomy, "76752008", "SCT", "Breast"),
    (&["liver"], Category::Anatomy, "10200004", "SCT", "Liver"),
    (&["kidney", "kidneys"], Category::Anatomy, "64033007", "SCT", "Kidney"),
    (&["brain"], Category::Anatomy, "12738006", "SCT", "Brain"),
    (&["nucleus", "nuclei"], Category::Anatomy, "84640000", "SCT", "Nucleus"),
];

impl SegmentKind {
    fn new(&(_, category, value, scheme, meaning): &Kind) -> Self {
        Self { category, code: Code::new(value, scheme, meaning) }
    }

    /// The first kind of the table that a sentence has a word of; a lesion if it has none.
    pub fn of_sentence(sentence: &str) -> Self {
        let mut named = KINDS.iter().filter(|kind| has_word(sentence, kind.0));
        Self::new(named.next().unwrap_or(&KINDS[0]))
    }

    /// The part of the body that a sentence names, if the table has it.
    pub(crate) fn region_of(sentence: &str) -> Option<Code> {
        let named = KINDS.iter().filter(|kind| kind.1 == Category::Anatomy);
        let mut named = named.filter(|kind| has_word(sentence, kind.0));
        named.next().map(|kind| Self::new(kind).code)
    }
}

fn has_word(sentence: &str, words: &[&str]) -> bool {
    let mut own = sentence.split(|c: char| !c.is_alphabetic());
    own.any(|word| words.iter().any(|other| word.eq_ignore_ascii_case(other)))
}

impl FromStr for SegmentKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let unknown = || UnknownKind { found: text.to_owned() };
        if let Some(kind) = KINDS.iter().find(|kind| kind.0[0].eq_ignore_ascii_case(text.trim())) {
            return Ok(Self::new(kind));
        }
        let parts = text.split(',').map(str::trim).collect::<Vec<_>>();
        let (value, scheme, meaning, category) = match parts[..] {
            [value, scheme, meaning] => (value, scheme, meaning, Category::Finding),
            [value, scheme, meaning, "finding"] => (value, scheme, meaning, Category::Finding),
            [value, scheme, meaning, "anatomy"] => (value, scheme, meaning, Category::Anatomy),
            [value, scheme, meaning, "object"] => (value, scheme, meaning, Category::Object),
            _ => return Err(unknown()),
        };
        let fits = |text: &str, most: usize| {
            let plain = |c: char| !c.is_control() && c != '\\';
            (1..=most).contains(&text.chars().count()) && text.chars().all(plain)
        };
        match fits(value, 16) && fits(scheme, 16) && fits(meaning, 64) {
            true => Ok(Self { category, code: Code::new(value, scheme, meaning) }),
            false => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_come_before_the_places_where_they_are() {
        for (sentence, meaning) in [
            ("Bilateral pulmonary infection, two infected areas.", "Inflammation"),
            ("A Mass in the left breast.", "Mass"),
            ("Left lung.", "Lung"),
            ("The bright spot.", "Lesion"),
            ("massive", "Lesion"),
        ] {
            assert_eq!(SegmentKind::of_sentence(sentence).code.meaning, meaning, "{sentence}");
        }
        assert_eq!(SegmentKind::region_of("A mass in the left breast.").unwrap().meaning, "Breast");
        assert_eq!(SegmentKind::region_of("A mass."), None);
    }

    #[test]
    fn a_code_that_is_none_says_what_is_one() {
        for wrong in
            ["nodul", "1,2", "1,2,", "12345678901234567,SCT,x", "1,SCT,x,thing", "1,S\\T,x"]
        {
            let message = wrong.parse::<SegmentKind>().unwrap_err().to_string();
            assert!(message.contains("expected one of lesion, infection"), "{message}");
        }
    }
}
