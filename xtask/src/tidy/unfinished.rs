//! Unfinished work: marks that say that something is missing, or that a test does not run.

use super::Finding;
use super::source::Source;

/// Not even in a comment. Put together here, so that this file does not find itself.
const MARKS: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];

/// Not in code; a comment may speak of them.
const CALLS: [&str; 3] = ["todo!", "unimplemented!", "#[ignore"];

/// Nothing is left for later.
pub(super) fn marks(source: &Source) -> Vec<Finding> {
    let in_text = found_in(source, &source.text, &MARKS);
    in_text.chain(found_in(source, &source.code, &CALLS)).collect()
}

fn found_in(source: &Source, text: &str, needles: &[&str]) -> impl Iterator<Item = Finding> {
    text.lines().zip(1..).flat_map(move |(text, line)| {
        let found = needles.iter().filter(move |needle| text.contains(**needle));
        found.map(move |needle| source.finding(line, what(needle)))
    })
}

fn what(needle: &str) -> String {
    format!("`{needle}` leaves something for later; do it now, or take it out")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        marks(&Source::new("a.rs", text)).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn marks_are_found_in_comments_strings_and_code() {
        for mark in MARKS {
            assert_eq!(lines(&format!("//! A.\n// {mark}: b\n\"{mark}\"\n{mark}")), [2, 3, 4]);
        }
    }

    #[test]
    fn calls_are_found_in_code_only() {
        assert_eq!(
            lines("todo!()\nunimplemented!(\"a\")\n#[ignore = \"slow\"]\n#[ignore]"),
            [1, 2, 3, 4]
        );
        assert!(lines("// todo!()\n\"#[ignore]\"\n/// unimplemented!()").is_empty());
    }
}
