//! Examples: which there are, and how each is run.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::call::Call;
use crate::failure::Failure;

/// An example that runs longer is taken for one that hangs.
const LIMIT: Duration = Duration::from_mins(1);

/// One example of one package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Example {
    pub(crate) package: String,
    pub(crate) name: String,
}

impl Example {
    /// Builds the example, then runs it; only the running is limited in time.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        self.call("build").run()?;
        self.call("run").run_within(LIMIT)
    }

    /// The call that repeats the example.
    pub(crate) fn repeat(&self) -> Call {
        self.call("run")
    }

    fn call(&self, verb: &str) -> Call {
        let Example { package, name } = self;
        Call::cargo(&format!("{verb} --quiet --all-features -p {package} --example {name}"))
    }
}

/// Finds the examples of all packages that lie directly under `root`, each in a folder of its name.
pub(crate) fn all_under(root: &Path) -> Result<Vec<Example>, Failure> {
    let mut examples = Vec::new();
    for package in entries(root)?.iter().filter(|folder| folder.join("Cargo.toml").is_file()) {
        let folder = package.join("examples");
        if folder.is_dir() {
            examples.extend(entries(&folder)?.iter().filter_map(|path| example(package, path)));
        }
    }
    examples.sort();
    Ok(examples)
}

// Cargo takes both `examples/name.rs` and `examples/name/main.rs`.
fn example(package: &Path, path: &Path) -> Option<Example> {
    let is_file = path.extension().is_some_and(|extension| extension == "rs");
    let is_folder = path.join("main.rs").is_file();
    let text = |name: Option<&std::ffi::OsStr>| name?.to_str().map(str::to_owned);
    (is_file || is_folder).then(|| {
        Some(Example { package: text(package.file_name())?, name: text(path.file_stem())? })
    })?
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let broken = |source| Failure::File { path: folder.to_path_buf(), source };
    fs::read_dir(folder)
        .map_err(broken)?
        .map(|entry| entry.map(|entry| entry.path()).map_err(broken))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(name: &str, files: &[&str]) -> PathBuf {
        let root = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        for file in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        root
    }

    fn example(package: &str, name: &str) -> Example {
        Example { package: package.to_owned(), name: name.to_owned() }
    }

    #[test]
    fn the_examples_of_every_package_are_found_in_order() {
        let files = [
            "b/Cargo.toml",
            "b/examples/two.rs",
            "b/examples/one/main.rs",
            "b/examples/one/part.rs",
            "b/examples/notes.md",
            "a/Cargo.toml",
            "a/examples/three.rs",
            "c/Cargo.toml",
            "no-package/examples/four.rs",
        ];
        let root = workspace("finds-examples", &files);
        let found = all_under(&root).unwrap();
        fs::remove_dir_all(root).unwrap();
        assert_eq!(found, [example("a", "three"), example("b", "one"), example("b", "two")]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_a_failure_that_names_it() {
        let failure = all_under(Path::new("no-such-folder")).unwrap_err();
        assert!(failure.to_string().starts_with("no-such-folder: "), "{failure}");
    }

    #[test]
    fn an_example_is_repeated_by_package_and_name() {
        assert_eq!(
            example("a", "three").repeat().to_string(),
            "cargo run --quiet --all-features -p a --example three"
        );
    }
}
