//! What stands in a run's folder: a broken file is called that, and a recipe that may have changed is taken.

#![allow(clippy::unwrap_used)] // files of our own

use std::path::Path;
use std::sync::atomic::AtomicBool;

use burn::tensor::Device;
use seg_data::phantom::{PhantomConfig, write_phantoms};
use trainer::{Ending, Recipe, RunContext, TrainError, resume, train};

/// A recipe for so many pictures.
fn short(folder: &Path, pictures: usize) -> Recipe {
    let set = folder.join("set");
    let phantoms = PhantomConfig { size: 64, ..PhantomConfig::default() };
    write_phantoms(&set, &phantoms, [pictures, 0, 0], || {}).unwrap();
    let mut recipe = Recipe::default();
    recipe.model.preset = "tiny".to_owned();
    recipe.model.size = Some(32);
    recipe.data.folder = Some(set);
    recipe
}

#[test]
fn a_broken_file_of_a_run_is_called_so() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut recipe = short(folder.path(), 1);
    recipe.training.epochs = 1;
    let (device, stop) = (Device::flex(), AtomicBool::new(false));
    let context = RunContext { quiet: true, ..RunContext::new(&device, "flex", &stop) };
    train(&recipe, &run, context).unwrap();

    for file in std::fs::read_dir(run.join("checkpoints")).unwrap() {
        // A network without the training's state: another program's, or a cut one.
        std::fs::copy(run.join("last.safetensors"), file.unwrap().path()).unwrap();
    }
    let error = resume(&run, context).unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, TrainError::NoCheckpoint { .. }), "{message}");
    assert!(message.contains("not a whole file of a run: no `training`"), "{message}");

    std::fs::write(run.join("run.json"), "{").unwrap();
    let error = resume(&run, context).unwrap_err();
    assert!(matches!(error, TrainError::State { .. }), "{error}");
    assert!(error.to_string().contains("run.json: not a whole file of a run"), "{error}");
}

/// Four pictures at a time are too many: from the second step of an epoch on, two are taken twice, and the epochs
/// have as many steps as before.
#[test]
fn a_run_goes_on_with_a_smaller_batch_where_it_stood() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut recipe = short(folder.path(), 11);
    (recipe.training.batch, recipe.training.epochs) = (4, 2);
    let (device, stop) = (Device::flex(), AtomicBool::new(true));
    let context = RunContext { quiet: true, ..RunContext::new(&device, "flex", &stop) };
    let begun = train(&recipe, &run, context).unwrap();
    assert_eq!((begun.ending, begun.steps), (Ending::Stopped, 1));

    let file = run.join("recipe.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\nbatch = 4\n", "\nbatch = 2\n")).unwrap();
    let error = resume(&run, context).unwrap_err();
    assert!(matches!(error, TrainError::OtherSteps { pictures: 4, .. }), "{error}");

    let halved = text.replace("\nbatch = 4\n", "\nbatch = 2\n");
    std::fs::write(&file, halved.replace("\naccumulate = 1\n", "\naccumulate = 2\n")).unwrap();
    let go = AtomicBool::new(false);
    let ended = resume(&run, RunContext { stop: &go, ..context }).unwrap();
    let manifest = std::fs::read_to_string(folder.path().join("set/manifest.csv")).unwrap();
    let cases = manifest.lines().count() - 1;
    assert!(cases > 8 && !cases.is_multiple_of(2), "{cases}");
    assert_eq!((ended.ending, ended.steps), (Ending::Finished, 2 * cases.div_ceil(4)));
    let log = std::fs::read_to_string(run.join("log.jsonl")).unwrap();
    for key in ["training.batch", "optimizer.accumulate"] {
        assert!(log.contains(&format!("\"resumed_with\":\"{key}\"")), "{log}");
    }
}
