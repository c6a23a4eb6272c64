//! What a branch's logits cost.

use burn::tensor::Tensor;
use burn::tensor::activation::{relu, sigmoid};

use crate::example::Target;
use crate::sections::LossConfig;

/// `bce` · binary cross-entropy with logits + `dice` · soft Dice + `boundary` · boundary loss.
///
/// # Shapes
///
/// - `logits`: `[batch, 1, height, width]`
/// - output: `[1]`, not negative but for the boundary loss
///
/// Pixels that do not count ([`Target::counted`]) cost nothing.
pub fn seg_loss(logits: Tensor<4>, target: &Target, config: &LossConfig) -> Tensor<1> {
    let mask = target.mask.clone();
    // max(x, 0) - x t + ln(1 + exp(-|x|)): no overflow at any logit.
    let tail = (logits.clone().abs().neg().exp() + 1.0).log();
    let cross_entropy = relu(logits.clone()) - logits.clone() * mask.clone() + tail;
    let mut probability = sigmoid(logits);
    let cross_entropy = match &target.counted {
        None => cross_entropy.mean(),
        Some(counted) => {
            probability = probability * counted.clone();
            // At least one, for a batch of which nothing counts.
            (cross_entropy * counted.clone()).sum() / counted.clone().sum().clamp_min(1.0)
        }
    };
    let dice = dice_loss(probability.clone(), mask);
    let loss = cross_entropy * config.bce + dice * config.dice;
    match &target.distance {
        Some(distance) => loss + (probability * distance.clone()).mean() * config.boundary,
        None => loss,
    }
}

/// The mean over samples of `1 - (2 sum(p t) + e) / (sum p + sum t + e)`, `e` = 1e-6.
///
/// # Shapes
///
/// - `probability`, `mask`: `[batch, 1, height, width]` in `[0, 1]`
/// - output: `[1]` in `[0, 1]`
pub fn dice_loss(probability: Tensor<4>, mask: Tensor<4>) -> Tensor<1> {
    /// MedEquiSeg's, so that an empty mask that is met by nothing costs nothing.
    const EPSILON: f64 = 1e-6;
    let sum = |x: Tensor<4>| -> Tensor<2> { x.flatten::<2>(1, 3).sum_dim(1) };
    let both = sum(probability.clone() * mask.clone());
    let either = sum(probability) + sum(mask);
    let dice = (both * 2.0 + EPSILON) / (either + EPSILON);
    (dice.neg() + 1.0).mean()
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    /// By hand: what is left out changes nothing, whatever its logits are.
    #[test]
    fn pixels_that_do_not_count_cost_nothing() {
        let device = Device::flex();
        let tensor = |values: [f32; 4], width: usize| {
            let data = TensorData::new(values[..2 * width].to_vec(), [1, 1, 2, width]);
            Tensor::<4>::from_data(data, &device)
        };
        let config = LossConfig { bce: 0.5, dice: 0.5, boundary: 1.0 };
        let loss = |logits, mask, distance, counted: Option<Tensor<4>>| {
            let target = Target { mask, distance: Some(distance), counted };
            seg_loss(logits, &target, &config).into_scalar::<f32>()
        };
        let counted = || Some(tensor([1.0, 0.0, 1.0, 0.0], 2));
        let of = |ignored: f32| {
            loss(
                tensor([0.3, ignored, -2.0, -ignored], 2),
                tensor([1.0, 0.0, 0.0, 0.0], 2),
                tensor([0.0, 0.5, 0.0, 0.5], 2),
                counted(),
            )
        };
        let alone = loss(
            tensor([0.3, -2.0, 0.0, 0.0], 1),
            tensor([1.0, 0.0, 0.0, 0.0], 1),
            tensor([0.0; 4], 1),
            None,
        );
        assert!((of(5.0) - alone).abs() < 1e-6 && (of(-9.0) - alone).abs() < 1e-6);
        let nothing = Some(tensor([0.0; 4], 2));
        let none = loss(tensor([1.0; 4], 2), tensor([0.0; 4], 2), tensor([1.0; 4], 2), nothing);
        assert!(none.abs() < 1e-6, "{none}");
    }
}
