//! Functions: where they are declared, and how long they are.

use super::Finding;
use super::code::{closing_brace, from, is_word, line_at};
use super::source::Source;

const MOST_LINES: usize = 60;

/// A function as it stands in code.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    /// The index of its `fn`.
    pub(super) at: usize,
    /// The index of the brace that closes it; `None` where it is declared only.
    end: Option<usize>,
}

/// A function has at most 60 lines, from its `fn` to its closing brace.
pub(super) fn length(source: &Source) -> Vec<Finding> {
    functions_in(&source.code).iter().filter_map(|function| too_long(source, function)).collect()
}

/// Finds every function that has a name, in order, however deep it stands.
pub(super) fn functions_in(code: &str) -> Vec<Function<'_>> {
    code.match_indices("fn").filter_map(|(at, _)| function_at(code, at)).collect()
}

fn too_long(source: &Source, function: &Function<'_>) -> Option<Finding> {
    let first = line_at(&source.code, function.at);
    let lines = line_at(&source.code, function.end?) - first + 1;
    let what = || {
        format!(
            "`{}` has {lines} lines of at most {MOST_LINES}; part it by what it does",
            function.name
        )
    };
    (lines > MOST_LINES).then(|| source.finding(first, what()))
}

// The type `fn(u64)` has no name, and `fn` within a word is no keyword.
fn function_at(code: &str, at: usize) -> Option<Function<'_>> {
    let before = code.get(..at)?.chars().next_back();
    let behind = from(code, at + 2);
    let is_keyword = !before.is_some_and(is_word) && behind.starts_with(char::is_whitespace);
    let name = first_word(behind.trim_start());
    let end = || Some(at + body(from(code, at))?);
    (is_keyword && !name.is_empty()).then(|| Function { name, at, end: end() })
}

// A macro names its functions with a `$`.
fn first_word(text: &str) -> &str {
    let end = text.find(|character| !is_word(character) && character != '$');
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}

// The index of the body's closing brace. The `;` of an array type stands in brackets and ends
// nothing.
fn body(declaration: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, byte) in declaration.bytes().enumerate() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'{' if depth == 0 => return Some(index + closing_brace(from(declaration, index))?),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(code: &str) -> Vec<&str> {
        functions_in(code).iter().map(|function| function.name).collect()
    }

    fn function_of(lines: usize) -> String {
        format!("fn long() {{{}}}\n", "\n".repeat(lines - 1))
    }

    #[test]
    fn a_function_of_60_lines_is_right_and_one_of_61_too_long() {
        assert_eq!(length(&Source::new("a.rs", &function_of(60))), []);
        let found = length(&Source::new("a.rs", &format!("//! A.\n\n{}", function_of(61))));
        let places: Vec<usize> = found.iter().map(|finding| finding.line).collect();
        assert_eq!(places, [3]);
        assert!(found[0].what.starts_with("`long` has 61 lines"), "{}", found[0]);
    }

    #[test]
    fn braces_in_quotations_and_comments_do_not_end_a_function() {
        let text = format!("fn f() {{ // }}\n let a = ('}}', \"}}\");{}}}", "\n".repeat(60));
        assert_eq!(length(&Source::new("a.rs", &text)).len(), 1);
    }

    #[test]
    fn a_function_ends_with_its_own_brace_not_with_the_file() {
        let text = format!("fn short() {{}}\n{}fn other() {{}}\n", "\n".repeat(100));
        assert_eq!(length(&Source::new("a.rs", &text)), []);
    }

    #[test]
    fn a_long_function_within_another_is_found_too() {
        let text = format!("mod m {{ fn outer() {{ {} }} }}", function_of(61));
        assert_eq!(length(&Source::new("a.rs", &text)).len(), 2);
    }

    #[test]
    fn a_declaration_without_a_body_has_no_length() {
        let declared = "trait T { fn f(a: [u8; 4]) -> [u8; 2]; }";
        let text = format!("{declared}{}mod m {{}}", "\n".repeat(100));
        assert_eq!(length(&Source::new("a.rs", &text)), []);
    }

    #[test]
    fn an_array_in_the_signature_does_not_hide_the_body() {
        let text = function_of(61).replace("long()", "long(a: [u8; 4]) -> [u8; 2]");
        assert_eq!(length(&Source::new("a.rs", &text)).len(), 1);
    }

    #[test]
    fn only_functions_that_have_a_name_are_functions() {
        assert_eq!(
            names("a: fn(u8), let f: impl Fn() = fn_x; pub async fn g<'a>() {} xfn y"),
            ["g"]
        );
        assert_eq!(names("fn $name() {} const fn\n h() {}"), ["$name", "h"]);
    }
}
