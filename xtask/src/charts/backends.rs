//! Backends: a row for each, its time on a logarithmic axis.

use plotters::style::text_anchor::{HPos, VPos};
use xtask::paired::Chart;

use crate::Failure;
use crate::canvas::{self, Axis, Canvas, spread};
use crate::scale::{caption, decades, quantity};
use crate::series::Series;
use crate::style::colour;

const WIDTH: u32 = 860;
const ROW: i32 = 24;

// The plot's edges; to its left stand the names, to its right there is room for the last row's time.
const LEFT: i32 = 300;
const RIGHT: i32 = 780;
const TOP: i32 = 85;

pub(crate) fn svg(chart: Chart, series: &[Series]) -> Result<String, Failure> {
    let bottom = row(series.len());
    let height = u32::try_from(bottom + 50)?;
    canvas::svg((WIDTH, height), |canvas| draw(canvas, chart, series, bottom))
}

fn draw(canvas: &Canvas<'_>, chart: Chart, series: &[Series], bottom: i32) -> Result<(), Failure> {
    let quantity = quantity(chart);
    canvas
        .headline(chart.title(), &format!("{}; peers and floors are hollow", caption(quantity)))?;
    let points = series.iter().flat_map(|series| &series.points);
    let marks = decades(points.flat_map(|(_, of)| [of.first, of.third]));
    let ends = |mark: Option<&f64>| mark.copied().unwrap_or(1.0);
    let axis = Axis { values: (ends(marks.first()), ends(marks.last())), pixels: (LEFT, RIGHT) };
    for mark in &marks {
        let x = axis.at(*mark);
        canvas.grid((x, TOP - ROW / 2), (x, bottom))?;
        canvas.faint(&quantity.show(*mark), (x, bottom + 8), (HPos::Center, VPos::Top))?;
    }
    for (number, series) in series.iter().enumerate() {
        draw_row(canvas, chart, &axis, series, row(number))?;
    }
    Ok(())
}

fn draw_row(
    canvas: &Canvas<'_>,
    chart: Chart,
    axis: &Axis,
    series: &Series,
    y: i32,
) -> Result<(), Failure> {
    let (colour, whose) = (colour(series), series.whose);
    canvas.name(&series.name, (20, y), colour)?;
    series.points.iter().try_for_each(|(_, of)| {
        let ends = spread(axis, *of);
        canvas.line(ends.map(|x| (x, y)).into(), colour, whose)?;
        canvas.dot((axis.at(of.median), y), colour, whose)?;
        let behind = ends.into_iter().chain([axis.at(of.median) + 4]).max().unwrap_or(LEFT);
        canvas.name(&quantity(chart).show(of.median), (behind + 8, y), colour)
    })
}

fn row(number: usize) -> i32 {
    let number = i32::try_from(number).unwrap_or(i32::MAX / ROW - TOP);
    TOP + number * ROW
}
