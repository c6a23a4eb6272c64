//! Files as PyTorch writes them, byte for byte where it matters to a reader.

#![allow(dead_code)] // each test uses a part

/// A value to be pickled in protocol 2.
#[derive(Clone)]
pub enum Value {
    None,
    Int(i32),
    Float(f64),
    Text(String),
    /// Raw bytes as protocol 2 has them: a call of `_codecs.encode` with Latin-1 text.
    Bytes(Vec<u8>),
    Tuple(Vec<Value>),
    List(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    Global(&'static str, &'static str),
    /// A function's call.
    Call(Box<Value>, Box<Value>),
    /// An object with its state.
    Build(Box<Value>, Box<Value>),
    Persistent(Box<Value>),
}

pub fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub fn call(module: &'static str, name: &'static str, arguments: Vec<Value>) -> Value {
    Value::Call(Value::Global(module, name).into(), Value::Tuple(arguments).into())
}

pub fn dict(items: impl IntoIterator<Item = (impl AsRef<str>, Value)>) -> Value {
    Value::Dict(items.into_iter().map(|(key, value)| (text(key.as_ref()), value)).collect())
}

/// A float32 tensor of one axis, all of the storage `key`.
pub fn tensor(key: usize, numbers: usize) -> Value {
    tensor_of("FloatStorage", key, numbers)
}

pub fn tensor_of(kind: &'static str, key: usize, numbers: usize) -> Value {
    let numbers = Value::Int(i32::try_from(numbers).unwrap());
    let storage = Value::Tuple(vec![
        text("storage"),
        Value::Global("torch", kind),
        text(&key.to_string()),
        text("cpu"),
        numbers.clone(),
        Value::None,
    ]);
    let arguments = vec![
        Value::Persistent(storage.into()),
        Value::Int(0),
        Value::Tuple(vec![numbers]),
        Value::Tuple(vec![Value::Int(1)]),
        Value::Int(0),
        call("collections", "OrderedDict", Vec::new()),
    ];
    call("torch._utils", "_rebuild_tensor_v2", arguments)
}

/// A float32 array of NumPy of one axis, as NumPy 2 pickles it.
pub fn array(numbers: &[f32]) -> Value {
    let kind = Value::Build(
        call("numpy", "dtype", vec![text("f4"), Value::Int(0), Value::Int(1)]).into(),
        Value::Tuple(vec![Value::Int(3), text("<"), Value::None, Value::None, Value::None]).into(),
    );
    let shape = Value::Tuple(vec![Value::Int(i32::try_from(numbers.len()).unwrap())]);
    let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    let state = vec![Value::Int(1), shape, kind, Value::None, Value::Bytes(bytes)];
    let empty = Value::Tuple(vec![Value::Int(0)]);
    let new = vec![Value::Global("numpy", "ndarray"), empty, Value::Bytes(b"b".to_vec())];
    Value::Build(
        call("numpy._core.multiarray", "_reconstruct", new).into(),
        Value::Tuple(state).into(),
    )
}

/// The file that `torch.save` wrote before PyTorch 1.6, its pickles in a protocol of 2 to 5.
pub fn legacy(protocol: u8, value: &Value, storages: &[Vec<f32>]) -> Vec<u8> {
    let magic: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
    let mut out = vec![0x80, protocol];
    if protocol >= 4 {
        out.push(0x95); // a frame
        out.extend((magic.len() as u64).to_le_bytes());
    }
    out.extend(magic);
    let machine = dict([("protocol_version", Value::Int(1001))]);
    let keys = (0..storages.len()).map(|key| text(&key.to_string())).collect();
    for value in [&Value::Int(1001), &machine, value, &Value::List(keys)] {
        out.extend(pickle(value));
    }
    for numbers in storages {
        out.extend((numbers.len() as u64).to_le_bytes());
        out.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    }
    out
}

/// A pickle of protocol 2.
pub fn pickle(value: &Value) -> Vec<u8> {
    let mut out = vec![0x80, 2];
    put(value, &mut out);
    out.push(b'.');
    out
}

fn put(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::None => out.push(b'N'),
        Value::Int(int) => {
            out.push(b'J');
            out.extend(int.to_le_bytes());
        }
        Value::Float(float) => {
            out.push(b'G');
            out.extend(float.to_be_bytes());
        }
        Value::Text(text) => {
            out.push(b'X');
            out.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
            out.extend(text.as_bytes());
        }
        Value::Bytes(bytes) => {
            let latin: String = bytes.iter().map(|&b| char::from(b)).collect();
            put(&call("_codecs", "encode", vec![text(&latin), text("latin1")]), out);
        }
        Value::Tuple(items) => {
            out.push(b'(');
            items.iter().for_each(|item| put(item, out));
            out.push(b't');
        }
        Value::List(items) => {
            out.extend(b"](");
            items.iter().for_each(|item| put(item, out));
            out.push(b'e');
        }
        Value::Dict(items) => {
            out.extend(b"}(");
            for (key, value) in items {
                put(key, out);
                put(value, out);
            }
            out.push(b'u');
        }
        Value::Global(module, name) => out.extend(format!("c{module}\n{name}\n").bytes()),
        Value::Call(function, arguments) => {
            put(function, out);
            put(arguments, out);
            out.push(b'R');
        }
        Value::Build(object, state) => {
            put(object, out);
            put(state, out);
            out.push(b'b');
        }
        Value::Persistent(id) => {
            put(id, out);
            out.push(b'Q');
        }
    }
}

