//! The operations of a pickle.

use std::collections::HashMap;

use super::node::{Global, Id, Node, Object, Span, integer};

/// The most values that are made of a pickle.
pub const MAX_PICKLE_VALUES: usize = 4 << 20;

/// The error of an operation.
type Why = String;

/// A machine that goes through the operations.
#[derive(Default)]
pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    /// The number of bytes that have been read.
    pub at: usize,
    /// The beginning of the present operation.
    pub operation: usize,
    /// Whether an operation takes more bytes than there are.
    pub is_cut: bool,
    pub nodes: Vec<Node>,
    stack: Vec<Id>,
    /// The length of the stack at each mark that is open.
    marks: Vec<u32>,
    memo: HashMap<u32, Id>,
}

impl<'a> Machine<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            ..Self::default()
        }
    }

    pub fn run(&mut self) -> Result<Id, Why> {
        loop {
            self.operation = self.at;
            let [code] = self.take()?;
            if code == b'.' {
                return self.pop().map(|[root]| root);
            }
            self.operate(code)?;
        }
    }

    fn operate(&mut self, code: u8) -> Result<(), Why> {
        match code {
            0x80 => match self.take()? {
                [2..=5] => Ok(()),
                [protocol] => Err(format!("is of protocol {protocol}; 2 to 5 are read")),
            },
            0x95 => self.take::<8>().map(drop), // the size of a frame, which nothing depends on
            b'(' => {
                self.marks.push(self.stack.len() as u32);
                Ok(())
            }
            b'0' => self.pop::<1>().map(drop),
            b'1' => self.since_mark().map(drop),

            b'N' => self.push(Node::None),
            0x88 => self.push(Node::Bool(true)),
            0x89 => self.push(Node::Bool(false)),
            b'J' => self.number(|bytes| Node::Int(i32::from_le_bytes(bytes).into())),
            b'K' => self.number(|[byte]| Node::Int(byte.into())),
            b'M' => self.number(|bytes| Node::Int(u16::from_le_bytes(bytes).into())),
            b'G' => self.number(|bytes| Node::Float(f64::from_be_bytes(bytes))),
            0x8a => self.long::<1>(),
            0x8b => self.long::<4>(),
            0x8c => self.text::<1>(),
            b'X' => self.text::<4>(),
            0x8d => self.text::<8>(),
            // The bytes and the texts of Python 2, which are one type there.
            b'U' => self.old_text::<1>(),
            b'T' => self.old_text::<4>(),
            b'C' => self.binary::<1>(),
            b'B' => self.binary::<4>(),
            0x8e | 0x96 => self.binary::<8>(),

            b']' => self.push(Node::List(Vec::new())),
            b'}' => self.push(Node::Dict(Vec::new())),
            0x8f => self.push(Node::Set(Vec::new())),
            b')' => self.tuple::<0>(),
            0x85 => self.tuple::<1>(),
            0x86 => self.tuple::<2>(),
            0x87 => self.tuple::<3>(),
            b't' => {
                let items = self.since_mark()?;
                self.push(Node::Tuple(items.into()))
            }
            0x91 => {
                let items = self.since_mark()?;
                self.push(Node::Set(items))
            }
            b'a' => {
                let item = self.pop::<1>()?;
                self.append(&item)
            }
            b'e' | 0x90 => {
                let items = self.since_mark()?;
                self.append(&items)
            }
            b's' => {
                let pair = self.pop::<2>()?;
                self.set_items(&pair)
            }
            b'u' => {
                let pairs = self.since_mark()?;
                self.set_items(&pairs)
            }

            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Node::Global(Box::new(Global { module, name })))
            }
            0x93 => match self.pop()?.map(|id| &self.nodes[id as usize]) {
                [Node::Text(module), Node::Text(name)] => {
                    let (module, name) = (module.clone(), name.clone());
                    self.push(Node::Global(Box::new(Global { module, name })))
                }
                _ => Err("names a class by what is no text".to_string()),
            },
            b'R' | 0x81 => {
                let [class, args] = self.pop()?;
                self.call(class, args)
            }
            0x92 => {
                let [class, args, keywords] = self.pop()?;
                self.call(class, args)?;
                self.set_state(keywords)
            }
            b'b' => {
                let [state] = self.pop()?;
                self.set_state(state)
            }
            b'Q' => {
                let [id] = self.pop()?;
                match self.module_class(id) {
                    Some(class) => {
                        self.stack.push(class);
                        Ok(())
                    }
                    None => self.push(Node::Persistent(id)),
                }
            }

            b'q' => self.put::<1>(),
            b'r' => self.put::<4>(),
            0x94 => self.put::<0>(),
            b'h' => self.get::<1>(),
            b'j' => self.get::<4>(),
            code => Err(format!("is the operation {code:#04x}, which isn't read")),
        }
    }

    fn slice(&mut self, length: u64) -> Result<&'a [u8], Why> {
        let rest = &self.bytes[self.at..];
        let taken = usize::try_from(length).ok().and_then(|n| rest.get(..n));
        let Some(taken) = taken else {
            let left = rest.len();
            self.is_cut = true;
            return Err(format!("takes {length} bytes more, and {left} are left"));
        };
        self.at += taken.len();
        Ok(taken)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Why> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.slice(N as u64)?);
        Ok(bytes)
    }

    /// A length in `N` bytes.
    fn length<const N: usize>(&mut self) -> Result<u64, Why> {
        let mut bytes = [0; 8];
        bytes[..N].copy_from_slice(&self.take::<N>()?);
        Ok(u64::from_le_bytes(bytes))
    }

    /// The next `length` bytes, as a span; what is read is small enough for 32 bits.
    fn span(&mut self, length: u64) -> Result<Span, Why> {
        let start = self.at as u32;
        self.slice(length)?;
        Ok(start..self.at as u32)
    }

    /// The bytes behind their length, which has `N` bytes.
    fn counted<const N: usize>(&mut self) -> Result<Span, Why> {
        let length = self.length::<N>()?;
        self.span(length)
    }

    fn binary<const N: usize>(&mut self) -> Result<(), Why> {
        let span = self.counted::<N>()?;
        self.push(Node::Bytes(span))
    }

    fn text<const N: usize>(&mut self) -> Result<(), Why> {
        let span = self.counted::<N>()?;
        self.check_text(&span)?;
        self.push(Node::Text(span))
    }

    /// A text of Python 2, which is bytes where it is no UTF-8.
    fn old_text<const N: usize>(&mut self) -> Result<(), Why> {
        let span = self.counted::<N>()?;
        match self.check_text(&span) {
            Ok(()) => self.push(Node::Text(span)),
            Err(_) => self.push(Node::Bytes(span)),
        }
    }

    fn check_text(&self, span: &Span) -> Result<(), Why> {
        let bytes = &self.bytes[span.start as usize..span.end as usize];
        let text = std::str::from_utf8(bytes).map(drop);
        text.map_err(|_| "holds a text that is no UTF-8".to_string())
    }

    /// The rest of a line.
    fn line(&mut self) -> Result<Span, Why> {
        let rest = &self.bytes[self.at..];
        let Some(length) = rest.iter().position(|byte| *byte == b'\n') else {
            self.is_cut = true;
            return Err("has a name without an end".to_string());
        };
        let span = self.span(length as u64)?;
        self.at += 1;
        self.check_text(&span)?;
        Ok(span)
    }

    fn number<const N: usize>(&mut self, of: impl Fn([u8; N]) -> Node) -> Result<(), Why> {
        let bytes = self.take()?;
        self.push(of(bytes))
    }

    /// An integer in the two's complement.
    fn long<const N: usize>(&mut self) -> Result<(), Why> {
        let length = self.length::<N>()?;
        let bytes = self.slice(length)?;
        self.push(match integer(bytes, true) {
            Some(int) => Node::Int(int),
            None => Node::LongInt(length as u32),
        })
    }

    fn tuple<const N: usize>(&mut self) -> Result<(), Why> {
        let items = self.pop::<N>()?;
        self.push(Node::Tuple(Box::new(items)))
    }

    fn push(&mut self, node: Node) -> Result<(), Why> {
        if self.nodes.len() == MAX_PICKLE_VALUES {
            return Err(format!("is one value more than {MAX_PICKLE_VALUES}"));
        }
        self.stack.push(self.nodes.len() as Id);
        self.nodes.push(node);
        Ok(())
    }

    /// The part of the stack that is above the last mark.
    fn above_mark(&self) -> &[Id] {
        let mark = self.marks.last().map_or(0, |mark| *mark as usize);
        &self.stack[mark..]
    }

    fn top<const N: usize>(&self) -> Result<[Id; N], Why> {
        let top = self.above_mark().last_chunk().copied();
        top.ok_or_else(|| "takes a value that isn't there".to_string())
    }

    fn pop<const N: usize>(&mut self) -> Result<[Id; N], Why> {
        let top = self.top()?;
        self.stack.truncate(self.stack.len() - N);
        Ok(top)
    }

    fn since_mark(&mut self) -> Result<Vec<Id>, Why> {
        match self.marks.pop() {
            Some(mark) => Ok(self.stack.split_off(mark as usize)),
            None => Err("ends what has not begun".to_string()),
        }
    }

    fn top_node(&mut self) -> Result<&mut Node, Why> {
        let [id] = self.top()?;
        Ok(&mut self.nodes[id as usize])
    }

    fn append(&mut self, new: &[Id]) -> Result<(), Why> {
        match self.top_node()? {
            Node::List(items) | Node::Set(items) => items.extend(new),
            Node::Object(_) => {} // a list with a class of its own, of which nothing is read
            _ => return Err("adds to what is no list".to_string()),
        }
        Ok(())
    }

    fn set_items(&mut self, new: &[Id]) -> Result<(), Why> {
        if !new.len().is_multiple_of(2) {
            return Err("sets a key without a value".to_string());
        }
        let new = new.chunks_exact(2).map(|pair| (pair[0], pair[1]));
        match self.top_node()? {
            Node::Dict(pairs) => pairs.extend(new),
            Node::Object(object) => object.pairs.extend(new),
            _ => return Err("sets a key of what is no dict".to_string()),
        }
        Ok(())
    }

    /// The class in `("module", class, file, source)`, as which the old format has classes of modules.
    fn module_class(&self, id: Id) -> Option<Id> {
        let Node::Tuple(items) = &self.nodes[id as usize] else {
            return None;
        };
        let [kind, class, ..] = **items else {
            return None;
        };
        let (Node::Text(kind), Node::Global(_)) =
            (&self.nodes[kind as usize], &self.nodes[class as usize])
        else {
            return None;
        };
        let kind = &self.bytes[kind.start as usize..kind.end as usize];
        (kind == b"module").then_some(class)
    }

    fn call(&mut self, class: Id, args: Id) -> Result<(), Why> {
        let Node::Global(class) = &self.nodes[class as usize] else {
            return Err("calls what is no class or function".to_string());
        };
        let class = Global::clone(class);
        let Node::Tuple(_) = self.nodes[args as usize] else {
            return Err("calls with what is no tuple".to_string());
        };
        self.push(Node::Object(Box::new(Object {
            class,
            args,
            state: None,
            pairs: Vec::new(),
        })))
    }

    fn set_state(&mut self, state: Id) -> Result<(), Why> {
        match self.top_node()? {
            Node::Object(object) => object.state = Some(state),
            _ => return Err("sets the state of what is no object".to_string()),
        }
        Ok(())
    }

    /// Keeps the topmost value under a key of `N` bytes, or of none under the next one.
    fn put<const N: usize>(&mut self) -> Result<(), Why> {
        let key = match N {
            0 => self.memo.len() as u64,
            _ => self.length::<N>()?,
        };
        let [top] = self.top()?;
        self.memo.insert(key as u32, top);
        Ok(())
    }

    fn get<const N: usize>(&mut self) -> Result<(), Why> {
        let key = self.length::<N>()?;
        let id = self.memo.get(&(key as u32));
        let id = id.ok_or_else(|| format!("refers to memo {key}, which isn't there"))?;
        self.stack.push(*id);
        Ok(())
    }
}
