//! Charts: which there are, and the points that reports give to them.

use serde::{Deserialize, Serialize};

/// A chart over what grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Chart {
    /// One caller on each backend. A series is a row of this chart; `x` says nothing.
    Backends,
    /// Latency against the grants that a bucket holds.
    Stored,
    /// Latency against the number of rates.
    Rates,
    /// Latency against the weight of an item.
    Weight,
    /// Latency against the number of names.
    Names,
    /// Decisions a second against the number of callers at once.
    Callers,
    /// Bytes that a grant takes against its weight.
    Bytes,
}

impl Chart {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Chart; 7] = [
        Chart::Backends,
        Chart::Stored,
        Chart::Rates,
        Chart::Weight,
        Chart::Names,
        Chart::Callers,
        Chart::Bytes,
    ];

    /// The name of its file.
    pub fn name(self) -> &'static str {
        match self {
            Chart::Backends => "backends",
            Chart::Stored => "stored",
            Chart::Rates => "rates",
            Chart::Weight => "weight",
            Chart::Names => "names",
            Chart::Callers => "callers",
            Chart::Bytes => "bytes",
        }
    }

    /// The headline.
    pub fn title(self) -> &'static str {
        match self {
            Chart::Backends => "Time of a call, by backend",
            Chart::Stored => "Time of a call against stored grants",
            Chart::Rates => "Time of a call against the number of rates",
            Chart::Weight => "Time of a call against its weight",
            Chart::Names => "Time of a call against the number of names",
            Chart::Callers => "Decisions a second against callers at once",
            Chart::Bytes => "Bytes a grant against its weight",
        }
    }
}

/// Whose measurement a point shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Whose {
    /// Ours.
    Ours,
    /// The peer's.
    Theirs,
}

/// A report's place on a chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The chart.
    pub chart: Chart,
    /// The curve that it belongs to.
    pub series: String,
    /// What grows.
    pub x: f64,
    /// Whose measurement it shows.
    pub whose: Whose,
}
