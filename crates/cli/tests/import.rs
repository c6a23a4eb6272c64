//! `import` of files with several networks.

#![allow(clippy::unwrap_used)] // on files of our own

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{program, text};
use weight_files::{NewTensor, Precision, WeightFile, write_safetensors};

/// The released network under `first` and, with half of its values, under `second`.
fn written(path: &Path, first: &str, second: &str) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../causal-clip-seg/tests/data");
    let file = WeightFile::open(data.join("state_dict.pth")).unwrap();
    let tensors = [(first, 1.0), (second, 0.5)].into_iter().flat_map(|(prefix, factor)| {
        file.names().map(move |name| (format!("{prefix}{name}"), name, factor))
    });
    let tensors = tensors.map(|(full, name, factor)| NewTensor {
        name: full,
        shape: file.entry(name).unwrap().shape.clone(),
        data: file.read_f32(name).unwrap().into_iter().map(|v| v * factor).collect(),
    });
    write_safetensors(path, &BTreeMap::new(), tensors, Precision::F32).unwrap();
}

#[test]
fn the_network_that_was_taken_is_told_and_another_can_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) =
        (folder.path().join("in.safetensors"), folder.path().join("out.safetensors"));
    written(&input, "ema.module.", "net.");
    let run = |arguments: &[&str]| {
        let output = program()
            .arg("import")
            .arg("-i")
            .arg(&input)
            .arg("-o")
            .arg(&out)
            .args(arguments)
            .output();
        let output = output.unwrap();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    let first = || WeightFile::open(&out).unwrap().read_f32("proj.txt.bias").unwrap();

    let (worked, said, notes) = run(&[]);
    assert!(worked, "{notes}");
    assert!(
        notes.contains(
            "took the network at `net`; the file also holds `ema` (--key ema takes that)"
        )
    );
    assert_eq!(notes.lines().count(), 1, "{notes}");
    assert!(said.contains("  unused: ema.… ("), "{said}");
    assert!(said.lines().count() < 40, "{said}");
    let net = first();

    let (worked, _, notes) = run(&["--key", "ema"]);
    assert!(worked, "{notes}");
    let ema = first();
    assert!(net.iter().zip(&ema).all(|(net, ema)| *net == ema * 0.5) && net != ema);

    let (worked, _, notes) = run(&["--key", "swa"]);
    assert!(!worked && notes.contains("no network under `swa`; there is `ema`, `net`"), "{notes}");
}
