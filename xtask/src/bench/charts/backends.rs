//! Backends: a row for each, its time in figures and on a logarithmic axis.

use plotters::style::text_anchor::{HPos, VPos};
use xtask::paired::Chart;

use super::canvas::{self, Axis, Canvas, DrawingError, spread};
use super::scale::{HOLLOW, caption, decades, quantity};
use super::series::Series;
use super::style::colour;

const WIDTH: i32 = 860;
const ROW: i32 = 24;

/// Where times end; to their left stand the names.
const TIMES: i32 = 375;

// The plot's edges.
const LEFT: i32 = 405;
const RIGHT: i32 = 815;
const TOP: i32 = 85;

pub(super) fn svg(chart: Chart, series: &[Series]) -> Result<String, DrawingError> {
    let rows = (0..).map(|number| TOP + number * ROW).zip(series);
    let bottom = rows.clone().last().map_or(TOP, |(y, _)| y + ROW);
    let axis = axis(series);
    canvas::svg((WIDTH, bottom + 65), |canvas| {
        canvas.headline(chart.title(), HOLLOW)?;
        draw_axis(canvas, chart, &axis, bottom)?;
        rows.into_iter().try_for_each(|(y, series)| draw_row(canvas, chart, &axis, series, y))
    })
}

fn axis(series: &[Series]) -> Axis {
    let measured = series.iter().flat_map(|series| &series.points);
    Axis::over(decades(measured.flat_map(|(_, of)| [of.first, of.third])), (LEFT, RIGHT))
}

fn draw_axis(
    canvas: &Canvas<'_>,
    chart: Chart,
    axis: &Axis,
    bottom: i32,
) -> Result<(), DrawingError> {
    let below = (HPos::Center, VPos::Top);
    for mark in &axis.marks {
        let x = axis.at(*mark);
        canvas.grid((x, TOP - ROW / 2), (x, bottom))?;
        canvas.faint(&quantity(chart).show(*mark), (x, bottom + 8), below)?;
    }
    canvas.faint(caption(quantity(chart)), (i32::midpoint(LEFT, RIGHT), bottom + 36), below)
}

fn draw_row(
    canvas: &Canvas<'_>,
    chart: Chart,
    axis: &Axis,
    series: &Series,
    y: i32,
) -> Result<(), DrawingError> {
    let (colour, whose) = (colour(series), series.whose);
    canvas.label(&series.name, (20, y), HPos::Left, colour)?;
    series.points.iter().try_for_each(|(_, of)| {
        canvas.label(&quantity(chart).show(of.median), (TIMES, y), HPos::Right, colour)?;
        canvas.line(spread(axis, *of).map(|x| (x, y)).into(), colour, whose)?;
        canvas.dot((axis.at(of.median), y), colour, whose)
    })
}
