//! What happens next, as the dice say.

use std::time::Duration;

use pyrate_core::{Rate, Rates};

use crate::dice::Dice;

/// Something that happens in a world.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// Somebody asks at a host, and waits as long as told.
    Come { weight: u64, patience: Patience },
    /// Somebody asks for units that must be there now.
    Try { weight: u64 },
    /// One who waits leaves; the host may have to send that twice.
    Leave { twice: bool },
    /// A host is gone, with all who wait there, and comes back.
    Crash,
    /// A host has the bucket leak.
    Leak,
    /// Time goes on.
    Pass(Time),
}

/// How long a caller would wait.
#[derive(Clone, Copy, Debug)]
pub(super) enum Patience {
    ForEver,
    Micros(u64),
    /// Exactly as long as it takes.
    JustEnough,
    /// One microsecond less than it takes.
    OneTickTooFew,
}

/// How far the clock goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Time {
    /// To the next who is due.
    Next,
    /// To one microsecond before that.
    AlmostNext,
    /// By so many microseconds, past whoever is due meanwhile: all of them wake late.
    Micros(u64),
}

/// The next event under limits of which `limit` is the lowest.
pub(super) fn next(dice: &mut Dice, limit: u64) -> Event {
    match dice.below(100) {
        0..46 => Event::Come { weight: weight(dice, limit), patience: patience(dice) },
        46..54 => Event::Try { weight: weight(dice, limit) },
        54..70 => Event::Leave { twice: dice.one_in(3) },
        70..72 => Event::Crash,
        72..76 => Event::Leak,
        _ => Event::Pass(time(dice)),
    }
}

/// Mostly light, sometimes all that a limit allows, seldom nothing or what never fits.
fn weight(dice: &mut Dice, limit: u64) -> u64 {
    match dice.below(40) {
        0..22 => 1,
        22..36 => dice.within(1..=limit),
        36 => 0,
        37 => limit + 1,
        _ => limit,
    }
}

fn patience(dice: &mut Dice) -> Patience {
    match dice.below(10) {
        0..6 => Patience::ForEver,
        6 | 7 => Patience::Micros(dice.below(60)),
        8 => Patience::JustEnough,
        _ => Patience::OneTickTooFew,
    }
}

fn time(dice: &mut Dice) -> Time {
    match dice.below(12) {
        0..7 => Time::Next,
        7 => Time::AlmostNext,
        8..11 => Time::Micros(dice.within(1..=6)),
        _ => Time::Micros(dice.within(7..=90)),
    }
}

/// One to three rates of small numbers, so that their edges are hit.
pub(super) fn rates(dice: &mut Dice) -> Rates {
    let (mut limit, mut micros) = (dice.within(1..=5), dice.within(2..=16));
    let first = rate(limit, micros);
    let mut rates: Vec<Rate> = first.into_iter().collect();
    for _ in 0..dice.below(3) {
        // As long as it takes for one unit more at no faster a pace.
        let next = (micros * (limit + 1)).div_ceil(limit) + dice.below(5);
        (limit, micros) = ((limit + 1 + dice.below(4)).min(limit * next / micros), next);
        rates.extend(rate(limit, micros));
    }
    Rates::new(rates).unwrap_or_else(|_| Rates::from(first.unwrap_or(Rate::per_second(1))))
}

fn rate(limit: u64, micros: u64) -> Option<Rate> {
    Rate::new(limit, Duration::from_micros(micros)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_two_and_three_rates_come_up_about_equally_often() {
        let mut dice = Dice::new(0);
        let mut times = [0; 4];
        for _ in 0..3_000 {
            times[rates(&mut dice).len()] += 1;
        }
        assert!(times[1..].iter().all(|times| (800..1_200).contains(times)), "{times:?}");
    }
}
