//! The steps of a training in a loop of your own: `trainer` gives batches, losses and the two players'
//! steps, and the order, the rate and what is done in between are yours.
//! `cargo run --release -p examples --example custom_training_loop`

use std::collections::BTreeMap;

use causal_clip_seg::format::Precision;
use causal_clip_seg::{CausalClipSegConfig, Device, Segmenter};
use seg_data::phantom::{PhantomConfig, write_phantoms};
use seg_data::{Dataset, Split};
use trainer::Recipe;
use trainer::steps::{Learner, Samples};

fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    write_phantoms(folder.path(), &PhantomConfig::default(), [6, 2, 0], || {})?;
    let set = Dataset::open(folder.path())?;

    // The optimizers, the losses, the game and the augmentation follow the recipe.
    let recipe = Recipe::parse("[game]\norder = \"simultaneous\"", "the recipe".as_ref(), &[])?;
    let mut config = CausalClipSegConfig::tiny();
    config.input.size = 64;

    // Gradients are recorded on an autodiff device.
    let device = Device::flex().autodiff();
    let network = config.init(&device)?.with_random_weights(7, |_| true);
    let mut learner = Learner::new(network, &recipe);

    let cases = set.cases(Split::Train);
    let samples = Samples::load(&cases, &config.input, recipe.data.memory, || {})?;
    let order = (0..samples.len()).collect::<Vec<_>>();
    let epochs = 3;
    for epoch in 0..epochs {
        let mut sum = 0.0;
        for indices in order.chunks(8) {
            let batch = samples.batch(indices, epoch, &recipe)?.example(&device);
            // A rate that falls in a line; the gates stay open in the first epoch.
            let rate = 2e-3 * (1.0 - epoch as f64 / epochs as f64);
            let step = learner.step(&[batch], rate, epoch == 0);
            anyhow::ensure!(step.is_finite(), "a loss or a gradient is not finite");
            sum += step.losses.causal;
        }
        println!("epoch {epoch}: loss {:.4}", sum / samples.len().div_ceil(8) as f32);
    }

    // `save` takes the network out of training; notes are kept with the weights.
    let file = folder.path().join("mine.safetensors");
    let notes = BTreeMap::from([("data".to_owned(), "generated".to_owned())]);
    learner.network.save(&file, Precision::F32, &notes)?;

    let segmenter = Segmenter::load(&file, &device)?;
    let case = set.cases(Split::Val)[0];
    let sample = seg_data::load(case)?;
    let mask = segmenter.segment(&sample.image, &case.sentence)?;
    println!("{} {:.1} % of the picture", case.sentence, 100.0 * mask.coverage());
    Ok(())
}
