//! Needs: what the tests want beyond the Rust toolchain, and how it is installed where it is
//! missing.

use std::io;

use crate::failure::Failure;

type Install = fn() -> io::Result<()>;

/// Empty, because at present the tests need nothing.
const NEEDS: &[(&str, Install)] = &[];

/// Sees to it that everything the tests need is there.
pub(crate) fn install() -> Result<(), Failure> {
    NEEDS
        .iter()
        .try_for_each(|&(name, install)| install().map_err(|source| Failure::Need { name, source }))
}
