//! Curves: a chart of what grows, each curve named at its end.

use plotters::style::text_anchor::{HPos, VPos};
use xtask::paired::Chart;

use crate::Failure;
use crate::canvas::{self, Axis, Canvas, spread};
use crate::scale::{self, Quantity, caption, count, decades, grows, quantity};
use crate::series::Series;
use crate::style::colour;

const SIZE: (u32, u32) = (860, 440);

// The plot's edges; to its left stand the marks, to its right the names.
const LEFT: i32 = 85;
const RIGHT: i32 = 670;
const TOP: i32 = 75;
const BOTTOM: i32 = 375;

/// From the edge to the first value, so that no dot lies on an axis.
const INSET: i32 = 12;

/// The least distance from one name to the next.
const LINE: i32 = 17;

pub(crate) fn svg(chart: Chart, series: &[Series]) -> Result<String, Failure> {
    canvas::svg(SIZE, |canvas| draw(canvas, chart, series))
}

fn draw(canvas: &Canvas<'_>, chart: Chart, series: &[Series]) -> Result<(), Failure> {
    canvas.headline(chart.title(), caption(quantity(chart)))?;
    let points = || series.iter().flat_map(|series| &series.points);
    let columns = scale::columns(points().map(|(x, _)| *x));
    let rows = decades(points().flat_map(|(_, of)| [of.first, of.third]));
    let across = axis(&columns, (LEFT + INSET, RIGHT - INSET));
    let along = axis(&rows, (BOTTOM, TOP));
    draw_rows(canvas, &along, &rows, quantity(chart))?;
    draw_columns(canvas, &across, &columns)?;
    canvas.faint(
        grows(chart),
        (i32::midpoint(LEFT, RIGHT), BOTTOM + 38),
        (HPos::Center, VPos::Top),
    )?;
    draw_names(canvas, &across, &along, series)?;
    series.iter().try_for_each(|series| draw_curve(canvas, &across, &along, series))
}

fn axis(marks: &[f64], pixels: (i32, i32)) -> Axis {
    let ends = |mark: Option<&f64>| mark.copied().unwrap_or(1.0);
    Axis { values: (ends(marks.first()), ends(marks.last())), pixels }
}

fn draw_rows(
    canvas: &Canvas<'_>,
    along: &Axis,
    rows: &[f64],
    quantity: Quantity,
) -> Result<(), Failure> {
    rows.iter().try_for_each(|row| {
        let y = along.at(*row);
        canvas.grid((LEFT, y), (RIGHT, y))?;
        canvas.faint(&quantity.show(*row), (LEFT - 10, y), (HPos::Right, VPos::Center))
    })
}

fn draw_columns(canvas: &Canvas<'_>, across: &Axis, columns: &[f64]) -> Result<(), Failure> {
    columns.iter().try_for_each(|column| {
        let x = across.at(*column);
        canvas.grid((x, BOTTOM), (x, BOTTOM + 5))?;
        canvas.faint(&count(*column), (x, BOTTOM + 12), (HPos::Center, VPos::Top))
    })
}

fn draw_curve(
    canvas: &Canvas<'_>,
    across: &Axis,
    along: &Axis,
    series: &Series,
) -> Result<(), Failure> {
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
) -> Result<(), Failure> {
    let end =
        |series: &Series| series.points.last().map(|(x, of)| (across.at(*x), along.at(of.median)));
    let mut names: Vec<_> =
        series.iter().filter_map(|series| Some((end(series)?, series))).collect();
    names.sort_by_key(|((_, y), _)| *y);
    let places = apart(&names.iter().map(|((_, y), _)| *y).collect::<Vec<_>>());
    for (((x, y), series), place) in names.into_iter().zip(places) {
        // From the curve's end to its name, wherever that had to go.
        canvas.leader(vec![(x + INSET, y), (RIGHT, y), (RIGHT + 10, place)])?;
        canvas.name(&series.name, (RIGHT + 14, place), colour(series))?;
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
        assert_eq!(apart(&[100, 104, 200]), [100, 117, 200]);
    }

    #[test]
    fn names_at_the_foot_move_up() {
        assert_eq!(apart(&[370, 373, 374]), [BOTTOM - 2 * LINE, BOTTOM - LINE, BOTTOM]);
    }
}
