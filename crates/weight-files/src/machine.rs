//! The machine that a pickle is a program of, without its power to call anything.
//!
//! Instructions are those that PyTorch and Python's own `pickle` write for state dicts, checkpoints
//! and modules in protocols 2 to 5.

use std::collections::HashMap;

use crate::PickleError;
use crate::pickle::{Call, Global, Id, Node};

/// Values in one pickle. OpenAI's largest ResNet needs about 20 thousand, a checkpoint with its optimizer
/// 100 thousand; the rest is for tables that a training kept beside its weights.
const MAX_VALUES: usize = 1 << 23;
/// Uses of values: one that is recalled counts again, and a place to recall it from four times (its memory).
const MAX_USES: usize = 1 << 25;

/// A pickle at work.
pub(crate) struct Machine<'a> {
    bytes: &'a [u8],
    position: usize,
    /// The instruction at work.
    code: u8,
    nodes: Vec<Node<'a>>,
    stack: Vec<Id>,
    /// Out of [`MAX_USES`].
    uses: usize,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<usize, Id>,
    /// One value for all that are nothing, and one for each small integer: tables repeat them.
    nothing: Option<Id>,
    small: [Option<Id>; 256],
}

impl<'a> Machine<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            position: 0,
            code: 0,
            nodes: Vec::new(),
            stack: Vec::new(),
            uses: 0,
            marks: Vec::new(),
            memo: HashMap::new(),
            nothing: None,
            small: [None; 256],
        }
    }

    /// All values, the root's place among them, and the bytes up to the end of the last instruction.
    pub(crate) fn run(mut self) -> Result<(Vec<Node<'a>>, Id, usize), PickleError> {
        loop {
            let [code] = self.take()?;
            self.code = code;
            if code == b'.' {
                let root = self.pop()?;
                return Ok((self.nodes, root, self.position));
            }
            self.step(code)?;
        }
    }

    fn step(&mut self, code: u8) -> Result<(), PickleError> {
        match code {
            0x80 => drop(self.take::<1>()?), // protocol
            0x95 => drop(self.take::<8>()?), // frame
            b'(' => {
                self.use_up(1)?;
                self.marks.push(self.stack.len());
            }
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_mark()?),
            b'2' => {
                let top = *self.stack.last().ok_or_else(|| self.operand())?;
                self.put(top)?;
            }
            b'N' => self.push_nothing()?,
            0x88 => self.push(Node::Bool(true))?,
            0x89 => self.push(Node::Bool(false))?,
            b'J' => {
                let int = i32::from_le_bytes(self.take()?);
                self.push(Node::Int(int.into()))?;
            }
            b'K' => {
                let [int] = self.take()?;
                self.push_small(int)?;
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
                let (at, text) = self.counted(code)?;
                let text = std::str::from_utf8(text).map_err(|_| self.operand())?;
                self.push(Node::Text { at, text })?;
            }
            // Text of Python 2 may be bytes.
            b'U' | b'T' | b'B' | b'C' | 0x8e | 0x96 => {
                let (at, bytes) = self.counted(code)?;
                self.push(Node::Bytes { at, bytes })?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Node::Global(Box::new(Global { module, name })))?;
            }
            0x93 => {
                let (name, module) = (self.pop_text()?, self.pop_text()?);
                self.push(Node::Global(Box::new(Global { module, name })))?;
            }
            b')' => self.push(Node::Tuple(Vec::new()))?,
            b']' => self.push(Node::List(Vec::new()))?,
            b'}' => self.push(Node::Dict(Vec::new()))?,
            0x8f => self.push_nothing()?, // a set
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
                self.push_nothing()?;
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
                self.push_call(function, arguments)?;
            }
            0x92 => {
                let (_keywords, arguments, function) = (self.pop()?, self.pop()?, self.pop()?);
                self.push_call(function, arguments)?;
            }
            b'b' => {
                let new_state = self.pop()?;
                // On anything but a call the state is of no interest.
                if let Node::Call(call) = self.top()? {
                    call.state = Some(new_state);
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

    /// Bytes after a length of 1, 4 or 8 bytes, as the instruction has it, and where they begin.
    fn counted(&mut self, code: u8) -> Result<(usize, &'a [u8]), PickleError> {
        let length = match code {
            b'U' | b'C' | 0x8c => {
                let [length] = self.take()?;
                length.into()
            }
            b'X' | b'T' | b'B' => u32::from_le_bytes(self.take()?).into(),
            _ => u64::from_le_bytes(self.take()?),
        };
        let length = usize::try_from(length).map_err(|_| self.truncated())?;
        let at = self.position;
        Ok((at, self.slice(length)?))
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
    fn line(&mut self) -> Result<&'a str, PickleError> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let length = rest.iter().position(|&b| b == b'\n').ok_or_else(|| self.truncated())?;
        let line = std::str::from_utf8(self.slice(length)?);
        self.position += 1;
        line.map_err(|_| self.operand())
    }

    fn push_nothing(&mut self) -> Result<(), PickleError> {
        if let Some(id) = self.nothing {
            return self.put(id);
        }
        self.nothing = Some(self.nodes.len());
        self.push(Node::Other)
    }

    fn push_small(&mut self, int: u8) -> Result<(), PickleError> {
        let Some(place) = self.small.get_mut(usize::from(int)) else { return Ok(()) };
        if let Some(id) = *place {
            return self.put(id);
        }
        *place = Some(self.nodes.len());
        self.push(Node::Int(int.into()))
    }

    fn push_call(&mut self, function: Id, arguments: Id) -> Result<(), PickleError> {
        let call = Call { function, arguments, state: None, items: Vec::new() };
        self.push(Node::Call(Box::new(call)))
    }

    fn push(&mut self, node: Node<'a>) -> Result<(), PickleError> {
        if self.nodes.len() >= MAX_VALUES {
            return Err(PickleError::TooLarge { limit: MAX_VALUES });
        }
        self.nodes.push(node);
        self.put(self.nodes.len() - 1)
    }

    /// The topmost value; none of those below the last mark.
    fn pop(&mut self) -> Result<Id, PickleError> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err(self.operand());
        }
        self.stack.pop().ok_or_else(|| self.operand())
    }

    fn pop_text(&mut self) -> Result<&'a str, PickleError> {
        let id = self.pop()?;
        match self.nodes.get(id) {
            Some(Node::Text { text, .. }) => Ok(text),
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

    fn top(&mut self) -> Result<&mut Node<'a>, PickleError> {
        let missing = self.operand();
        let top = self.stack.last().and_then(|&id| self.nodes.get_mut(id));
        top.ok_or(missing)
    }

    fn extend(&mut self, new: Vec<Id>) -> Result<(), PickleError> {
        let wrong = self.operand();
        match self.top()? {
            Node::List(items) => items.extend(new),
            Node::Call(_) => {}
            _ => return Err(wrong),
        }
        Ok(())
    }

    fn set(&mut self, pairs: &[Id]) -> Result<(), PickleError> {
        let wrong = self.operand();
        let (pairs, odd) = pairs.as_chunks::<2>();
        match self.top()? {
            Node::Dict(items) if odd.is_empty() => items.extend(pairs.iter().map(|&[k, v]| (k, v))),
            Node::Call(call) if odd.is_empty() => {
                call.items.extend(pairs.iter().map(|&[key, value]| (key, value)));
            }
            _ => return Err(wrong),
        }
        Ok(())
    }

    fn remember(&mut self, at: usize) -> Result<(), PickleError> {
        self.use_up(4)?;
        let top = *self.stack.last().ok_or_else(|| self.operand())?;
        self.memo.insert(at, top);
        Ok(())
    }

    fn recall(&mut self, at: usize) -> Result<(), PickleError> {
        let id = *self.memo.get(&at).ok_or_else(|| self.operand())?;
        self.put(id)
    }

    /// On the stack.
    fn put(&mut self, id: Id) -> Result<(), PickleError> {
        self.use_up(1)?;
        self.stack.push(id);
        Ok(())
    }

    /// Whatever costs memory without a value of its own is limited too.
    fn use_up(&mut self, uses: usize) -> Result<(), PickleError> {
        self.uses += uses;
        if self.uses > MAX_USES { Err(PickleError::TooLarge { limit: MAX_USES }) } else { Ok(()) }
    }

    fn operand(&self) -> PickleError {
        PickleError::Operand { code: self.code, position: self.position.saturating_sub(1) }
    }

    fn truncated(&self) -> PickleError {
        PickleError::Truncated { position: self.position }
    }
}

/// A little-endian integer of any length; one beyond 64 bits describes no tensor.
fn long(bytes: &[u8]) -> Node<'static> {
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
    fn long_integers_keep_their_sign() {
        assert!(matches!(long(&[0xff]), Node::Int(-1)));
        assert!(matches!(long(&[0xff, 0]), Node::Int(255)));
        assert!(matches!(long(&[1; 9]), Node::Other));
    }
}
