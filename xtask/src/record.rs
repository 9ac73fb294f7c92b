//! Records: all that one run of the benches found, on which machine, and its JSON.

use crate::json::Value;
use crate::paired::Report;

/// One run of the benches.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Where and when.
    pub machine: Machine,
    /// Whether rounds were few and short.
    pub is_quick: bool,
    /// What each program found, in the order in which they ran.
    pub programs: Vec<Program>,
}

/// What a run was made on, and on which day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// How many cores the run could use.
    pub cores: String,
    /// The compiler.
    pub rustc: String,
    /// The day in UTC, as 2026-11-24.
    pub date: String,
}

/// What one program found.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// Its reports.
    pub reports: Vec<Report>,
}

impl Record {
    /// Every report of every program.
    pub fn reports(&self) -> impl Iterator<Item = &Report> {
        self.programs.iter().flat_map(|program| &program.reports)
    }

    /// The record as a text of JSON.
    #[must_use]
    pub fn to_text(&self) -> String {
        let value = Value::object([
            ("machine", self.machine.to_json()),
            ("quick", Value::Bool(self.is_quick)),
            ("programs", Value::list(self.programs.iter().map(Program::to_json))),
        ]);
        format!("{value:#}\n")
    }

    /// Reads a record; `None` where the text is none.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Record> {
        let value = Value::parse(text)?;
        let programs: Option<Vec<Program>> =
            value.field("programs")?.elements().iter().map(Program::from_json).collect();
        Some(Record {
            machine: Machine::from_json(value.field("machine")?)?,
            is_quick: value.field("quick")? == &Value::Bool(true),
            programs: programs?,
        })
    }
}

impl Machine {
    fn to_json(&self) -> Value {
        Value::object([
            ("processor", self.processor.as_str().into()),
            ("cores", self.cores.as_str().into()),
            ("rustc", self.rustc.as_str().into()),
            ("date", self.date.as_str().into()),
        ])
    }

    fn from_json(value: &Value) -> Option<Machine> {
        let text = |key| value.field(key)?.text().map(str::to_owned);
        Some(Machine {
            processor: text("processor")?,
            cores: text("cores")?,
            rustc: text("rustc")?,
            date: text("date")?,
        })
    }
}

impl Program {
    /// Takes the reports that a program saved; `None` where the text is no list of them.
    #[must_use]
    pub fn from_saved(name: &str, text: &str) -> Option<Program> {
        Program::new(name, &Value::parse(text)?)
    }

    fn new(name: &str, reports: &Value) -> Option<Program> {
        let reports: Option<Vec<Report>> =
            reports.elements().iter().map(Report::from_json).collect();
        Some(Program { name: name.to_owned(), reports: reports? })
    }

    fn to_json(&self) -> Value {
        Value::object([
            ("name", self.name.as_str().into()),
            ("reports", Value::list(self.reports.iter().map(Report::to_json))),
        ])
    }

    fn from_json(value: &Value) -> Option<Program> {
        Program::new(value.field("name")?.text()?, value.field("reports")?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paired::{Bound, Pair};

    fn record() -> Record {
        let text = |text: &str| text.to_owned();
        let machine = Machine {
            processor: text("An \"EPYC\""),
            cores: text("2"),
            rustc: text("rustc 1.95.0"),
            date: text("2026-11-24"),
        };
        let reports =
            vec![Pair::new("w", "p").bytes(1.0, 2.0), Bound::bytes("b", 3.0).measured(2.0)];
        let empty = Program { name: text("sqlite"), reports: vec![] };
        let programs = vec![Program { name: text("memory"), reports }, empty];
        Record { machine, is_quick: true, programs }
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        assert_eq!(Record::from_text(&record().to_text()), Some(record()));
    }

    #[test]
    fn what_is_no_record_is_none() {
        for text in ["", "[]", "{}", r#"{"machine": {}, "quick": true, "programs": []}"#] {
            assert_eq!(Record::from_text(text), None, "{text}");
        }
    }
}
