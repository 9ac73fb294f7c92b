//! JSON: a value, how it is written, and in [`read`] how it is read.
//!
//! By hand and not by `serde_json`: the few shapes of a report are not worth a dependency of a program
//! that has none.

mod read;

use std::fmt;

/// A JSON value. An object keeps the order of its fields.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, also what a number that is not finite is written as.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Value>),
    /// An object.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// Makes an object of its fields.
    pub fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
        Value::Object(fields.map(|(key, value)| (key.to_owned(), value)).into())
    }

    /// Makes a list.
    pub fn list(values: impl IntoIterator<Item = Value>) -> Value {
        Value::List(values.into_iter().collect())
    }

    /// The field of an object; `None` where there is none, or it is `null`.
    pub fn field(&self, key: &str) -> Option<&Value> {
        let Value::Object(fields) = self else { return None };
        let (_, value) = fields.iter().find(|(name, _)| name == key)?;
        (*value != Value::Null).then_some(value)
    }

    /// The number, if it is one.
    pub fn number(&self) -> Option<f64> {
        if let Value::Number(number) = self { Some(*number) } else { None }
    }

    /// The string, if it is one.
    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    /// The elements of a list; none where it is something else.
    pub fn elements(&self) -> &[Value] {
        if let Value::List(elements) = self { elements } else { &[] }
    }

    /// The fields of an object; none where it is something else.
    pub fn fields(&self) -> &[(String, Value)] {
        if let Value::Object(fields) = self { fields } else { &[] }
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        if number.is_finite() { Value::Number(number) } else { Value::Null }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, T::into)
    }
}

/// One line; with `{:#}` the elements of the outermost lists and objects each have a line of their
/// own, three deep.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, self, if f.alternate() { 0 } else { FLAT })
    }
}

/// How deep elements still have lines of their own.
const FLAT: usize = 4;

fn write(f: &mut fmt::Formatter<'_>, value: &Value, depth: usize) -> fmt::Result {
    match value {
        Value::Null => f.write_str("null"),
        Value::Bool(value) => write!(f, "{value}"),
        Value::Number(number) => write!(f, "{number}"),
        Value::Text(text) => write_text(f, text),
        Value::List(elements) => {
            sequence(f, ['[', ']'], elements, depth, |f, element| write(f, element, depth + 1))
        }
        Value::Object(fields) => sequence(f, ['{', '}'], fields, depth, |f, (key, value)| {
            write_text(f, key)?;
            f.write_str(": ")?;
            write(f, value, depth + 1)
        }),
    }
}

fn sequence<T>(
    f: &mut fmt::Formatter<'_>,
    [open, close]: [char; 2],
    elements: &[T],
    depth: usize,
    each: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    let (between, indent, end) = match depth {
        FLAT.. => (", ", String::new(), String::new()),
        _ => (",", format!("\n{:1$}", "", 2 * depth + 2), format!("\n{:1$}", "", 2 * depth)),
    };
    write!(f, "{open}")?;
    for (index, element) in elements.iter().enumerate() {
        let between = if index == 0 { "" } else { between };
        write!(f, "{between}{indent}")?;
        each(f, element)?;
    }
    let end = if elements.is_empty() { "" } else { &end };
    write!(f, "{end}{close}")
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let escaped: String = text.chars().map(escape).collect();
    write!(f, "\"{escaped}\"")
}

// RFC 8259, section 7: the quotation mark, the backslash and everything below U+0020.
fn escape(character: char) -> String {
    match character {
        '"' | '\\' => format!("\\{character}"),
        '\u{0}'..='\u{1f}' => format!("\\u{:04x}", u32::from(character)),
        _ => character.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_backslashes_and_control_characters_are_escaped() {
        let text = Value::from("a \"b\" \\ c\n\u{1}").to_string();
        assert_eq!(text, r#""a \"b\" \\ c\u000a\u0001""#);
    }

    #[test]
    fn other_text_stays_as_it_is() {
        assert_eq!(Value::from("µs · 日本 / '").to_string(), "\"µs · 日本 / '\"");
    }

    #[test]
    fn what_is_not_a_finite_number_is_null() {
        let written = [f64::NAN, f64::INFINITY, 1.5, 2.0].map(|n| Value::from(n).to_string());
        assert_eq!(written, ["null", "null", "1.5", "2"]);
    }

    #[test]
    fn a_value_is_one_line_or_has_a_line_for_each_element() {
        let list = Value::list([Value::from(1.0), Value::object([("a", Value::List(vec![]))])]);
        assert_eq!(list.to_string(), "[1, {\"a\": []}]");
        assert_eq!(format!("{list:#}"), "[\n  1,\n  {\n    \"a\": []\n  }\n]");
    }

    #[test]
    fn a_field_that_is_null_or_missing_is_none() {
        let object = Value::object([("a", Value::Null), ("b", Value::from("text"))]);
        assert_eq!(object.field("b").and_then(Value::text), Some("text"));
        assert_eq!((object.field("a"), object.field("c")), (None, None));
        assert_eq!(Value::Bool(true).field("a"), None);
    }
}
