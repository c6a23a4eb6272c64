//! Arrays of NumPy, whose numbers stand in the pickle itself.

use crate::Dtype;
use crate::pickle::{Id, Node, Pickle};
use crate::tensor::{Described, Description, Place, sizes};

/// NumPy's modules have had two names.
const MODULES: [&str; 4] = [
    "numpy._core.multiarray",
    "numpy.core.multiarray",
    "numpy._core.numeric",
    "numpy.core.numeric",
];

/// The array that a call would build, if the call is one that builds an array.
pub(crate) fn describe(pickle: &Pickle, id: Id) -> Option<Description> {
    let Node::Call(call) = pickle.node(id) else { return None };
    let function = pickle.global(call.function)?;
    if !MODULES.contains(&function.module) {
        return None;
    }
    match function.name {
        "_reconstruct" => {
            // (version, shape, kind of number, whether Fortran's order, bytes)
            let [_, shape, kind, fortran, bytes] = pickle.tuple(call.state?)? else { return None };
            let fortran = matches!(pickle.node(*fortran), Node::Bool(true));
            Some(array(pickle, *shape, *kind, fortran, *bytes))
        }
        "_frombuffer" => {
            let [bytes, kind, shape, order] = pickle.tuple(call.arguments)? else { return None };
            let fortran = pickle.text(*order) == Some("F");
            Some(array(pickle, *shape, *kind, fortran, *bytes))
        }
        _ => None,
    }
}

fn array(pickle: &Pickle, shape: Id, kind: Id, fortran: bool, bytes: Id) -> Description {
    let dtype = dtype(pickle, kind).ok_or("is an array of a kind of number that is not read")?;
    let shape = sizes(pickle, shape).ok_or("has a shape that is not understood")?;
    let place = place(pickle, bytes).ok_or("has numbers that are not understood")?;
    let elements = shape.iter().try_fold(1_usize, |all, &n| all.checked_mul(n));
    let expected = elements.and_then(|n| n.checked_mul(dtype.size()));
    let fits = |stored: usize| match place {
        // One or two bytes of text for each; they are counted when they are read.
        Place::Pickle { length, latin1: true, .. } => stored <= length && length / 2 <= stored,
        Place::Pickle { length, .. } => stored == length,
        Place::Storage(_) => false,
    };
    if !expected.is_some_and(fits) {
        return Err("has a shape that does not fit its numbers".to_owned());
    }
    let mut strides = vec![1; shape.len()];
    let mut step = 1_usize;
    let axes: Vec<usize> = match fortran {
        true => (0..shape.len()).collect(),
        false => (0..shape.len()).rev().collect(),
    };
    for axis in axes {
        if let (Some(stride), Some(size)) = (strides.get_mut(axis), shape.get(axis)) {
            *stride = step;
            step = step.saturating_mul(*size);
        }
    }
    Ok(Described { place, dtype, offset: 0, shape, strides })
}

/// `numpy.dtype("f4", ..)` with its order of bytes in the state: `(3, "<", ..)`.
fn dtype(pickle: &Pickle, id: Id) -> Option<Dtype> {
    let name = pickle.text(*pickle.called(id, "numpy", "dtype")?.first()?)?;
    let Node::Call(call) = pickle.node(id) else { return None };
    let order = call.state.and_then(|state| pickle.text(*pickle.tuple(state)?.get(1)?));
    if order == Some(">") {
        return None;
    }
    Some(match name {
        "b1" | "bool" => Dtype::Bool,
        "u1" => Dtype::U8,
        "u2" => Dtype::U16,
        "u4" => Dtype::U32,
        "u8" => Dtype::U64,
        "i1" => Dtype::I8,
        "i2" => Dtype::I16,
        "i4" => Dtype::I32,
        "i8" => Dtype::I64,
        "f2" => Dtype::F16,
        "f4" => Dtype::F32,
        "f8" => Dtype::F64,
        _ => return None,
    })
}

/// Where the numbers are.
fn place(pickle: &Pickle, id: Id) -> Option<Place> {
    if let Node::Bytes { at, bytes } = pickle.node(id) {
        return Some(Place::Pickle { at: *at, length: bytes.len(), latin1: false });
    }
    // Protocol 2 has no bytes: `_codecs.encode(text, "latin1")`, or `bytes()` if there are none.
    let Some([text, ..]) = pickle.called(id, "_codecs", "encode") else {
        let none = pickle.called(id, "__builtin__", "bytes")?.is_empty();
        return none.then_some(Place::Pickle { at: 0, length: 0, latin1: false });
    };
    let Node::Text { at, text } = pickle.node(*text) else { return None };
    Some(Place::Pickle { at: *at, length: text.len(), latin1: true })
}
