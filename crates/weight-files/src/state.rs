//! Which tensors a pickle of PyTorch describes, and under which names.

use std::collections::BTreeMap;

use crate::Dtype;
use crate::pickle::{Id, Node, Pickle};

/// Nesting of modules or dicts. CLIP's names have 6 parts.
const MAX_DEPTH: usize = 64;
/// Values looked at: shared ones count each time, so that a small file cannot unfold into a huge
/// tree.
const MAX_VISITS: usize = 1 << 20;
/// Bytes of a name, or of a plain value.
const MAX_NAME: usize = 1024;
/// Axes of a tensor.
const MAX_AXES: usize = 16;
/// Plain values that are kept.
const MAX_SCALARS: usize = 4096;

/// A tensor as the pickle describes it; nothing here is checked against the archive yet.
#[derive(Debug)]
pub(crate) struct Described {
    /// The archive's entry under `data/`.
    pub(crate) storage: String,
    pub(crate) dtype: Dtype,
    /// Numbers from the start of the storage, for each axis, and from one to the next along it.
    pub(crate) offset: usize,
    pub(crate) shape: Vec<usize>,
    pub(crate) strides: Vec<usize>,
}

/// A tensor, or what is wrong with its description.
pub(crate) type Description = Result<Described, &'static str>;

/// What a pickle holds.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) tensors: BTreeMap<String, Description>,
    /// Plain values beside the tensors.
    pub(crate) scalars: BTreeMap<String, String>,
}

impl State {
    /// The state dict of a pickle: the whole, or what stands under `state_dict` or `model`.
    ///
    /// # Errors
    ///
    /// Nested too deep, too large, or with names too long.
    pub(crate) fn read(pickle: &Pickle) -> Result<Self, &'static str> {
        let mut visits = 0;
        let root = fields(pickle, pickle.root, &mut visits)?;
        let scalars = root
            .iter()
            .filter_map(|(name, id)| Some((name.clone(), scalar(pickle, *id)?)))
            .take(MAX_SCALARS)
            .collect();
        let bare = root.iter().any(|(_, id)| describe(pickle, *id).is_some());
        let inner = ["state_dict", "model", "model_state_dict"]
            .iter()
            .filter_map(|wanted| root.iter().find(|(name, _)| name == wanted))
            .map(|&(_, id)| id);
        for start in inner.filter(|_| !bare).chain([pickle.root]) {
            let mut tensors = BTreeMap::new();
            walk(pickle, start, "", 0, &mut visits, &mut tensors)?;
            if !tensors.is_empty() {
                return Ok(Self { tensors, scalars });
            }
        }
        Ok(Self { tensors: BTreeMap::new(), scalars })
    }
}

fn walk(
    pickle: &Pickle,
    id: Id,
    prefix: &str,
    depth: usize,
    visits: &mut usize,
    tensors: &mut BTreeMap<String, Description>,
) -> Result<(), &'static str> {
    if depth > MAX_DEPTH {
        return Err("values are nested too deep");
    }
    for (field, id) in fields(pickle, id, visits)? {
        // These hold a pickled module's own tensors and modules, and are no part of a name.
        let is_shelf = matches!(field.as_str(), "_parameters" | "_buffers" | "_modules");
        let name = match prefix {
            _ if is_shelf => prefix.to_owned(),
            "" => field,
            _ => format!("{prefix}.{field}"),
        };
        if name.len() > MAX_NAME {
            return Err("a name is too long");
        }
        match describe(pickle, id) {
            Some(description) => {
                if tensors.insert(name, description).is_some() {
                    return Err("two tensors have one name");
                }
            }
            None => walk(pickle, id, &name, depth + 1, visits, tensors)?,
        }
    }
    Ok(())
}

/// The named parts of a dict, a list or an object. A dict may set a key again: the last counts.
fn fields(pickle: &Pickle, id: Id, visits: &mut usize) -> Result<Vec<(String, Id)>, &'static str> {
    let mut visit = |count: usize| {
        *visits = visits.saturating_add(count);
        if *visits > MAX_VISITS { Err("holds too many values") } else { Ok(()) }
    };
    let pairs = match pickle.node(id) {
        Node::Dict(pairs) => pairs,
        Node::Call { state: Some(state), items, .. } if items.is_empty() => {
            match pickle.node(*state) {
                Node::Dict(pairs) => pairs,
                _ => return Ok(Vec::new()),
            }
        }
        Node::Call { items, .. } => items,
        Node::List(items) => {
            visit(items.len())?;
            return Ok(items.iter().enumerate().map(|(i, &id)| (i.to_string(), id)).collect());
        }
        _ => return Ok(Vec::new()),
    };
    visit(pairs.len())?;
    let named: BTreeMap<String, Id> = pairs
        .iter()
        .filter_map(|&(key, value)| match pickle.node(key) {
            Node::Text(name) if name.len() <= MAX_NAME => Some((name.clone(), value)),
            Node::Int(number) => Some((number.to_string(), value)),
            _ => None,
        })
        .collect();
    Ok(named.into_iter().collect())
}

fn scalar(pickle: &Pickle, id: Id) -> Option<String> {
    match pickle.node(id) {
        Node::Bool(value) => Some(value.to_string()),
        Node::Int(value) => Some(value.to_string()),
        Node::Float(value) => Some(value.to_string()),
        Node::Text(value) if value.len() <= MAX_NAME => Some(value.clone()),
        _ => None,
    }
}

