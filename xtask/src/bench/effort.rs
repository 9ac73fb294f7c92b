//! Effort: how thorough a run is.

use serde::{Deserialize, Serialize};

/// How thorough a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Effort {
    /// Few and short rounds: to compare, not to quote.
    Quick,
    /// Enough rounds to quote.
    #[default]
    Full,
}

impl Effort {
    /// As it stands in a sentence.
    pub(super) fn name(self) -> &'static str {
        match self {
            Effort::Quick => "a quick run",
            Effort::Full => "a full run",
        }
    }

    /// What the variable `PYRATE_BENCH_QUICK` tells the benches.
    pub(super) fn variable(self) -> &'static str {
        match self {
            Effort::Quick => "1",
            Effort::Full => "0",
        }
    }
}
