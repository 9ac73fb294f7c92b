//! Whatever happens to a few names, a `KeyedMemory` answers as one bucket for each name does.

use crate::desk::try_all;
use crate::history::forwards;
use crate::pair::Pair;

const STEPS: usize = 40;

#[test]
fn each_name_is_answered_as_by_a_bucket_of_its_own() {
    try_all(5_000, 500_000, &forwards(STEPS), |history| Pair::of(&history).play());
}
