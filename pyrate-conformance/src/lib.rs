//! The conformance suite of pyrate: any bucket proves that it is exact.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod audit;
pub mod capabilities;
pub mod checks;
mod course;
mod crowd;
mod failure;
mod handle;
pub mod histories;
mod macros;
mod oracle;
mod random;
mod registry;
mod rig;
mod subject;

pub use audit::{Finding, audit};
pub use failure::{Failure, Step, Verdict};
pub use handle::Handle;
pub use oracle::{Oracle, Shown};
pub use pyrate_core;
pub use rig::Rig;
pub use subject::{Door, Opener, Probe, Store, Subject, Switch};

/// Runs `check` on `subject`, as a test does.
///
/// # Panics
///
/// If it fails; the message is the [`Failure`].
#[expect(clippy::panic, reason = "that is how a test fails")]
pub fn prove(check: fn(&Subject) -> Verdict, subject: &Subject) {
    if let Err(failure) = check(subject) {
        panic!("{failure}");
    }
}
