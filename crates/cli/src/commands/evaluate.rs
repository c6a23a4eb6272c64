//! `evaluate`

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use causal_clip_seg_cli::Console;
use evaluation::{
    CausalMean, CausalRow, CausalStudy, Control, EvaluationError, MeanMask, PresenceQuestions,
    PresenceStudy, Questions, Views, causal_markdown, ranked_sheet, reliability_plot,
    score_control_on,
};
use seg_data::{Case, Dataset, NoteCounts, Sample, Split, distinct_names};
use seg_image::{write_gray8, write_mask, write_rgb};
use seg_metrics::{Bootstrap, Calibration};
use seg_report::{ControlScores, ReportHeader, ScoreReport};
use seg_sentences::Sides;
use serde_json::json;

use crate::arguments::{Network, NetworkArgs, OutArg, SetArgs, create_folder};

/// Scores a trained network on a set, with the true sentences and with wrong ones.
///
/// The controls decide which sentence a case is asked with: its own (`true`), another case's (`shuffled`),
/// another one's of the same kind (`stratified`), the commonest sentence of the training cases (`fixed`),
/// or none (`empty`). `opposite` scores the answer against the mask of the other side, where a picture has
/// a sentence for each side. `prior` does not ask the network: it guesses by the sentence alone, from the
/// masks that it has in the training cases that --where leaves. A network that reads and looks does well on `true` alone.
///
/// Several devices (--device A,B) share the questions of the controls; what comes out does not depend on how
/// many there are.
///
/// Leaves in the folder of --out: scores.json (per-image means and pooled scores with 95 % bootstrap
/// intervals, and the paired differences of the controls), scores.md (the table that is printed too),
/// cases.CONTROL.csv, masks/ (predictions at each mask's own size), overlays.png (the best, the middle and
/// the worst cases; answers amber, references green) and reliability.png.
#[derive(clap::Args)]
#[command(after_help = "Example:
  causal-clip-seg evaluate -w runs/first --data DIR --split test --out runs/first/test")]
pub(crate) struct Evaluate {
    #[command(flatten)]
    set: SetArgs,
    #[command(flatten)]
    out: OutArg,
    /// Which sentences are asked: any of true, shuffled, stratified, fixed, empty, opposite,
    /// prior
    #[arg(long, value_delimiter = ',', default_value = "true,shuffled,opposite")]
    controls: Vec<Control>,
    /// Use only cases whose group is known and in no other split, where patients of val or test are also
    /// in train
    #[arg(long)]
    unshared: bool,
    /// Average the answers about several views of each picture (brighter, darker, mirrored with the words
    /// exchanged); leaves tta/CASE.mean.png and tta/CASE.spread.png
    #[arg(long)]
    tta: bool,
    /// What left and right mean, for --tta and --presence: image, patient, or fixed (never mirror)
    /// [default: as stored with the weights, else image]
    #[arg(long)]
    sides: Option<Sides>,
    /// Also ask for targets that are not there (the target covered, the other side where it is free, a
    /// negation, something off topic, the set's own empty masks) and report how many are recognised. The
    /// threshold is the one stored with the weights, or fitted on the val split; leaves presence.csv
    #[arg(long)]
    presence: bool,
    /// Also look inside: Dice of both branches and their overlap, the gates inside and outside the masks,
    /// and the effect of another picture's gates or features; leaves causal.csv
    #[arg(long)]
    causal_report: bool,
    #[command(flatten)]
    network: NetworkArgs,
}

impl Evaluate {
    pub(crate) fn run(self, console: Console) -> anyhow::Result<bool> {
        let network = self.network.open_on_all(console)?;
        let data = self.set.data.open_noted(network.weights.metadata(), console)?;
        let cases = self.chosen(&data)?;
        let out = self.out.create("evaluate")?;
        let names = distinct_names(&cases);
        let bootstrap = Bootstrap { seed: self.set.seed, ..Bootstrap::default() };
        let work = Work {
            args: &self,
            network: &network,
            data: &data,
            cases: &cases,
            names: &names,
            out: &out,
            bootstrap,
            console,
        };
        let (controls, calibration) = work.controls()?;
        let mut header = work.header()?;
        let own = controls.iter().find(|control| control.name == "true");
        if let Some(own) = own {
            header.run.insert("ece".to_owned(), json!(calibration.ece()));
            if let Some(plot) = reliability_plot(&calibration) {
                write_rgb(&out.join("reliability.png"), &plot)?;
            }
            let sheet = ranked_sheet(&network.segmenter, &cases, own)?;
            write_rgb(&out.join("overlays.png"), &sheet)?;
        }
        let presence = self.presence.then(|| work.presence()).transpose()?;
        if let Some(study) = &presence {
            header.more.insert("presence".to_owned(), serde_json::to_value(study)?);
        }
        let causal = self.causal_report.then(|| work.causal()).transpose()?;
        if let Some(means) = &causal {
            header.more.insert("causal".to_owned(), serde_json::to_value(means)?);
        }
        let report = ScoreReport::from_controls(header, &controls, bootstrap)?;
        report.write(&out)?;
        report.write_cases(&out, &controls)?;
        console.result(&report, || {
            let causal = causal.as_deref().map(|means| causal_markdown(means) + "\n");
            let presence = presence.as_ref().map(|study| study.markdown() + "\n");
            [causal, presence, Some(report.markdown())].into_iter().flatten().collect()
        })?;
        console.line(format!("-> {}", out.display()));
        Ok(true)
    }

    /// The cases that are scored.
    fn chosen<'a>(&self, data: &'a Dataset) -> anyhow::Result<Vec<&'a Case>> {
        let mut cases = data.cases(self.set.split);
        if self.unshared {
            let shared = data.shared_groups().into_iter().map(|group| group.name);
            let shared = shared.collect::<HashSet<_>>();
            cases.retain(|case| case.group.as_ref().is_some_and(|group| !shared.contains(group)));
        }
        self.set.choose(cases)
    }
}

