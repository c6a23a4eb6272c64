//! `inspect`

use std::collections::BTreeMap;
use std::path::PathBuf;

use causal_clip_seg::parts::Tokenizer;
use causal_clip_seg_cli::Console;
use seg_data::{Dataset, Split};
use seg_inspect::{InspectOptions, Inspection};

use crate::arguments::{DataArgs, create_folder};

/// Audits a set before anything is trained on it.
///
/// Reads every picture, mask and sentence, and reports: counts and sizes; patients in more than one
/// split; equal and nearly equal pictures and whether their masks agree; likely typing errors; whether
/// "left" is the image's or the patient's, measured from the masks, and which augmentation is safe because
/// of it. Every finding names file and row.
///
/// Prints a summary. With --out also leaves report.html (one page with pictures) and report.json
/// (everything). Ends with exit code 1 if the set cannot be trained on.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  causal-clip-seg inspect --data DIR --out runs/inspect")]
pub(crate) struct Inspect {
    #[command(flatten)]
    data: DataArgs,
    /// Folder for report.html and report.json, made if need be
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Inspect {
    pub(crate) fn run(self, console: Console) -> anyhow::Result<bool> {
        let inspection = inspect(&self.data.open(&BTreeMap::new())?, console)?;
        console.result(&inspection, || inspection.summary())?;
        if let Some(out) = &self.out {
            create_folder(out)?;
            let page = out.join("report.html");
            whole_file::write(&page, inspection.html().as_bytes())?;
            whole_file::write(&out.join("report.json"), &serde_json::to_vec_pretty(&inspection)?)?;
            console.line(format!("-> {} and report.json", page.display()));
        }
        Ok(inspection.can_train())
    }
}

fn inspect(data: &Dataset, console: Console) -> anyhow::Result<Inspection> {
    let cases = Split::ALL.iter().map(|split| data.cases(*split).len()).sum::<usize>();
    let bar = console.progress(cases, "inspecting");
    let tokenizer = Tokenizer::clip();
    let tokens = |sentence: &str| match tokenizer.encode(sentence, 77) {
        Ok(encoded) => encoded.uncut_len,
        Err(_) => 0,
    };
    let tick = || bar.inc(1);
    let options = InspectOptions { tick: &tick, ..InspectOptions::new(&tokens) };
    let inspection = Inspection::run(data, &options)?;
    bar.finish_and_clear();
    Ok(inspection)
}
