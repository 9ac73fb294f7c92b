//! Tallies: how many tests passed and failed, summed up from what they print.

use std::fmt;

/// How many tests passed and failed. Shown as the closing line of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    /// Adds what `line` reports, if it is the closing line of a test binary.
    pub(crate) fn read(&mut self, line: &str) {
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.passed += count_before("passed;", counts);
            self.failed += count_before("failed;", counts);
        }
    }

    /// The number of tests that ran.
    pub(crate) fn ran(&self) -> u64 {
        self.passed + self.failed
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

// By words, since the verdict before the counts may be wrapped in colours.
fn count_before(label: &str, counts: &str) -> u64 {
    let words = counts.split_whitespace();
    let followers = counts.split_whitespace().skip(1);
    words
        .zip(followers)
        .find(|&(_, follower)| follower == label)
        .and_then(|(count, _)| count.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally_of(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        for line in lines {
            tally.read(line);
        }
        tally
    }

    #[test]
    fn the_closing_lines_of_all_binaries_are_summed_up() {
        let tally = tally_of(&[
            "test result: FAILED. 12 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
        ]);
        assert_eq!(tally, Tally { passed: 15, failed: 3 });
        assert_eq!(tally.ran(), 18);
    }

    #[test]
    fn other_lines_are_not_counted() {
        let lines = ["running 3 tests", "test it ... ok", "said: 9 passed; 9 failed;", ""];
        assert_eq!(tally_of(&lines), Tally::default());
    }

    #[test]
    fn a_coloured_verdict_does_not_hide_the_counts() {
        let line = "test result: \u{1b}[32mok\u{1b}[0m. 4 passed; 1 failed; 0 ignored";
        assert_eq!(tally_of(&[line]), Tally { passed: 4, failed: 1 });
    }

    #[test]
    fn the_closing_line_is_plain() {
        assert_eq!(Tally { passed: 120, failed: 0 }.to_string(), "120 passed, 0 failed");
    }
}
