//! Durations: how long each program took the last time, to say how long it will take.

use std::time::Duration;

use xtask::json::Value;

use super::programs::Program;

/// What the programs took, by how thorough they were.
pub(super) struct Durations {
    /// `[quick, full]`, each by name.
    seconds: [Vec<(String, f64)>; 2],
    is_quick: bool,
}

const SIZES: [&str; 2] = ["quick", "full"];

impl Durations {
    /// Reads what was noted; of what can't be read, nothing is known.
    pub(super) fn parse(text: &str, is_quick: bool) -> Durations {
        let value = Value::parse(text).unwrap_or(Value::Null);
        let seconds = SIZES.map(|size| {
            let fields = value.field(size).map_or(&[][..], Value::fields);
            fields.iter().filter_map(|(name, took)| Some((name.clone(), took.number()?))).collect()
        });
        Durations { seconds, is_quick }
    }

    /// As a text of JSON.
    pub(super) fn to_text(&self) -> String {
        let fields = |seconds: &[(String, f64)]| {
            let fields = seconds.iter().map(|(name, took)| (name.clone(), (*took).into()));
            Value::Object(fields.collect())
        };
        let [quick, full] = &self.seconds;
        format!("{:#}\n", Value::object([("quick", fields(quick)), ("full", fields(full))]))
    }

    /// How long the program is likely to take.
    pub(super) fn of(&self, program: &Program) -> Duration {
        let noted = self.noted().iter().find(|(name, _)| name == program.name);
        noted
            .and_then(|(_, took)| Duration::try_from_secs_f64(*took).ok())
            .unwrap_or_else(|| program.usual(self.is_quick))
    }

    /// Remembers how long it took.
    pub(super) fn note(&mut self, name: &str, took: Duration) {
        let [quick, full] = &mut self.seconds;
        let noted = if self.is_quick { quick } else { full };
        noted.retain(|(other, _)| other != name);
        noted.push((name.to_owned(), took.as_secs_f64()));
    }

    fn noted(&self) -> &[(String, f64)] {
        let [quick, full] = &self.seconds;
        if self.is_quick { quick } else { full }
    }
}

#[cfg(test)]
mod tests {
    use super::super::programs::ALL;
    use super::*;

    #[test]
    fn what_a_program_took_is_what_it_is_thought_to_take() {
        let mut durations = Durations::parse("", true);
        assert_eq!(durations.of(&ALL[0]), ALL[0].quick);
        durations.note(ALL[0].name, Duration::from_secs(7));
        durations.note(ALL[0].name, Duration::from_secs(9));
        let (quick, full) = (durations.to_text(), durations.to_text());
        assert_eq!(Durations::parse(&quick, true).of(&ALL[0]), Duration::from_secs(9));
        assert_eq!(Durations::parse(&full, false).of(&ALL[0]), ALL[0].full);
    }

    #[test]
    fn what_is_no_duration_is_as_if_it_were_not_there() {
        let text = format!("{{\"quick\": {{\"{}\": -1}}}}", ALL[0].name);
        assert_eq!(Durations::parse(&text, true).of(&ALL[0]), ALL[0].quick);
    }
}
