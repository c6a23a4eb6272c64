//! `read`

use causal_clip_seg_cli::Console;
use evaluation::{ReadingFound, ReadingTest};
use seg_metrics::Bootstrap;
use seg_report::ReadingOptions;
use seg_sentences::{Grammar, Sides};

use crate::arguments::{NetworkArgs, OutArg, SetArgs};

/// Tests whether a network reads: edits its sentences minimally and watches the mask.
///
/// Left and right, upper and lower, one and two, bilateral and unilateral are exchanged; the sentence is
/// negated, replaced by one about something else, its words are shuffled, and each word is left out in
/// turn.
///
/// Leaves in the folder of --out: reading.html (one page with pictures), reading.json, reading.md (the
/// table that is printed too) and reading.csv (a row for each edit). They tell how far the mask moves,
/// whether it moves the right way, how well it fits what the edited sentence means if the set has that
/// mask, and which words matter.
#[derive(clap::Args)]
#[command(after_help = "Example:
  causal-clip-seg read -w runs/first --data DIR --cases 200 --out runs/first/read")]
pub(crate) struct Read {
    #[command(flatten)]
    set: SetArgs,
    #[command(flatten)]
    out: OutArg,
    /// What left and right mean if a sentence does not say whose: image, patient, or fixed (neither)
    /// [default: as stored with the weights, else image]
    #[arg(long)]
    sides: Option<Sides>,
    /// Do not leave words out one by one, which saves a question for each word
    #[arg(long)]
    no_leave_out: bool,
    #[command(flatten)]
    network: NetworkArgs,
}

/// Pictures on the page for each kind of edit.
const SHOWN: usize = 3;

impl Read {
    pub(crate) fn run(self, console: Console) -> anyhow::Result<bool> {
        let network = self.network.open(console)?;
        let data = self.set.data.open_noted(network.weights.metadata(), console)?;
        let split = data.cases(self.set.split);
        let cases = self.set.choose(split.clone())?;
        let test = ReadingTest {
            segmenter: &network.segmenter,
            cases: &cases,
            split: &split,
            grammar: &Grammar { leave_out: !self.no_leave_out, ..Grammar::default() },
            examples: SHOWN,
        };
        let bootstrap = Bootstrap { seed: self.set.seed, ..Bootstrap::default() };
        let sides = self.sides.unwrap_or_else(|| network.sides());
        let options = ReadingOptions { sides, bootstrap };
        let bar = console.progress(cases.len(), "reading");
        let ReadingFound { reading, examples } = test.run(options, || bar.inc(1))?;
        bar.finish_and_clear();

        let out = self.out.create("read")?;
        let folder = self.set.data.data.file_name().unwrap_or_default().to_string_lossy();
        let report = reading.report()?.with_name(format!("{folder}, {}", self.set.split));
        report.write(&out, &examples)?;
        reading.write_cases(&out.join("reading.csv"))?;
        console.result(&report, || report.markdown())?;
        console.line(format!("-> {}", out.join("reading.html").display()));
        Ok(true)
    }
}
