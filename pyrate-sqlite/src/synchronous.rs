//! How safe a commit is against a loss of power.

/// When SQLite makes the disk write through what was committed.
///
/// None of them loses anything when a process is killed, or ends in any other way, while the machine goes on: what was
/// answered is in the operating system's hands. They differ in what a power cut, or a crash of the operating system,
/// takes away. (By SQLite's documentation of `PRAGMA synchronous`, for its write-ahead log.)
///
/// | | a commit waits for the disk | a power cut loses |
/// |---|---|---|
/// | `Off` | never | the latest grants; the file itself may be corrupt afterwards |
/// | `Normal` | never, only a checkpoint does | the latest grants, back to the last checkpoint at most; the file stays whole |
/// | `Full`, `Extra` | always | nothing that was answered |
///
/// What is lost was granted and is forgotten: it may be granted again. A service that must hold its limit over a power
/// cut, too, takes `Full`, and pays a write to the disk for each transaction, which the calls that wait share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Synchronous {
    /// Nothing waits for the disk.
    Off,
    /// Checkpoints do.
    #[default]
    Normal,
    /// Commits do.
    Full,
    /// As `Full`; without a write-ahead log, the folder is written through as well.
    Extra,
}

impl Synchronous {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Synchronous::Off => "OFF",
            Synchronous::Normal => "NORMAL",
            Synchronous::Full => "FULL",
            Synchronous::Extra => "EXTRA",
        }
    }
}
