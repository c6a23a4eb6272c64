//! Batches that are ready before the network asks for them.

use std::sync::mpsc::sync_channel;

use crate::batch::Batch;
use crate::error::TrainError;
use crate::recipe::Recipe;
use crate::samples::Samples;

/// Shows `each` the batches of `plan` in its order, while [`DataRecipe::workers`] threads prepare
/// the next ones. Ends early if `each` says so.
///
/// [`DataRecipe::workers`]: crate::config::DataRecipe::workers
///
/// # Errors
///
/// The first error of a batch or of `each`.
pub(crate) fn batches(
    samples: &Samples<'_>,
    plan: &[&[usize]],
    epoch: usize,
    recipe: &Recipe,
    mut each: impl FnMut(Batch) -> Result<Go, TrainError>,
) -> Result<(), TrainError> {
    /// Batches that a worker may be ahead.
    const AHEAD: usize = 2;
    let workers = recipe.data.workers.clamp(1, plan.len().max(1));
    std::thread::scope(|scope| {
        let mut queues = Vec::new();
        for first in 0..workers {
            let (sender, receiver) = sync_channel(AHEAD);
            queues.push(receiver);
            scope.spawn(move || {
                for indices in plan.iter().skip(first).step_by(workers) {
                    // Nobody listens any more: the epoch has ended early.
                    if sender.send(samples.batch(indices, epoch, recipe)).is_err() {
                        return;
                    }
                }
            });
        }
        for place in 0..plan.len() {
            // Worker by worker, so that the order is the plan's. A closed queue is a worker that
            // panicked, which the scope passes on.
            let Ok(batch) = queues[place % workers].recv() else { break };
            if each(batch?)? == Go::Stop {
                break;
            }
        }
        Ok(())
    })
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Go {
    On,
    Stop,
}
