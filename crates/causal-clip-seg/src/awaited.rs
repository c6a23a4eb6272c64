//! Answers that are awaited, where a thread must not wait for its device: in a browser.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use burn::tensor::{Tensor, TensorData};
use seg_image::RgbImage;

use crate::errors::SegError;
use crate::mask::Mask;
use crate::segmenter::Segmenter;
use crate::sentences::{Reading, Sentence};
use crate::tiling::Tiling;

impl Segmenter {
    /// [`Segmenter::segment`] without waiting for the device. On the CPU nothing is waited for: all is
    /// computed when the future is first polled.
    ///
    /// `progress` is told after each tile of an answer by [tiles](crate::config::InputConfig::tile) how many
    /// are answered, and of how many. They are computed one by one, so that whatever the picture's size the
    /// device computes with tensors of the same shapes.
    ///
    /// # Errors
    ///
    /// As [`Segmenter::segment`], and [`SegError::Unanswered`] if the device is lost, where the other one
    /// panics.
    pub async fn segment_async(
        &self,
        image: &RgbImage,
        sentence: &str,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Mask, SegError> {
        let Some(side) = self.config().input.tile else {
            return self.whole_async(image, sentence).await;
        };
        let tiling = Tiling::new(side)?;
        let all = tiling.tiles(image.width(), image.height());
        let mut done = 0;
        let ask = async |queries: &[(&RgbImage, &str)]| {
            let mut masks = Vec::with_capacity(queries.len());
            for (tile, sentence) in queries {
                masks.push(self.whole_async(tile, sentence).await?);
                done += 1;
                progress(done, all);
            }
            Ok(masks)
        };
        let mut masks = self.tiled_by(image, &[sentence], tiling, ask).await?;
        Ok(masks.remove(0))
    }

    /// As `segment_whole`, for one picture.
    async fn whole_async(&self, image: &RgbImage, sentence: &str) -> Result<Mask, SegError> {
        let maps = self.picture_maps(&[image])?;
        let sentences = self.read_async(&[sentence]).await?;
        let probabilities = values(self.probabilities(&maps, &[0], &sentences)).await?;
        let mut masks = self.masks(&probabilities, &[(image, sentence)], &sentences)?;
        Ok(masks.remove(0))
    }

    /// What sentences say. While it is computed, others may read.
    async fn read_async(&self, sentences: &[&str]) -> Result<Vec<Sentence>, SegError> {
        let reading = Reading::new(sentences, &mut self.kept());
        let Some(tokens) = self.tokens(&reading)? else { return Ok(reading.known()) };
        let states = values(self.states(&tokens)).await?;
        Ok(reading.done(&states, &tokens.cut, &mut self.kept()))
    }
}

/// A tensor's values, row-major.
async fn values<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, SegError> {
    let data: TensorData = tensor.into_data_async().await.map_err(unanswered)?;
    data.convert::<f32>().try_into_vec().map_err(unanswered)
}

fn unanswered(error: impl std::fmt::Display) -> SegError {
    SegError::Unanswered { what: error.to_string().replace('\n', " ") }
}

/// What a future gives that never waits.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("it never waits"),
    }
}
