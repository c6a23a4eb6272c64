//! The players' steps in training mode: losses, gradients, parameters, running statistics.

use burn::tensor::Device;
use causal_clip_seg::CausalClipSeg;
use causal_clip_seg::format::names;
use trainer::Recipe;
use trainer::config::{GameConfig, OptimizerConfig, Rule};
use trainer::steps::{Example, Gradients, Learner, Losses, Target};
use vision_layers::host;

use crate::case::{Case, ParityError, Row};
use crate::forward::network;

/// By how many last places the pixels may be changed until every stage of a step agrees.
///
/// AdamW makes a whole step of a gradient that is nothing but rounding, and after player 1's the
/// vectors stand beside the kinks of several ReLUs: the nearest numbers are 2e-6 to 8e-6 from zero,
/// where PyTorch's float32 run is up to 6e-5 from its float64 run. On which side each falls is decided
/// by last places, and the gradients of two sides lie 30 to 70 floors apart; so they do in PyTorch's own
/// float64 run when player 1's gradients are changed by a third of their floors. The vectors hold one
/// side of each. A network that is wrong agrees for no change.
const NUDGES: i16 = 64;

/// Both players' first step.
pub(crate) fn train(case: &Case, device: &Device) -> Result<Vec<Row>, ParityError> {
    let unchanged = steps(case, 0.0, device)?;
    let agree = |rows: &[Row]| rows.iter().all(|row| row.agrees);
    if agree(&unchanged) {
        return Ok(unchanged);
    }
    for places in (1..=NUDGES).flat_map(|n| [n, -n]) {
        let rows = steps(case, f32::from(places) * f32::EPSILON, device)?;
        if agree(&rows) {
            return Ok(rows);
        }
    }
    Ok(unchanged)
}

/// Both players' first step, with each pixel changed by a share of itself.
fn steps(case: &Case, nudge: f32, device: &Device) -> Result<Vec<Row>, ParityError> {
    let device = device.clone().autodiff();
    let settings = case.optimizer.clone().ok_or_else(|| case.refused("no `optimizer`"))?;
    let rule = match settings.name.as_str() {
        "sgd" => Rule::Sgd,
        "adamw" => Rule::AdamW,
        other => return Err(case.refused(format!("unknown optimizer `{other}`"))),
    };
    let weight_decay = if rule == Rule::AdamW { settings.weight_decay } else { 0.0 };
    let optimizer =
        OptimizerConfig { rule, weight_decay, momentum: 0.0, ..OptimizerConfig::default() };
    let example = Example {
        pixels: case.pixel_tensor(&device) * (1.0 + nudge),
        tokens: case.token_tensor(&device),
        target: Target { mask: case.mask_tensor(&device)?, distance: None, counted: None },
    };
    let recipe = Recipe { optimizer, ..Recipe::default() };
    let mut learner = Learner::new(network(case, &device)?, &recipe);
    let mut rows = Vec::new();
    match case.order.as_deref() {
        Some("alternating") => {
            let (losses, own) = learner.turn().player_one(&example);
            rows.extend(step_rows(case, 1, losses, &learner.network, &own));
            learner.move_first(settings.lr, own);
            rows.extend(state_rows(case, 1, &learner.network));
            let (losses, own) = learner.turn().player_two(&example, 1.0);
            rows.extend(step_rows(case, 2, losses, &learner.network, &own));
            learner.move_second(settings.lr, own);
        }
        Some("simultaneous") => {
            let game = GameConfig::default();
            let (losses, first, second) = learner.turn().simultaneous(&example, &game);
            rows.extend(step_rows(case, 1, losses, &learner.network, &first));
            rows.extend(step_rows(case, 2, losses, &learner.network, &second));
            learner.move_first(settings.lr, first);
            learner.move_second(settings.lr, second);
            rows.extend(state_rows(case, 1, &learner.network));
        }
        other => return Err(case.refused(format!("unknown order {other:?}"))),
    }
    rows.extend(state_rows(case, 2, &learner.network));
    // A stage that nothing answered to is a failure, not a silence.
    let seen = rows.iter().map(|row| row.stage.clone()).collect::<std::collections::HashSet<_>>();
    let silent = case.stages.keys().filter(|key| !seen.contains(*key));
    let silent = silent.map(|key| Row::exact(&case.name, format!("{key} (absent)"), 1));
    let silent = silent.collect::<Vec<_>>();
    rows.extend(silent);
    Ok(rows)
}

/// Losses and gradients of one player's turn.
fn step_rows(
    case: &Case,
    turn: usize,
    losses: Losses,
    network: &CausalClipSeg,
    gradients: &Gradients,
) -> Vec<Row> {
    let mut rows = Vec::new();
    rows.extend(case.check_values(&format!("loss{turn}.causal"), &[losses.causal]));
    rows.extend(case.check_values(&format!("loss{turn}.confounding"), &[losses.confounding]));
    for slot in names().slots(network) {
        if let Some(gradient) = gradients.get(&slot.name) {
            let values = host(gradient.clone());
            let key = format!("grad{turn}.{}", slot.name);
            rows.extend(case.check_values(&key, &slot.to_pytorch(values)));
        }
    }
    rows
}

/// Parameters and running statistics after a turn.
fn state_rows(case: &Case, turn: usize, network: &CausalClipSeg) -> Vec<Row> {
    let mut rows = Vec::new();
    names().read(network, |slot, values| {
        rows.extend(case.check_values(&format!("after{turn}.{}", slot.name), &values));
    });
    rows
}
