//! The reader itself: one pass over the bytes, one stack of names for pointers.
//!
//! Invariants: it never panics and never recurses deeper than [`MAX_DEPTH`] and a little; strings without escapes are
//! borrowed from the text.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::chars::{flaw_of, is_normalized};
use super::number::NumberForm;
use super::{Fault, Flaw, MAX_DEPTH, MAX_FAULTS, MAX_INT, Member, Reading, Value};
use crate::words::Words;

/// Reading has ended: a fault of syntax was noted.
struct Ended;

/// One step of the path to the value that is being read.
enum Step<'a> {
    /// A name.
    Name(Cow<'a, str>),
    /// An index.
    Item(usize),
}

/// An object while its members are read.
#[derive(Default)]
struct Object<'a> {
    members: Vec<Member<'a>>,
    /// The names, kept only where there are many: comparing each with each would let a small text cost much time.
    names: BTreeSet<Cow<'a, str>>,
}

impl<'a> Object<'a> {
    /// Whether a member of this name was read.
    fn has(&mut self, member: &Member<'a>) -> bool {
        if self.members.len() < 32 {
            return self.members.iter().any(|earlier| earlier.name == member.name);
        }
        if self.names.is_empty() {
            self.names.extend(self.members.iter().map(|earlier| earlier.name.clone()));
        }
        !self.names.insert(member.name.clone())
    }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// The line of `at`, and the byte at which it was counted last.
    line: u32,
    counted: usize,
    path: Vec<Step<'a>>,
    faults: Vec<Fault>,
}

