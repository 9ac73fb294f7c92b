//! Options: what can be asked of `cargo xtask bench`.

use super::effort::Effort;
use super::programs::{self, Program};

/// What was asked of the benches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Options {
    /// How thorough to be.
    pub(crate) effort: Effort,
    /// Nothing is measured: the last report is shown again.
    pub(crate) is_redrawn: bool,
    /// The README's section and the charts beside it are written anew.
    pub(crate) is_for_readme: bool,
    /// The one backend that is wanted.
    pub(crate) only: Option<String>,
    /// Keeps the run under this name.
    pub(crate) save: Option<String>,
    /// Compares with the run of this name.
    pub(crate) against: Option<String>,
}

impl Options {
    /// Reads the words behind `cargo xtask bench`; `None` where one is not known, or two contradict.
    pub(crate) fn parse(words: &[&str]) -> Option<Options> {
        let mut options = Options::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--quick" => options.effort = Effort::Quick,
                "--redraw" => options.is_redrawn = true,
                "--readme" => options.is_for_readme = true,
                "--only" => options.only = Some(backend(words.next()?)?),
                "--save" => options.save = Some(name(words.next()?)?),
                "--against" => options.against = Some(name(words.next()?)?),
                _ => return None,
            }
        }
        options.is_sound().then_some(options)
    }

    /// The programs that are wanted.
    pub(crate) fn programs(&self) -> Vec<&'static Program> {
        let wanted = |program: &&Program| {
            self.only.as_deref().is_none_or(|backend| backend == program.backend)
        };
        programs::ALL.iter().filter(wanted).collect()
    }

    // The README shows full runs of every backend; and what was measured can't be measured otherwise.
    fn is_sound(&self) -> bool {
        let is_partial = self.only.is_some() || self.effort == Effort::Quick;
        !(is_partial && (self.is_for_readme || self.is_redrawn))
    }
}

fn backend(word: &str) -> Option<String> {
    programs::ALL.iter().any(|program| program.backend == word).then(|| word.to_owned())
}

// It becomes the name of a file.
fn name(word: &str) -> Option<String> {
    let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    (is_plain && word.starts_with(|c: char| c.is_ascii_alphanumeric())).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Options> {
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
    fn what_is_not_known_or_contradicts_is_refused() {
        let lines = [
            "--fast",
            "--only",
            "--only disk",
            "--save",
            "--save ../x",
            "--save .x",
            "quick",
            "--readme --only memory",
            "--readme --quick",
            "--redraw --quick",
            "--redraw --only sqlite",
        ];
        for line in lines {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
