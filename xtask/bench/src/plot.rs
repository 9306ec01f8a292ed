//! A picture of lines over two logarithmic axes, as SVG. It brings its own background, so that it
//! can be read on white and on dark pages.

use anyhow::{Context as _, Result};
use plotters::prelude::*;

const SIZE: (u32, u32) = (800, 480);
const PAPER: RGBColor = RGBColor(250, 250, 247);
const INK: RGBColor = RGBColor(40, 44, 52);
const GRID: RGBColor = RGBColor(222, 222, 216);
/// Told apart by those who see few colours, too.
const COLOURS: [RGBColor; 4] =
    [RGBColor(0, 90, 181), RGBColor(220, 50, 32), RGBColor(150, 110, 0), RGBColor(110, 60, 150)];

/// An axis that begins at a power of ten would lose its first label to rounding.
const JUST_BELOW: f64 = 1.0 - 1e-9;

/// The names of the lines stand below all of them, and take a fifth of two powers of ten.
const ROOM_BELOW: f64 = 2.5;

/// A line and its name.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    /// Both greater than 0.
    pub(crate) points: Vec<(f64, f64)>,
}

/// A picture.
#[derive(Debug)]
pub(crate) struct Plot {
    pub(crate) title: String,
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) lines: Vec<Line>,
}

type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Axes>;
type Axes = Cartesian2d<LogCoord<f64>, LogCoord<f64>>;

impl Plot {
    /// The picture as a file's text.
    pub(crate) fn svg(&self) -> Result<String> {
        let mut text = String::new();
        self.draw(&mut text).context("draw a plot")?;
        Ok(text)
    }

    fn draw(&self, text: &mut String) -> Result<()> {
        let area = SVGBackend::with_string(text, SIZE).into_drawing_area();
        area.fill(&PAPER)?;
        let (x, y) = (self.range(|point| point.0, false), self.range(|point| point.1, true));
        let mut chart = ChartBuilder::on(&area)
            .caption(&self.title, font(18))
            .margin(16)
            .margin_right(40)
            .x_label_area_size(48)
            .y_label_area_size(64)
            .build_cartesian_2d((x.0..x.1).log_scale(), (y.0..y.1).log_scale())?;
        self.mesh(&mut chart)?;
        for (line, colour) in self.lines.iter().zip(COLOURS.iter().cycle()) {
            let points = line.points.iter().copied();
            let drawn =
                chart.draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?;
            let legend =
                move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2));
            drawn.label(&line.name).legend(legend);
            chart.draw_series(points.map(|point| Circle::new(point, 3, colour.filled())))?;
        }
        let mut labels = chart.configure_series_labels();
        labels.label_font(font(14)).background_style(PAPER.mix(0.9)).border_style(GRID);
        labels.position(SeriesLabelPosition::LowerRight).draw()?;
        drop(chart);
        Ok(area.present()?)
    }

    fn mesh(&self, chart: &mut Chart<'_, '_>) -> Result<()> {
        let mut mesh = chart.configure_mesh();
        mesh.x_desc(&self.x).y_desc(&self.y).axis_desc_style(font(14)).label_style(font(13));
        mesh.bold_line_style(GRID).light_line_style(GRID.mix(0.4)).axis_style(INK);
        mesh.x_label_formatter(&|value| label(*value)).y_label_formatter(&|value| label(*value));
        Ok(mesh.draw()?)
    }

    /// The lowest and the highest value, widened to powers of ten where they need not be exact.
    fn range(&self, of: impl Fn(&(f64, f64)) -> f64, is_wide: bool) -> (f64, f64) {
        let values = || self.lines.iter().flat_map(|line| &line.points).map(&of);
        let (low, high) = (values().fold(f64::MAX, f64::min), values().fold(0.0, f64::max));
        match (low > high, is_wide) {
            (true, _) => (1.0, 10.0),
            (false, true) => (
                power_of_ten(low / ROOM_BELOW, f64::floor) * JUST_BELOW,
                power_of_ten(high, f64::ceil),
            ),
            (false, false) => (low, high),
        }
    }
}

fn power_of_ten(value: f64, round: impl Fn(f64) -> f64) -> f64 {
    10_f64.powf(round(value.log10()))
}

fn font(size: i32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK)
}

/// A number on an axis.
fn label(value: f64) -> String {
    if value >= 1.0 { crate::outcome::grouped(value) } else { format!("{value}") }
}

#[cfg(test)]
mod tests {
    use super::{Line, Plot};

    #[test]
    fn a_plot_has_its_words_and_lines() {
        let line = |name: &str, factor: f64| Line {
            name: name.to_owned(),
            points: [(10.0, 5.0), (100.0, 1.0), (10_000.0, 0.3)]
                .map(|(x, y)| (x, y * factor))
                .to_vec(),
        };
        let plot = Plot {
            title: "One room".to_owned(),
            x: "members".to_owned(),
            y: "µs a delivery".to_owned(),
            lines: vec![line("roomcast", 1.2), line("floor", 1.0)],
        };
        let svg = plot.svg().unwrap();
        let words = ["<svg", "One room", "members", "µs a delivery", "roomcast", "floor", "10,000"];
        for word in words.into_iter().chain(["\n0.1\n"]) {
            assert!(svg.contains(word), "{word} is not in {svg}");
        }
        for colour in ["#005AB5", "#DC3220"] {
            let lines = svg.lines().filter(|line| line.contains("<polyline"));
            let count = lines.filter(|line| line.contains(colour)).count();
            assert_eq!(count, 2, "a line and its legend in {colour}: {svg}");
        }
        assert!(Plot { lines: Vec::new(), ..plot }.svg().is_ok());
    }
}
