//! The ground on which workers stand: what their processes share, and what happens to it.

use std::thread;
use std::time::Duration;

use pyrate_conformance::Dice;
use pyrate_sqlite::rusqlite::{Connection, TransactionBehavior};
use tempfile::TempDir;

use super::Trouble;
use super::backend::Backend;
use super::faults::Fault;
use super::server::{self, Server};

/// What a soak's processes share. It is gone when this is dropped.
pub(crate) enum Ground {
    /// Nothing: there is one process.
    Memory,
    /// A file, in a folder of its own.
    File(TempDir),
    /// A server of its own, which writes each change down before it answers: so all its lives are audited as one.
    Server(Server),
}

impl Ground {
    /// What a soak of `backend` needs, empty.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if it can't be had: it says what is missing.
    pub(crate) fn of(backend: Backend) -> Result<Ground, Trouble> {
        Ok(match backend {
            Backend::Memory | Backend::Keyed => Ground::Memory,
            Backend::Sqlite => Ground::File(tempfile::tempdir()?),
            Backend::Redis => {
                server::program()?;
                let written_down = ["--appendonly", "yes", "--appendfsync", "always"];
                // After so many milliseconds of a script, the server tells others that it is busy.
                let is_soon_busy = ["--lua-time-limit", "50"];
                Ground::Server(Server::with(&[written_down.as_slice(), &is_soon_busy].concat()))
            }
        })
    }

    /// Where workers find it.
    pub(crate) fn address(&self) -> String {
        match self {
            Ground::Memory => String::new(),
            Ground::File(folder) => folder.path().join("limits.db").display().to_string(),
            Ground::Server(server) => server.url(),
        }
    }

    /// Does something to it, as `dice` say, for so long `at_most`.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if that fails, which it should not.
    pub(crate) fn harm(
        &self,
        dice: &mut Dice,
        at_most: Duration,
    ) -> Result<Option<Fault>, Trouble> {
        let at_most = u64::try_from(at_most.as_millis())?;
        let length = Duration::from_millis(dice.within(1..=at_most.max(1)));
        match self {
            Ground::Memory => Ok(None),
            Ground::File(_) => hold_lock(&self.address(), length.min(HELD)).map(Some),
            Ground::Server(server) => harm(server, dice, length.min(DOWN)).map(Some),
        }
    }
}

/// A file's lock is held for so long at most: well within the busy timeout.
const HELD: Duration = Duration::from_millis(150);

/// A server is away for so long at most: longer than the command timeout.
const DOWN: Duration = Duration::from_millis(900);

/// Nobody can write meanwhile; all who call wait.
fn hold_lock(path: &str, length: Duration) -> Result<Fault, Trouble> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(30))?;
    let lock = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    thread::sleep(length);
    lock.commit()?;
    Ok(Fault::LockHeld)
}

fn harm(server: &Server, dice: &mut Dice, length: Duration) -> Result<Fault, Trouble> {
    let told = |command: &str| match server.ask(command) {
        refused if refused.starts_with('-') => Err(format!("{command}: {refused}")),
        _ => Ok(()),
    };
    Ok(match dice.below(5) {
        0 => {
            told("SCRIPT FLUSH")?;
            Fault::ScriptsForgotten
        }
        1 => {
            told("CLIENT KILL TYPE normal")?;
            Fault::ConnectionsCut
        }
        2 => {
            told(&format!("CLIENT PAUSE {} ALL", length.as_millis()))?;
            Fault::ServerPaused
        }
        3 => {
            occupy(server, length);
            Fault::ServerBusy
        }
        _ => {
            server.kill();
            thread::sleep(length);
            server.run();
            Fault::ServerKilled
        }
    })
}

/// Has the server run a script of somebody else's that does not end, and ends it.
fn occupy(server: &Server, length: Duration) {
    thread::scope(|scope| {
        let script = scope.spawn(|| server.connect().ask(&["EVAL", "while true do end", "0"]));
        thread::sleep(length);
        while !script.is_finished() {
            // There is nothing to be ended as long as the script was not begun.
            server.ask("SCRIPT KILL");
            thread::sleep(Duration::from_millis(1));
        }
    });
}
