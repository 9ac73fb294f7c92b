//! The search for the largest weight that fits, for buckets that can only be asked about one weight at a time.

/// Halves a range of weights: ask whether [`Bisection::probe`] fits, tell the answer, until nothing is left to ask.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bisection {
    /// The largest weight known to fit.
    fits: u64,
    /// The largest weight that may fit.
    may_fit: u64,
}

impl Bisection {
    pub(crate) const fn up_to(limit: u64) -> Bisection {
        Bisection { fits: 0, may_fit: limit }
    }

    /// The weight to ask about next; `None` once the answer is known.
    pub(crate) const fn probe(&self) -> Option<u64> {
        if self.fits == self.may_fit {
            return None;
        }
        Some(self.fits + (self.may_fit - self.fits).div_ceil(2))
    }

    pub(crate) fn tell(&mut self, probe: u64, does_fit: bool) {
        if does_fit {
            self.fits = probe;
        } else {
            self.may_fit = probe - 1;
        }
    }

    pub(crate) const fn answer(&self) -> u64 {
        self.fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_found_within_the_bits_of_the_limit() {
        for limit in [1, 2, 7, 100, (1 << 53) - 1] {
            for room in [0, 1, limit / 2, limit - 1, limit] {
                let (mut search, mut asked) = (Bisection::up_to(limit), 0);
                while let Some(probe) = search.probe() {
                    search.tell(probe, probe <= room);
                    asked += 1;
                    assert!(asked <= 54);
                }
                assert_eq!(search.answer(), room);
            }
        }
    }
}
