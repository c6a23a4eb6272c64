//! A pickle as a graph of values. Nothing is called or built: a call stays a call.
//!
//! Instructions are those that PyTorch and Python's own `pickle` write for state dicts, checkpoints
//! and modules in protocols 2 to 5.

use std::collections::HashMap;

use crate::PickleError;

/// Values in one pickle. OpenAI's largest ResNet needs about 20 thousand.
const MAX_VALUES: usize = 1 << 21;

/// A value's place in [`Pickle::nodes`]. Shared values, and cycles, share it.
pub(crate) type Id = usize;

#[derive(Debug)]
pub(crate) enum Node {
    /// None, a set, raw bytes, a large integer: nothing that names or describes a tensor.
    Other,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Global {
        module: String,
        name: String,
    },
    /// What the pickle's reader must look up elsewhere: here a storage.
    Persistent(Id),
    /// `function(*arguments)`, and what was then set on the result.
    Call {
        function: Id,
        arguments: Id,
        state: Option<Id>,
        items: Vec<(Id, Id)>,
    },
}

#[derive(Debug)]
pub(crate) struct Pickle {
    nodes: Vec<Node>,
    pub(crate) root: Id,
}

impl Pickle {
    pub(crate) fn node(&self, id: Id) -> &Node {
        self.nodes.get(id).unwrap_or(&Node::Other)
    }

    pub(crate) fn text(&self, id: Id) -> Option<&str> {
        match self.node(id) {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn tuple(&self, id: Id) -> Option<&[Id]> {
        match self.node(id) {
            Node::Tuple(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, PickleError> {
        let machine = Machine {
            bytes,
            position: 0,
            code: 0,
            nodes: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
        };
        machine.run()
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    position: usize,
    /// The instruction at work.
    code: u8,
    nodes: Vec<Node>,
    stack: Vec<Id>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<usize, Id>,
}

impl<'a> Machine<'a> {
    fn run(mut self) -> Result<Pickle, PickleError> {
        loop {
            let [code] = self.take()?;
            self.code = code;
            if code == b'.' {
                let root = self.pop()?;
                return Ok(Pickle { nodes: self.nodes, root });
            }
            self.step(code)?;
        }
    }

    fn step(&mut self, code: u8) -> Result<(), PickleError> {
        match code {
            0x80 => drop(self.take::<1>()?), // protocol
            0x95 => drop(self.take::<8>()?), // frame
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_mark()?),
            b'2' => {
                let top = *self.stack.last().ok_or_else(|| self.operand())?;
                self.stack.push(top);
            }
            b'N' => self.push(Node::Other)?,
            0x88 => self.push(Node::Bool(true))?,
            0x89 => self.push(Node::Bool(false))?,
            b'J' => {
                let int = i32::from_le_bytes(self.take()?);
                self.push(Node::Int(int.into()))?;
            }
            b'K' => {
                let [int] = self.take()?;
                self.push(Node::Int(int.into()))?;
            }
            b'M' => {
                let int = u16::from_le_bytes(self.take()?);
                self.push(Node::Int(int.into()))?;
            }
            0x8a => {
                let [length] = self.take()?;
                let node = long(self.slice(length.into())?);
                self.push(node)?;
            }
            b'G' => {
                let float = f64::from_be_bytes(self.take()?);
                self.push(Node::Float(float))?;
            }
            b'X' | 0x8c | 0x8d => {
                let text = self.counted(code)?;
                let text = std::str::from_utf8(text).map_err(|_| self.operand())?.to_owned();
                self.push(Node::Text(text))?;
            }
            // Text of Python 2, and bytes; the first may name a tensor.
            b'U' | b'T' => {
                let text = std::str::from_utf8(self.counted(code)?).ok().map(str::to_owned);
                self.push(text.map_or(Node::Other, Node::Text))?;
            }
            b'B' | b'C' | 0x8e | 0x96 => {
                self.counted(code)?;
                self.push(Node::Other)?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Node::Global { module, name })?;
            }
            0x93 => {
                let (name, module) = (self.pop_text()?, self.pop_text()?);
                self.push(Node::Global { module, name })?;
            }
            b')' => self.push(Node::Tuple(Vec::new()))?,
            b']' => self.push(Node::List(Vec::new()))?,
            b'}' => self.push(Node::Dict(Vec::new()))?,
            0x8f => self.push(Node::Other)?, // a set
            b't' => {
                let items = self.pop_mark()?;
                self.push(Node::Tuple(items))?;
            }
            0x85..=0x87 => {
                let from = self.stack.len().checked_sub(usize::from(code - 0x84));
                let items = self.split_off(from)?;
                self.push(Node::Tuple(items))?;
            }
            0x90 => drop(self.pop_mark()?), // into a set
            0x91 => {
                self.pop_mark()?; // a frozen set
                self.push(Node::Other)?;
            }
            b'a' => {
                let item = self.pop()?;
                self.extend(vec![item])?;
            }
            b'e' => {
                let items = self.pop_mark()?;
                self.extend(items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_mark()?;
                self.set(&items)?;
            }
            b'R' | 0x81 => {
                let (arguments, function) = (self.pop()?, self.pop()?);
                self.push(Node::Call { function, arguments, state: None, items: Vec::new() })?;
            }
            0x92 => {
                let (_keywords, arguments, function) = (self.pop()?, self.pop()?, self.pop()?);
                self.push(Node::Call { function, arguments, state: None, items: Vec::new() })?;
            }
            b'b' => {
                let new_state = self.pop()?;
                // On anything but a call the state is of no interest.
                if let Node::Call { state, .. } = self.top()? {
                    *state = Some(new_state);
                }
            }
            b'Q' => {
                let id = self.pop()?;
                self.push(Node::Persistent(id))?;
            }
            b'q' => {
                let [at] = self.take()?;
                self.remember(at.into())?;
            }
            b'r' => {
                let at = u32::from_le_bytes(self.take()?);
                self.remember(at as usize)?;
            }
            0x94 => self.remember(self.memo.len())?,
            b'h' => {
                let [at] = self.take()?;
                self.recall(at.into())?;
            }
            b'j' => {
                let at = u32::from_le_bytes(self.take()?);
                self.recall(at as usize)?;
            }
            _ => {
                let position = self.position.saturating_sub(1);
                return Err(PickleError::Instruction { code, position });
            }
        }
        Ok(())
    }

    /// Bytes after a length of 1, 4 or 8 bytes, as the instruction has it.
    fn counted(&mut self, code: u8) -> Result<&'a [u8], PickleError> {
        let length = match code {
            b'U' | b'C' | 0x8c => {
                let [length] = self.take()?;
                length.into()
            }
            b'X' | b'T' | b'B' => u32::from_le_bytes(self.take()?).into(),
            _ => u64::from_le_bytes(self.take()?),
        };
        let length = usize::try_from(length).map_err(|_| self.truncated())?;
        self.slice(length)
    }

    fn slice(&mut self, length: usize) -> Result<&'a [u8], PickleError> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let slice = rest.get(..length).ok_or_else(|| self.truncated())?;
        self.position += length;
        Ok(slice)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], PickleError> {
        let position = self.position;
        let slice = self.slice(N)?;
        slice.try_into().map_err(|_| PickleError::Truncated { position })
    }

    /// Text up to the end of the line.
    fn line(&mut self) -> Result<String, PickleError> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let length = rest.iter().position(|&b| b == b'\n').ok_or_else(|| self.truncated())?;
        let line = std::str::from_utf8(self.slice(length)?).map(str::to_owned);
        self.position += 1;
        line.map_err(|_| self.operand())
    }

    fn push(&mut self, node: Node) -> Result<(), PickleError> {
        if self.nodes.len() >= MAX_VALUES {
            return Err(PickleError::TooLarge { limit: MAX_VALUES });
        }
        self.stack.push(self.nodes.len());
        self.nodes.push(node);
        Ok(())
    }

    /// The topmost value; none of those below the last mark.
    fn pop(&mut self) -> Result<Id, PickleError> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err(self.operand());
        }
        self.stack.pop().ok_or_else(|| self.operand())
    }