/// The archive that `torch.save(value, "STEM.pth")` writes; `storages` are the numbers of `0`, `1`...
pub fn archive(stem: &str, value: &Value, storages: &[Vec<f32>]) -> Vec<u8> {
    let mut entries = vec![
        ("data.pkl".to_owned(), pickle(value)),
        (".format_version".to_owned(), b"1".to_vec()),
        (".storage_alignment".to_owned(), b"64".to_vec()),
        ("byteorder".to_owned(), b"little".to_vec()),
    ];
    for (key, numbers) in storages.iter().enumerate() {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        entries.push((format!("data/{key}"), bytes));
    }
    entries.push(("version".to_owned(), b"3\n".to_vec()));
    entries.push((".data/serialization_id".to_owned(), vec![b'7'; 40]));
    let named: Vec<_> =
        entries.into_iter().map(|(name, bytes)| (format!("{stem}/{name}"), bytes)).collect();
    zip(&named)
}

/// A zip of stored entries as torch's writer makes it: every entry's data begins at a multiple of 64
/// bytes, and a 64-bit end record with its locator stands before the full 32-bit one.
pub fn zip(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in entries {
        let offset = out.len();
        let length = u16::try_from(name.len()).unwrap();
        let unpadded = offset + 30 + name.len() + 4;
        let padding = unpadded.next_multiple_of(64) - unpadded;
        let size = u32::try_from(bytes.len()).unwrap();
        let mut common = vec![0, 0, 0, 8, 0, 0, 0, 0, 0, 0]; // version, flags, stored, time, date
        common.extend(crc32(bytes).to_le_bytes());
        common.extend(size.to_le_bytes());
        common.extend(size.to_le_bytes());
        common.extend(length.to_le_bytes());

        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(u16::try_from(padding + 4).unwrap().to_le_bytes());
        out.extend(name.as_bytes());
        out.extend(b"FB");
        out.extend(u16::try_from(padding).unwrap().to_le_bytes());
        out.extend(vec![b'Z'; padding]);
        out.extend(bytes);

        directory.extend(b"PK\x01\x02\0\0");
        directory.extend(&common);
        directory.extend([0; 12]); // extra, comment, disk, attributes
        directory.extend(u32::try_from(offset).unwrap().to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, size, count) = (out.len() as u64, directory.len() as u64, entries.len() as u64);
    out.extend(directory);
    let end = out.len() as u64;
    out.extend(b"PK\x06\x06");
    out.extend(44_u64.to_le_bytes());
    out.extend([0x1e, 3, 0x2d, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for number in [count, count, size, start] {
        out.extend(number.to_le_bytes());
    }
    out.extend(b"PK\x06\x07\0\0\0\0");
    out.extend(end.to_le_bytes());
    out.extend([1, 0, 0, 0]);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(u16::try_from(count).unwrap().to_le_bytes());
    out.extend(u16::try_from(count).unwrap().to_le_bytes());
    out.extend(u32::try_from(size).unwrap().to_le_bytes());
    out.extend(u32::try_from(start).unwrap().to_le_bytes());
    out.extend([0, 0]);
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
        })
    })
}
