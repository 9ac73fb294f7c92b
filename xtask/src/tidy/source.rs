//! Sources: the Rust files that the rules look at.

use std::fs;
use std::path::Path;

use super::Finding;
use super::code::code_of;
use crate::call::Call;
use crate::failure::Failure;

/// One Rust file.
#[derive(Debug)]
pub(super) struct Source {
    /// From the workspace's root, parted by `/`.
    pub(super) path: String,
    /// As it stands in the file.
    pub(super) text: String,
    /// The same without comments and without what stands between quotes; of equal length in lines.
    pub(super) code: String,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned(), code: code_of(text) }
    }

    pub(super) fn finding(&self, line: usize, what: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, what: what.into() }
    }
}

/// Reads every Rust file that git follows, or would follow if it were added.
pub(super) fn all() -> Result<Vec<Source>, Failure> {
    let listed =
        Call::of("git", "ls-files -z --cached --others --exclude-standard *.rs").output()?;
    let mut paths: Vec<&str> = listed.split_terminator('\0').collect();
    // A file in the midst of a merge is listed more than once.
    paths.sort_unstable();
    paths.dedup();
    // A file that was deleted is listed until the deletion is added.
    paths.into_iter().filter(|path| Path::new(path).is_file()).map(read).collect()
}

fn read(path: &str) -> Result<Source, Failure> {
    fs::read_to_string(path)
        .map(|text| Source::new(path, &text))
        .map_err(|source| Failure::File { path: path.into(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rust_file_is_read_once() {
        // Tests run in their package's folder, and git lists from there.
        let paths: Vec<String> = all().unwrap().into_iter().map(|source| source.path).collect();
        assert!(paths.contains(&"src/tidy/source.rs".to_owned()), "{paths:?}");
        assert!(paths.is_sorted_by(|one, next| one < next), "{paths:?}");
    }

    #[test]
    fn a_finding_in_a_file_carries_its_path() {
        let found = Source::new("a/b.rs", "").finding(3, "so it is");
        assert_eq!(found.to_string(), "a/b.rs:3: so it is");
    }
}
