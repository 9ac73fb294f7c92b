//! The rates of a name, with what every call needs of them at hand; shared by the names that have the same.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use pyrate_core::Rates;

/// Rates, and what is looked at first of them.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) rates: Rates,
    /// The limit of the shortest rate, which is the lowest.
    pub(super) lowest_limit: u64,
    /// The longest interval, in microseconds.
    pub(super) longest: u64,
}

impl Plan {
    pub(super) fn new(rates: Rates) -> Plan {
        let lowest_limit = rates.shortest().limit();
        Plan { lowest_limit, longest: rates.longest().interval_micros(), rates }
    }
}

/// Which plan a name has.
pub(super) enum Plans {
    All(Arc<Plan>),
    Each(Box<RatesOf>, Recent),
}

pub(super) type RatesOf = dyn Fn(&str) -> Rates + Send + Sync;

impl Plans {
    pub(super) fn all(rates: Rates) -> Plans {
        Plans::All(Arc::new(Plan::new(rates)))
    }

    pub(super) fn each(rates: Box<RatesOf>) -> Plans {
        Plans::Each(rates, Recent::default())
    }

    /// The plan of a name that isn't held. May be the author's code: call it without a lock.
    pub(super) fn of(&self, name: &str) -> Arc<Plan> {
        match self {
            Plans::All(plan) => Arc::clone(plan),
            Plans::Each(rates, recent) => recent.plan(rates(name)),
        }
    }
}

/// Plans made of late: customers come in a few kinds, and each name would take the memory of its own list otherwise.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<VecDeque<Arc<Plan>>>);

impl Recent {
    const MOST: usize = 16;

    fn plan(&self, rates: Rates) -> Arc<Plan> {
        let mut plans = self.0.lock();
        if let Some(plan) = plans.iter().find(|plan| plan.rates == rates) {
            return Arc::clone(plan);
        }
        plans.truncate(Recent::MOST - 1);
        let plan = Arc::new(Plan::new(rates));
        plans.push_front(Arc::clone(&plan));
        plan
    }
}

#[cfg(test)]
mod tests {
    use pyrate_core::Rate;

    use super::*;

    #[test]
    fn names_of_one_kind_share_their_plan() {
        let plans = Plans::each(Box::new(|name| Rate::per_second(name.len() as u64).into()));
        assert!(Arc::ptr_eq(&plans.of("ab"), &plans.of("cd")));
        assert_eq!(plans.of("abc").lowest_limit, 3);
    }

    #[test]
    fn only_so_many_plans_are_remembered() {
        let recent = Recent::default();
        let plan = |limit| recent.plan(Rate::per_second(limit).into());
        let first = plan(1);
        for limit in 2..=100 {
            assert_eq!(plan(limit).lowest_limit, limit);
        }
        assert_eq!(recent.0.lock().len(), Recent::MOST);
        assert!(!Arc::ptr_eq(&first, &plan(1)));
    }
}
