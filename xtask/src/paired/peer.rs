//! Peers: somebody else's work, and what it can't do though ours does.

use serde::{Deserialize, Serialize};

/// What our buckets do at the speed that is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skill {
    /// No window of any position holds more than the limit.
    ExactWindows,
    /// Several limits at once.
    SeveralRates,
    /// Items that take more than one unit, at the cost of one that takes one.
    Weights,
    /// A place in line, with the instant at which it is one's turn.
    WaitingInLine,
}

impl Skill {
    /// As it stands in a table.
    pub fn name(self) -> &'static str {
        match self {
            Skill::ExactWindows => "exact windows",
            Skill::SeveralRates => "several rates",
            Skill::Weights => "weights at the cost of one unit",
            Skill::WaitingInLine => "waiting in line",
        }
    }
}

/// What ours is measured against: a name, and what it can't do.
///
/// A floor, which is no limiter, can't do anything and is not told so.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Peer<'a> {
    pub(super) name: &'a str,
    pub(super) cannot: &'a [Skill],
}

impl<'a> Peer<'a> {
    /// A peer that can do all that is asked of it here.
    pub const fn new(name: &'a str) -> Peer<'a> {
        Peer { name, cannot: &[] }
    }

    /// Says what it can't do.
    pub const fn cannot(self, skills: &'a [Skill]) -> Peer<'a> {
        Peer { cannot: skills, ..self }
    }
}

impl<'a> From<&'a str> for Peer<'a> {
    fn from(name: &'a str) -> Peer<'a> {
        Peer::new(name)
    }
}
