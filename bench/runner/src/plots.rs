//! The plots of the results, as SVG files.

mod overload;

use plotters::coord::combinators::IntoLogRange as _;
use plotters::prelude::*;

use crate::figures::{Figures, Measure, Sample, Step};

/// Readable on white and on black, because the page may be either.
const INK: RGBColor = RGBColor(127, 132, 142);
const SERVER: RGBColor = RGBColor(34, 139, 230);
const REDIS: RGBColor = RGBColor(224, 49, 49);
const BAR_PX: u32 = 26;

type Drawn = Result<(), Box<dyn std::error::Error>>;

/// Name and contents of each file.
pub(crate) fn all(figures: &Figures) -> Vec<(&'static str, String)> {
    let growth = &figures.growth;
    let mut all = vec![
        ("cost-accepted.svg", bars(figures, Measure::Accepted)),
        ("cost-refused.svg", bars(figures, Measure::Refused)),
        (
            "growth-connections.svg",
            lines(&growth.connections, "connections"),
        ),
        ("growth-open.svg", lines(&growth.open, "open connections")),
        ("growth-users.svg", lines(&growth.users, "users")),
        ("growth-stock.svg", lines(&growth.stock, "stock")),
    ];
    let overload = figures.overload.iter();
    all.extend(overload.map(|figures| ("overload.svg", overload::svg(figures))));
    all
}

/// The cost of one purchase for each server, on top of each other what it and its Redis take.
fn bars(figures: &Figures, measure: Measure) -> String {
    // The floor has one answer only, whatever it stands for.
    let shown = |row: &&crate::figures::Row| {
        row.measure == measure
            || (row.subject.starts_with("floor") && row.measure == Measure::Refused)
    };
    let rows: Vec<(&str, f64, f64)> = figures
        .rows
        .iter()
        .filter(shown)
        .map(|row| {
            let median = |read: fn(&Sample) -> f64| row.median(read);
            (
                row.subject.as_str(),
                median(|sample| sample.server_us),
                median(|sample| sample.redis_us),
            )
        })
        .collect();
    let most = rows
        .iter()
        .map(|(_, server, redis)| server + redis)
        .fold(1.0, f64::max);
    let height = u32::try_from(rows.len()).unwrap_or(1) * BAR_PX + 12;
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, (960, height)).into_drawing_area();
    let scale = 560.0 / most;
    let style = ("sans-serif", 14, &INK).into_text_style(&area);
    let draw = || -> Drawn {
        for (row, (name, server, redis)) in (0_i32..).zip(&rows) {
            let top = 6 + row * BAR_PX.cast_signed();
            let x = |us: f64| 280 + pixels(us * scale);
            let bar = |from: f64, to: f64, colour: RGBColor| {
                Rectangle::new([(x(from), top + 4), (x(to), top + 20)], colour.filled())
            };
            area.draw_text(name, &style, (4, top + 5))?;
            area.draw(&bar(0.0, *server, SERVER))?;
            area.draw(&bar(*server, server + redis, REDIS))?;
            area.draw_text(
                &format!("{:.1} µs", server + redis),
                &style,
                (x(server + redis) + 8, top + 5),
            )?;
        }
        Ok(area.present()?)
    };
    // Drawing into a string does not fail; a plot without its rest is still one.
    drop(draw());
    drop(area);
    svg
}

/// The cost of one purchase over a size that grows by powers.
fn lines(steps: &[Step], what: &str) -> String {
    let mut svg = String::new();
    if steps.len() < 2 {
        return svg;
    }
    let points = |read: fn(&Step) -> &Option<Sample>| -> Vec<(f64, f64)> {
        let points = steps.iter().filter_map(|step| {
            let sample = read(step).as_ref().filter(|sample| sample.tells_cpu())?;
            Some((step.size as f64, sample.server_us))
        });
        points.collect()
    };
    let (refused, accepted) = (points(|step| &step.refused), points(|step| &step.accepted));
    let most = refused
        .iter()
        .chain(&accepted)
        .map(|(_, us)| *us)
        .fold(1.0, f64::max);
    let (first, last) = (steps[0].size as f64, steps[steps.len() - 1].size as f64);
    let area = SVGBackend::with_string(&mut svg, (960, 300)).into_drawing_area();
    let draw = || -> Drawn {
        let mut chart = ChartBuilder::on(&area)
            .margin(12)
            .margin_right(28)
            .x_label_area_size(40)
            .y_label_area_size(60)
            .build_cartesian_2d((first..last).log_scale(), 0.0..most * 1.15)?;
        chart
            .configure_mesh()
            .axis_style(INK)
            .bold_line_style(INK.mix(0.25))
            .light_line_style(TRANSPARENT)
            .x_desc(what)
            .y_desc("µs a purchase")
            .y_labels(5)
            .x_label_formatter(&|size| format!("{size:.0}"))
            .y_label_formatter(&|us| format!("{us:.0}"))
            .label_style(("sans-serif", 13, &INK))
            .draw()?;
        for (name, points, colour) in [
            ("refused", refused, SERVER),
            ("accepted", accepted, RGBColor(47, 158, 68)),
        ] {
            let Some(end) = points.last().copied() else {
                continue;
            };
            chart.draw_series(LineSeries::new(
                points.iter().copied(),
                colour.stroke_width(2),
            ))?;
            chart.draw_series(
                points
                    .iter()
                    .map(|point| Circle::new(*point, 4, colour.filled())),
            )?;
            let place = (
                end.0 * 0.72_f64.powf((last / first).log10() / 3.0),
                end.1 + most * 0.09,
            );
            let style = ("sans-serif", 14).into_font().color(&colour);
            chart.draw_series([Text::new(name, place, style)])?;
        }
        Ok(area.present()?)
    };
    drop(draw());
    drop(area);
    svg
}

fn pixels(length: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "it fits the drawing")]
    let pixels = length.round() as i32;
    pixels
}
