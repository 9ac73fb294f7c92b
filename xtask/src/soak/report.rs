//! The report: what all callers together were told, audited.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use pyrate_conformance::{audit, fullest};
use pyrate_memory::{Rates, Timestamp};

use super::Trouble;
use super::crew::{TASKS, THREADS};
use super::faults::{Fault, Faults};
use super::plan::Plan;
use super::record::{Kind, Record};

/// What came of a soak.
#[derive(Clone, Debug)]
pub struct Report {
    plan: Plan,
    rates: Rates,
    /// Calls granted without a wait.
    pub at_once: u64,
    /// Calls granted after one.
    pub waited: u64,
    /// Calls denied.
    pub denied: u64,
    /// Callers who left.
    pub left: u64,
    /// Calls that failed by an injected fault, and recorded nothing.
    pub failed: u64,
    /// Calls that failed by one, and may have been recorded. That breaks no promise, so the audit leaves them out.
    pub unknown: u64,
    /// What was done to the workers.
    pub faults: Faults,
    /// The longest that a call took beyond the wait it was told.
    pub latest: Duration,
    /// Units of the fullest window of each rate, under whatever name.
    pub fullest: Vec<u128>,
    /// Promises that were broken.
    pub findings: Vec<String>,
}

impl Report {
    /// Sums up what the workers told, and audits it.
    ///
    /// # Errors
    ///
    /// Never: the rates of backends are tested.
    pub fn of(plan: &Plan, faults: Faults, records: &[Record]) -> Result<Report, Trouble> {
        let (mut report, mut used) = (Report::empty(plan, faults)?, BTreeMap::new());
        for record in records {
            report.add(*record, &mut used);
        }
        for (name, grants) in used {
            report.audit(name, &grants);
        }
        if report.latest > plan.backend.bound() {
            report.findings.push(format!("a call took {:?} too long", report.latest));
        }
        let mut fullest = report.rates.iter().zip(&report.fullest);
        if !fullest.any(|(rate, units)| *units >= u128::from(rate.limit())) {
            report.findings.push("no window was ever full".to_owned());
        }
        Ok(report)
    }

    fn empty(plan: &Plan, faults: Faults) -> Result<Report, Trouble> {
        let (rates, findings) = (plan.backend.rates()?, faults.findings.clone());
        let [at_once, waited, denied, left, failed, unknown] = [0; 6];
        let (plan, latest, fullest) = (plan.clone(), Duration::ZERO, vec![0; rates.len()]);
        Ok(Report {
            plan,
            rates,
            at_once,
            waited,
            denied,
            left,
            failed,
            unknown,
            faults,
            latest,
            fullest,
            findings,
        })
    }

    /// Of what callers of `name` were granted.
    fn audit(&mut self, name: u8, grants: &[(Timestamp, u64)]) {
        let found = audit(&self.rates, grants).into_iter();
        let told = found.map(|found| format!("name {name}: a window is too full: {found:?}"));
        self.findings.extend(told);
        for (most, units) in self.fullest.iter_mut().zip(fullest(&self.rates, grants)) {
            *most = units.max(*most);
        }
    }

    fn add(&mut self, record: Record, used: &mut BTreeMap<u8, Vec<(Timestamp, u64)>>) {
        self.latest = self.latest.max(record.late);
        match record.kind {
            Kind::AtOnce => self.at_once += 1,
            Kind::Waited => self.waited += 1,
            Kind::Denied => self.denied += 1,
            Kind::Left => self.left += 1,
            Kind::Failed => self.failed += 1,
            Kind::Unknown => self.unknown += 1,
            Kind::Fault => self.faults.note(Fault::ClockMoved),
            Kind::Broken => self.findings.push("a call broke; see above".to_owned()),
        }
        if matches!(record.kind, Kind::AtOnce | Kind::Waited) {
            used.entry(record.name).or_default().push((record.at, u64::from(record.weight)));
        }
    }

    /// Calls that were granted.
    #[must_use]
    pub fn grants(&self) -> u64 {
        self.at_once + self.waited
    }

    /// All calls.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.grants() + self.denied + self.left + self.failed + self.unknown
    }

    /// Of all calls, those that had to wait, or were denied.
    #[must_use]
    pub fn held_up(&self) -> u64 {
        self.waited + self.denied + self.left
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { plan, rates, at_once, waited, denied, left, failed, unknown, .. } = self;
        let (backend, processes) = (plan.backend, plan.backend.processes());
        writeln!(
            f,
            "soak of {backend}: {rates}, processes: {processes}, of {THREADS} threads and {TASKS} tasks each, {:?}, seed {}",
            plan.duration, plan.seed
        )?;
        writeln!(f, "  operations  {}, {} % of them held up", self.calls(), self.percent())?;
        writeln!(f, "  grants      {}: {at_once} at once, {waited} after a wait", self.grants())?;
        writeln!(f, "  denials     {denied}; {left} callers left")?;
        writeln!(f, "  failures    {failed} as they had to, {unknown} with an unknown outcome")?;
        writeln!(f, "  fullest     {}", self.full())?;
        writeln!(f, "  faults      {}", self.faults)?;
        let bound = backend.bound();
        writeln!(f, "  worst call  {:?} beyond its wait, of {bound:?} allowed", self.latest)?;
        write!(f, "  findings    {}", self.findings.len())?;
        self.findings.iter().take(20).try_for_each(|found| write!(f, "\n    {found}"))
    }
}

impl Report {
    /// The fullest windows beside their limits.
    fn full(&self) -> String {
        let each = self.rates.iter().zip(&self.fullest);
        each.map(|(rate, units)| format!("{units} of {rate}")).collect::<Vec<_>>().join(", ")
    }

    fn percent(&self) -> u64 {
        100 * self.held_up() / self.calls().max(1)
    }
}
