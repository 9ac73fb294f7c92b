//! Purity: what may not stand under a folder named `pure`.
//!
//! There live values and arithmetic: no clock, no lock, no await.

use super::Finding;
use super::source::Source;

/// Also the beginnings of names: `Atomic` finds `AtomicU64`.
const IMPURE: [&str; 13] = [
    ".await",
    "async ",
    "Mutex",
    "RwLock",
    "Condvar",
    "OnceLock",
    "Atomic",
    "Instant",
    "SystemTime",
    "quanta",
    "tokio",
    "parking_lot",
    "thread::",
];

/// No clock, no lock and no await in the code of a file under `pure/`; comments may speak of them.
pub(super) fn words(source: &Source) -> Vec<Finding> {
    if !is_pure(&source.path) {
        return Vec::new();
    }
    source.code.lines().zip(1..).flat_map(|(code, line)| impure_in(source, code, line)).collect()
}

fn is_pure(path: &str) -> bool {
    path.split('/').any(|folder| folder == "pure")
}

fn impure_in(source: &Source, code: &str, line: usize) -> Vec<Finding> {
    let found = IMPURE.iter().filter(|word| code.contains(*word));
    found.map(|word| source.finding(line, what(word))).collect()
}

fn what(word: &str) -> String {
    format!(
        "`{}` does not belong under `pure/`; let the caller hand over what it gives",
        word.trim()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        words(&Source::new(path, text)).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn every_impure_word_is_found_where_it_stands() {
        for word in IMPURE {
            assert_eq!(lines("c/src/pure/log.rs", &format!("//! A.\n\n  {word}x")), [3], "{word}");
        }
    }

    #[test]
    fn a_folder_within_pure_is_pure_and_a_file_of_that_name_is_not() {
        assert_eq!(lines("c/src/pure/log/cursor.rs", "Mutex"), [1]);
        assert!(lines("c/src/pure.rs", "Mutex").is_empty());
        assert!(lines("c/src/impure/a.rs", "Mutex").is_empty());
    }

    #[test]
    fn what_is_shared_without_a_mutex_is_found_and_so_is_a_clock_that_is_only_named() {
        for code in [
            "use std::time::Instant;",
            "fn since(start: Instant) {}",
            "let seen = AtomicU64::new(0);",
            "woken: Condvar,",
            "static RATES: OnceLock<u8> = OnceLock::new();",
        ] {
            assert_eq!(lines("c/src/pure/log.rs", code), [1], "{code}");
        }
        let innocent = "let instant = marks.instant_of_total(now); const INSTANT: u64 = 1;";
        assert!(lines("c/src/pure/log.rs", innocent).is_empty());
    }

    #[test]
    fn comments_and_quotations_may_speak_of_it() {
        assert!(
            lines("c/src/pure/log.rs", "//! No Mutex, no .await.\nlet a = \"tokio\";").is_empty()
        );
    }

    #[test]
    fn a_line_with_two_words_is_found_twice() {
        assert_eq!(lines("pure/a.rs", "tokio::sync::Mutex"), [1, 1]);
    }
}
