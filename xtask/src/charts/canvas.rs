//! The canvas: lines, dots and text by pixels, and logarithmic axes that say where a value lies.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};
use xtask::paired::{Quartiles, Whose};

use crate::Failure;
use crate::style::{FAINT, GRID, INK, LEADER, SMALL, TITLE, text};

const DOT: i32 = 4;

/// An area to draw on.
pub(crate) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

/// A logarithmic axis: two values, and the pixels at which they lie.
pub(crate) struct Axis {
    pub(crate) values: (f64, f64),
    pub(crate) pixels: (i32, i32),
}

impl Axis {
    /// The pixel of a value.
    #[expect(clippy::cast_possible_truncation, reason = "pixels are few")]
    pub(crate) fn at(&self, value: f64) -> i32 {
        let (from, to) = (self.values.0.log10(), self.values.1.log10());
        let (first, last) = (f64::from(self.pixels.0), f64::from(self.pixels.1));
        let share = if to > from { (value.log10() - from) / (to - from) } else { 0.5 };
        (first + share * (last - first)).round() as i32
    }
}

/// Draws on a white canvas of so many pixels, and answers the SVG.
pub(crate) fn svg(
    size: (u32, u32),
    draw: impl FnOnce(&Canvas<'_>) -> Result<(), Failure>,
) -> Result<String, Failure> {
    let mut svg = String::new();
    let canvas = Canvas { area: SVGBackend::with_string(&mut svg, size).into_drawing_area() };
    canvas.area.fill(&WHITE)?;
    draw(&canvas)?;
    canvas.area.present()?;
    drop(canvas);
    Ok(svg)
}

impl Canvas<'_> {
    /// The headline, and below it what is measured.
    pub(crate) fn headline(&self, title: &str, caption: &str) -> Result<(), Failure> {
        self.area.draw(&Text::new(title, (20, 14), text(TITLE, INK, HPos::Left, VPos::Top)))?;
        self.faint(caption, (20, 40), (HPos::Left, VPos::Top))
    }

    /// Small text that explains.
    pub(crate) fn faint(
        &self,
        words: &str,
        at: (i32, i32),
        (across, along): (HPos, VPos),
    ) -> Result<(), Failure> {
        Ok(self.area.draw(&Text::new(words, at, text(SMALL, FAINT, across, along)))?)
    }

    /// Small text that stands to the right of its place.
    pub(crate) fn name(
        &self,
        words: &str,
        at: (i32, i32),
        colour: RGBColor,
    ) -> Result<(), Failure> {
        Ok(self.area.draw(&Text::new(words, at, text(SMALL, colour, HPos::Left, VPos::Center)))?)
    }

    /// A line of the grid.
    pub(crate) fn grid(&self, from: (i32, i32), to: (i32, i32)) -> Result<(), Failure> {
        Ok(self.area.draw(&PathElement::new(vec![from, to], GRID))?)
    }

    /// A line that leads to a name.
    pub(crate) fn leader(&self, points: Vec<(i32, i32)>) -> Result<(), Failure> {
        Ok(self.area.draw(&PathElement::new(points, LEADER))?)
    }

    /// A line through points; a peer's is thin.
    pub(crate) fn line(
        &self,
        points: Vec<(i32, i32)>,
        colour: RGBColor,
        whose: Whose,
    ) -> Result<(), Failure> {
        let width = if whose == Whose::Ours { 2 } else { 1 };
        Ok(self.area.draw(&PathElement::new(points, colour.stroke_width(width)))?)
    }

    /// A dot; a peer's is hollow.
    pub(crate) fn dot(
        &self,
        at: (i32, i32),
        colour: RGBColor,
        whose: Whose,
    ) -> Result<(), Failure> {
        self.area.draw(&Circle::new(at, DOT, WHITE.filled()))?;
        let style = if whose == Whose::Ours { colour.filled() } else { colour.stroke_width(1) };
        Ok(self.area.draw(&Circle::new(at, DOT, style))?)
    }
}

/// The pixels of quartiles on an axis.
pub(crate) fn spread(axis: &Axis, of: Quartiles) -> [i32; 2] {
    [of.first, of.third].map(|value| axis.at(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_lies_by_its_logarithm() {
        let axis = Axis { values: (1.0, 10_000.0), pixels: (400, 0) };
        assert_eq!([1.0, 100.0, 10_000.0].map(|value| axis.at(value)), [400, 200, 0]);
    }

    #[test]
    fn one_value_lies_in_the_middle() {
        assert_eq!(Axis { values: (8.0, 8.0), pixels: (0, 100) }.at(8.0), 50);
    }
}
