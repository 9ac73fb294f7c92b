//! Guarantees: each line of `docs/guarantees.md` names tests, and each of them exists.

use std::collections::HashSet;
use std::fs;

use super::Finding;
use super::functions::functions_in;
use super::source::Source;
use crate::failure::Failure;

const PAGE: &str = "docs/guarantees.md";

/// Checks of the conformance suite become tests wherever a bucket is proved.
const CHECKS: &str = "pyrate-conformance/src/checks/";

/// Reads the page, and looks for the tests that it names among `sources`.
pub(super) fn named_tests(sources: &[Source]) -> Result<Vec<Finding>, Failure> {
    let page =
        fs::read_to_string(PAGE).map_err(|source| Failure::File { path: PAGE.into(), source })?;
    Ok(missing(&page, &tests_of(sources)))
}

fn missing(page: &str, tests: &HashSet<&str>) -> Vec<Finding> {
    page.lines().zip(1..).flat_map(|(line, number)| missing_in(line, number, tests)).collect()
}

/// What a promise lacks. Only rows of tables promise anything, but for their heads.
fn missing_in(row: &str, line: usize, tests: &HashSet<&str>) -> Vec<Finding> {
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    let &["", promise, shown_by, ""] = cells.as_slice() else { return Vec::new() };
    if promise == "promise" || promise.starts_with('-') {
        return Vec::new();
    }
    let finding = |what: String| Finding { path: PAGE.to_owned(), line, what };
    let names: Vec<&str> = shown_by.split('`').skip(1).step_by(2).collect();
    if names.is_empty() {
        return vec![finding("a promise names no test that shows it".to_owned())];
    }
    let unknown = names.iter().filter(|name| !tests.contains(*name));
    unknown.map(|name| finding(format!("there is no test `{name}`"))).collect()
}

fn tests_of(sources: &[Source]) -> HashSet<&str> {
    sources.iter().flat_map(tests_in).collect()
}

fn tests_in(source: &Source) -> Vec<&str> {
    let functions = functions_in(&source.code).into_iter();
    let is_check = source.path.starts_with(CHECKS);
    let tests = functions.filter(|function| is_check || is_test(&source.code, function.at));
    tests.map(|function| function.name).collect()
}

/// Whether an attribute above the function whose `fn` stands at `at` makes it a test.
fn is_test(code: &str, at: usize) -> bool {
    let above = code.get(..at).unwrap_or_default().rsplit('\n').skip(1).map(str::trim);
    let mut attributes = above.take_while(|line| line.starts_with('#'));
    attributes.any(|line| line.ends_with("test]") || line.contains("test("))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "//! A.\n#[test]\nfn one() {}\n\n    #[tokio::test(start_paused = true)]\n    \
                          async fn two() {}\n\nfn no_test() {}\n";

    fn found(row: &str) -> Vec<String> {
        let check =
            Source::new("pyrate-conformance/src/checks/a.rs", "//! A.\npub fn three() {}\n");
        let sources = [Source::new("a/tests/b.rs", SOURCE), check];
        missing(row, &tests_of(&sources)).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn tests_and_checks_may_be_named_and_other_functions_may_not() {
        assert_eq!(found("| It holds. | `one`, `two`, `three` |"), Vec::<String>::new());
        assert_eq!(found("| It `is` so. | `no_test` |"), ["there is no test `no_test`"]);
        assert_eq!(found("| It holds. | `one`, `gone` |"), ["there is no test `gone`"]);
    }

    #[test]
    fn a_promise_needs_a_test_and_heads_of_tables_do_not() {
        assert_eq!(found("| It holds. | surely |"), ["a promise names no test that shows it"]);
        for row in ["| promise | shown by |", "|---|---|", "text", "", "| a | b | c |"] {
            assert_eq!(found(row), Vec::<String>::new(), "{row}");
        }
    }

    #[test]
    fn the_page_itself_is_read() {
        let sources = [Source::new("a.rs", "")];
        // Tests run in their package's folder, one below the workspace's.
        let page = fs::read_to_string(format!("../{PAGE}")).unwrap();
        let names = missing(&page, &tests_of(&sources)).len();
        assert!(names > 40, "{names}");
    }
}
