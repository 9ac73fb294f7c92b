//! Dice: random numbers that a seed repeats, on every machine.

use std::ops::RangeInclusive;

/// A source of random numbers: the same seed gives the same ones.
///
/// `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). Not for secrets.
///
/// ```
/// use pyrate_conformance::Dice;
///
/// let (mut one, mut other) = (Dice::new(7), Dice::new(7));
/// assert_eq!(one.within(1..=6), other.within(1..=6));
/// ```
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// Dice that fall as `seed` says.
    #[must_use]
    pub const fn new(seed: u64) -> Dice {
        Dice { state: seed }
    }

    /// 64 random bits.
    pub const fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 where nothing is.
    pub fn below(&mut self, end: u64) -> u64 {
        self.bits() % end.max(1)
    }

    /// A number within `range`.
    pub fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        let span = range.end().saturating_sub(*range.start()).saturating_add(1);
        range.start() + self.below(span)
    }

    /// Whether what happens once in so many `times` happens now.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// An index below `count`; `None` where there is none.
    pub fn index(&mut self, count: usize) -> Option<usize> {
        let drawn = self.below(u64::try_from(count).ok()?);
        usize::try_from(drawn).ok().filter(|index| *index < count)
    }

    /// One of `items`.
    pub fn pick<T: Clone>(&mut self, items: &[T]) -> Option<T> {
        let index = self.index(items.len())?;
        items.get(index).cloned()
    }

    /// Dice of their own for somebody else, which fall independently of these.
    #[must_use]
    pub const fn split(&mut self) -> Dice {
        Dice { state: self.bits() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dice_fall_as_published() {
        // The first numbers of the seed 1234567, as Java's SplittableRandom and others print them.
        let mut dice = Dice::new(1_234_567);
        assert_eq!(
            [dice.bits(), dice.bits()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]
        );
    }

    #[test]
    fn every_face_comes_up_and_no_other() {
        let mut dice = Dice::new(0);
        let mut faces = [0; 7];
        for _ in 0..600 {
            faces[usize::try_from(dice.within(1..=6)).unwrap()] += 1;
        }
        assert!(faces[0] == 0 && faces[1..].iter().all(|times| *times > 60), "{faces:?}");
        assert_eq!((dice.pick::<u8>(&[]), dice.below(0)), (None, 0));
        assert_eq!(dice.within(u64::MAX..=u64::MAX), u64::MAX);
    }
}
