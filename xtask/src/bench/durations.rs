//! Durations: how long each program took the last time, to say how long it will take.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::effort::Effort;
use super::programs::Program;

/// What programs took, by effort and by name.
#[derive(Debug, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Durations(BTreeMap<Effort, BTreeMap<String, Duration>>);

impl Durations {
    /// How long the program is likely to take.
    pub(super) fn of(&self, program: &Program, effort: Effort) -> Duration {
        let noted = self.0.get(&effort).and_then(|noted| noted.get(program.name));
        noted.copied().unwrap_or_else(|| program.usual(effort))
    }

    /// Remembers how long it took.
    pub(super) fn note(&mut self, name: &str, effort: Effort, took: Duration) {
        self.0.entry(effort).or_default().insert(name.to_owned(), took);
    }
}

#[cfg(test)]
mod tests {
    use super::super::programs::ALL;
    use super::*;

    #[test]
    fn what_a_program_took_is_what_it_is_thought_to_take() {
        let (program, mut durations) = (&ALL[0], Durations::default());
        assert_eq!(durations.of(program, Effort::Quick), program.usual(Effort::Quick));
        durations.note(program.name, Effort::Quick, Duration::from_secs(7));
        durations.note(program.name, Effort::Quick, Duration::from_secs(9));
        assert_eq!(durations.of(program, Effort::Quick), Duration::from_secs(9));
        assert_eq!(durations.of(program, Effort::Full), program.usual(Effort::Full));
    }

    #[test]
    fn durations_are_read_as_they_were_written() {
        let mut durations = Durations::default();
        durations.note("memory", Effort::Full, Duration::from_millis(1_500));
        let written = serde_json::to_string(&durations).unwrap();
        assert_eq!(serde_json::from_str::<Durations>(&written).unwrap(), durations);
    }
}
