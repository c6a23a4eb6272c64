//! Every word that this crate knows, by purpose. All are in lower case.

/// Whether a word is one of a list with blanks between.
pub(crate) fn is_among(word: &str, words: &str) -> bool {
    words.split(' ').any(|one| one == word)
}

// Places.

/// Left and right.
pub(crate) const SIDE: [&str; 2] = ["left", "right"];

/// Heights, the higher one first; bare "up" and "down" are more often no place.
pub(crate) const UPPER: [&str; 2] = ["upper", "lower"];
pub(crate) const TOP: [&str; 2] = ["top", "bottom"];
pub(crate) const SUPERIOR: [&str; 2] = ["superior", "inferior"];
pub(crate) const UP: [&str; 2] = ["up", "down"];

/// Words for neither end.
pub(crate) const CENTRES: [&str; 6] = ["middle", "center", "centre", "central", "centrally", "mid"];

/// Words found glued to a place.
pub(crate) const GLUED: [&str; 6] = ["lung", "lungs", "lobe", "side", "all", "and"];

/// What a height may be of: "upper third of the left lung" is one place.
pub(crate) const PARTS: [&str; 9] =
    ["half", "third", "part", "zone", "region", "portion", "section", "area", "lobe"];

/// Misspellings, those of QaTa-COV19's sentences first, then other slips as likely.
pub(crate) const TYPOS: [(&str, &str); 25] = [
    ("mmiddle", "middle"),
    ("midddle", "middle"),
    ("middlr", "middle"),
    ("midldle", "middle"),
    ("midlle", "middle"),
    ("midde", "middle"),
    ("mddle", "middle"),
    ("iddle", "middle"),
    ("uppper", "upper"),
    ("llower", "lower"),
    ("lowe", "lower"),
    ("leff", "left"),
    ("lef", "left"),
    ("uper", "upper"),
    ("upepr", "upper"),
    ("lowr", "lower"),
    ("loewr", "lower"),
    ("lowwer", "lower"),
    ("leftt", "left"),
    ("letf", "left"),
    ("lfet", "left"),
    ("rigth", "right"),
    ("rihgt", "right"),
    ("rigt", "right"),
    ("rght", "right"),
];

/// Words of their own right that are one slip away from a place.
pub(crate) const ORDINARY: &str = "\
    lift loft cleft deft heft lent lest lefty bright light might night tight sight fight eight \
    fright rights supper upped power tower lover loser lowed mower rower cower slower flower \
    blower lowers sower bottoms glower loner weft wright";

// How things lie, without a place.

/// False after any turn.
pub(crate) const ORIENTED: &str =
    "oriented orientated orientation tilted slanted leaning rotated clock o'clock o\u{2019}clock";

/// False in a mirror.
pub(crate) const CLOCK: &str = "clockwise counterclockwise anticlockwise";

/// Name a side in another way.
pub(crate) const ACROSS: &str = "east eastern west western lingula lingular l r lt rt";

/// Name a height in another way.
pub(crate) const ALONG: &str = "\
    above below beneath underneath underside upside upright up down north northern south \
    southern apex apices apical base bases basal basilar bibasal bibasilar costophrenic \
    diaphragm diaphragmatic hemidiaphragm supradiaphragmatic cranial caudal anterior posterior \
    subdiaphragmatic";

/// Tell rows from columns.
pub(crate) const LYING: &str = "\
    bilateral bilaterally unilateral unilaterally horizontal horizontally vertical vertically \
    wide wider widest width tall taller tallest height sides sided hand handed inner outer \
    lateral";

/// Name both sides at once.
pub(crate) const BOTH: &str = "both bilateral";

/// One side, and both.
pub(crate) const LATERALITY: [[&str; 2]; 2] =
    [["unilateral", "bilateral"], ["unilaterally", "bilaterally"]];

// Whose sides.

/// With one of these the sides of a clause are the patient's.
pub(crate) const PATIENT: &str = "patient patients patient's patient\u{2019}s anatomic anatomical";

/// With one of these they are the picture's.
pub(crate) const PICTURE: &str = "image image's picture picture's";

/// With one of these in a sentence its places are those of a body, standing upright.
pub(crate) const BODY: &str =
    "lung lungs lobe lobes thorax hemithorax mediastinum hemisphere hemispheres";

/// What may follow a place that is one of the picture: not so "left kidney".
pub(crate) const PLACED: &str = "\
    in is are was were of and or on at with within to from but as by near has have that which \
    where while than side part parts half halves third thirds quarter quadrant quadrants corner \
    corners edge border margin region regions area areas portion zone section end field one ones \
    lesion lesions tumor tumors tumour tumours nodule nodules mass masses polyp polyps nuclei \
    nucleus cell cells opacity opacities infection direction";

// How many.

/// Say how many.
pub(crate) const COUNTS: &str = "\
    both all every each one two three four five six seven eight nine ten single several multiple";

