//! The plots of a report, as SVG.

use plotters::coord::combinators::IntoLogRange as _;
use plotters::prelude::*;

use super::{Latency, Report, SliceReport};
use crate::answer::{KINDS, Kind};

const SIZE: (u32, u32) = (960, 300);
/// Readable on white and on black, because the page may be either.
const INK: RGBColor = RGBColor(127, 132, 142);

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// A plot and what it shows.
pub(super) struct Plot {
    pub(super) title: &'static str,
    pub(super) svg: String,
    /// Names and colours of what is drawn.
    pub(super) legend: Vec<(&'static str, RGBColor)>,
}

/// The plots that there is something to draw for, in the order in which a person asks.
pub(super) fn all(report: &Report) -> Vec<Plot> {
    let mut plots = Vec::new();
    let slices = &report.over_time.slices;
    let slice_s = report.over_time.slice_ms / 1000.0;
    if !slices.is_empty() {
        let kinds: Vec<Kind> = KINDS
            .into_iter()
            .filter(|kind| report.count(kind.name()) > 0)
            .collect();
        plots.push(Plot {
            title: "Answers a second",
            svg: drawn(|area| draw_answers(area, slices, slice_s, &kinds)),
            legend: kinds
                .iter()
                .map(|kind| (kind.label(), colour(*kind)))
                .collect(),
        });
    }
    if report.stock_over_time.len() > 1 {
        let (seen, counted) = (colour(Kind::Purchased), colour(Kind::Busy));
        plots.push(Plot {
            title: "Units left",
            svg: drawn(|area| draw_stock(area, report, seen, counted)),
            legend: vec![
                ("as the status said", seen),
                ("before the run, less the purchases confirmed", counted),
            ],
        });
    }
    let curves: Vec<(&str, RGBColor, &Latency)> = [
        ("purchased", colour(Kind::Purchased), &report.purchased),
        ("every other answer", colour(Kind::SoldOut), &report.others),
        (
            "watchers",
            colour(Kind::AlreadyPurchased),
            &report.watchers.latency,
        ),
    ]
    .into_iter()
    .filter_map(|(name, colour, latency)| Some((name, colour, latency.as_ref()?)))
    .collect();
    if !curves.is_empty() {
        plots.push(Plot {
            title: "Latency by percentile, in milliseconds",
            svg: drawn(|area| draw_percentiles(area, &curves)),
            legend: curves
                .iter()
                .map(|(name, colour, _)| (*name, *colour))
                .collect(),
        });
    }
    if !slices.is_empty() {
        let (median, tail) = (colour(Kind::AlreadyPurchased), colour(Kind::Busy));
        plots.push(Plot {
            title: "Latency of purchases over time, in milliseconds",
            svg: drawn(|area| draw_latency(area, slices, slice_s, median, tail)),
            legend: vec![("p50", median), ("p99", tail)],
        });
    }
    plots
}

fn drawn(draw: impl FnOnce(&Area<'_>) -> Drawn) -> String {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    // Drawing into a string does not fail; a plot without its rest is still one.
    drop(draw(&area).and_then(|()| Ok(area.present()?)));
    drop(area);
    svg
}

fn draw_answers(area: &Area<'_>, slices: &[SliceReport], slice_s: f64, kinds: &[Kind]) -> Drawn {
    let rate = |count: u64| count as f64 / slice_s;
    let highest = slices
        .iter()
        .map(|slice| rate(slice.answers.iter().sum()))
        .fold(1.0, f64::max);
    let mut chart =
        chart(area).build_cartesian_2d(0.0..slices.len() as f64 * slice_s, 0.0..highest * 1.05)?;
    mesh(&mut chart, "s", &|rate| short(*rate))?;
    // The whole first and then what remains without the topmost kind, so that each hides what is below.
    for shown in (1..=kinds.len()).rev() {
        let height = |slice: &SliceReport| -> f64 {
            rate(
                kinds[..shown]
                    .iter()
                    .map(|kind| slice.answers[*kind as usize])
                    .sum(),
            )
        };
        let points = steps(slices.iter().map(height), slice_s);
        chart.draw_series(AreaSeries::new(points, 0.0, colour(kinds[shown - 1])))?;
    }
    Ok(())
}

fn draw_stock(area: &Area<'_>, report: &Report, seen: RGBColor, counted: RGBColor) -> Drawn {
    let slice_s = report.over_time.slice_ms / 1000.0;
    let mut left = report.sale.stock as f64;
    let mut by_answers = vec![(0.0, left)];
    for (number, slice) in (1_u32..).zip(&report.over_time.slices) {
        left -= slice.answers[Kind::Purchased as usize] as f64;
        by_answers.push((f64::from(number) * slice_s, left));
    }
    let mut by_status: Vec<(f64, f64)> = Vec::new();
    for seen in &report.stock_over_time {
        let (time, stock) = (seen.at_ms.as_secs_f64(), seen.stock as f64);
        // Between two looks nobody knows, so the line stays where it was.
        by_status.extend(by_status.last().map(|(_, before)| (time, *before)));
        by_status.push((time, stock));
    }
    let all = || by_answers.iter().chain(&by_status);
    let last = all().map(|(time, _)| *time).fold(0.001, f64::max);
    let highest = all().map(|(_, stock)| *stock).fold(1.0, f64::max);
    let lowest = all().map(|(_, stock)| *stock).fold(0.0, f64::min);
    let mut chart = chart(area).build_cartesian_2d(0.0..last, lowest * 1.05..highest * 1.05)?;
    mesh(&mut chart, "s", &|stock| short(*stock))?;
    if lowest < 0.0 {
        let style = colour(Kind::Failed).stroke_width(1);
        chart.draw_series(LineSeries::new([(0.0, 0.0), (last, 0.0)], style))?;
    }
    chart.draw_series(LineSeries::new(by_answers, counted.stroke_width(2)))?;
    chart.draw_series(LineSeries::new(by_status, seen.stroke_width(2)))?;
    Ok(())
}

fn draw_percentiles(area: &Area<'_>, curves: &[(&str, RGBColor, &Latency)]) -> Drawn {
    let times = || {
        curves
            .iter()
            .flat_map(|(_, _, latency)| latency.curve.iter().map(|(_, time)| ms(*time)))
    };
    let lowest = times().fold(f64::INFINITY, f64::min).max(0.001);
    let highest = times().fold(lowest, f64::max);
    // The last value of the curve is the maximum; it stands where the next nine would.
    let tenths = curves
        .iter()
        .map(|(_, _, latency)| latency.curve.len())
        .max()
        .unwrap_or(1);
    let nines = tenths as f64 / 10.0;
    let mut chart =
        chart(area).build_cartesian_2d(0.0..nines, (lowest * 0.8..highest * 1.25).log_scale())?;
    chart
        .configure_mesh()
        .axis_style(INK)
        .bold_line_style(INK.mix(0.25))
        .light_line_style(TRANSPARENT)
        .x_labels(tenths / 10 + 2)
        .x_label_formatter(&|nines| percentile(*nines))
        .y_label_formatter(&|time| short(*time))
        .label_style(("sans-serif", 13, &INK))
        .draw()?;
    for (_, colour, latency) in curves {
        let points = latency.curve.iter().enumerate();
        let points =
            points.map(|(tenths, (_, time))| (tenths as f64 / 10.0, ms(*time).max(lowest)));
        chart.draw_series(LineSeries::new(points, colour.stroke_width(2)))?;
    }
    Ok(())
}

fn draw_latency(
    area: &Area<'_>,
    slices: &[SliceReport],
    slice_s: f64,
    median: RGBColor,
    tail: RGBColor,
) -> Drawn {
    let highest = slices
        .iter()
        .map(|slice| ms(slice.p99_us))
        .fold(0.001, f64::max);
    let mut chart =
        chart(area).build_cartesian_2d(0.0..slices.len() as f64 * slice_s, 0.0..highest * 1.05)?;
    mesh(&mut chart, "s", &|time| short(*time))?;
    let tails = steps(slices.iter().map(|slice| ms(slice.p99_us)), slice_s);
    chart.draw_series(LineSeries::new(tails, tail.stroke_width(2)))?;
    let medians = steps(slices.iter().map(|slice| ms(slice.p50_us)), slice_s);
    chart.draw_series(LineSeries::new(medians, median.stroke_width(2)))?;
    Ok(())
}

fn chart<'a, 'b>(area: &'a Area<'b>) -> ChartBuilder<'a, 'b, SVGBackend<'b>> {
    let mut chart = ChartBuilder::on(area);
    chart
        .margin(8)
        .margin_right(24)
        .x_label_area_size(26)
        .y_label_area_size(56);
    chart
}

fn mesh<'a>(
    chart: &mut ChartContext<'_, SVGBackend<'a>, Cartesian2d<RangedF64, RangedF64>>,
    unit: &str,
    y_label: &dyn Fn(&f64) -> String,
) -> Drawn {
    Ok(chart
        .configure_mesh()
        .axis_style(INK)
        .bold_line_style(INK.mix(0.25))
        .light_line_style(TRANSPARENT)
        .disable_x_mesh()
        .x_labels(8)
        .y_labels(5)
        .x_label_formatter(&|time| format!("{} {unit}", short(*time)))
        .y_label_formatter(&|value| y_label(value))
        .label_style(("sans-serif", 13, &INK))
        .draw()?)
}

