//! Programs to copy. Each is one file that uses public names only and is the start of a program of your
//! own; `cargo run --release -p examples --example segment` runs one from the top of the checkout.
//!
//! | example | what it does |
//! | --- | --- |
//! | `segment` | a picture and a sentence in, a mask out |
//! | `zero_shot` | which sentence fits a picture, by CLIP alone |
//! | `import_weights` | a PyTorch checkpoint becomes a weight file |
//! | `custom_dataset` | pictures and masks of your own become a set |
//! | `train` | a whole training, with checkpoints and scores |
//! | `custom_training_loop` | the steps of a training, in a loop of your own |
#![deny(missing_docs)]
