//! Accepted purchases and their latency, over how many buyers come.

use plotters::coord::Shift;
use plotters::coord::combinators::IntoLogRange as _;
use plotters::prelude::*;

use super::{Drawn, INK, REDIS, SERVER};
use crate::figures::{Offered, Overload};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

pub(super) fn svg(overload: &Overload) -> String {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, (960, 300)).into_drawing_area();
    let points = |read: fn(&Offered) -> f64| -> Vec<(f64, f64)> {
        let steps = overload.steps.iter();
        steps.map(|step| (step.times, read(step))).collect()
    };
    let draw = || -> Drawn {
        let (left, right) = area.split_horizontally(480);
        let capacity = overload.capacity.accepted_per_second();
        let accepted = points(|step| step.served.accepted_per_second());
        panel(
            &left,
            "accepted a second",
            &accepted,
            SERVER,
            Some(capacity),
        )?;
        let latency = points(|step| step.served.p99_us / 1000.0);
        panel(&right, "p99 of those accepted, ms", &latency, REDIS, None)?;
        Ok(area.present()?)
    };
    drop(draw());
    drop(area);
    svg
}

/// One line of points, and a level to compare them with.
fn panel(
    area: &Area<'_>,
    what: &str,
    points: &[(f64, f64)],
    colour: RGBColor,
    level: Option<f64>,
) -> Drawn {
    let (Some((first, _)), Some((last, _))) = (points.first(), points.last()) else {
        return Ok(());
    };
    let most = points
        .iter()
        .map(|(_, value)| *value)
        .chain(level)
        .fold(1.0, f64::max);
    // Names where there is a point: the steps of the scale would stand too close.
    let name = |times: f64| {
        let is_measured = points.iter().any(|(at, _)| (at - times).abs() < 0.01);
        if is_measured {
            format!("{times:.0} ×")
        } else {
            String::new()
        }
    };
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .margin_right(28)
        .x_label_area_size(40)
        .y_label_area_size(70)
        .build_cartesian_2d((*first..*last).log_scale(), 0.0..most * 1.15)?;
    chart
        .configure_mesh()
        .axis_style(INK)
        .bold_line_style(INK.mix(0.25))
        .light_line_style(TRANSPARENT)
        .x_desc("new buyers by the capacity")
        .y_desc(what)
        .y_labels(5)
        .x_label_formatter(&|times| name(*times))
        .y_label_formatter(&|value| format!("{value:.0}"))
        .label_style(("sans-serif", 13, &INK))
        .draw()?;
    if let Some(level) = level {
        let ends = [(*first, level), (*last, level)];
        chart.draw_series(LineSeries::new(ends, INK.stroke_width(1)))?;
        let style = ("sans-serif", 13).into_font().color(&INK);
        let place = (*first * 1.05, level + most * 0.07);
        chart.draw_series([Text::new("capacity", place, style)])?;
    }
    chart.draw_series(LineSeries::new(
        points.iter().copied(),
        colour.stroke_width(2),
    ))?;
    let dots = points
        .iter()
        .map(|point| Circle::new(*point, 4, colour.filled()));
    chart.draw_series(dots)?;
    Ok(())
}