type RangedF64 = plotters::coord::types::RangedCoordf64;

/// Values of slices as the outline of steps.
fn steps(values: impl Iterator<Item = f64>, width: f64) -> impl Iterator<Item = (f64, f64)> {
    values.enumerate().flat_map(move |(slice, value)| {
        let begin = slice as f64 * width;
        [(begin, value), (begin + width, value)]
    })
}

fn colour(kind: Kind) -> RGBColor {
    match kind {
        Kind::Purchased => RGBColor(47, 158, 68),
        Kind::AlreadyPurchased => RGBColor(34, 139, 230),
        Kind::SoldOut => RGBColor(173, 181, 189),
        Kind::NotActive => RGBColor(134, 142, 150),
        Kind::Busy => RGBColor(245, 159, 0),
        Kind::RateLimited => RGBColor(247, 103, 7),
        Kind::Csrf => RGBColor(174, 62, 201),
        Kind::Refused => RGBColor(214, 51, 108),
        Kind::Failed => RGBColor(224, 49, 49),
        Kind::TimedOut => RGBColor(166, 30, 77),
        Kind::Lost => RGBColor(134, 46, 156),
        Kind::OffContract => RGBColor(92, 40, 10),
    }
}

fn ms(time_us: u64) -> f64 {
    time_us as f64 / 1000.0
}

/// The percentile that so many nines stand for: 2 for 99 %.
fn percentile(nines: f64) -> String {
    let share = 100.0 * (1.0 - 10_f64.powf(-nines));
    format!(
        "{} %",
        format!("{share:.6}")
            .trim_end_matches('0')
            .trim_end_matches('.')
    )
}

/// A number in few characters.
fn short(number: f64) -> String {
    let size = number.abs();
    if size >= 1_000_000.0 {
        format!("{}M", trimmed(number / 1_000_000.0))
    } else if size >= 1_000.0 {
        format!("{}k", trimmed(number / 1_000.0))
    } else {
        trimmed(number)
    }
}

fn trimmed(number: f64) -> String {
    let text = format!("{number:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_short() {
        assert_eq!(
            [0.0, 0.25, 12.0, 1_500.0, 2_000_000.0].map(short),
            ["0", "0.25", "12", "1.5k", "2M"]
        );
        assert_eq!(
            [0.0, 1.0, 2.0, 3.0, 4.0].map(percentile),
            ["0 %", "90 %", "99 %", "99.9 %", "99.99 %"]
        );
    }
}
