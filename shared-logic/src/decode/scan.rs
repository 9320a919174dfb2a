//! One pass over the text of a JSON object, which checks all of it, skipped fields included.
//!
//! Lazy JSON readers check skipped values only in part (escapes, nesting), so that a broken record
//! would be rejected or not depending on the columns asked for. Here every byte is checked once,
//! without recursion and without an allocation.

use super::token::{Text, Token};

/// How deep arrays and objects may nest: one bit of a `u128` a level.
const DEPTH: u32 = 128;

/// Where the text stops being a JSON object, and what should have stood there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// The byte, from 0.
    pub(super) at: usize,
    /// What is missing there.
    pub(super) expected: &'static str,
}

/// Takes the fields of objects, one object after the other.
pub(super) trait Fields<'a> {
    /// The text from the opening quote of the name to its value that the field at this position had
    /// in the object before, if any: producers mostly keep one order and one way to write.
    fn known(&self, position: usize) -> Option<&'a str>;

    /// The name of the field at this position, and its text from the opening quote to the value;
    /// told only where that is not [`Self::known`].
    fn name(&mut self, position: usize, name: Text<'a>, text: &'a str);

    /// The value of the field at this position.
    fn value(&mut self, position: usize, value: Token<'a>);
}

/// Hands each field of the object in `text` to `fields`, in the order of the text.
///
/// # Errors
/// Text that is not exactly one JSON object; some fields may have been handed over by then.
#[inline]
pub(super) fn object<'a>(text: &'a str, fields: &mut impl Fields<'a>) -> Result<(), Broken> {
    let mut scan = Scan { text, at: 0 };
    scan.blanks();
    scan.expect(b'{', "an object")?;
    scan.blanks();
    if !scan.eat(b'}') {
        let mut position = 0;
        loop {
            match fields.known(position) {
                Some(known) if scan.rest().starts_with(known.as_bytes()) => {
                    scan.at += known.len();
                    scan.blanks();
                }
                _ => {
                    let start = scan.at;
                    let name = scan.name()?;
                    fields.name(position, name, scan.since(start));
                }
            }
            fields.value(position, scan.value()?);
            position += 1;
            scan.blanks();
            if !scan.eat(b',') {
                scan.expect(b'}', "',' or '}'")?;
                break;
            }
            scan.blanks();
        }
    }
    scan.blanks();
    match scan.peek() {
        None => Ok(()),
        Some(_) => scan.broken("nothing after the object"),
    }
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    #[inline]
    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    #[inline]
    fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), Broken> {
        if self.eat(byte) {
            Ok(())
        } else {
            self.broken(expected)
        }
    }

    #[cold]
    fn broken<T>(&self, expected: &'static str) -> Result<T, Broken> {
        Err(Broken {
            at: self.at,
            expected,
        })
    }

    #[inline]
    fn blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// The text from `start` to here; both stand beside ASCII characters, so it is never cut short.
    #[inline]
    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// A field's name and the colon after it.
    #[inline]
    fn name(&mut self) -> Result<Text<'a>, Broken> {
        let name = self.string("a field name")?;
        self.blanks();
        self.expect(b':', "':'")?;
        self.blanks();
        Ok(name)
    }

    /// A value of any kind.
    #[inline]
    fn value(&mut self) -> Result<Token<'a>, Broken> {
        match self.peek() {
            Some(b'"') => Ok(Token::Text(self.string("a string")?)),
            Some(b'-' | b'0'..=b'9') => {
                let start = self.at;
                let whole = self.number()?;
                let text = self.since(start);
                Ok(match whole {
                    Some(value) => Token::Integer(value, text),
                    None => Token::Number(text),
                })
            }
            Some(b'{' | b'[') => {
                let start = self.at;
                self.nested()?;
                Ok(Token::Nested(self.since(start)))
            }
            Some(b't') => self.word("true", Token::Bool(true)),
            Some(b'f') => self.word("false", Token::Bool(false)),
            Some(b'n') => self.word("null", Token::Null),
            _ => self.broken("a value"),
        }
    }

    fn word(&mut self, word: &'static str, token: Token<'a>) -> Result<Token<'a>, Broken> {
        if !self.rest().starts_with(word.as_bytes()) {
            return self.broken(word);
        }
        self.at += word.len();
        Ok(token)
    }

    /// An array or object and all that is in it.
    fn nested(&mut self) -> Result<(), Broken> {
        // Bit 0 is the innermost level: 1 for an object, 0 for an array.
        let (mut objects, mut depth) = (0_u128, 0_u32);
        loop {
            let object = self.peek() == Some(b'{');
            if object || self.peek() == Some(b'[') {
                if depth == DEPTH {
                    return self.broken("at most 128 levels of nesting");
                }
                (objects, depth) = (objects << 1 | u128::from(object), depth + 1);
                self.at += 1;
                self.blanks();
                if self.peek() != Some(if object { b'}' } else { b']' }) {
                    if object {
                        self.name()?;
                    }
                    continue;
                }
            } else {
                self.value()?;
                self.blanks();
            }
            // After a value, or before the end of an empty container: close what ends here.
            loop {
                let object = objects & 1 == 1;
                if self.eat(b',') {
                    self.blanks();
                    if object {
                        self.name()?;
                    }
                    break;
                }
                if object {
                    self.expect(b'}', "',' or '}'")?;
                } else {
                    self.expect(b']', "',' or ']'")?;
                }
                (objects, depth) = (objects >> 1, depth - 1);
                if depth == 0 {
                    return Ok(());
                }
                self.blanks();
            }
        }
    }

    /// At least one digit, and the number that they make where there are at most 18.
    #[inline]
    fn digits(&mut self) -> Result<Option<i64>, Broken> {
        let start = self.at;
        let mut value = 0_i64;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
            self.at += 1;
        }
        match self.at - start {
            0 => self.broken("a digit"),
            count => Ok((count <= 18).then_some(value)),
        }
    }

    /// A number, and its value where it is a short integer.
    #[inline]
    fn number(&mut self) -> Result<Option<i64>, Broken> {
        let negative = self.eat(b'-');
        let mut whole = Some(0);
        if !self.eat(b'0') {
            whole = self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
            whole = None;
        }
        if self.eat(b'e') || self.eat(b'E') {
            if !self.eat(b'-') {
                self.eat(b'+');
            }
            self.digits()?;
            whole = None;
        }
        Ok(whole.map(|value| if negative { -value } else { value }))
    }

    /// A string, from its opening quote on.
    #[inline]
    fn string(&mut self, expected: &'static str) -> Result<Text<'a>, Broken> {
        self.expect(b'"', expected)?;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.plain();
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.at += 1;
                    self.escape()?;
                }
                Some(0..0x20) => return self.broken("no control character in a string"),
                Some(_) => self.at += 1,
                None => return self.broken("the end of a string"),
            }
        }
        let inner = self.since(start);
        self.at += 1;
        Ok(Text { inner, escaped })
    }

    /// Passes eight bytes at a time as long as none of them needs a look: no quote, backslash or
    /// control character. Then passes those before the first that does.
    #[inline]
    fn plain(&mut self) {
        const ONES: u64 = u64::from_ne_bytes([1; 8]);
        const TOPS: u64 = ONES << 7;
        // A byte's top bit is set in these where it is 0, or may be where a lower byte was.
        let zeros = |word: u64| word.wrapping_sub(ONES) & !word & TOPS;
        while let Some(eight) = self.rest().first_chunk() {
            let word = u64::from_le_bytes(*eight);
            let quote = zeros(word ^ (ONES * u64::from(b'"')));
            let backslash = zeros(word ^ (ONES * u64::from(b'\\')));
            let control = word.wrapping_sub(ONES * 0x20) & !word & TOPS;
            let stop = quote | backslash | control;
            if stop != 0 {
                self.at += stop.trailing_zeros() as usize / 8;
                return;
            }
            self.at += 8;
        }
    }

    /// What follows a backslash; a surrogate needs its other half, as no text can hold it alone.
    fn escape(&mut self) -> Result<(), Broken> {
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => match self.unit()? {
                0xD800..0xDC00 => {
                    self.expect(b'\\', "the second half of a surrogate pair")?;
                    match self.unit()? {
                        0xDC00..0xE000 => Ok(()),
                        _ => self.broken("the second half of a surrogate pair"),
                    }
                }
                0xDC00..0xE000 => self.broken("the first half of a surrogate pair"),
                _ => Ok(()),
            },
            _ => self.broken("an escape"),
        }
    }

    /// `u` and four hexadecimal digits.
    fn unit(&mut self) -> Result<u32, Broken> {
        self.expect(b'u', "the second half of a surrogate pair")?;
        let mut unit = 0;
        for _ in 0..4 {
            match self.peek().and_then(|byte| char::from(byte).to_digit(16)) {
                Some(digit) => unit = unit * 16 + digit,
                None => return self.broken("four hexadecimal digits"),
            }
            self.at += 1;
        }
        Ok(unit)
    }
}