/// The tensor that a call would build, if the call is one that builds a tensor.
fn describe(pickle: &Pickle, mut id: Id) -> Option<Description> {
    // A parameter wraps a tensor, once; a subclass of tensor may wrap it again.
    for _ in 0..4 {
        let Node::Call { function, arguments, .. } = pickle.node(id) else { return None };
        let mut function = *function;
        let mut arguments = pickle.tuple(*arguments)?;
        if is_global(pickle, function, "torch._tensor", "_rebuild_from_type_v2") {
            // (function, type, arguments, state)
            function = *arguments.first()?;
            arguments = pickle.tuple(*arguments.get(2)?)?;
        }
        let Node::Global { module, name } = pickle.node(function) else { return None };
        if module != "torch._utils" {
            return None;
        }
        match name.as_str() {
            "_rebuild_parameter" | "_rebuild_parameter_with_state" => id = *arguments.first()?,
            "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3" => {
                return Some(tensor(pickle, arguments));
            }
            name if name.starts_with("_rebuild") => {
                return Some(Err("is sparse, quantized or of another kind that is not read"));
            }
            _ => return None,
        }
    }
    None
}

/// `(storage, offset, shape, strides, requires_grad, hooks, kind of number in v3)`
fn tensor(pickle: &Pickle, arguments: &[Id]) -> Description {
    let [storage, offset, shape, strides, rest @ ..] = arguments else {
        return Err("has too few arguments");
    };
    let Node::Persistent(storage) = pickle.node(*storage) else {
        return Err("has no storage in the archive");
    };
    // ("storage", kind, key, device, numbers)
    let Some([_, kind, key, ..]) = pickle.tuple(*storage) else {
        return Err("has a storage that is not understood");
    };
    let (Node::Global { name: kind, .. }, Some(key)) = (pickle.node(*kind), pickle.text(*key))
    else {
        return Err("has a storage that is not understood");
    };
    if key.len() > MAX_NAME {
        return Err("has a storage of too long a name");
    }
    let dtype = match (kind.as_str(), rest) {
        ("UntypedStorage", [_, _, dtype, ..]) => match pickle.node(*dtype) {
            Node::Global { name, .. } => Dtype::from_torch(name),
            _ => None,
        },
        (kind, _) => Dtype::from_torch(kind),
    };
    let dtype = dtype.ok_or("holds numbers of a kind that is not read")?;
    let shape = sizes(pickle, *shape).ok_or("has a shape that is not understood")?;
    let strides = sizes(pickle, *strides).ok_or("has strides that are not understood")?;
    let offset = size(pickle, *offset).ok_or("has an offset that is not understood")?;
    if shape.len() != strides.len() {
        return Err("has more or fewer strides than axes");
    }
    Ok(Described { storage: key.to_owned(), dtype, offset, shape, strides })
}

fn is_global(pickle: &Pickle, id: Id, module: &str, name: &str) -> bool {
    matches!(pickle.node(id), Node::Global { module: m, name: n } if m == module && n == name)
}

fn size(pickle: &Pickle, id: Id) -> Option<usize> {
    match pickle.node(id) {
        Node::Int(value) => usize::try_from(*value).ok(),
        _ => None,
    }
}

/// A tuple of sizes; `torch.Size` is pickled as a call with one.
fn sizes(pickle: &Pickle, id: Id) -> Option<Vec<usize>> {
    let items = match pickle.node(id) {
        Node::Tuple(items) | Node::List(items) => items,
        Node::Call { function, arguments, .. } if is_global(pickle, *function, "torch", "Size") => {
            pickle.tuple(*pickle.tuple(*arguments)?.first()?)?
        }
        _ => return None,
    };
    if items.len() > MAX_AXES {
        return None;
    }
    items.iter().map(|&id| size(pickle, id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<State, &'static str> {
        State::read(&Pickle::read(bytes).unwrap())
    }

    #[test]
    fn a_small_pickle_does_not_unfold_into_a_huge_tree() {
        // A list with twice the list before it, 60 times: 2^60 paths.
        let mut bytes = b"]q\x00".to_vec();
        for _ in 0..60 {
            bytes.extend(b"0](h\x00h\x00eq\x00");
        }
        bytes.push(b'.');
        assert_eq!(read(&bytes).unwrap_err(), "holds too many values");
    }

    #[test]
    fn a_list_in_itself_is_an_error() {
        assert_eq!(read(b"]q\x00h\x00a.").unwrap_err(), "values are nested too deep");
    }

    #[test]
    fn plain_values_are_no_tensors() {
        let state = read(b"}(X\x01\x00\x00\x00aK\x05X\x01\x00\x00\x00bNu.").unwrap();
        assert!(state.tensors.is_empty());
        assert_eq!(state.scalars.get("a").map(String::as_str), Some("5"));
        assert!(!state.scalars.contains_key("b"));
    }

    #[test]
    fn a_call_of_anything_else_is_no_tensor() {
        let state = read(b"}X\x01\x00\x00\x00acos\nsystem\n(X\x02\x00\x00\x00lstRs.").unwrap();
        assert!(state.tensors.is_empty());
    }
}
