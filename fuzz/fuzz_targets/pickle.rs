//! Any bytes as what PyTorch saves, in either format, and as the pickle within: tensors or an error.
#![no_main]

use weight_files::WeightFile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    read(bytes.to_vec());
    // What the archive's checksums would keep from being tried.
    read(archive(bytes));
});

fn read(bytes: Vec<u8>) {
    let Ok(file) = WeightFile::from_bytes(bytes, "x.pt") else { return };
    for name in file.names().map(str::to_owned).collect::<Vec<_>>() {
        let _ = file.read_f32(&name);
    }
}

/// A stored archive as `torch.save` writes it, with this pickle and one storage of 64 bytes.
fn archive(pickle: &[u8]) -> Vec<u8> {
    let entries: [(&str, &[u8]); 3] =
        [("x/data.pkl", pickle), ("x/data/0", &[0x3f; 64]), ("x/version", b"3\n")];
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let at = file.len() as u32;
        let mut common = Vec::new();
        // Version 2.0, no flags, stored, no date.
        for value in [20u16, 0, 0, 0, 0] {
            common.extend(value.to_le_bytes());
        }
        for value in [crc32(content), content.len() as u32, content.len() as u32] {
            common.extend(value.to_le_bytes());
        }
        common.extend((name.len() as u16).to_le_bytes());
        common.extend(0u16.to_le_bytes());
        file.extend(b"PK\x03\x04");
        file.extend(&common);
        file.extend(name.as_bytes());
        file.extend(content);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let at = file.len() as u32;
    file.extend(&directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    for value in [entries.len() as u16; 2] {
        file.extend(value.to_le_bytes());
    }
    for value in [directory.len() as u32, at] {
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 2]);
    file
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}
