//! The small vectors, on the CPU backend, in both forms of the projectors.

#![allow(clippy::unwrap_used)] // in helpers of tests

use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor};
use causal_clip_seg::parts::ProjectorForm;
use parity::{Case, FLOORS, Selection, case_names, run_case};

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

/// Runs every case whose name `wanted` accepts and asks that every stage agrees.
fn holds(form: ProjectorForm, wanted: impl Fn(&str) -> bool) {
    let names = case_names(&vectors()).unwrap();
    let names = names.iter().filter(|name| wanted(name)).collect::<Vec<_>>();
    assert!(!names.is_empty());
    for name in names {
        let rows = run_case(&vectors(), name, Selection { form }, &Device::flex()).unwrap();
        let stages = Case::open(&vectors(), name).unwrap().stages.len();
        assert!(rows.len() >= stages, "{name}: {} of {stages} stages answered", rows.len());
        let wrong = rows.iter().filter(|row| !row.agrees).collect::<Vec<_>>();
        assert!(wrong.is_empty(), "beyond {FLOORS} floors: {wrong:#?}");
    }
}

#[test]
fn forward_passes_agree_in_the_fast_form() {
    holds(ProjectorForm::Fast, |name| !name.contains("train"));
}

#[test]
fn forward_passes_agree_in_the_plain_form() {
    holds(ProjectorForm::Plain, |name| !name.contains("train"));
}

#[test]
fn both_players_steps_agree() {
    holds(ProjectorForm::Fast, |name| name.contains("train"));
}

#[test]
fn a_wrong_value_is_found() {
    let case = Case::open(&vectors(), "tiny_a").unwrap();
    let stage = &case.stages["text.state"];
    let shape = [stage.shape[0], stage.shape[1]];
    let row = case.check("text.state", Tensor::<2>::zeros(shape, &Device::flex())).unwrap();
    assert!(!row.agrees && row.ratio > FLOORS && row.sum > 0.0, "{row:?}");
    let transposed = Tensor::<2>::zeros([shape[1], shape[0]], &Device::flex());
    assert!(!case.check("text.state", transposed).unwrap().agrees);
}

#[test]
fn a_case_that_is_not_there_is_named() {
    let error = run_case(&vectors(), "nothing", Selection::default(), &Device::flex()).unwrap_err();
    assert!(error.to_string().ends_with("no case `nothing`"), "{error}");
}
