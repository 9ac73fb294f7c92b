//! Style: colours and type, the same on every chart.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::series::Series;

pub(super) const INK: RGBColor = RGBColor(34, 34, 34);
pub(super) const FAINT: RGBColor = RGBColor(95, 95, 95);
pub(super) const GRID: RGBColor = RGBColor(228, 228, 228);
pub(super) const LEADER: RGBColor = RGBColor(170, 170, 170);

pub(super) const TITLE: u32 = 22;
pub(super) const SMALL: u32 = 16;

/// Colours that are told apart by everybody: Okabe and Ito, "Color Universal Design", 2008; the purple is darker.
const BACKENDS: [(&str, RGBColor); 4] = [
    ("memory", RGBColor(0, 114, 178)),
    ("keyed", RGBColor(0, 130, 94)),
    ("sqlite", RGBColor(213, 94, 0)),
    ("redis", RGBColor(170, 68, 153)),
];

/// The colour of a backend, for its peers too.
pub(super) fn colour(series: &Series) -> RGBColor {
    let known = BACKENDS.iter().find(|(name, _)| series.backend == *name);
    known.map_or(INK, |(_, colour)| *colour)
}

/// Text of a size and a colour that hangs at its place by `across` and `along`.
pub(super) fn text(size: u32, colour: RGBColor, across: HPos, along: VPos) -> TextStyle<'static> {
    TextStyle {
        font: ("sans-serif", size).into_font(),
        color: colour.to_backend_color(),
        pos: Pos::new(across, along),
    }
}
