//! Whether the game split anything: both branches, the gates, and what exchanging them does.

use std::path::Path;

use burn::module::Module;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Int, Tensor, TensorData};
use causal_clip_seg::config::InputConfig;
use causal_clip_seg::parts::{
    ProjectorForm, Tokenizer, network_mask, network_pixels, token_tensor,
};
use causal_clip_seg::{CausalClipSeg, SegError};
use causal_seg_decoder::{GateValues, SplitMaps};
use rayon::prelude::*;
use seeded::SplitMix64;
use seg_data::Case;
use seg_metrics::{Bootstrap, Interval, MetricError, Units};
use serde::Serialize;
use vision_layers::{avg_pool, host};

use crate::error::EvaluationError;

/// What is found in one case. Dice is taken at the network's size against the case's own mask, but
/// for the overlap.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CausalRow {
    /// The case's name.
    pub case: String,
    /// What is drawn together in intervals: the group, else the picture.
    pub unit: String,
    /// Dice of the causal branch.
    pub causal: f64,
    /// Dice of the confounding branch.
    pub confounding: f64,
    /// Dice between both branches' masks.
    pub overlap: f64,
    /// Dice of the confounding map through the causal branch's projector.
    pub exchanged_sides: f64,
    /// Dice of the causal branch with the gates of another picture; `None` if the batch has no other.
    pub other_gates: Option<f64>,
    /// Dice of the causal branch with the causal map of another picture; `None` if the batch has no
    /// other.
    pub other_map: Option<f64>,
    /// Means of the gates on c3, c4 and c5 over channels and the mask's pixels.
    pub gate_inside: [f64; 3],
    /// Means of the gates on c3, c4 and c5 over channels and the pixels outside the mask.
    pub gate_outside: [f64; 3],
}

/// A mean over cases, and its interval.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CausalMean {
    /// What was measured.
    pub name: &'static str,
    /// How many cases it is the mean of.
    pub cases: usize,
    /// The mean.
    pub mean: f64,
    /// Interval of 95 %.
    pub ci95: [f64; 2],
}

/// A look into a network, as it was trained, on some cases.
#[derive(Clone, Copy, Debug)]
pub struct CausalStudy<'a> {
    /// The network; its gates are its own, a prepared one has none.
    pub network: &'a CausalClipSeg,
    /// The cases that are looked at.
    pub cases: &'a [&'a Case],
    /// A name for each case.
    pub names: &'a [String],
    /// Decides whose gates and maps a case is lent.
    pub seed: u64,
}

impl CausalStudy<'_> {
    /// A row for each case, in their order. `tick` is called after each case.
    ///
    /// # Errors
    ///
    /// If a picture or mask cannot be read.
    pub fn rows(&self, mut tick: impl FnMut()) -> Result<Vec<CausalRow>, EvaluationError> {
        /// Cases in a forward pass; each lends the next one its gates.
        const TOGETHER: usize = 8;
        let Self { network, cases, names, seed } = *self;
        let network = network.valid();
        let (input, device) = (&network.config().input, network.device());
        // Neighbours in a set are often of one picture.
        let mut order = (0..cases.len()).collect::<Vec<_>>();
        SplitMix64::new(seed).shuffle(&mut order);
        let mut rows = vec![None; cases.len()];
        for part in order.chunks(TOGETHER) {
            let chosen = part.iter().map(|place| cases[*place]).collect::<Vec<_>>();
            let batch = Batch::read(&chosen, input, &device)?;
            let stages = network.stages(batch.pixels, batch.tokens, ProjectorForm::Fast);
            let (neck, state) = (stages.neck, stages.text.state);
            let decoder = &network.decoder;
            let turned = |map: &Tensor<4>| map.clone().roll(&[1], &[0]);
            let gates = neck.gates.causal.each_ref().map(turned);
            let other = GateValues { causal: gates.clone(), confounding: gates };
            let split = SplitMaps {
                causal: neck.split.confounding.clone(),
                confounding: neck.split.causal.clone(),
            };
            let exchanged = decoder.project(split, state.clone(), ProjectorForm::Fast).causal;
            let by_gates = decoder.split(&neck.levels, &other);
            let by_gates = decoder.project(by_gates, state.clone(), ProjectorForm::Fast).causal;
            let split = SplitMaps {
                causal: turned(&neck.split.causal),
                confounding: neck.split.confounding,
            };
            let by_map = decoder.project(split, state, ProjectorForm::Fast).causal;

            let threshold = input.threshold;
            let masks = |logits: Tensor<4>| rows_of(sigmoid(logits), |value| value >= threshold);
            let target = rows_of(batch.masks.clone(), |value| value >= 0.5);
            let (causal, confounding) =
                (masks(stages.logits.causal), masks(stages.logits.confounding));
            let (exchanged, by_gates, by_map) = (masks(exchanged), masks(by_gates), masks(by_map));
            let [inside, outside] = [true, false].map(|inside| {
                neck.gates.causal.each_ref().map(|gate| gate_mean(gate, &batch.masks, inside))
            });
            for (row, place) in part.iter().enumerate() {
                let case = cases[*place];
                let lender = part[(row + part.len() - 1) % part.len()];
                let lent = cases[lender].image != case.image;
                let fit = |masks: &[Vec<bool>]| dice(&masks[row], &target[row]);
                rows[*place] = Some(CausalRow {
                    case: names[*place].clone(),
                    unit: case.group.clone().unwrap_or_else(|| case.image.display().to_string()),
                    causal: fit(&causal),
                    confounding: fit(&confounding),
                    overlap: dice(&causal[row], &confounding[row]),
                    exchanged_sides: fit(&exchanged),
                    other_gates: lent.then(|| fit(&by_gates)),
                    other_map: lent.then(|| fit(&by_map)),
                    gate_inside: inside.each_ref().map(|level| level[row]),
                    gate_outside: outside.each_ref().map(|level| level[row]),
                });
                tick();
            }
        }
        Ok(rows.into_iter().flatten().collect())
    }
}

