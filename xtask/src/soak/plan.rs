//! What a soak is asked to do.

use std::env;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Trouble;
use super::backend::Backend;
use super::planted::Planted;

/// No line is longer: all callers at once, each with the heaviest weight that fits, take less than a second.
const LINE: Duration = Duration::from_secs(3);

/// One soak of one backend.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What holds the limit.
    pub backend: Backend,
    /// How long callers call.
    pub duration: Duration,
    /// From which everything random follows.
    pub seed: u64,
    /// The program that is a worker if [asked](super::worker).
    pub program: PathBuf,
    /// A call that takes longer, its wait included, hangs.
    pub patience: Duration,
    /// What is wrong with the workers on purpose.
    pub planted: Planted,
}

impl Plan {
    /// A soak in which nothing is planted.
    #[must_use]
    pub fn new(backend: Backend, duration: Duration, seed: u64, program: PathBuf) -> Plan {
        let (patience, planted) = (backend.bound() + LINE, Planted::Nothing);
        Plan { backend, duration, seed, program, patience, planted }
    }

    /// Reads `[--minutes N] [--backend B] [--seed S]`: a plan for each backend that is meant.
    ///
    /// # Errors
    ///
    /// A sentence about the word that can't be read.
    pub fn parse(words: &[String]) -> Result<Vec<Plan>, Trouble> {
        let (mut minutes, mut backends, mut seed) = (1.0, Backend::ALL.to_vec(), now());
        let mut words = words.iter().map(String::as_str);
        while let Some(option) = words.next() {
            let value = words.next().ok_or_else(|| format!("{option} needs a value"))?;
            match option {
                "--minutes" => minutes = value.parse()?,
                "--backend" => backends = vec![value.parse()?],
                "--seed" => seed = value.parse()?,
                _ => return Err(format!("{option} is not known").into()),
            }
        }
        let duration = Duration::try_from_secs_f64(60.0 * minutes)?;
        let program = env::current_exe()?;
        let plan = |backend| Plan::new(backend, duration, seed, program.clone());
        Ok(backends.into_iter().map(plan).collect())
    }
}

/// A seed that was hardly ever used.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::from(since.subsec_nanos()) ^ since.as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Vec<Plan>, Trouble> {
        Plan::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn each_backend_is_meant_unless_one_is_named() {
        assert_eq!(parse("").unwrap().len(), Backend::ALL.len());
        let plans = parse("--backend keyed --seed 7 --minutes 0.5").unwrap();
        assert_eq!((plans.len(), plans[0].backend, plans[0].seed), (1, Backend::Keyed, 7));
        assert_eq!(plans[0].duration, Duration::from_secs(30));
    }

    #[test]
    fn what_can_not_be_read_is_refused() {
        for line in ["--seed", "--seed x", "--minutes -1", "--backend paper", "--sede 7", "now 1"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
