//! The cases' work, and what it is done on.

use anyhow::Context;
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use causal_clip_seg::config::Branch;
use causal_clip_seg::parts::{Game, ProjectorForm, Tokenizer};
use causal_clip_seg::{CausalClipSeg, CausalClipSegConfig, Segmenter, read_rgb};
use causal_seg_decoder::Pyramid;
use seg_data::phantom::{PhantomConfig, write_phantoms};
use seg_data::{Dataset, Split};
use trainer::Recipe;
use trainer::config::{GameConfig, Order};
use trainer::steps::{Example, Learner, Samples, Target};

use crate::case::{Case, Part};
use crate::cold_start::{self, WEIGHTS, draw_picture};
use crate::machine::{Circumstances, Machine};
use crate::measure::{Figures, Measured, run_again, time};
use crate::multiply_adds::{MultiplyAdds, multiply_adds};

/// Words of the sentences: a long one of the published sets, start and end included.
const WORDS: usize = 22;
/// Side of the matrices of [`Part::Matmul`].
const MATRIX: usize = 1024;

/// Runs one case in this process.
///
/// # Errors
///
/// If there is no configuration of that name, or a run fails.
pub fn measure(
    case: &Case,
    preset: &str,
    words: usize,
    runs: usize,
    device: &Device,
    machine: &Machine,
) -> anyhow::Result<Figures> {
    let config = CausalClipSegConfig::preset(preset)?;
    let bench = Bench { case, config, words: words.min(WORDS), runs, device: device.clone() };
    let measured = bench.run().with_context(|| format!("the case {}", case.name))?;
    let count = bench.multiply_adds(&multiply_adds(&bench.config, case.size, words));
    let median_s = measured.median();
    Ok(Figures {
        case: case.name.clone(),
        size: case.size,
        batch: case.batch,
        median_s,
        min_s: measured.min(),
        max_s: measured.max(),
        first_s: Some(measured.first_s),
        runs: measured.seconds.len(),
        per_second: case.batch as f64 / median_s,
        multiply_adds: count,
        gflops: count.map(|count| 2e-9 * count as f64 / median_s),
        peak_rss_mb: measured.peak_rss_mb,
        circumstances: Circumstances::now(preset, machine),
    })
}

struct Bench<'a> {
    case: &'a Case,
    config: CausalClipSegConfig,
    words: usize,
    runs: usize,
    device: Device,
}

