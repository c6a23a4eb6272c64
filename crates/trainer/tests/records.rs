//! A broken file of a run is called that, and not a broken recipe.

#![allow(clippy::unwrap_used)] // files of our own

use std::sync::atomic::AtomicBool;

use burn::tensor::Device;
use seg_data::phantom::{PhantomConfig, write_phantoms};
use trainer::{Recipe, RunContext, TrainError, resume, train};

#[test]
fn a_broken_file_of_a_run_is_called_so() {
    let folder = tempfile::tempdir().unwrap();
    let (set, run) = (folder.path().join("set"), folder.path().join("run"));
    let phantoms = PhantomConfig { size: 64, ..PhantomConfig::default() };
    write_phantoms(&set, &phantoms, [1, 0, 0], || {}).unwrap();
    let mut recipe = Recipe::default();
    recipe.model.preset = "tiny".to_owned();
    recipe.model.size = Some(32);
    recipe.data.folder = Some(set);
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
