//! What can be measured.

/// What a case runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Sentences to tokens.
    Tokenizer,
    /// A large matrix product: what the machine can do.
    Matmul,
    /// Pixels to a pyramid, as trained.
    ImageTower,
    /// Tokens to states.
    TextTower,
    /// Pyramid to both aggregated maps, as trained.
    Neck,
    /// Both maps to logits in the paper's order.
    DecoderPlain,
    /// Both maps to logits, channels mixed before enlarging.
    DecoderFast,
    /// Pixels and tokens to causal logits, prepared for inference.
    Forward,
    /// Pixels and tokens to causal logits, by the network as trained.
    ForwardUnprepared,
    /// Pixels to the picture's maps, prepared for inference.
    Picture,
    /// The picture's maps and states to causal logits, prepared for inference.
    Answer,
    /// One step on the loss of both branches together.
    Train,
    /// One step of each player, in turns.
    TwoPlayer,
    /// A weight file to a network ready to answer.
    Load,
    /// A new process to a mask file: program, weight file, picture file and sentence.
    ColdStart,
    /// Picture and mask files to network input.
    Data,
    /// A picture file and a sentence to a mask file.
    Segment,
}

/// One measurement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// `forward-224-b1`
    pub name: String,
    /// What runs.
    pub part: Part,
    /// Side of the pictures.
    pub size: usize,
    /// Pictures, each with a sentence.
    pub batch: usize,
}

/// Every case, the cheap ones first.
pub fn all_cases() -> Vec<Case> {
    let alone = |name: &str, part, batch| Case { name: name.to_owned(), part, size: 224, batch };
    let sized = |name: &str, part, size, batch| Case {
        name: format!("{name}-{size}-b{batch}"),
        part,
        size,
        batch,
    };
    let mut cases = vec![
        alone("matmul", Part::Matmul, 1),
        alone("tokenizer", Part::Tokenizer, 256),
        alone("load", Part::Load, 1),
        alone("cold-start", Part::ColdStart, 1),
        alone("data", Part::Data, 32),
        alone("segment-224", Part::Segment, 1),
        alone("text-tower-b1", Part::TextTower, 1),
        alone("text-tower-b8", Part::TextTower, 8),
    ];
    for (name, part) in [
        ("image-tower", Part::ImageTower),
        ("neck", Part::Neck),
        ("picture", Part::Picture),
        ("answer", Part::Answer),
        ("decoder-fast", Part::DecoderFast),
        ("decoder-plain", Part::DecoderPlain),
        ("forward-unprepared", Part::ForwardUnprepared),
    ] {
        cases.push(sized(name, part, 224, 1));
    }
    for size in [224, 320, 416, 544, 672, 896] {
        cases.push(sized("forward", Part::Forward, size, 1));
    }
    for size in [224, 416] {
        cases.push(sized("forward", Part::Forward, size, 8));
    }
    cases.push(sized("train", Part::Train, 224, 4));
    cases.push(sized("train", Part::Train, 96, 16));
    cases.push(sized("two-player", Part::TwoPlayer, 224, 4));
    cases
}

/// Whether `name` fits a pattern in which `*` stands for anything.
pub fn matches_glob(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts = parts.collect::<Vec<_>>();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    let after = middle.iter().try_fold(rest, |rest, part| Some(rest.split_once(part)?.1));
    after.is_some_and(|rest| rest.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, fits) in [
            ("forward-224-b1", true),
            ("forward*", true),
            ("*-b1", true),
            ("*224*", true),
            ("*", true),
            ("f*-*-b1", true),
            ("forward-224-b", false),
            ("*416*", false),
            ("", false),
        ] {
            assert_eq!(matches_glob(pattern, "forward-224-b1"), fits, "{pattern}");
        }
    }

    #[test]
    fn names_are_distinct() {
        let mut names = all_cases().into_iter().map(|case| case.name).collect::<Vec<_>>();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
