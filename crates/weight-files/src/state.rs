//! Which tensors a pickle of PyTorch describes, and under which names.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::pickle::{Id, Node, Pickle};
use crate::tensor::{Description, describe};

/// Nesting of modules or dicts. CLIP's names have 6 parts.
const MAX_DEPTH: usize = 64;
/// Values looked at on the way to tensors: shared ones count each time, so that a small file cannot unfold
/// into a huge tree.
const MAX_VISITS: usize = 1 << 24;
/// Tensors that are kept. A checkpoint of CLIP with its optimizer has two thousand.
const MAX_TENSORS: usize = 1 << 18;
/// Bytes of a name, or of a plain value.
const MAX_NAME: usize = 1024;
/// Plain values that are kept.
const MAX_SCALARS: usize = 4096;

/// What a pickle holds.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// By names from the top: `state_dict.conv.weight`.
    pub(crate) tensors: BTreeMap<String, Description>,
    /// The names at the top that are not tensors and hold some: `state_dict`, `optimizer`.
    pub(crate) parts: BTreeSet<String>,
    /// Plain values beside the tensors.
    pub(crate) scalars: BTreeMap<String, String>,
}

impl State {
    /// All tensors of a pickle.
    ///
    /// # Errors
    ///
    /// Nested too deep, too large, or with names too long.
    pub(crate) fn read(pickle: &Pickle) -> Result<Self, &'static str> {
        let holders = Holders::of(pickle);
        let mut walk =
            Walk { pickle, holders, visits: 0, path: Vec::new(), state: Self::default() };
        walk.state.scalars = scalars(pickle);
        walk.enter(pickle.root, "")?;
        Ok(walk.state)
    }
}

/// Which values hold tensors, or are one. The others are never entered.
struct Holders(Vec<bool>);

impl Holders {
    fn of(pickle: &Pickle) -> Self {
        // From each tensor up to what holds it, once for each value.
        let count = pickle.ids().len();
        let mut holders = vec![false; count];
        let (mut ready, mut pairs) = (Vec::new(), Vec::new());
        for id in pickle.ids() {
            if describe(pickle, id).is_some() {
                ready.push(id);
                continue;
            }
            each_part(pickle, id, |part| {
                if matches!(
                    pickle.node(part),
                    Node::Dict(_) | Node::List(_) | Node::Tuple(_) | Node::Call(_)
                ) {
                    // At most so many as the pickle may have values.
                    pairs.push((part as u32, id as u32));
                }
            });
        }
        pairs.sort_unstable();
        while let Some(id) = ready.pop() {
            let Some(holder @ false) = holders.get_mut(id) else { continue };
            *holder = true;
            let first = pairs.partition_point(|&(part, _)| (part as usize) < id);
            let above = pairs.iter().skip(first).take_while(|&&(part, _)| part as usize == id);
            ready.extend(above.map(|&(_, above)| above as usize));
        }
        Self(holders)
    }

    fn has(&self, id: Id) -> bool {
        self.0.get(id).copied().unwrap_or(false)
    }
}

/// All that a value is made of, keys aside.
fn each_part(pickle: &Pickle, id: Id, mut found: impl FnMut(Id)) {
    match pickle.node(id) {
        Node::Dict(items) => items.iter().for_each(|&(_, value)| found(value)),
        Node::List(items) | Node::Tuple(items) => items.iter().for_each(|&item| found(item)),
        Node::Call(call) => {
            call.items.iter().for_each(|&(_, value)| found(value));
            call.state.into_iter().chain([call.arguments]).for_each(found);
        }
        _ => {}
    }
}

struct Walk<'a> {
    pickle: &'a Pickle<'a>,
    holders: Holders,
    visits: usize,
    /// The values that are being looked at, from the top: one in itself is not entered again.
    path: Vec<Id>,
    state: State,
}

