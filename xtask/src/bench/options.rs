//! Options: what can be asked of `cargo xtask bench`.

use super::effort::Effort;
use super::programs::{self, Program};

/// What was asked of the benches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Options {
    /// How thorough to be.
    pub(crate) effort: Effort,
    /// What is shown again, where nothing is to be measured.
    pub(crate) redraw: Option<Redraw>,
    /// The README's section and the charts beside it are written anew.
    pub(crate) is_for_readme: bool,
    /// The one backend that is wanted.
    pub(crate) only: Option<String>,
    /// Keeps the run under this name.
    pub(crate) save: Option<String>,
    /// Compares with the run of this name.
    pub(crate) against: Option<String>,
}

/// A run of earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Redraw {
    /// The last one.
    Last,
    /// The one that was saved under this name.
    Saved(String),
}

impl Options {
    /// Reads the words behind `cargo xtask bench`.
    ///
    /// # Errors
    ///
    /// A sentence that says what is not known, what is missing, or which two contradict.
    pub(crate) fn parse(words: &[&str]) -> Result<Options, String> {
        let mut options = Options::default();
        let mut words = words.iter().copied().peekable();
        while let Some(word) = words.next() {
            let mut value = || words.next_if(|word| !word.starts_with("--"));
            match word {
                "--quick" => options.effort = Effort::Quick,
                "--redraw" => options.redraw = Some(redraw(value())?),
                "--readme" => options.is_for_readme = true,
                "--only" => options.only = Some(backend(value())?),
                "--save" | "--against" => {
                    let name = value().ok_or_else(|| format!("{word} lacks the name of a run"))?;
                    let name = Some(run_name(name)?);
                    if word == "--save" { options.save = name } else { options.against = name }
                }
                _ => return Err(format!("`cargo xtask bench` does not know `{word}`")),
            }
        }
        options.checked()
    }

    /// The programs that are wanted.
    pub(crate) fn programs(&self) -> Vec<&'static Program> {
        let wanted = |program: &&Program| {
            self.only.as_deref().is_none_or(|backend| backend == program.backend)
        };
        programs::ALL.iter().filter(wanted).collect()
    }

    /// Whether nothing is measured: what was measured before is shown again.
    pub(crate) fn is_redrawn(&self) -> bool {
        self.redraw.is_some()
    }

    fn checked(self) -> Result<Options, String> {
        let partly = [("--only", self.only.is_some()), ("--quick", self.effort == Effort::Quick)];
        let Some((part, _)) = partly.into_iter().find(|(_, is_given)| *is_given) else {
            return Ok(self);
        };
        match (self.is_for_readme, self.is_redrawn()) {
            (true, _) => {
                Err(format!("--readme shows a full run of every backend: not with {part}"))
            }
            (_, true) => Err(format!("--redraw measures nothing: not with {part}")),
            _ => Ok(self),
        }
    }
}

fn backend(word: Option<&str>) -> Result<String, String> {
    let known = || programs::ALL.iter().map(|program| program.backend);
    let mut names: Vec<_> = known().collect();
    names.dedup();
    let names = names.join(", ");
    match word {
        Some(word) if known().any(|backend| backend == word) => Ok(word.to_owned()),
        Some(word) => Err(format!("--only knows no backend `{word}`, but {names}")),
        None => Err(format!("--only lacks a backend: {names}")),
    }
}

fn redraw(name: Option<&str>) -> Result<Redraw, String> {
    name.map_or(Ok(Redraw::Last), |name| run_name(name).map(Redraw::Saved))
}

// It becomes the name of a file.
fn run_name(word: &str) -> Result<String, String> {
    let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if is_plain && word.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Ok(word.to_owned());
    }
    Err(format!(
        "`{word}` is no name for a run: letters, digits, dashes, underscores and dots, the first a letter or a digit"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(&line.split_whitespace().collect::<Vec<_>>())
    }

    #[test]
    fn without_a_word_everything_is_measured_in_full() {
        let options = parse("").unwrap();
        assert_eq!(options, Options::default());
        assert_eq!(options.programs().len(), programs::ALL.len());
    }

    #[test]
    fn options_are_taken_in_any_order() {
        let options = parse("--against before --quick --only keyed --save after").unwrap();
        let (save, against) = (Some("after".to_owned()), Some("before".to_owned()));
        let only = Some("keyed".to_owned());
        assert_eq!(
            options,
            Options { effort: Effort::Quick, only, save, against, ..Options::default() }
        );
    }

    #[test]
    fn one_backend_may_be_several_programs() {
        let names: Vec<_> =
            parse("--only memory").unwrap().programs().iter().map(|program| program.name).collect();
        assert_eq!(names, ["memory", "memory_bytes"]);
    }

    #[test]
    fn the_last_run_or_one_of_a_name_is_drawn_again() {
        let redraw = |line| parse(line).unwrap().redraw;
        assert_eq!(redraw("--redraw --readme"), Some(Redraw::Last));
        assert_eq!(redraw("--readme --redraw before"), Some(Redraw::Saved("before".to_owned())));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let faults = [
            ("--fast", "does not know `--fast`"),
            ("quick", "does not know `quick`"),
            ("--only", "--only lacks a backend: memory, keyed, sqlite, redis"),
            ("--only disk", "--only knows no backend `disk`, but memory, keyed, sqlite, redis"),
            ("--save", "--save lacks the name of a run"),
            ("--against --quick", "--against lacks the name of a run"),
            ("--save ../x", "`../x` is no name for a run"),
            ("--redraw .x", "`.x` is no name for a run"),
            (
                "--readme --only memory",
                "--readme shows a full run of every backend: not with --only",
            ),
            ("--quick --readme", "--readme shows a full run of every backend: not with --quick"),
            ("--redraw --quick", "--redraw measures nothing: not with --quick"),
            ("--redraw --only sqlite", "--redraw measures nothing: not with --only"),
        ];
        for (line, fault) in faults {
            let said = parse(line).unwrap_err();
            assert!(said.contains(fault), "{line}: {said}");
        }
    }
}
