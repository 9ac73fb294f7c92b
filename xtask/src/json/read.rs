//! Reading JSON: RFC 8259, by recursive descent.

use super::Value;

/// Lists and objects that stand in one another; deeper ones are refused, so that no input can
/// exhaust the stack.
const MOST_DEPTH: usize = 64;

impl Value {
    /// Reads one value; `None` where the text is not exactly that.
    pub fn parse(text: &str) -> Option<Value> {
        let mut reader = Reader { rest: text };
        let value = reader.value(0)?;
        reader.skip_space();
        reader.rest.is_empty().then_some(value)
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        self.skip_space();
        match self.rest.chars().next()? {
            '{' if depth < MOST_DEPTH => self.object(depth),
            '[' if depth < MOST_DEPTH => self.list(depth),
            '"' => self.text().map(Value::Text),
            '-' | '0'..='9' => self.number(),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.sequence('{', '}', |reader| {
            reader.skip_space();
            let key = reader.text()?;
            reader.skip_space();
            reader.take(":")?;
            Some((key, reader.value(depth + 1)?))
        })
        .map(Value::Object)
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        self.sequence('[', ']', |reader| reader.value(depth + 1)).map(Value::List)
    }

    fn sequence<T>(
        &mut self,
        open: char,
        close: char,
        mut element: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        self.take_char(open)?;
        self.skip_space();
        let mut elements = Vec::new();
        if self.take_char(close).is_some() {
            return Some(elements);
        }
        loop {
            elements.push(element(self)?);
            self.skip_space();
            if self.take_char(close).is_some() {
                return Some(elements);
            }
            self.take_char(',')?;
        }
    }

    fn text(&mut self) -> Option<String> {
        self.take_char('"')?;
        let mut text = String::new();
        loop {
            match self.next()? {
                '"' => return Some(text),
                '\\' => text.push(self.escaped()?),
                '\u{0}'..='\u{1f}' => return None,
                other => text.push(other),
            }
        }
    }

    fn escaped(&mut self) -> Option<char> {
        match self.next()? {
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'u' => self.unicode(),
            other => matches!(other, '"' | '\\' | '/').then_some(other),
        }
    }

    // Beyond U+FFFF it is two escapes, the halves of a UTF-16 pair.
    fn unicode(&mut self) -> Option<char> {
        let first = self.hexadecimal()?;
        let second = match first {
            0xd800..=0xdbff => Some(self.take("\\u").and_then(|()| self.hexadecimal())?),
            _ => None,
        };
        char::decode_utf16([first].into_iter().chain(second)).next()?.ok()
    }

    fn hexadecimal(&mut self) -> Option<u16> {
        let (digits, rest) = self.rest.split_at_checked(4)?;
        self.rest = rest;
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_plain.then(|| u16::from_str_radix(digits, 16).ok())?
    }

    fn number(&mut self) -> Option<Value> {
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        number.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Number)
    }

    fn word(&mut self) -> Option<Value> {
        let words =
            [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))];
        words.into_iter().find_map(|(word, value)| self.take(word).map(|()| value))
    }

    fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let next = characters.next()?;
        self.rest = characters.as_str();
        Some(next)
    }

    fn take(&mut self, word: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(word)?;
        Some(())
    }

    fn take_char(&mut self, character: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(character)?;
        Some(())
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let value = Value::object([
            ("text", Value::from("a \"b\" \\ c\n\u{1} µs")),
            ("numbers", Value::list([0.0, -1.5, 2e300, 1e-9].map(Value::from))),
            ("empty", Value::list([Value::object([]), Value::list([]), Value::Null])),
            ("met", Value::Bool(false)),
        ]);
        assert_eq!(Value::parse(&value.to_string()), Some(value.clone()));
        assert_eq!(Value::parse(&format!("{value:#}\n")), Some(value));
    }

    #[test]
    fn escapes_of_other_writers_are_understood() {
        let text = Value::parse(r#""\/\b\f\n\r\t\u00b5\ud83d\ude00""#);
        assert_eq!(text, Some(Value::from("/\u{8}\u{c}\n\r\tµ😀")));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        let broken = [
            "",
            "nul",
            "[1",
            "[1,]",
            "{\"a\"}",
            "{\"a\": 1,}",
            "{1: 2}",
            "\"a",
            "\"\\x\"",
            "1 2",
            "1e999",
            "\"\\ud83d\"",
            "\"\\u+123\"",
            "--1",
            "\"\u{1}\"",
        ];
        for text in broken {
            assert_eq!(Value::parse(text), None, "{text}");
        }
    }

    #[test]
    fn no_depth_exhausts_the_stack() {
        assert_eq!(Value::parse(&"[".repeat(1_000_000)), None);
    }
}