    fn pop_text(&mut self) -> Result<String, PickleError> {
        let id = self.pop()?;
        match self.nodes.get(id) {
            Some(Node::Text(text)) => Ok(text.clone()),
            _ => Err(self.operand()),
        }
    }

    /// All values down to the last mark.
    fn pop_mark(&mut self) -> Result<Vec<Id>, PickleError> {
        let from = self.marks.pop();
        self.split_off(from)
    }

    fn split_off(&mut self, from: Option<usize>) -> Result<Vec<Id>, PickleError> {
        match from {
            Some(from) if from <= self.stack.len() => Ok(self.stack.split_off(from)),
            _ => Err(self.operand()),
        }
    }

    fn top(&mut self) -> Result<&mut Node, PickleError> {
        let missing = self.operand();
        let top = self.stack.last().and_then(|&id| self.nodes.get_mut(id));
        top.ok_or(missing)
    }

    fn extend(&mut self, new: Vec<Id>) -> Result<(), PickleError> {
        let wrong = self.operand();
        match self.top()? {
            Node::List(items) => items.extend(new),
            Node::Call { .. } => {}
            _ => return Err(wrong),
        }
        Ok(())
    }

    fn set(&mut self, pairs: &[Id]) -> Result<(), PickleError> {
        let wrong = self.operand();
        let (pairs, odd) = pairs.as_chunks::<2>();
        match self.top()? {
            Node::Dict(items) | Node::Call { items, .. } if odd.is_empty() => {
                items.extend(pairs.iter().map(|&[key, value]| (key, value)));
                Ok(())
            }
            _ => Err(wrong),
        }
    }

    fn remember(&mut self, at: usize) -> Result<(), PickleError> {
        let top = *self.stack.last().ok_or_else(|| self.operand())?;
        self.memo.insert(at, top);
        Ok(())
    }

    fn recall(&mut self, at: usize) -> Result<(), PickleError> {
        let id = *self.memo.get(&at).ok_or_else(|| self.operand())?;
        self.stack.push(id);
        Ok(())
    }

    fn operand(&self) -> PickleError {
        PickleError::Operand { code: self.code, position: self.position.saturating_sub(1) }
    }

    fn truncated(&self) -> PickleError {
        PickleError::Truncated { position: self.position }
    }
}

/// A little-endian integer of any length; one beyond 64 bits describes no tensor.
fn long(bytes: &[u8]) -> Node {
    let fill = if bytes.last().is_some_and(|b| b & 0x80 != 0) { 0xff } else { 0 };
    let mut whole = [fill; 8];
    match whole.get_mut(..bytes.len()) {
        Some(low) => low.copy_from_slice(bytes),
        None => return Node::Other,
    }
    Node::Int(i64::from_le_bytes(whole))
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
        let Node::Call { function, .. } = pickle.node(pickle.root) else { panic!("{pickle:?}") };
        assert!(matches!(pickle.node(*function), Node::Global { module, .. } if module == "os"));
    }

    #[test]
    fn long_integers_keep_their_sign() {
        assert!(matches!(long(&[0xff]), Node::Int(-1)));
        assert!(matches!(long(&[0xff, 0]), Node::Int(255)));
        assert!(matches!(long(&[1; 9]), Node::Other));
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
