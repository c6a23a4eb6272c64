//! `convention`

use std::path::PathBuf;

use causal_clip_seg_cli::Console;
use seg_metrics::{Convention as Followed, Percent, PublishedPair};
use seg_report::{OwnPair, OwnScores, describe_candidates, describe_pair, nearest_conventions};
use serde_json::{Value, json};

/// Says whether a published Dice and IoU are means over images or pooled over all pixels.
///
/// For one pair of masks, and for all pixels of a set together, Dice is 2 IoU / (1 + IoU). A mean over
/// images falls short of that unless all images score alike, and is never below the mean IoU. So the two
/// numbers tell how they were averaged, as far as their digits go: type them as they are printed, with
/// all decimals. With --scores your own figures stand beside them, in the same convention.
///
/// The value of a pair under another convention cannot be computed from it. With masks it can: run
/// `score --all-conventions` on those of the published model, and give its conventions.json with
/// --conventions to learn which convention brings them nearest to the published pair, and whose it is.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  causal-clip-seg convention --dice 83.66 --iou 75.11")]
pub(crate) struct Convention {
    /// Published Dice in percent, as printed: 83.66
    #[arg(long, value_name = "PERCENT")]
    dice: Percent,
    /// Published IoU in percent (often called mIoU), as printed: 75.11
    #[arg(long, value_name = "PERCENT")]
    iou: Percent,
    /// A scores.json left by evaluate or score: its control `true` is set beside the pair
    #[arg(long, value_name = "JSON")]
    scores: Option<PathBuf>,
    /// A conventions.json left by score --all-conventions: which convention is nearest to the pair
    #[arg(long, value_name = "JSON")]
    conventions: Option<PathBuf>,
}

impl Convention {
    pub(crate) fn run(self, console: Console) -> anyhow::Result<bool> {
        let pair = PublishedPair::new(self.dice, self.iou)?;
        let own = self.scores.as_deref().map(OwnScores::read).transpose()?;
        let nearest = self.conventions.as_deref().map(|file| nearest_conventions(file, &pair));
        let nearest = nearest.transpose()?;
        let convention = match pair.convention() {
            Followed::Pooled => "pooled",
            Followed::PerImage => "per_image",
            Followed::Neither => "neither",
        };
        let told = json!({
            "dice": pair.dice().value(),
            "iou": pair.iou().value(),
            "convention": convention,
            "pooled_dice": pair.pooled_dice(),
            "gap": pair.gap(),
            "own": own.as_ref().map(own_scores),
            "nearest": nearest,
        });
        console.result(&told, || {
            let nearest = nearest.as_ref().map(|found| describe_candidates(found, &pair));
            let nearest = nearest.map_or(String::new(), |text| format!("\n{text}"));
            format!("{}{nearest}", describe_pair(&pair, own.as_ref()))
        })?;
        Ok(true)
    }
}

fn own_scores(own: &OwnScores) -> Value {
    let pair = |pair: &OwnPair| {
        let [dice, iou] = [pair.dice, pair.iou]
            .map(|score| json!({ "value": 100.0 * score.value, "ci95": score.ci95.map(|end| 100.0 * end) }));
        json!({ "dice": dice, "iou": iou })
    };
    json!({
        "cases": own.cases,
        "split": own.split,
        "per_image": pair(&own.per_image),
        "pooled": pair(&own.pooled),
    })
}