impl Walk<'_> {
    fn enter(&mut self, id: Id, prefix: &str) -> Result<(), &'static str> {
        if self.path.contains(&id) {
            return Ok(());
        }
        if self.path.len() > MAX_DEPTH {
            return Err("values are nested too deep");
        }
        self.path.push(id);
        for (field, id) in self.fields(id)? {
            // These hold a pickled module's own tensors and modules, and are no part of a name.
            let is_shelf = matches!(field.as_str(), "_parameters" | "_buffers" | "_modules" | "");
            let name = match prefix {
                _ if is_shelf => prefix.to_owned(),
                "" => field,
                _ => format!("{prefix}.{field}"),
            };
            if name.len() > MAX_NAME {
                return Err("a name is too long");
            }
            match describe(self.pickle, id) {
                Some(description) => self.keep(name, description)?,
                None => {
                    if self.path.len() == 1 && !is_shelf {
                        self.state.parts.insert(name.clone());
                    }
                    self.enter(id, &name)?;
                }
            }
        }
        self.path.pop();
        Ok(())
    }

    fn keep(&mut self, name: String, description: Description) -> Result<(), &'static str> {
        if self.state.tensors.len() >= MAX_TENSORS {
            return Err("holds too many tensors");
        }
        let earlier = self.state.tensors.get_mut(&name);
        match earlier {
            Some(earlier) if *earlier == description => {}
            Some(earlier) => *earlier = Err("stands there twice, with other values".to_owned()),
            None => drop(self.state.tensors.insert(name, description)),
        }
        Ok(())
    }

    /// The named parts of a dict, a list or an object that hold tensors.
    fn fields(&mut self, id: Id) -> Result<Vec<(String, Id)>, &'static str> {
        let pickle = self.pickle;
        match pickle.node(id) {
            Node::Dict(pairs) => self.named(pairs),
            Node::Call(call) => {
                if let Some(module) = compiled(pickle, id) {
                    return Ok(vec![(String::new(), module)]);
                }
                if !call.items.is_empty() {
                    return self.named(&call.items);
                }
                let mut fields = Vec::new();
                match call.state.map(|state| pickle.node(state)) {
                    Some(Node::Dict(pairs)) => fields = self.named(pairs)?,
                    // Of a class with `__slots__`: the dict, if it has one, and the slots.
                    Some(Node::Tuple(states)) => {
                        for state in states.iter().take(2) {
                            if let Node::Dict(pairs) = pickle.node(*state) {
                                fields.extend(self.named(pairs)?);
                            }
                        }
                    }
                    _ => {}
                }
                if fields.is_empty() && self.holders.has(call.arguments) {
                    return self.arguments(call.arguments);
                }
                Ok(fields)
            }
            Node::List(items) | Node::Tuple(items) => self.numbered(items),
            _ => Ok(Vec::new()),
        }
    }

    /// What a call is made of: a named tuple's items, or an old OrderedDict's list of pairs.
    fn arguments(&mut self, id: Id) -> Result<Vec<(String, Id)>, &'static str> {
        let Some(arguments) = self.pickle.tuple(id) else { return Ok(Vec::new()) };
        if let [list] = arguments
            && let Node::List(items) = self.pickle.node(*list)
        {
            let pairs: Option<Vec<(Id, Id)>> = items
                .iter()
                .map(|&item| match self.pickle.node(item) {
                    Node::List(pair) | Node::Tuple(pair) => match pair.as_slice() {
                        &[key, value] => self.pickle.text(key).map(|_| (key, value)),
                        _ => None,
                    },
                    _ => None,
                })
                .collect();
            if let Some(pairs) = pairs {
                return self.named(&pairs);
            }
        }
        self.numbered(arguments)
    }

    fn numbered(&mut self, items: &[Id]) -> Result<Vec<(String, Id)>, &'static str> {
        self.visit(items.len())?;
        let items = items.iter().enumerate().filter(|&(_, &id)| self.holders.has(id));
        Ok(items.map(|(i, &id)| (i.to_string(), id)).collect())
    }

    /// A dict may set a key again: the last counts.
    fn named(&mut self, pairs: &[(Id, Id)]) -> Result<Vec<(String, Id)>, &'static str> {
        self.visit(pairs.len())?;
        let mut named = BTreeMap::new();
        for &(key, value) in pairs {
            let Some(name) = name(self.pickle, key) else { continue };
            match self.holders.has(value) {
                true => drop(named.insert(name, value)),
                false => drop(named.remove(&name)),
            }
        }
        Ok(named.into_iter().map(|(name, value)| (name.into_owned(), value)).collect())
    }

    fn visit(&mut self, count: usize) -> Result<(), &'static str> {
        self.visits = self.visits.saturating_add(count);
        if self.visits > MAX_VISITS { Err("holds too many values") } else { Ok(()) }
    }
}

