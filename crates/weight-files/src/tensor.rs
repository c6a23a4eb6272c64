//! A tensor as a pickle of PyTorch describes it.

use crate::Dtype;
use crate::numpy;
use crate::pickle::{Global, Id, Node, Pickle};

/// Bytes of a storage's name.
const MAX_KEY: usize = 1024;
/// Axes of a tensor.
const MAX_AXES: usize = 16;

/// Where and how a tensor's numbers are; nothing here is checked against the file yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) place: Place,
    pub(crate) dtype: Dtype,
    /// Numbers from the start of the storage, for each axis, and from one to the next along it.
    pub(crate) offset: usize,
    pub(crate) shape: Vec<usize>,
    pub(crate) strides: Vec<usize>,
}

/// Where a tensor's numbers are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the storage of this name.
    Storage(String),
    /// In the pickle: so many bytes from its start, as they are or as Latin-1 text.
    Pickle { at: usize, length: usize, latin1: bool },
}

/// A tensor, or why it cannot be read.
pub(crate) type Description = Result<Described, String>;

/// The tensor that a call would build, if the call is one that builds a tensor.
pub(crate) fn describe(pickle: &Pickle, mut id: Id) -> Option<Description> {
    // A parameter wraps a tensor, once; a subclass of tensor may wrap it again.
    for _ in 0..4 {
        let Node::Call(call) = pickle.node(id) else { return None };
        if let Some(array) = numpy::describe(pickle, id) {
            return Some(array);
        }
        let mut function = call.function;
        let mut arguments = pickle.tuple(call.arguments)?;
        let mut global = pickle.global(function)?;
        if global == (Global { module: "torch._tensor", name: "_rebuild_from_type_v2" }) {
            // (function, type, arguments, state)
            function = *arguments.first()?;
            arguments = pickle.tuple(*arguments.get(2)?)?;
            global = pickle.global(function)?;
        }
        if global.module != "torch._utils" {
            return None;
        }
        match global.name {
            "_rebuild_parameter" | "_rebuild_parameter_with_state" => id = *arguments.first()?,
            "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3" => {
                return Some(tensor(pickle, arguments));
            }
            name if name.starts_with("_rebuild") => return Some(Err(unread(name).to_owned())),
            _ => return None,
        }
    }
    None
}

/// Why the tensor of another function is not read, and what to do.
fn unread(function: &str) -> &'static str {
    match function {
        "_rebuild_sparse_tensor" | "_rebuild_sparse_csr_tensor" => {
            "is sparse; save it after .to_dense()"
        }
        "_rebuild_qtensor" => "is quantized; save the network before it is quantized",
        "_rebuild_nested_tensor" => "is a nested tensor, which is not read",
        "_rebuild_meta_tensor_no_storage" => {
            "is on the device `meta` and has no values; load the weights before you save them"
        }
        "_rebuild_wrapper_subclass" => {
            "is one process's part of a DTensor; save the whole, in Python: \
             torch.distributed.checkpoint.state_dict.get_model_state_dict(model, \
             options=StateDictOptions(full_state_dict=True, cpu_offload=True))"
        }
        _ => "is of a kind that is not read; save it after .detach().cpu().clone()",
    }
}

/// `(storage, offset, shape, strides, requires_grad, hooks, kind of number in v3)`
fn tensor(pickle: &Pickle, arguments: &[Id]) -> Description {
    let [storage, offset, shape, strides, rest @ ..] = arguments else {
        return Err("has too few arguments".to_owned());
    };
    let Node::Persistent(storage) = pickle.node(*storage) else {
        return Err("has no storage of its own, as in a pickle that torch.save did not make; in \
                    Python: torch.save(pickle.load(open(file, \"rb\")), new_file)"
            .to_owned());
    };
    let (kind, key) = storage_of(pickle, *storage).ok_or("has a storage that is not understood")?;
    let (kind, dtype) = match (kind, rest) {
        ("UntypedStorage", [_, _, dtype, ..]) => {
            let kind = pickle.global(*dtype).map_or("unknown numbers", |global| global.name);
            (kind, Dtype::from_torch(kind))
        }
        (kind, _) => (kind, Dtype::from_torch(kind)),
    };
    let dtype = dtype.ok_or_else(|| {
        let kind = kind.strip_suffix("Storage").unwrap_or(kind);
        format!("holds {kind:.40}, expected booleans, integers or floats of 16 to 64 bits")
    })?;
    let shape = sizes(pickle, *shape).ok_or("has a shape that is not understood")?;
    let strides = sizes(pickle, *strides).ok_or("has strides that are not understood")?;
    let offset = size(pickle, *offset).ok_or("has an offset that is not understood")?;
    if shape.len() != strides.len() {
        return Err("has more or fewer strides than axes".to_owned());
    }
    Ok(Described { place: Place::Storage(key.to_owned()), dtype, offset, shape, strides })
}

/// Kind and name of a storage: `("storage", kind, key, device, numbers)`.
pub(crate) fn storage_of<'a>(pickle: &Pickle<'a>, id: Id) -> Option<(&'a str, &'a str)> {
    let [_, kind, key, ..] = pickle.tuple(id)? else { return None };
    let key = pickle.text(*key).filter(|key| key.len() <= MAX_KEY)?;
    Some((pickle.global(*kind)?.name, key))
}

pub(crate) fn size(pickle: &Pickle, id: Id) -> Option<usize> {
    match pickle.node(id) {
        Node::Int(value) => usize::try_from(*value).ok(),
        _ => None,
    }
}

/// A tuple of sizes; `torch.Size` is pickled as a call with one.
pub(crate) fn sizes(pickle: &Pickle, id: Id) -> Option<Vec<usize>> {
    let items = match pickle.node(id) {
        Node::Tuple(items) | Node::List(items) => items,
        _ => pickle.tuple(*pickle.called(id, "torch", "Size")?.first()?)?,
    };
    if items.len() > MAX_AXES {
        return None;
    }
    items.iter().map(|&id| size(pickle, id)).collect()
}