/// Cases on a device, at the network's size.
struct Batch {
    /// `[cases, 3, size, size]`, normalised
    pixels: Tensor<4>,
    /// `[cases, 1, size, size]`, in `[0, 1]`
    masks: Tensor<4>,
    /// `[cases, words]`
    tokens: Tensor<2, Int>,
}

impl Batch {
    fn read(
        cases: &[&Case],
        input: &InputConfig,
        device: &Device,
    ) -> Result<Self, EvaluationError> {
        let read = cases.par_iter().map(|case| -> Result<_, EvaluationError> {
            let sample = seg_data::load(case)?;
            let mask = network_mask(&sample.mask, input)?;
            Ok((network_pixels(&sample.image, input)?, mask))
        });
        let (mut pixels, mut masks) = (Vec::new(), Vec::new());
        for read in read.collect::<Vec<_>>() {
            let (picture, mask) = read?;
            pixels.extend(picture);
            masks.extend(mask.iter().map(|value| f32::from(*value) / 255.0));
        }
        let sentences = cases.iter().map(|case| case.sentence.as_str()).collect::<Vec<_>>();
        let tokens = Tokenizer::clip().encode_batch(&sentences, input.word_len);
        let tokens = token_tensor(&tokens.map_err(SegError::from)?, device);
        let tensor = |values: Vec<f32>, channels| {
            let shape = [cases.len(), channels, input.size, input.size];
            Tensor::<4>::from_data(TensorData::new(values, shape), device)
        };
        Ok(Self { pixels: tensor(pixels, 3), masks: tensor(masks, 1), tokens })
    }
}

impl CausalRow {
    /// Writes a table with a row for each case.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write(rows: &[Self], file: &Path) -> Result<(), EvaluationError> {
        let failed = |source| EvaluationError::Table { file: file.to_owned(), source };
        // The gates' levels are columns of their own, which a header by fields would not name.
        let mut table = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        table
            .write_record([
                "case",
                "unit",
                "causal",
                "confounding",
                "overlap",
                "exchanged_sides",
                "other_gates",
                "other_map",
                "gate_c3_inside",
                "gate_c4_inside",
                "gate_c5_inside",
                "gate_c3_outside",
                "gate_c4_outside",
                "gate_c5_outside",
            ])
            .map_err(failed)?;
        for row in rows {
            table.serialize(row).map_err(failed)?;
        }
        let content = table.into_inner().map_err(|error| failed(error.into_error().into()))?;
        Ok(whole_file::write(file, &content)?)
    }

    /// Means over some rows; cases without a mask have no gate inside it and are left out there.
    ///
    /// # Errors
    ///
    /// If there is no row.
    pub fn means(rows: &[Self], bootstrap: &Bootstrap) -> Result<Vec<CausalMean>, MetricError> {
        type Value = (&'static str, fn(&CausalRow) -> Option<f64>);
        let difference = |row: &CausalRow, level: usize| {
            let difference = row.gate_inside[level] - row.gate_outside[level];
            difference.is_finite().then_some(difference)
        };
        let values: [Value; 8] = [
            ("causal", |row| Some(row.causal)),
            ("confounding", |row| Some(row.confounding)),
            ("causal minus confounding", |row| Some(row.causal - row.confounding)),
            ("overlap of both masks", |row| Some(row.overlap)),
            ("confounding map, causal projector", |row| Some(row.exchanged_sides)),
            ("gates of another picture", |row| row.other_gates),
            ("causal minus that", |row| row.other_gates.map(|other| row.causal - other)),
            ("causal map of another picture", |row| row.other_map),
        ];
        let mean = |name, found: Vec<(&CausalRow, f64)>| -> Result<CausalMean, MetricError> {
            let units = Units::groups(&found.iter().map(|(row, _)| &row.unit).collect::<Vec<_>>());
            let numbers = found.iter().map(|(_, value)| *value).collect::<Vec<_>>();
            let Interval { estimate: mean, low, high, .. } = bootstrap.mean(&numbers, &units)?;
            Ok(CausalMean { name, cases: numbers.len(), mean, ci95: [low, high] })
        };
        let mut means = Vec::new();
        for (name, value) in values {
            let found = rows.iter().filter_map(|row| Some((row, value(row)?))).collect::<Vec<_>>();
            if !found.is_empty() {
                means.push(mean(name, found)?);
            }
        }
        let levels = ["gate on c3, inside minus outside", "gate on c4", "gate on c5"];
        for (level, name) in levels.into_iter().enumerate() {
            let found = rows.iter().filter_map(|row| Some((row, difference(row, level)?)));
            let found = found.collect::<Vec<_>>();
            if !found.is_empty() {
                means.push(mean(name, found)?);
            }
        }
        Ok(means)
    }
}