/// The module inside `torch.compile(module)`.
fn compiled(pickle: &Pickle, id: Id) -> Option<Id> {
    pickle.called(id, "torch._dynamo.eval_frame", "OptimizedModule")?.first().copied()
}

fn name<'a>(pickle: &Pickle<'a>, key: Id) -> Option<Cow<'a, str>> {
    match pickle.node(key) {
        Node::Int(number) => Some(number.to_string().into()),
        _ => pickle.text(key).filter(|name| name.len() <= MAX_NAME).map(Cow::from),
    }
}

/// The plain values of a dict or an object.
fn scalars(pickle: &Pickle) -> BTreeMap<String, String> {
    let pairs = match pickle.node(pickle.root) {
        Node::Dict(pairs) => pairs,
        Node::Call(call) => match call.state.map(|state| pickle.node(state)) {
            Some(Node::Dict(pairs)) if call.items.is_empty() => pairs,
            _ => &call.items,
        },
        _ => return BTreeMap::new(),
    };
    let named = pairs.iter().filter_map(|&(key, value)| {
        Some((name(pickle, key)?.into_owned(), scalar(pickle, value)?))
    });
    named.take(MAX_SCALARS).collect()
}

fn scalar(pickle: &Pickle, id: Id) -> Option<String> {
    match pickle.node(id) {
        Node::Bool(value) => Some(value.to_string()),
        Node::Int(value) => Some(value.to_string()),
        Node::Float(value) => Some(value.to_string()),
        _ => pickle.text(id).filter(|text| text.len() <= MAX_NAME).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<State, &'static str> {
        State::read(&Pickle::read(bytes).unwrap())
    }

    /// A tensor, as instructions.
    const TENSOR: &[u8] =
        b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n\
        X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x01tQK\x00K\x01\x85K\x01\x85\x89NtR";

    #[test]
    fn a_small_pickle_does_not_unfold_into_a_huge_tree() {
        // A list with twice the list before it, 60 times: 2^60 paths, without and with a tensor at the end.
        for start in [&b""[..], TENSOR] {
            let mut bytes = [b"](", start, b"eq\x00"].concat();
            for _ in 0..60 {
                bytes.extend(b"0](h\x00h\x00eq\x00");
            }
            bytes.push(b'.');
            match start {
                b"" => assert!(read(&bytes).unwrap().tensors.is_empty()),
                _ => assert_eq!(read(&bytes).unwrap_err(), "holds too many tensors"),
            }
        }
    }

    #[test]
    fn a_value_in_itself_is_not_entered_again() {
        assert!(read(b"]q\x00h\x00a.").unwrap().tensors.is_empty());
        let bytes = [b"]q\x00(h\x00", TENSOR, b"e."].concat();
        assert_eq!(read(&bytes).unwrap().tensors.into_keys().collect::<Vec<_>>(), ["1"]);
    }

    #[test]
    fn tensors_far_down_are_an_error() {
        let bytes = [vec![b']'; 80], TENSOR.to_vec(), vec![b'a'; 80], vec![b'.']].concat();
        assert_eq!(read(&bytes).unwrap_err(), "values are nested too deep");
        let empty = [vec![b']'; 1 << 20], vec![b'a'; (1 << 20) - 1], vec![b'.']].concat();
        assert!(read(&empty).unwrap().tensors.is_empty());
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