/// Numbers that are exchanged, one and several. "A single" and "several" are a pair of two words
/// and one, so that both ways are English.
pub(crate) const NUMBERS: [[&str; 2]; 2] = [["one", "two"], ["single", "multiple"]];

/// What is counted, one and several.
pub(crate) const COUNTED: [[&str; 2]; 22] = [
    ["area", "areas"],
    ["region", "regions"],
    ["lesion", "lesions"],
    ["nodule", "nodules"],
    ["opacity", "opacities"],
    ["tumor", "tumors"],
    ["tumour", "tumours"],
    ["mass", "masses"],
    ["polyp", "polyps"],
    ["infection", "infections"],
    ["consolidation", "consolidations"],
    ["infiltrate", "infiltrates"],
    ["abnormality", "abnormalities"],
    ["finding", "findings"],
    ["spot", "spots"],
    ["patch", "patches"],
    ["cyst", "cysts"],
    ["focus", "foci"],
    ["nucleus", "nuclei"],
    ["cell", "cells"],
    ["part", "parts"],
    ["structure", "structures"],
];

/// Verbs that follow a noun and have its number.
pub(crate) const VERBS: [[&str; 2]; 3] = [["is", "are"], ["was", "were"], ["has", "have"]];

// That there is nothing.

/// Say that there is nothing, or turn what follows around.
pub(crate) const NEGATIONS: &str = "\
    no not none nothing nowhere without never neither nor cannot absent absence except excluding \
    opposite contralateral ipsilateral";

/// A sentence that begins with one of these is a negation.
pub(crate) const OPENING_NEGATIONS: [&str; 3] = ["no", "nothing", "without"];

/// What a sentence may be about, and the word for it in a negation; findings first.
pub(crate) const NEGATED: [(&str, &str); 36] = [
    ("infection", "infection"),
    ("infections", "infection"),
    ("lesion", "lesion"),
    ("lesions", "lesion"),
    ("nodule", "nodule"),
    ("nodules", "nodule"),
    ("opacity", "opacity"),
    ("opacities", "opacity"),
    ("tumor", "tumor"),
    ("tumors", "tumor"),
    ("tumour", "tumour"),
    ("tumours", "tumour"),
    ("mass", "mass"),
    ("masses", "mass"),
    ("polyp", "polyp"),
    ("polyps", "polyp"),
    ("consolidation", "consolidation"),
    ("consolidations", "consolidation"),
    ("infiltrate", "infiltrate"),
    ("infiltrates", "infiltrate"),
    ("cyst", "cyst"),
    ("cysts", "cyst"),
    ("glioma", "glioma"),
    ("meningioma", "meningioma"),
    ("abnormality", "abnormality"),
    ("abnormalities", "abnormality"),
    ("nucleus", "nuclei"),
    ("nuclei", "nuclei"),
    ("cell", "cells"),
    ("cells", "cells"),
    ("organ", "organ"),
    ("heart", "heart"),
    ("lung", "lung"),
    ("lungs", "lung"),
    ("disc", "disc"),
    ("cup", "cup"),
];

/// Adjectives that say where in the body, kept before the noun of a negation.
pub(crate) const ORGANS: [&str; 4] = ["pulmonary", "brain", "breast", "skin"];

// What means nothing.

/// Articles, prepositions, and what every picture is. [`PICTURE`] is idle too: where nobody's side
/// is named it is the image's.
pub(crate) const IDLE: &str = "a an the this that there is are in on at of by side sides view image\u{2019}s picture\u{2019}s";

/// Words by which an English sentence is known. None that another language has with another meaning
/// ("in", "a", "no").
pub(crate) const ENGLISH: &str = "\
    the of and with at is are there this one two three four five six small medium large several \
    multiple single left right upper lower top bottom middle lung lungs lobe chest breast heart liver \
    kidney kidneys brain skin colon retina cell cells nuclei nucleus image picture region area areas \
    lesion lesions nodule nodules infection infected tumor tumors tumour tumours mass masses polyp \
    polyps opacity opacities pneumonia effusion spot spots bright dark shaped oval round benign \
    malignant bilateral unilateral pulmonary without finding findings";

#[cfg(test)]
mod tests {
    use super::*;

    /// A list is written over several lines: a missing blank would join two words.
    #[test]
    fn lists_are_words_in_lower_case_each_once() {
        let lists = [
            ORDINARY, ORIENTED, CLOCK, ACROSS, ALONG, LYING, PATIENT, PICTURE, BODY, PLACED,
            COUNTS, NEGATIONS, IDLE,
        ];
        for list in lists {
            let mut words = list.split(' ').collect::<Vec<_>>();
            assert!(words.iter().all(|word| !word.is_empty() && *word == word.to_lowercase()));
            let count = words.len();
            words.sort_unstable();
            words.dedup();
            assert_eq!(words.len(), count, "{list}");
        }
    }
}