/// A table of means to paste.
pub fn causal_markdown(means: &[CausalMean]) -> String {
    let mut lines = vec![
        "Inside the network, at its own size (Dice against the case's mask; a gate of 1 keeps a \
         feature for the causal side):"
            .to_owned(),
        String::new(),
        "| measured | cases | mean (95 % interval) |".to_owned(),
        "| --- | --- | --- |".to_owned(),
    ];
    lines.extend(means.iter().map(|CausalMean { name, cases, mean, ci95: [low, high] }| {
        format!("| {name} | {cases} | {mean:.4} ({low:.4} to {high:.4}) |")
    }));
    lines.push(String::new());
    lines.join("\n")
}

/// `[batch, 1, height, width]` as a row of decisions for each of the batch.
fn rows_of(tensor: Tensor<4>, inside: impl Fn(f32) -> bool) -> Vec<Vec<bool>> {
    let [batch, ..] = tensor.dims();
    let values = host(tensor);
    let row = values.len() / batch.max(1);
    values.chunks(row.max(1)).map(|row| row.iter().map(|value| inside(*value)).collect()).collect()
}

/// The mean of a gate `[batch, features, h, w]` over the mask's cells, or the others; not a number
/// if there are none.
fn gate_mean(gate: &Tensor<4>, mask: &Tensor<4>, inside: bool) -> Vec<f64> {
    let weights = avg_pool(mask.clone(), mask.dims()[3] / gate.dims()[3]);
    let weights = if inside { weights } else { 1.0 - weights };
    let sum = |x: Tensor<4>| -> Tensor<2> { x.flatten::<2>(1, 3).sum_dim(1) };
    let mean = sum(gate.clone().mean_dim(1) * weights.clone()) / sum(weights);
    let values = host(mean);
    values.into_iter().map(f64::from).collect()
}

/// 1 where both are empty.
fn dice(a: &[bool], b: &[bool]) -> f64 {
    let count = |of: &mut dyn Iterator<Item = bool>| of.filter(|inside| *inside).count() as f64;
    let both = count(&mut a.iter().zip(b).map(|(a, b)| *a && *b));
    let either = count(&mut a.iter().copied()) + count(&mut b.iter().copied());
    if either == 0.0 { 1.0 } else { 2.0 * both / either }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;

    #[test]
    fn a_gate_is_averaged_inside_and_outside() {
        let device = Device::flex();
        let gate = TensorData::new(vec![0.2f32, 0.6, 0.4, 0.8], [1, 2, 1, 2]);
        let mask = TensorData::new(vec![1.0f32, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0], [1, 1, 2, 4]);
        let gate = Tensor::<4>::from_data(gate, &device);
        let mask = Tensor::<4>::from_data(mask, &device);
        assert!((gate_mean(&gate, &mask, true)[0] - 0.3).abs() < 1e-6);
        assert!((gate_mean(&gate, &mask, false)[0] - 0.7).abs() < 1e-6);
        let empty = mask.zeros_like();
        assert!(gate_mean(&gate, &empty, true)[0].is_nan());
    }

    #[test]
    fn means_leave_out_what_a_case_has_not() {
        let row = |causal, other_gates, inside| CausalRow {
            case: "a".to_owned(),
            unit: "a".to_owned(),
            causal,
            confounding: 0.25,
            overlap: 0.5,
            exchanged_sides: 0.5,
            other_gates,
            other_map: None,
            gate_inside: [inside; 3],
            gate_outside: [0.5; 3],
        };
        let rows = [row(1.0, Some(0.5), 0.75), row(0.5, None, f64::NAN)];
        let means = CausalRow::means(&rows, &Bootstrap::default()).unwrap();
        let found = |name| means.iter().find(|mean| mean.name == name).map(|m| (m.cases, m.mean));
        assert_eq!(found("causal"), Some((2, 0.75)));
        assert_eq!(found("gates of another picture"), Some((1, 0.5)));
        assert_eq!(found("causal map of another picture"), None);
        assert_eq!(found("gate on c4"), Some((1, 0.25)));
        assert!(CausalRow::means(&[], &Bootstrap::default()).unwrap().is_empty());
    }
}
