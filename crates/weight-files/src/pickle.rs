//! A pickle as a graph of values. Nothing is called or built: a call stays a call.

use crate::PickleError;
use crate::machine::Machine;

/// A value's place in [`Pickle::nodes`]. Shared values, and cycles, share it.
pub(crate) type Id = usize;

/// Texts and bytes lie in the pickle, `at` so many bytes from its start.
#[derive(Debug)]
pub(crate) enum Node<'a> {
    /// None, a set, a large integer, a number in a list: nothing that names or describes a tensor.
    Other,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text {
        at: usize,
        text: &'a str,
    },
    Bytes {
        at: usize,
        bytes: &'a [u8],
    },
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Global(Box<Global<'a>>),
    /// What the pickle's reader must look up elsewhere: here a storage.
    Persistent(Id),
    Call(Box<Call>),
}

/// What a pickle calls by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Global<'a> {
    pub(crate) module: &'a str,
    pub(crate) name: &'a str,
}

/// `function(*arguments)`, and what was then set on the result.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) function: Id,
    pub(crate) arguments: Id,
    pub(crate) state: Option<Id>,
    pub(crate) items: Vec<(Id, Id)>,
}

#[derive(Debug)]
pub(crate) struct Pickle<'a> {
    nodes: Vec<Node<'a>>,
    pub(crate) root: Id,
    /// Its bytes, the last instruction included.
    pub(crate) length: usize,
}

impl<'a> Pickle<'a> {
    pub(crate) fn node(&self, id: Id) -> &Node<'a> {
        self.nodes.get(id).unwrap_or(&Node::Other)
    }

    /// All values, in no order that means anything.
    pub(crate) fn ids(&self) -> std::ops::Range<Id> {
        0..self.nodes.len()
    }

    /// A text, or bytes that are one.
    pub(crate) fn text(&self, id: Id) -> Option<&'a str> {
        match self.node(id) {
            Node::Text { text, .. } => Some(text),
            Node::Bytes { bytes, .. } => std::str::from_utf8(bytes).ok(),
            // How protocol 2 has bytes.
            Node::Call(_) => self.called(id, "_codecs", "encode").and_then(|arguments| {
                let Node::Text { text, .. } = self.node(*arguments.first()?) else { return None };
                text.is_ascii().then_some(*text)
            }),
            _ => None,
        }
    }

    pub(crate) fn global(&self, id: Id) -> Option<Global<'a>> {
        match self.node(id) {
            Node::Global(global) => Some(**global),
            _ => None,
        }
    }

    /// The arguments, if the value is a call of this function.
    pub(crate) fn called(&self, id: Id, module: &str, name: &str) -> Option<&[Id]> {
        let Node::Call(call) = self.node(id) else { return None };
        let Global { module: m, name: n } = self.global(call.function)?;
        if m == module && n == name { self.tuple(call.arguments) } else { None }
    }

    pub(crate) fn tuple(&self, id: Id) -> Option<&[Id]> {
        match self.node(id) {
            Node::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// The pickle that `bytes` begin with.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, PickleError> {
        let (nodes, root, length) = Machine::new(bytes).run()?;
        Ok(Self { nodes, root, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_shared_ones_are_found_again() {
        // pickle.dumps({"a": [1, -2], "b": 300}, 2), with "a" recalled at the end.
        let pickle = Pickle::read(b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01J\xfe\xff\xff\xffeX\x01\x00\x00\x00bM,\x01u.").unwrap();
        let Node::Dict(items) = pickle.node(pickle.root) else { panic!("{pickle:?}") };
        let [(a, list), (_, b)] = items[..] else { panic!("{items:?}") };
        assert_eq!(pickle.text(a), Some("a"));
        assert!(matches!(pickle.node(b), Node::Int(300)));
        let Node::List(items) = pickle.node(list) else { panic!("{list:?}") };
        assert!(matches!(pickle.node(items[1]), Node::Int(-2)));
    }

    #[test]
    fn a_call_is_not_made() {
        let pickle = Pickle::read(b"cos\nsystem\n(X\x02\x00\x00\x00lstR.").unwrap();
        let Node::Call(call) = pickle.node(pickle.root) else { panic!("{pickle:?}") };
        assert_eq!(pickle.global(call.function).unwrap().module, "os");
    }

    #[test]
    fn nonsense_is_an_error() {
        for bytes in [
            &b""[..],
            b".",
            b"R.",
            b"(",
            b"t.",
            b"h\x05.",
            b"X\xff\xff\xff\xffa.",
            b"]]u.",
            b"\x85.",
        ] {
            assert!(Pickle::read(bytes).is_err(), "{bytes:?}");
        }
    }
}