pub(super) fn read(text: &str) -> Reading<'_> {
    let mut reader =
        Reader { text, bytes: text.as_bytes(), at: 0, line: 1, counted: 0, path: Vec::new(), faults: Vec::new() };
    let value = reader.whole().ok();
    Reading { value, faults: reader.faults }
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn line_here(&mut self) -> u32 {
        let passed = self.bytes.get(self.counted..self.at).unwrap_or_default();
        let feeds = passed.iter().filter(|&&b| b == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(feeds).unwrap_or(u32::MAX));
        self.counted = self.counted.max(self.at);
        self.line
    }

    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in &self.path {
            pointer.push('/');
            match step {
                Step::Name(name) => pointer.push_str(&name.replace('~', "~0").replace('/', "~1")),
                Step::Item(index) => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }

    fn fault(&mut self, flaw: Flaw) {
        self.fault_with(flaw, String::new());
    }

    fn fault_with(&mut self, flaw: Flaw, got: String) {
        if self.faults.len() > MAX_FAULTS {
            return;
        }
        let flaw = if self.faults.len() == MAX_FAULTS { Flaw::TooManyFaults } else { flaw };
        let words = flaw.words();
        let detail = if got.is_empty() {
            words
        } else {
            Words::new(format!("{} ({got})", words.en), format!("{} ({got})", words.ru))
        };
        let (pointer, line) = (self.pointer(), self.line_here());
        self.faults.push(Fault { pointer, line, code: flaw.code(), detail });
    }

    fn end<T>(&mut self, flaw: Flaw) -> Result<T, Ended> {
        self.fault(if self.at >= self.bytes.len() { Flaw::UnexpectedEnd } else { flaw });
        Err(Ended)
    }

    fn whole(&mut self) -> Result<Value<'a>, Ended> {
        if self.peek() == Some(b'\n') {
            self.fault(Flaw::EmptyLine); // whatever stands before the object ended its line already
        }
        self.space();
        let value = self.value(0)?;
        if !matches!(value, Value::Object(_) | Value::Faulty) {
            self.fault(Flaw::NotAnObject);
        }
        match self.bytes.get(self.at..).unwrap_or_default() {
            b"\n" => {}
            b"" => self.fault(Flaw::NoFinalLineFeed),
            _ => self.fault(Flaw::Trailing),
        }
        Ok(value)
    }

    /// Passes what stands between tokens.
    fn space(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' => {}
                b'\n' if self.bytes.get(self.at + 1) == Some(&b'\n') => {
                    self.at += 1;
                    self.fault(Flaw::EmptyLine);
                    continue;
                }
                b'\n' => {}
                b'\t' | b'\r' => self.fault(Flaw::Whitespace),
                _ => return,
            }
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, Ended> {
        match self.peek() {
            Some(b'{' | b'[') if depth > MAX_DEPTH + 1 => self.end(Flaw::TooDeep),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => {
                let (text, faulty) = self.string()?;
                Ok(if faulty { Value::Faulty } else { Value::String(text) })
            }
            Some(b'-' | b'+' | b'.' | b'0'..=b'9') => self.number(),
            Some(b't' | b'f' | b'n') => self.word(),
            _ => self.end(Flaw::Syntax),
        }
    }

    fn word(&mut self) -> Result<Value<'a>, Ended> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        for (word, value) in [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Faulty)] {
            let ends = rest.get(word.len()).is_none_or(|b| !b.is_ascii_alphanumeric());
            if rest.starts_with(word.as_bytes()) && ends {
                if value == Value::Faulty {
                    self.fault(Flaw::Null);
                }
                self.at += word.len();
                return Ok(value);
            }
        }
        self.end(Flaw::Syntax)
    }

    fn number(&mut self) -> Result<Value<'a>, Ended> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b)).count();
        let text = self.text.get(self.at..self.at + length).unwrap_or_default();
        let flaw = match NumberForm::of(text) {
            NumberForm::Not => return self.end(Flaw::Syntax),
            NumberForm::Fraction => Some(Flaw::NotInteger),
            NumberForm::Odd => Some(Flaw::NumberSpelling),
            NumberForm::Integer => None,
        };
        let number = text.parse::<i64>().ok().filter(|n| (-MAX_INT..=MAX_INT).contains(n));
        let value = match (flaw, number) {
            (None, Some(number)) => Value::Int(number),
            (flaw, _) => {
                self.fault(flaw.unwrap_or(Flaw::OutOfRange));
                Value::Faulty
            }
        };
        self.at += length;
        Ok(value)
    }

    fn array(&mut self, depth: usize) -> Result<Value<'a>, Ended> {
        if depth == MAX_DEPTH {
            self.fault(Flaw::TooDeep);
        }
        let mut items = Vec::new();
        self.at += 1;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(items));
        }
        loop {
            self.path.push(Step::Item(items.len()));
            items.push(self.value(depth + 1)?);
            self.path.pop();
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return self.end(Flaw::Syntax),
            }
            self.space();
        }
        self.at += 1;
        Ok(if depth >= MAX_DEPTH { Value::Faulty } else { Value::Array(items) })
    }

    fn object(&mut self, depth: usize) -> Result<Value<'a>, Ended> {
        if depth == MAX_DEPTH {
            self.fault(Flaw::TooDeep);
        }
        let mut object = Object::default();
        self.at += 1;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(Vec::new()));
        }
        loop {
            let member = self.member(depth)?;
            if object.has(&member) {
                self.path.push(Step::Name(member.name));
                self.fault(Flaw::Duplicate);
                self.path.pop();
            } else {
                object.members.push(member);
            }
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return self.end(Flaw::Syntax),
            }
            self.space();
        }
        self.at += 1;
        Ok(if depth >= MAX_DEPTH { Value::Faulty } else { Value::Object(object.members) })
    }

    fn member(&mut self, depth: usize) -> Result<Member<'a>, Ended> {
        if self.peek() != Some(b'"') {
            return self.end(Flaw::Syntax);
        }
        let line = self.line_here();
        let before = self.faults.len();
        let (name, _) = self.string()?;
        let plain =
            (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._/-".contains(&b));
        if !plain && self.faults.len() == before {
            self.fault_with(Flaw::Name, name.chars().take(64).flat_map(char::escape_default).collect());
        }
        self.space();
        if self.peek() != Some(b':') {
            return self.end(Flaw::Syntax);
        }
        self.at += 1;
        self.space();
        self.path.push(Step::Name(name.clone()));
        let value = self.value(depth + 1)?;
        self.path.pop();
        Ok(Member { name, line, value })
    }

    /// Reads a string; answers it, and whether a fault was noted.
    fn string(&mut self) -> Result<(Cow<'a, str>, bool), Ended> {
        self.at += 1;
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        // Most strings are ASCII without escapes: one look at each byte settles them.
        let plain = rest.iter().take_while(|&&b| (0x20..0x7f).contains(&b) && b != b'"' && b != b'\\').count();
        self.at = start + plain;
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok((Cow::Borrowed(self.text.get(start..start + plain).unwrap_or_default()), false));
        }
        self.string_slowly(start)
    }

    /// A string with escapes or with other letters than ASCII, judged character by character.
    fn string_slowly(&mut self, start: usize) -> Result<(Cow<'a, str>, bool), Ended> {
        self.at = start;
        let mut owned: Option<String> = None;
        let mut flaws: Vec<(Flaw, u32)> = Vec::new();
        loop {
            let Some(c) = self.text.get(self.at..).and_then(|rest| rest.chars().next()) else {
                return self.end(Flaw::UnexpectedEnd);
            };
            let begin = self.at;
            let (c, flaw) = match c {
                '"' => break,
                '\\' => {
                    owned.get_or_insert_with(|| self.text.get(start..begin).unwrap_or_default().to_owned());
                    self.escape()?
                }
                '\n' => return self.end(Flaw::Syntax),
                c => {
                    self.at += c.len_utf8();
                    (c, flaw_of(c))
                }
            };
            if let Some(flaw) = flaw
                && flaws.iter().all(|(known, _)| *known != flaw)
            {
                flaws.push((flaw, u32::from(c)));
            }
            if let Some(owned) = &mut owned {
                owned.push(c);
            }
        }
        let borrowed = self.text.get(start..self.at).unwrap_or_default();
        self.at += 1;
        // As written too: the `n` of an escape and a combining mark behind it are one letter to whoever normalizes.
        let as_written = is_normalized(borrowed);
        let text = owned.map_or(Cow::Borrowed(borrowed), Cow::Owned);
        if flaws.is_empty() && !(as_written && is_normalized(&text)) {
            flaws.push((Flaw::NotNfc, 0));
        }
        for &(flaw, code) in &flaws {
            self.fault_with(flaw, if code == 0 { String::new() } else { format!("U+{code:04X}") });
        }
        Ok((text, !flaws.is_empty()))
    }

    /// Reads an escape; the character it gives, with its flaw.
    fn escape(&mut self) -> Result<(char, Option<Flaw>), Ended> {
        let letter = self.bytes.get(self.at + 1).copied();
        self.at += 2;
        let c = match letter {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'n') => return Ok(('\n', None)),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return self.end(Flaw::Escape),
        };
        Ok((c, flaw_of(c)))
    }

    fn four_digits(&mut self) -> Result<u32, Ended> {
        let digits = self.text.get(self.at..self.at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(code) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            return self.end(Flaw::Escape);
        };
        self.at += 4;
        Ok(code)
    }

    fn unicode_escape(&mut self) -> Result<(char, Option<Flaw>), Ended> {
        let first = self.four_digits()?;
        let followed = self.bytes.get(self.at..self.at + 2) == Some(b"\\u");
        let code = if (0xd800..0xdc00).contains(&first) && followed {
            self.at += 2;
            let second = self.four_digits()?;
            if !(0xdc00..0xe000).contains(&second) {
                return Ok((char::REPLACEMENT_CHARACTER, Some(Flaw::Surrogate)));
            }
            0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        } else {
            first
        };
        match char::from_u32(code) {
            Some('\n') => Ok(('\n', None)),
            Some(c) => Ok((c, flaw_of(c))),
            None => Ok((char::REPLACEMENT_CHARACTER, Some(Flaw::Surrogate))),
        }
    }
}
