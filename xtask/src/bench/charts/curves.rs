//! Curves: a chart of what grows, each curve named at its end.

use plotters::style::text_anchor::{HPos, VPos};
use xtask::paired::Chart;

use super::canvas::{self, Axis, Canvas, DrawingError, spread};
use super::scale::{self, HOLLOW, Quantity, caption, count, decades, grows, quantity};
use super::series::Series;
use super::style::colour;

const SIZE: (i32, i32) = (860, 455);

// The plot's edges; to its left stand the marks, to its right the names.
const LEFT: i32 = 95;
const RIGHT: i32 = 670;
const TOP: i32 = 85;
const BOTTOM: i32 = 385;

/// From the edge to the first value, so that no dot lies on an axis.
const INSET: i32 = 12;

/// The least distance from one name to the next.
const LINE: i32 = 18;

pub(super) fn svg(chart: Chart, series: &[Series]) -> Result<String, DrawingError> {
    canvas::svg(SIZE, |canvas| draw(canvas, chart, series))
}

fn draw(canvas: &Canvas<'_>, chart: Chart, series: &[Series]) -> Result<(), DrawingError> {
    let points = || series.iter().flat_map(|series| &series.points);
    let columns = scale::columns(points().map(|(x, _)| *x));
    let rows = decades(points().flat_map(|(_, of)| [of.first, of.third]));
    let across = Axis::over(columns, (LEFT + INSET, RIGHT - INSET));
    let along = Axis::over(rows, (BOTTOM, TOP));
    canvas.headline(chart.title(), &format!("{}; {HOLLOW}", caption(quantity(chart))))?;
    draw_rows(canvas, &along, quantity(chart))?;
    draw_columns(canvas, &across, grows(chart))?;
    draw_names(canvas, &across, &along, series)?;
    series.iter().try_for_each(|series| draw_curve(canvas, &across, &along, series))
}

fn draw_rows(canvas: &Canvas<'_>, along: &Axis, quantity: Quantity) -> Result<(), DrawingError> {
    along.marks.iter().try_for_each(|row| {
        let y = along.at(*row);
        canvas.grid((LEFT, y), (RIGHT, y))?;
        canvas.faint(&quantity.show(*row), (LEFT - 10, y), (HPos::Right, VPos::Center))
    })
}

fn draw_columns(canvas: &Canvas<'_>, across: &Axis, caption: &str) -> Result<(), DrawingError> {
    let below = (HPos::Center, VPos::Top);
    for column in &across.marks {
        let x = across.at(*column);
        canvas.grid((x, BOTTOM), (x, BOTTOM + 5))?;
        canvas.faint(&count(*column), (x, BOTTOM + 12), below)?;
    }
    canvas.faint(caption, (i32::midpoint(LEFT, RIGHT), BOTTOM + 38), below)
}

fn draw_curve(
    canvas: &Canvas<'_>,
    across: &Axis,
    along: &Axis,
    series: &Series,
) -> Result<(), DrawingError> {
    let (colour, whose) = (colour(series), series.whose);
    let at = |(x, value): (f64, f64)| (across.at(x), along.at(value));
    let dots: Vec<_> = series.points.iter().map(|(x, of)| at((*x, of.median))).collect();
    canvas.line(dots.clone(), colour, whose)?;
    for ((x, _), (_, of)) in dots.iter().zip(&series.points) {
        let ends = spread(along, *of).map(|y| (*x, y));
        canvas.line(ends.into(), colour, whose)?;
    }
    dots.into_iter().try_for_each(|dot| canvas.dot(dot, colour, whose))
}

fn draw_names(
    canvas: &Canvas<'_>,
    across: &Axis,
    along: &Axis,
    series: &[Series],
) -> Result<(), DrawingError> {
    let end =
        |series: &Series| series.points.last().map(|(x, of)| (across.at(*x), along.at(of.median)));
    let mut names: Vec<_> =
        series.iter().filter_map(|series| Some((end(series)?, series))).collect();
    names.sort_by_key(|((_, y), _)| *y);
    let places = apart(&names.iter().map(|((_, y), _)| *y).collect::<Vec<_>>());
    for (((x, y), series), place) in names.into_iter().zip(places) {
        // From the curve's end to its name, wherever that had to go.
        canvas.leader(vec![(x + INSET, y), (RIGHT, y), (RIGHT + 10, place)])?;
        canvas.label(&series.name, (RIGHT + 14, place), HPos::Left, colour(series))?;
    }
    Ok(())
}

/// Moves sorted places apart until each has a line to itself, and none lies below the plot.
fn apart(places: &[i32]) -> Vec<i32> {
    let mut moved: Vec<i32> = Vec::new();
    for place in places {
        let least = moved.last().map_or(i32::MIN, |last| last + LINE);
        moved.push(least.max(*place));
    }
    let mut most = BOTTOM;
    for place in moved.iter_mut().rev() {
        *place = most.min(*place);
        most = *place - LINE;
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_overlap_move_apart() {
        assert_eq!(apart(&[100, 104, 200]), [100, 100 + LINE, 200]);
    }

    #[test]
    fn names_at_the_foot_move_up() {
        assert_eq!(apart(&[370, 373, 374]), [BOTTOM - 2 * LINE, BOTTOM - LINE, BOTTOM]);
    }
}
