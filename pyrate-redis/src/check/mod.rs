//! Checks: what a server does, or is set up to do, that weakens what its buckets promise.

mod judge;
mod weakness;

use std::fmt;

pub use weakness::{Aspect, Weakness};

use crate::driver::Survey;

/// What [`RedisStore::check`](crate::RedisStore::check) found.
///
/// It prints as one line a server, and one a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub struct RedisCheck {
    /// Each master of a cluster, in no order; else the one server that is spoken to.
    pub servers: Vec<CheckedServer>,
}

/// One server, as [`RedisStore::check`](crate::RedisStore::check) found it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckedServer {
    /// Host and port.
    pub address: String,
    /// `redis`, `valkey`, or what else it calls itself, in small letters; empty if it doesn't tell.
    pub product: String,
    /// The version of that product; empty if it doesn't tell.
    pub version: String,
    /// What weakens the promises here.
    pub findings: Vec<Weakness>,
}

impl RedisCheck {
    pub(crate) fn of(surveys: &[Survey]) -> RedisCheck {
        RedisCheck { servers: surveys.iter().map(judge::judged).collect() }
    }

    /// All findings, of all servers.
    pub fn findings(&self) -> impl Iterator<Item = &Weakness> {
        self.servers.iter().flat_map(|server| &server.findings)
    }
}

impl fmt::Display for RedisCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, server) in self.servers.iter().enumerate() {
            let line = if number == 0 { "" } else { "\n" };
            write!(f, "{line}{server}")?;
        }
        Ok(())
    }
}

impl fmt::Display for CheckedServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let product = if self.product.is_empty() { "an unknown product" } else { &self.product };
        write!(f, "{}, {product} {}:", self.address, self.version)?;
        if self.findings.is_empty() {
            return f.write_str(" nothing weakens the promises");
        }
        self.findings.iter().try_for_each(|finding| write!(f, "\n- {finding}"))
    }
}