/// What all parts of an evaluation look at.
struct Work<'a> {
    args: &'a Evaluate,
    network: &'a Network,
    data: &'a Dataset,
    cases: &'a [&'a Case],
    names: &'a [String],
    out: &'a Path,
    bootstrap: Bootstrap,
    console: Console,
}

impl Work<'_> {
    /// The scores under each control, and how true the probabilities are.
    fn controls(&self) -> anyhow::Result<(Vec<ControlScores>, Calibration)> {
        let folders = [self.out.join("masks"), self.out.join("tta")];
        for folder in folders.iter().take(1 + usize::from(self.args.tta)) {
            create_folder(folder)?;
        }
        let views = self.args.tta.then_some(Views { sides: self.sides() });
        let (data, cases, seed) = (self.data, self.cases, self.args.set.seed);
        let mut calibration = Calibration::default();
        let mut controls = Vec::new();
        let mut notes = NoteCounts::default();
        for control in &self.args.controls {
            let bar = self.console.progress(cases.len(), control.to_string());
            let first = controls.is_empty();
            let see = |place: usize, answer: &MeanMask, case: &Sample| {
                bar.inc(1);
                if first {
                    notes.merge(case.notes.clone());
                }
                if *control == Control::True {
                    leave(&folders, &self.names[place], answer)?;
                    let (answer, reference) = (&answer.mask.probabilities, &case.mask.values);
                    match &case.ignored {
                        None => calibration.add(answer, reference),
                        Some(ignored) => {
                            let counts = |at: &usize| !ignored.values[*at];
                            let (answer, reference): (Vec<_>, Vec<_>) = (0..answer.len())
                                .filter(counts)
                                .map(|at| (answer[at], reference[at]))
                                .unzip();
                            calibration.add(&answer, &reference);
                        }
                    }
                }
                Ok(())
            };
            let questions = Questions { data, cases, seed };
            let devices = (&self.network.segmenter, &self.network.others[..]);
            let scored = score_control_on(devices, questions, *control, views.as_ref(), see)?;
            bar.finish_and_clear();
            match scored.cases.is_empty() {
                true => self.console.note(format!("no case fits the control `{control}`; skipped")),
                false => controls.push(scored),
            }
        }
        notes.lines().into_iter().for_each(|line| self.console.note(line));
        Ok((controls, calibration))
    }

    fn sides(&self) -> Sides {
        self.args.sides.unwrap_or_else(|| self.network.sides())
    }

    fn header(&self) -> anyhow::Result<ReportHeader> {
        let input = &self.network.segmenter.config().input;
        let mut header = ReportHeader::new(self.args.set.split.to_string());
        header.weights_sha256 = Some(self.network.weights.sha256()?);
        header.threshold = Some(f64::from(input.threshold));
        header.run.extend([
            ("branch".to_owned(), json!(input.branch)),
            ("tta".to_owned(), json!(self.args.tta)),
            ("unshared".to_owned(), json!(self.args.unshared)),
            ("tables".to_owned(), json!(self.data.table_hashes()?)),
            ("device".to_owned(), json!(self.args.network.device.name())),
            ("version".to_owned(), json!(env!("CARGO_PKG_VERSION"))),
        ]);
        Ok(header)
    }

    /// Whether the network tells what is there from what is not.
    fn presence(&self) -> anyhow::Result<PresenceStudy> {
        let (data, cases, split) = (self.data, self.cases, self.args.set.split);
        let fitted = self.network.segmenter.config().input.presence.is_none();
        if fitted && split == Split::Val {
            self.console.note(
                "the threshold of presence is fitted on the same cases that it is reported on",
            );
        }
        let asked = PresenceQuestions { data, cases, split, sides: self.sides() };
        let val = if fitted { data.cases(Split::Val).len() } else { 0 };
        let bar = self.console.progress(val + cases.len(), "presence");
        let study = PresenceStudy::run(&self.network.segmenter, &asked, || bar.inc(1))?;
        bar.finish_and_clear();
        study.write_queries(&self.out.join("presence.csv"), self.names)?;
        Ok(study)
    }

    /// What happens inside the network.
    fn causal(&self) -> anyhow::Result<Vec<CausalMean>> {
        // The network as it was trained: the prepared one has no gates of its own.
        let Network { weights, device, .. } = self.network;
        let study = CausalStudy {
            network: &weights.as_trained(device)?,
            cases: self.cases,
            names: self.names,
            seed: self.args.set.seed,
        };
        let bar = self.console.progress(self.cases.len(), "inside");
        let rows = study.rows(|| bar.inc(1))?;
        bar.finish_and_clear();
        CausalRow::write(&rows, &self.out.join("causal.csv"))?;
        Ok(CausalRow::means(&rows, &self.bootstrap)?)
    }
}

/// Leaves the mask, and with several views their mean and spread.
fn leave(folders: &[PathBuf; 2], name: &str, answer: &MeanMask) -> Result<(), EvaluationError> {
    let [masks, tta] = folders;
    let mask = &answer.mask;
    write_mask(&masks.join(format!("{name}.png")), &mask.binary())?;
    if let Some(spread) = &answer.spread {
        mask.write_probabilities(tta.join(format!("{name}.mean.png")))?;
        // Half is the most that a probability's deviation can be: 255.
        let grey = spread.iter().map(|s| (s * 510.0).round() as u8).collect();
        let file = tta.join(format!("{name}.spread.png"));
        write_gray8(&file, mask.width, mask.height, grey)?;
    }
    Ok(())
}