impl Bench<'_> {
    fn multiply_adds(&self, one: &MultiplyAdds) -> Option<u64> {
        let each = match self.case.part {
            Part::Tokenizer | Part::Load | Part::ColdStart | Part::Data => return None,
            Part::Matmul => return Some((MATRIX * MATRIX * MATRIX) as u64),
            Part::ImageTower => one.image_tower,
            Part::TextTower => one.text_tower,
            Part::Neck => one.neck(),
            Part::DecoderPlain | Part::DecoderFast => 2 * one.projector,
            Part::Forward | Part::ForwardUnprepared | Part::Segment => one.causal(),
            Part::Picture => one.image_tower + one.neck() - one.aggregation / 2,
            Part::Answer => one.projector,
            // Backward, a product has two of its size.
            Part::Train => 3 * one.both(),
            Part::TwoPlayer => 6 * one.both(),
        };
        Some(each * self.case.batch as u64)
    }

    /// Only what stands in the closure of `timed` is inside the clock.
    fn run(&self) -> anyhow::Result<Measured> {
        match self.case.part {
            Part::Tokenizer => self.tokenizer(),
            Part::Matmul => {
                let uniform = Distribution::Uniform(-1.0, 1.0);
                let x = Tensor::<2>::random([MATRIX, MATRIX], uniform, &self.device);
                self.timed(|| drop(x.clone().matmul(x.clone())))
            }
            Part::ImageTower => {
                let (network, pixels) = (self.network(&self.device)?, self.pixels(&self.device));
                self.timed(|| drop(network.backbone.image_tower.forward(pixels.clone())))
            }
            Part::TextTower => {
                let (network, tokens) = (self.network(&self.device)?, self.tokens(&self.device));
                self.timed(|| drop(network.backbone.text_tower.states(tokens.clone())))
            }
            Part::Neck => {
                let (network, levels) = (self.network(&self.device)?, self.levels()?);
                self.timed(|| drop(network.decoder.neck_stages(levels.clone(), &Game::Gated)))
            }
            Part::DecoderPlain => self.decoder(ProjectorForm::Plain),
            Part::DecoderFast => self.decoder(ProjectorForm::Fast),
            Part::ForwardUnprepared => {
                let network = self.network(&self.device)?;
                let (pixels, tokens) = (self.pixels(&self.device), self.tokens(&self.device));
                self.timed(|| drop(network.forward_causal(pixels.clone(), tokens.clone())))
            }
            Part::Forward => {
                let network = self.network(&self.device)?.prepare(Branch::Causal);
                let (pixels, tokens) = (self.pixels(&self.device), self.tokens(&self.device));
                self.timed(|| drop(network.forward_causal(pixels.clone(), tokens.clone())))
            }
            Part::Picture => {
                let network = self.network(&self.device)?.prepare(Branch::Causal);
                let pixels = self.pixels(&self.device);
                self.timed(|| drop(network.picture_maps(pixels.clone(), Branch::Causal)))
            }
            Part::Answer => {
                let network = self.network(&self.device)?.prepare(Branch::Causal);
                let maps = network.picture_maps(self.pixels(&self.device), Branch::Causal);
                let states = network.states(self.tokens(&self.device));
                let each = (0..self.case.batch).collect::<Vec<_>>();
                self.timed(|| drop(network.logits(&maps, &each, states.clone())))
            }
            Part::Train => self.training(Order::Mean),
            Part::TwoPlayer => self.training(Order::Alternating),
            Part::Load => self.load(),
            Part::ColdStart => self.cold_start(),
            Part::Data => self.data(),
            Part::Segment => self.segment(),
        }
    }

    /// Times `run` with what it left to the device.
    fn timed(&self, mut run: impl FnMut()) -> anyhow::Result<Measured> {
        time(self.runs, || {
            run();
            self.device.sync().context("waiting for the device")
        })
    }

    fn network(&self, device: &Device) -> anyhow::Result<CausalClipSeg> {
        Ok(self.config.init(device)?.with_random_weights(0, |_| true))
    }

    fn pixels(&self, device: &Device) -> Tensor<4> {
        let Case { size, batch, .. } = *self.case;
        let values = (0..batch * 3 * size * size).map(|i| ((i * 2_654_435_761) >> 7) % 1000);
        let values = values.map(|value| value as f32 / 250.0 - 2.0).collect::<Vec<_>>();
        Tensor::from_data(TensorData::new(values, [batch, 3, size, size]), device)
    }

    /// Sentences without what a tokenizer would leave out: no column behind the longest one's end.
    fn tokens(&self, device: &Device) -> Tensor<2, Int> {
        let end = self.config.clip.text.vocabulary as i32 - 1;
        let row = |row: usize| {
            (0..self.words).map(move |word| match word {
                0 => end - 1,
                word if word + 1 == self.words => end,
                word => (1 + row * 977 + word * 131) as i32 % (end - 1),
            })
        };
        let ids = (0..self.case.batch).flat_map(row).collect::<Vec<_>>();
        Tensor::from_data(TensorData::new(ids, [self.case.batch, self.words]), device)
    }

    fn levels(&self) -> anyhow::Result<Pyramid> {
        let network = self.network(&self.device)?;
        Ok(network.encode(self.pixels(&self.device), self.tokens(&self.device)).0)
    }

    fn decoder(&self, form: ProjectorForm) -> anyhow::Result<Measured> {
        let network = self.network(&self.device)?;
        let (levels, state) = network.encode(self.pixels(&self.device), self.tokens(&self.device));
        let split = network.decoder.neck_stages(levels, &Game::Gated).split;
        self.timed(|| drop(network.decoder.project(split.clone(), state.clone(), form)))
    }

    fn tokenizer(&self) -> anyhow::Result<Measured> {
        let tokenizer = Tokenizer::clip();
        let sentences = (0..self.case.batch)
            .map(|i| format!("Bilateral pulmonary infection, {i} infected areas, upper left lung."))
            .collect::<Vec<_>>();
        let sentences = sentences.iter().map(String::as_str).collect::<Vec<_>>();
        time(self.runs, || {
            tokenizer.encode_batch(&sentences, 77)?;
            Ok(())
        })
    }

    fn training(&self, order: Order) -> anyhow::Result<Measured> {
        let device = self.device.clone().autodiff();
        let mut recipe =
            Recipe { game: GameConfig { order, ..GameConfig::default() }, ..Recipe::default() };
        recipe.optimizer.lr = 1e-4;
        let mut learner = Learner::new(self.network(&device)?, &recipe);
        let Case { size, batch, .. } = *self.case;
        let mask = (0..batch * size * size).map(|i| f32::from(u8::from(i % size < size / 5)));
        let mask = TensorData::new(mask.collect::<Vec<_>>(), [batch, 1, size, size]);
        let example = Example {
            pixels: self.pixels(&device),
            tokens: self.tokens(&device),
            target: Target {
                mask: Tensor::from_data(mask, &device),
                distance: None,
                counted: None,
            },
        };
        let example = [example];
        self.timed(|| {
            learner.step(&example, recipe.optimizer.lr, false);
        })
    }

    fn load(&self) -> anyhow::Result<Measured> {
        let folder = tempfile::tempdir()?;
        // By another process: this one's memory is that of reading.
        let text = folder.path().to_str().context("the temporary folder's name is not UTF-8")?;
        run_again::<()>(&["--write", text])?;
        let file = folder.path().join(WEIGHTS);
        self.timed(|| {
            Segmenter::load(&file, &self.device).expect("the file was just written");
        })
    }

    fn cold_start(&self) -> anyhow::Result<Measured> {
        let folder = tempfile::tempdir()?;
        let mut input = self.config.input.clone();
        input.size = self.case.size;
        let network = self.network(&self.device)?.with_input(input)?;
        cold_start::prepare(folder.path(), network)?;
        cold_start::time_answers(folder.path(), self.runs)
    }

    fn data(&self) -> anyhow::Result<Measured> {
        let folder = tempfile::tempdir()?;
        let phantoms = PhantomConfig { size: 1024, sentences: 1, ..PhantomConfig::default() };
        let root = folder.path().join("set");
        write_phantoms(&root, &phantoms, [self.case.batch, 0, 0], || ())?;
        let set = Dataset::open(&root)?;
        let mut cases = set.cases(Split::Train);
        cases.dedup_by_key(|case| &case.image);
        time(self.runs, || {
            Samples::load(&cases, &self.config.input, 4096, || ())?;
            Ok(())
        })
    }

    fn segment(&self) -> anyhow::Result<Measured> {
        let folder = tempfile::tempdir()?;
        let picture = draw_picture(&folder.path().join("set"))?;
        let segmenter = Segmenter::new(self.network(&self.device)?)?;
        let mask = folder.path().join("mask.png");
        let mut asked = 0;
        time(self.runs, || {
            // A new sentence each time: kept ones are not read again.
            asked += 1;
            let sentence = format!("Infection number {asked} in the upper left lung.");
            segmenter.segment(&read_rgb(&picture)?, &sentence)?.write_png(&mask)?;
            Ok(())
        })
    }
}
