//! Style: colours, type and marks, the same on every chart.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use xtask::paired::Whose;

use crate::series::Series;

pub(crate) const INK: RGBColor = RGBColor(34, 34, 34);
pub(crate) const FAINT: RGBColor = RGBColor(110, 110, 110);
pub(crate) const GRID: RGBColor = RGBColor(228, 228, 228);

pub(crate) const LEADER: RGBColor = RGBColor(190, 190, 190);

pub(crate) const TITLE: u32 = 18;
pub(crate) const SMALL: u32 = 13;

/// Colours that are told apart by everybody: Okabe and Ito, "Color Universal Design", 2008.
const BACKENDS: [(&str, RGBColor); 4] = [
    ("memory", RGBColor(0, 114, 178)),
    ("keyed", RGBColor(0, 158, 115)),
    ("sqlite", RGBColor(213, 94, 0)),
    ("redis", RGBColor(170, 68, 153)),
];

/// The colour of a backend, for ours; grey for peers.
pub(crate) fn colour(series: &Series) -> RGBColor {
    let known = BACKENDS.iter().find(|(name, _)| series.name.starts_with(name));
    match (series.whose, known) {
        (Whose::Ours, Some((_, colour))) => *colour,
        (Whose::Ours, None) => INK,
        (Whose::Theirs, _) => FAINT,
    }
}

/// Text of a size and a colour that hangs at its place by `across` and `along`.
pub(crate) fn text(size: u32, colour: RGBColor, across: HPos, along: VPos) -> TextStyle<'static> {
    TextStyle {
        font: ("sans-serif", size).into_font(),
        color: colour.to_backend_color(),
        pos: Pos::new(across, along),
    }
}
