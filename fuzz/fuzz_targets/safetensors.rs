//! Any bytes as a safetensors file, and as its header: tensors or an error.
#![no_main]

use weight_files::WeightFile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    read(bytes.to_vec());
    // A header of the right length before 64 bytes of tensors.
    let mut file = (bytes.len() as u64).to_le_bytes().to_vec();
    file.extend(bytes);
    file.extend([0x3f; 64]);
    read(file);
});

fn read(bytes: Vec<u8>) {
    let Ok(file) = WeightFile::from_bytes(bytes, "x.safetensors") else { return };
    let _ = file.metadata();
    for name in file.names().map(str::to_owned).collect::<Vec<_>>() {
        let _ = file.read_f32(&name);
    }
}
