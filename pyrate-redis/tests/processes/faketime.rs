//! Clocks set wrong from outside: libfaketime stands between a process and the system's clock.

use std::path::PathBuf;
use std::{env, fs};

/// The environment of a process whose clock is ahead by so many seconds. Only the time of day is wrong: how long something
/// takes is measured and slept as ever.
pub(crate) fn ahead(seconds: f64) -> Vec<(&'static str, String)> {
    vec![
        ("LD_PRELOAD", library().display().to_string()),
        ("FAKETIME", format!("{seconds:+}s")),
        // By its old name and by its new one.
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
}

/// Where the library is, by `PYRATE_FAKETIME` or as packages install it.
fn library() -> PathBuf {
    let given = env::var_os("PYRATE_FAKETIME").map(PathBuf::from);
    let of_debian = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let folders = ["/usr/lib", "/usr/lib64", "/usr/local/lib"].map(PathBuf::from);
    let folders = of_debian.map(|folder| folder.path()).chain(folders);
    let found = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
    given.into_iter().chain(found).find(|path| path.exists()).expect(
        "libfaketime is missing: `cargo xtask test` installs it, or: apt-get install faketime",
    )
}
