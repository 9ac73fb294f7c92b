//! Random histories, one call after the other.

use proptest::prelude::*;
use pyrate_conformance::histories::{self, Mix};

use crate::cases;
use crate::pair::Pair;

/// A leak raises what was seen only where something is left to drop, which either side may have done before. So in
/// histories with leaks time never runs back, neither by the clock nor by a stamp.
const WITHOUT_LEAKS: Mix = Mix { leaks: false, ..Mix::ALL };
const WITH_LEAKS: Mix = Mix { setbacks: false, stamps: false, ..Mix::ALL };

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn stamps_setbacks_places_and_flushes_are_answered_as_by_the_sliding_log(
        rates in histories::rates(),
        acts in histories::acts(WITHOUT_LEAKS, 60),
    ) {
        Pair::of(&rates).play(&acts)?;
    }

    #[test]
    fn leaks_change_no_answer(
        rates in histories::rates(),
        acts in histories::acts(WITH_LEAKS, 60),
    ) {
        Pair::of(&rates).play_forward(&acts)?;
    }
}
