//! Commands: what can be asked of `cargo xtask`, and how it is told from what cannot.

use crate::bench::Options;
use crate::needs::Installing;
use crate::suite::Size;

/// Every command, one line each.
pub(crate) const LIST: &str = "\
cargo xtask test [--long] [--no-install]    runs every test; with --long also the full-size ones, optimised, and cargo mutants
cargo xtask tidy                            checks the house rules that rustfmt and clippy do not know
cargo xtask bench [--quick] [--no-install]  measures all backends beside their peers: a table, charts, and a page of both
cargo xtask soak [--minutes 1] [--seed 7]   calls one limit from everywhere while faults happen, and audits it
cargo xtask ci [--no-install]               runs all that a change must pass, from format to licences
`bench` takes --only memory|keyed|sqlite|redis, --save NAME, --against NAME (marks what changed), --readme (renews the
README's section and its charts), and --redraw [NAME] (shows the last run again, or a saved one); `soak` takes --backend memory|keyed|sqlite|redis
`test` and `ci` install what they need and the system lacks, Redis, Valkey and faketime, and `bench` Redis; not with --no-install";

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    List,
    Test(Size, Installing),
    Tidy,
    Bench(Options, Installing),
    Ci(Installing),
    /// With the words behind it, which the program that soaks reads itself.
    Soak(Vec<String>),
}

impl Command {
    /// Reads the words behind `cargo xtask`.
    ///
    /// # Errors
    ///
    /// A sentence that quotes what is not known, or says what is wrong with it.
    pub(crate) fn parse(words: &[String]) -> Result<Command, String> {
        let unknown = format!("`cargo xtask {}` is not known", words.join(" "));
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        let installing = match words.extract_if(.., |word| *word == "--no-install").count() {
            0 => Installing::Allowed,
            _ => Installing::Forbidden,
        };
        match (words.as_slice(), installing) {
            ([], Installing::Allowed) => Ok(Command::List),
            (["test"], _) => Ok(Command::Test(Size::Normal, installing)),
            (["test", "--long"], _) => Ok(Command::Test(Size::Long, installing)),
            (["tidy"], Installing::Allowed) => Ok(Command::Tidy),
            (["bench", options @ ..], _) => {
                let options = Options::parse(options)?;
                Ok(Command::Bench(options, installing))
            }
            (["ci"], _) => Ok(Command::Ci(installing)),
            (["soak", options @ ..], Installing::Allowed) => {
                Ok(Command::Soak(options.iter().map(|&word| word.to_owned()).collect()))
            }
            _ => Err(unknown),
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
        for line in LIST.lines().filter(|line| line.starts_with("cargo")) {
            let words = line.split("  ").next().unwrap().replace(['[', ']'], "");
            let command = words.trim_start_matches("cargo xtask");
            assert!(parse(command).is_ok(), "{command}");
        }
    }

    #[test]
    fn the_long_run_is_told_from_the_normal_one() {
        let installing = Installing::Allowed;
        assert_eq!(parse("test"), Ok(Command::Test(Size::Normal, installing)));
        assert_eq!(parse("test --long"), Ok(Command::Test(Size::Long, installing)));
    }

    #[test]
    fn a_bench_is_told_its_options() {
        let options = Options::parse(&["--quick"]).unwrap();
        assert_eq!(parse("bench --quick"), Ok(Command::Bench(options, Installing::Allowed)));
    }

    #[test]
    fn installing_can_be_turned_off_where_it_is_done() {
        let installing = Installing::Forbidden;
        assert_eq!(parse("ci --no-install"), Ok(Command::Ci(installing)));
        let long = Command::Test(Size::Long, installing);
        assert_eq!(parse("test --long --no-install"), Ok(long.clone()));
        assert_eq!(parse("test --no-install --long"), Ok(long));
        let options = Options::parse(&["--quick"]).unwrap();
        assert_eq!(parse("bench --no-install --quick"), Ok(Command::Bench(options, installing)));
    }

    #[test]
    fn what_stands_behind_soak_is_handed_on() {
        let words = ["--seed", "7"].map(str::to_owned).to_vec();
        assert_eq!(parse("soak --seed 7"), Ok(Command::Soak(words)));
        assert_eq!(parse("soak"), Ok(Command::Soak(Vec::new())));
    }

    #[test]
    fn what_a_bench_is_wrongly_asked_is_said() {
        let said = parse("bench --no-install --fast").unwrap_err();
        assert_eq!(said, "`cargo xtask bench` does not know `--fast`");
    }

    #[test]
    fn an_unknown_command_or_option_is_quoted() {
        for line in
            ["tset", "test --lnog", "tidy --long", "ci now", "tidy --no-install", "--no-install"]
        {
            assert_eq!(parse(line), Err(format!("`cargo xtask {line}` is not known")));
        }
    }
}
