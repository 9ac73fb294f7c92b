//! The canvas: lines, dots and text by pixels, and logarithmic axes that say where a value lies.

use std::io;

use plotters::coord::Shift;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};
use xtask::paired::{Quartiles, Whose};

use super::style::{FAINT, GRID, INK, LEADER, SMALL, TITLE, text};

const DOT: i32 = 4;

/// Why something could not be drawn.
pub(super) type DrawingError = DrawingAreaErrorKind<io::Error>;

/// An area to draw on.
pub(super) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

/// A logarithmic axis.
pub(super) struct Axis {
    /// What is written at it, in rising order; the first and the last are its ends.
    pub(super) marks: Vec<f64>,
    /// Where its ends lie.
    pixels: (i32, i32),
}

impl Axis {
    pub(super) fn over(marks: Vec<f64>, pixels: (i32, i32)) -> Axis {
        Axis { marks, pixels }
    }

    /// The pixel of a value.
    #[expect(clippy::cast_possible_truncation, reason = "pixels are few")]
    pub(super) fn at(&self, value: f64) -> i32 {
        let end = |mark: Option<&f64>| mark.copied().unwrap_or(1.0).log10();
        let (from, to) = (end(self.marks.first()), end(self.marks.last()));
        let (first, last) = (f64::from(self.pixels.0), f64::from(self.pixels.1));
        let share = if to > from { (value.log10() - from) / (to - from) } else { 0.5 };
        (first + share * (last - first)).round() as i32
    }
}

/// Draws on a white canvas of so many pixels, and answers the SVG.
pub(super) fn svg(
    (width, height): (i32, i32),
    draw: impl FnOnce(&Canvas<'_>) -> Result<(), DrawingError>,
) -> Result<String, DrawingError> {
    let (mut svg, size) = (String::new(), (width.unsigned_abs(), height.unsigned_abs()));
    let canvas = Canvas { area: SVGBackend::with_string(&mut svg, size).into_drawing_area() };
    // Or a page that is dark would show through, and hide the text.
    canvas.area.fill(&WHITE)?;
    draw(&canvas)?;
    canvas.area.present()?;
    drop(canvas);
    Ok(svg)
}

impl Canvas<'_> {
    /// The headline, and below it what is measured.
    pub(super) fn headline(&self, title: &str, caption: &str) -> Result<(), DrawingError> {
        self.area.draw(&Text::new(title, (20, 14), text(TITLE, INK, HPos::Left, VPos::Top)))?;
        self.faint(caption, (20, 44), (HPos::Left, VPos::Top))
    }

    /// Small text that explains.
    pub(super) fn faint(
        &self,
        words: &str,
        at: (i32, i32),
        (across, along): (HPos, VPos),
    ) -> Result<(), DrawingError> {
        self.area.draw(&Text::new(words, at, text(SMALL, FAINT, across, along)))
    }

    /// Small text that belongs to a curve or a row.
    pub(super) fn label(
        &self,
        words: &str,
        at: (i32, i32),
        across: HPos,
        colour: RGBColor,
    ) -> Result<(), DrawingError> {
        self.area.draw(&Text::new(words, at, text(SMALL, colour, across, VPos::Center)))
    }

    /// A line of the grid.
    pub(super) fn grid(&self, from: (i32, i32), to: (i32, i32)) -> Result<(), DrawingError> {
        self.area.draw(&PathElement::new(vec![from, to], GRID))
    }

    /// A line that leads to a name; dashed, so that it isn't taken for a curve.
    pub(super) fn leader(&self, points: Vec<(i32, i32)>) -> Result<(), DrawingError> {
        self.area.draw(&DashedPathElement::new(points, 2, 4, LEADER))
    }

    /// A line through points; a peer's is thin.
    pub(super) fn line(
        &self,
        points: Vec<(i32, i32)>,
        colour: RGBColor,
        whose: Whose,
    ) -> Result<(), DrawingError> {
        let width = if whose == Whose::Ours { 2 } else { 1 };
        self.area.draw(&PathElement::new(points, colour.stroke_width(width)))
    }

    /// A dot; a peer's is hollow.
    pub(super) fn dot(
        &self,
        at: (i32, i32),
        colour: RGBColor,
        whose: Whose,
    ) -> Result<(), DrawingError> {
        self.area.draw(&Circle::new(at, DOT, WHITE.filled()))?;
        let style = if whose == Whose::Ours { colour.filled() } else { colour.stroke_width(1) };
        self.area.draw(&Circle::new(at, DOT, style))
    }
}

/// The pixels of quartiles on an axis.
pub(super) fn spread(axis: &Axis, of: Quartiles) -> [i32; 2] {
    [of.first, of.third].map(|value| axis.at(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_lies_by_its_logarithm() {
        let axis = Axis::over(vec![1.0, 10.0, 10_000.0], (400, 0));
        assert_eq!([1.0, 100.0, 10_000.0].map(|value| axis.at(value)), [400, 200, 0]);
    }

    #[test]
    fn one_value_lies_in_the_middle() {
        assert_eq!(Axis::over(vec![8.0], (0, 100)).at(8.0), 50);
    }
}
