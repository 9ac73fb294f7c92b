//! Shape: how a file begins, and how long it is.

use super::Finding;
use super::source::Source;

const MOST_LINES: usize = 400;

/// A file opens with what it holds.
pub(super) fn opening(source: &Source) -> Vec<Finding> {
    if source.text.starts_with("//!") {
        return Vec::new();
    }
    vec![
        source.finding(
            1,
            "the file does not open with `//!`; say what it holds and what it keeps out",
        ),
    ]
}

/// A file has at most 400 lines.
pub(super) fn length(source: &Source) -> Vec<Finding> {
    let lines = source.text.lines().count();
    if lines <= MOST_LINES {
        return Vec::new();
    }
    let what = format!(
        "the file has {lines} lines of at most {MOST_LINES}; give one of its nouns its own"
    );
    vec![source.finding(MOST_LINES + 1, what)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_must_open_with_what_it_holds() {
        assert_eq!(opening(&Source::new("a.rs", "//! A.\n")), []);
        for text in ["", "\n//! A.\n", "// A.\n", "/// A.\n", "#![allow(x)]\n//! A.\n"] {
            assert_eq!(opening(&Source::new("a.rs", text)).len(), 1, "{text}");
        }
    }

    #[test]
    fn a_file_of_400_lines_is_right_and_one_of_401_too_long() {
        assert_eq!(length(&Source::new("a.rs", &"a\n".repeat(400))), []);
        let found = length(&Source::new("a.rs", &"a\n".repeat(401)));
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [401]);
    }
}
