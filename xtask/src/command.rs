//! Commands: what can be asked of `cargo xtask`, and how it is told from what cannot.

use crate::suite::Size;

/// Every command, one line each.
pub(crate) const LIST: &str = "\
cargo xtask test [--long]  runs every test; with --long also the full-size ones, optimised, and cargo mutants
cargo xtask tidy           checks the house rules that rustfmt and clippy do not know
cargo xtask ci             runs all that a change must pass, from format to licences";

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    List,
    Test(Size),
    Tidy,
    Ci,
}

impl Command {
    /// Reads the words behind `cargo xtask`.
    ///
    /// # Errors
    ///
    /// A sentence that quotes what is not known.
    pub(crate) fn parse(words: &[String]) -> Result<Command, String> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            [] => Ok(Command::List),
            ["test"] => Ok(Command::Test(Size::Normal)),
            ["test", "--long"] => Ok(Command::Test(Size::Long)),
            ["tidy"] => Ok(Command::Tidy),
            ["ci"] => Ok(Command::Ci),
            _ => Err(format!("`cargo xtask {}` is not known", words.join(" "))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Command::parse(&words)
    }

    #[test]
    fn no_word_at_all_asks_for_the_list() {
        assert_eq!(parse(""), Ok(Command::List));
    }

    #[test]
    fn every_command_of_the_list_is_understood() {
        for line in LIST.lines() {
            let words = line.split("  ").next().unwrap().replace(['[', ']'], "");
            let command = words.trim_start_matches("cargo xtask");
            assert!(parse(command).is_ok(), "{command}");
        }
    }

    #[test]
    fn the_long_run_is_told_from_the_normal_one() {
        assert_eq!(parse("test"), Ok(Command::Test(Size::Normal)));
        assert_eq!(parse("test --long"), Ok(Command::Test(Size::Long)));
    }

    #[test]
    fn an_unknown_command_or_option_is_quoted() {
        for line in ["tset", "test --lnog", "tidy --long", "ci now"] {
            assert_eq!(parse(line), Err(format!("`cargo xtask {line}` is not known")));
        }
    }
}
