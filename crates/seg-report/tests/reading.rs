//! A whole study on phantoms, with networks whose way of reading is known.

use std::path::PathBuf;

use seg_data::phantom::{Kind, Phantom, PhantomConfig, Side, phantom};
use seg_image::BinaryMask;
use seg_metrics::Bootstrap;
use seg_report::{
    EditExample, ExampleAnswer, Prediction, Reading, ReadingOptions, ReadingReport, Trial,
};
use seg_sentences::{EditKind, Grammar};

/// Knows every sentence of the picture; draws nothing at another one.
fn reads(made: &Phantom, sentence: &str) -> BinaryMask {
    let known = made.queries.iter().find(|query| query.sentence == sentence);
    known.map_or_else(|| nothing(made), |query| query.mask.clone())
}

/// Draws all lesions, whatever it is asked.
fn is_deaf(made: &Phantom, _: &str) -> BinaryMask {
    made.findings.iter().fold(nothing(made), |mask, finding| mask.union(&finding.mask))
}

/// Reads sides and, in two of three sentences, nodules; nothing else.
fn skims(made: &Phantom, sentence: &str) -> BinaryMask {
    let asked = |side| match side {
        Side::Left => sentence.contains("left") || !sentence.contains("right"),
        Side::Right => sentence.contains("right") || !sentence.contains("left"),
    };
    let found = made.findings.iter().filter(|finding| asked(finding.side));
    let found = found.filter(|finding| {
        !sentence.contains("nodule")
            || finding.kind == Kind::Nodule
            || sentence.len().is_multiple_of(3)
    });
    found.fold(nothing(made), |mask, finding| mask.union(&finding.mask))
}

fn nothing(made: &Phantom) -> BinaryMask {
    BinaryMask::from_fn(made.image.width(), made.image.height(), |_, _| false)
}

struct Study {
    report: ReadingReport,
    reading: Reading,
    examples: Vec<EditExample>,
}

fn study(network: fn(&Phantom, &str) -> BinaryMask) -> Study {
    let config = PhantomConfig { size: 64, ..PhantomConfig::default() };
    let bootstrap = Bootstrap { resamples: 200, ..Bootstrap::default() };
    let mut reading = Reading::new(ReadingOptions { bootstrap, ..ReadingOptions::default() });
    let mut examples = Vec::new();
    for index in 0..8 {
        let made = phantom(&config, index);
        let group = format!("phantom {index}");
        for (at, query) in made.queries.iter().enumerate() {
            let (case, sentence) = (format!("{group}#{at}"), query.sentence.as_str());
            let original = network(&made, sentence);
            for (edit, edited) in Grammar::default().edits_of(sentence) {
                let answer = network(&made, &edited);
                let truth = made.queries.iter().find(|query| query.sentence == edited);
                let truth = truth.map(|query| &query.mask);
                let trial = Trial {
                    case: &case,
                    group: &group,
                    edit,
                    sentence,
                    edited: &edited,
                    original: Prediction::new(&original),
                    answer: Prediction::new(&answer),
                    reference: Some(&query.mask),
                    edited_reference: truth,
                };
                reading.add(&trial).expect("answers of one size");
                let wanted = edit.kind() != EditKind::LeaveOut && at % 3 == 0;
                if wanted && examples.len() < 12 {
                    examples.push(EditExample {
                        case: case.clone(),
                        image: made.image.clone(),
                        edit,
                        original: ExampleAnswer {
                            sentence: sentence.to_owned(),
                            answer: original.clone(),
                            reference: Some(query.mask.clone()),
                        },
                        edited: ExampleAnswer {
                            sentence: edited.clone(),
                            answer,
                            reference: truth.cloned(),
                        },
                    });
                }
            }
        }
    }
    Study { report: reading.report().expect("trials were added"), reading, examples }
}

#[test]
fn a_network_that_reads_is_told_from_one_that_does_not() {
    let (good, deaf) = (study(reads).report, study(is_deaf).report);
    let share = |report: &ReadingReport, kind| report.edit(kind).unwrap().moved_right.mean.unwrap();
    for kind in [EditKind::SwapSides, EditKind::Negate, EditKind::OffTopic] {
        assert!(share(&good, kind) > 0.95, "{kind}: {}", share(&good, kind));
        assert_eq!(share(&deaf, kind), 0.0, "{kind}");
    }
    let both = |report: &ReadingReport| {
        let sides = report.edit(EditKind::SwapSides).unwrap();
        let both = sides.both_references.unwrap();
        (both.edited.mean.unwrap(), both.original.mean.unwrap(), both.edited.cases)
    };
    let (edited, original, cases) = both(&good);
    assert_eq!((edited, original), (1.0, 0.0));
    assert!(cases >= 16); // each picture's lungs, at least
    assert_eq!(both(&deaf).2, cases);
    for summary in &deaf.edits {
        assert_eq!(summary.dice_to_original.mean, Some(1.0));
        assert_eq!(summary.area_ratio.median, Some(1.0));
    }
    assert!(deaf.words.words.iter().all(|word| word.change.mean == Some(0.0)));
    assert!(!good.words.words.is_empty() && good.groups == 8);
}

/// With the variable `SEG_REPORT_PAGE` set to a folder, the files stay there to be looked at.
#[test]
fn the_files_are_whole() {
    let Study { report, reading, examples } = study(skims);
    let report = report.with_name("Phantoms <test>");
    let temporary = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("SEG_REPORT_PAGE").map(PathBuf::from);
    let folder = kept.as_deref().unwrap_or(temporary.path());
    report.write(folder, &examples).unwrap();
    reading.write_cases(&folder.join("reading.csv")).unwrap();

    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&read("reading.json")).unwrap();
    assert_eq!(json["edits"][0]["edit"], "swap_sides");
    assert!(json["edits"][0]["moved_right"]["ci95"][0].as_f64().unwrap() > 0.5);
    assert!(json["words"]["words"][0]["change"]["mean"].as_f64().unwrap() > 0.0);
    assert_eq!(json["bootstrap"]["units"], "groups");
    let page = read("reading.html");
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("Phantoms &lt;test&gt;"));
    assert_eq!(page.matches("data:image/jpeg").count(), 2 * examples.len());
    assert!(page.len() < 5_000_000 && !page.contains("http"));
    let markdown = read("reading.md");
    assert!(markdown.contains("| left and right swapped | "), "{markdown}");
    let rows = csv::Reader::from_reader(read("reading.csv").as_bytes()).records().count();
    assert_eq!(rows, reading.records().len());
}

#[test]
fn a_page_stays_small() {
    let Study { report, examples, .. } = study(skims);
    let mut noise = 0u32;
    let mut example = examples[0].clone();
    example.image = seg_image::RgbImage::from_fn(400, 400, |_, _| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seg_image::Rgb([(noise >> 24) as u8; 3])
    });
    let page = report.html(&vec![example; 50]).unwrap();
    assert!(page.len() < 5_000_000, "{}", page.len());
    assert!(page.contains("more examples would make the page too large"));
}
