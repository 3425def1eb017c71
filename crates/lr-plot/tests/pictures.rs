//! Whole pictures: what is in them, how long they take, and what comes of input that makes none.

use std::time::Instant;

use ab_glyph::{Font, FontRef};
use lr_plot::{Figure, Plot, PlotError};
use lr_schedule::prelude::*;

/// The numbers of an attribute of every element of `svg` that has it.
fn attribute<'a>(svg: &'a str, tag: &str, name: &str) -> Vec<&'a str> {
    let tag = format!("<{tag} ");
    let elements = svg.split(tag.as_str()).skip(1);
    let value = |element: &'a str| {
        let element = &element[..element.find('>').unwrap()];
        let from = element.find(&format!(" {name}=\""))? + name.len() + 3;
        element[from..].split('"').next()
    };
    elements.filter_map(value).collect()
}

/// The points of the thickest polylines, which are the curves, in pixels.
fn curves(svg: &str) -> Vec<Vec<(f64, f64)>> {
    let elements = svg.split("<polyline ").skip(1);
    let curves = elements.filter(|element| element.contains("stroke-width=\"20\""));
    let point = |text: &str| {
        let (x, y) = text.split_once(',').unwrap();
        (
            x.parse::<f64>().unwrap() / 10.0,
            y.parse::<f64>().unwrap() / 10.0,
        )
    };
    let points = |element: &str| {
        let from = element.find("points=\"").unwrap() + 8;
        let text = element[from..].split('"').next().unwrap();
        text.split_whitespace().map(point).collect()
    };
    curves.map(points).collect()
}

/// Every text, and from where to where it goes in the letters that the picture is made for.
fn texts(svg: &str) -> Vec<(&str, f64, f64)> {
    let font = FontRef::try_from_slice(dejavu::sans::regular()).unwrap();
    let elements = svg.split("<text ").skip(1).map(|element| {
        let (tag, content) = element.split_once('>').unwrap();
        let text = content.split_once("</text>").unwrap().0.trim();
        let value = |name: &str| {
            let from = tag.split_once(&format!("{name}=\"")).unwrap().1;
            from.split_once('"').unwrap().0
        };
        let units = font.units_per_em().unwrap();
        let advances = text
            .chars()
            .map(|letter| font.h_advance_unscaled(font.glyph_id(letter)));
        let advance = f64::from(advances.sum::<f32>() / units);
        let wide = advance * value("font-size").parse::<f64>().unwrap();
        let x: f64 = value("x").parse().unwrap();
        match value("text-anchor") {
            "start" => (text, x, x + wide),
            "middle" => (text, x - wide / 2.0, x + wide / 2.0),
            "end" => (text, x - wide, x),
            other => panic!("{other}"),
        }
    });
    elements.collect()
}

/// A schedule of 10^7 steps, one of which is nine times as high as the others.
fn spike() -> impl Schedule {
    from_fn(|step| if step == 7_654_321 { 9e-4 } else { 1e-4 })
}

#[test]
fn a_spike_of_one_step_in_ten_million_is_in_every_picture() {
    let plot = Plot::new().schedule("spike", spike()).steps(0..10_000_000);
    let svg = plot.to_svg().unwrap();
    let curve = curves(&svg).remove(0);
    let highest = curve
        .iter()
        .fold(f64::INFINITY, |most, point| most.min(point.1));
    let spike: Vec<_> = curve.iter().filter(|point| point.1 == highest).collect();
    let (left, right) = (curve[0].0, curve.last().unwrap().0);
    for (x, _) in &spike {
        let place = (x - left) / (right - left);
        assert!((place - 0.765_432_1).abs() < 0.002, "{place}");
    }
    assert!(!spike.is_empty() && curve.len() < 12, "{curve:?}");

    // In the terminal it is the only thing in the upper half.
    let text = plot.to_text(80, 24, false).unwrap();
    let marked = |line: &str| line.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c));
    assert!(text.lines().skip(4).take(8).all(marked), "{text}");
}

/// A measurement in release: `cargo test --release -p lr-plot --test pictures -- --nocapture`.
#[test]
#[cfg_attr(debug_assertions, ignore = "a bound for release builds")]
fn ten_million_steps_take_less_than_a_second() {
    let cosine = Cosine::new(1e-3, 0.0, 9_900_000).warmup(100_000).into_dyn();
    for (name, plot) in [
        (
            "spike",
            Plot::new().schedule("spike", spike()).steps(0..10_000_000),
        ),
        (
            "warm-up and cosine",
            Plot::new().schedule("cosine", &cosine),
        ),
        (
            "the same in log",
            Plot::new().schedule("cosine", &cosine).log_y(),
        ),
    ] {
        let times: [(&str, &dyn Fn()); 3] = [
            ("svg", &|| drop(plot.to_svg().unwrap())),
            ("png", &|| drop(plot.to_png(2).unwrap())),
            ("text", &|| drop(plot.to_text(80, 24, true).unwrap())),
        ];
        for (format, draw) in times {
            // Again where something else was running: it is the work that is bounded.
            let mut times = (0..5).map(|_| {
                let start = Instant::now();
                draw();
                start.elapsed().as_secs_f64()
            });
            let took = times.find(|took| *took < 1.0);
            println!("10^7 steps of {name} as {format}: {took:.3?} s");
            assert!(took.is_some(), "{name} as {format}");
        }
    }
}

#[test]
fn everything_is_inside_of_the_picture() {
    let steps = WarmupStableDecayConfig::new(1e-3, 100, 700, 200)
        .build()
        .unwrap();
    let labels = [
        "short",
        "a label that is longer than most of those that people give",
        "x",
        "y",
    ];
    for (width, height) in [(720, 360), (480, 220), (200, 160), (1_600, 300)] {
        let mut plot = Plot::new()
            .title("A title that is too long for the smallest of these")
            .log_y();
        let fitting = if height > 160 { 4 } else { 1 };
        for label in &labels[..fitting] {
            plot = plot.schedule(*label, steps);
        }
        let svg = plot.size(width, height).to_svg().unwrap();
        for place in attribute(&svg, "text", "y") {
            let place: f64 = place.parse().unwrap();
            assert!((0.0..=f64::from(height * 10)).contains(&place), "{place}");
        }
        for (text, left, right) in texts(&svg) {
            assert!(
                left >= 0.0 && right <= f64::from(width * 10),
                "`{text}` from {left} to {right}, of {width}"
            );
        }
        for (x, y) in curves(&svg).into_iter().flatten() {
            assert!(
                (0.0..=f64::from(width)).contains(&x) && (0.0..=f64::from(height)).contains(&y)
            );
        }
    }
}

#[test]
fn phases_are_shaded_and_named() {
    let steps = WarmupStableDecayConfig::new(1e-3, 200, 600, 200)
        .build()
        .unwrap();
    let svg = Plot::new().schedule("wsd", steps).to_svg().unwrap();
    for name in ["warm-up", "stable", "decay"] {
        assert!(svg.lines().any(|line| line == name), "{name}");
    }
    let fills = attribute(&svg, "rect", "fill");
    assert_eq!(
        fills.len(),
        4,
        "the card, its border, two shades: {fills:?}"
    );
    let plain = Plot::new()
        .schedule("wsd", steps)
        .show_phases(false)
        .to_svg()
        .unwrap();
    assert_eq!(attribute(&plain, "rect", "fill").len(), 2);
}

/// The first of two marks without room for both names has its name.
#[test]
fn a_mark_gives_way_to_those_before_it() {
    let marks = [("valley", 50.0), ("minimum", 51.0)];
    for [first, second] in [marks, [marks[1], marks[0]]] {
        let plot = Plot::new()
            .points("loss", [(0.0, 1.0), (100.0, 0.0)])
            .mark(first.0, first.1)
            .mark(second.0, second.1)
            .mark("elsewhere", 90.0);
        for drawn in [plot.to_svg(), plot.to_text(60, 16, false)].map(Result::unwrap) {
            assert!(
                drawn.contains(first.0) && drawn.contains("elsewhere"),
                "{drawn}"
            );
            assert!(!drawn.contains(second.0), "{drawn}");
        }
    }
}

#[test]
fn texts_from_outside_stay_text() {
    let svg = Plot::new()
        .title("</svg><script>alert(1)</script> & \"more\"")
        .points("<b>", [(0.0, 1.0), (1.0, 2.0)])
        .to_svg()
        .unwrap();
    assert!(!svg.contains("<script") && !svg.contains("<b>"));
    assert!(svg.contains("&lt;script&gt;") && svg.contains("&amp; &quot;more&quot;"));
    assert!(
        !svg.contains("\n\n"),
        "no blank line, so that it can stand in Markdown"
    );
}

#[test]
fn a_png_is_as_large_as_it_should_be_and_has_the_curve_in_it() {
    let plot = Plot::new()
        .schedule("it", Constant::new(0.1).take(100))
        .size(400, 200);
    let png = plot.to_png(2).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(png))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), (800, 400));
    let blue = pixels
        .chunks(3)
        .filter(|pixel| *pixel == [0, 114, 178])
        .count();
    assert!((1_000..10_000).contains(&blue), "{blue}");
    let dark = pixels
        .chunks(3)
        .filter(|pixel| pixel.iter().all(|part| *part < 110))
        .count();
    assert!(dark > 300, "letters: {dark}");
}

#[test]
fn what_makes_no_picture_is_an_error_that_says_why() {
    let message = |plot: Plot| plot.to_svg().unwrap_err().to_string();
    let constant = || Constant::new(0.1);
    assert_eq!(
        message(Plot::new()),
        "there is nothing to draw: give a schedule or points"
    );
    assert_eq!(
        message(Plot::new().schedule("c", constant())),
        "`c` has no end: say which steps to draw"
    );
    #[allow(clippy::reversed_empty_ranges)]
    let backwards = 5..2;
    assert_eq!(
        message(Plot::new().schedule("c", constant()).steps(backwards)),
        "there are no steps from 5 to 2"
    );
    assert_eq!(
        message(
            Plot::new()
                .schedule("c", Constant::new(0.0))
                .steps(0..9)
                .log_y()
        ),
        "a logarithmic y axis needs a value above 0, and there is none"
    );
    assert_eq!(
        message(Plot::new().schedule("c", constant()).steps(0..9).log_x()),
        "0 of `c` has no place on a logarithmic x axis: begin above 0"
    );
    assert_eq!(
        message(Plot::new().points("p", [(f64::NAN, 1.0), (1.0, f64::NAN)])),
        "no point of `p` is finite"
    );
    assert_eq!(
        message(Plot::new().points("p", [(0.0, -f64::MAX), (1.0, f64::MAX)])),
        format!(
            "the y axis can't go from {} to {}",
            f64::NEG_INFINITY,
            f64::INFINITY
        )
    );
    assert_eq!(
        message(
            Plot::new()
                .schedule("c", constant())
                .steps(0..9)
                .size(10, 300)
        ),
        "width: must be from 200 to 8000, got 10"
    );
    assert_eq!(
        message(Plot::new().schedule("c", constant()).steps(0..9).epochs(0)),
        "steps per epoch: must be at least 1, got 0"
    );
    let plot = Plot::new().schedule("c", constant()).steps(0..9);
    assert!(matches!(
        plot.to_png(9),
        Err(PlotError::Invalid { name: "scale", .. })
    ));
    assert!(matches!(
        plot.to_text(10, 24, false),
        Err(PlotError::Invalid { .. })
    ));
    assert!(matches!(
        plot.to_text(80, 5, false),
        Err(PlotError::Invalid { .. })
    ));
    assert!(matches!(Figure::new([]).to_svg(), Err(PlotError::Nothing)));
}

#[test]
fn extreme_numbers_are_drawn_or_refused_and_never_panic() {
    let rates = [
        0.0,
        1e-300,
        f64::MIN_POSITIVE,
        1e-9,
        0.1,
        1e9,
        1e300,
        f64::MAX,
    ];
    for low in rates {
        for high in rates {
            for log in [false, true] {
                for steps in [1, 2, 1_000] {
                    let curve = LinearRamp::new(low, high, steps);
                    let mut plot = Plot::new().schedule("it", curve).steps(0..steps + 1);
                    if log {
                        plot = plot.log_y();
                    }
                    let _ = plot.to_svg();
                    let _ = plot.to_text(60, 12, true);
                }
            }
        }
    }
    for x in [0.0, 1.0, 1e300] {
        let _ = Plot::new().points("it", [(x, 1.0)]).to_svg().unwrap();
        let _ = Plot::new().points("it", [(-x, 1.0), (x, 1.0)]).to_svg();
    }
    let end = u64::MAX;
    let cosine = Cosine::new(0.1, 0.0, end);
    let _ = Plot::new()
        .schedule("it", cosine)
        .steps(end - 10..end)
        .to_svg();
}

fn named(schedule: impl Schedule, steps: u64) -> Vec<(String, f64, f64)> {
    let phases = lr_plot::phases(&schedule, steps).into_iter();
    phases
        .map(|phase| (phase.name, phase.start, phase.end))
        .collect()
}

fn expected(list: &[(&str, f64, f64)]) -> Vec<(String, f64, f64)> {
    let owned = list
        .iter()
        .map(|(name, start, end)| (name.to_string(), *start, *end));
    owned.collect()
}

#[test]
fn recipes_have_the_phases_that_they_are_named_after() {
    let wsd = WarmupStableDecayConfig::new(1e-3, 10, 70, 20)
        .build()
        .unwrap();
    let phases = [
        ("warm-up", 0.0, 10.0),
        ("stable", 10.0, 80.0),
        ("decay", 80.0, 100.0),
    ];
    assert_eq!(named(wsd, 100), expected(&phases));
    assert_eq!(
        named(wsd, 50),
        expected(&[("warm-up", 0.0, 10.0), ("stable", 10.0, 50.0)])
    );

    let restarts = WarmRestarts::new(0.1, 0.0, 10, 2);
    let cycles = [
        ("cycle 1", 0.0, 10.0),
        ("cycle 2", 10.0, 30.0),
        ("cycle 3", 30.0, 50.0),
    ];
    assert_eq!(named(restarts, 50), expected(&cycles));

    let cycle = named(OneCycle::new(0.1, 100), 100);
    assert_eq!(cycle, expected(&[("up", 0.0, 29.0), ("down", 29.0, 100.0)]));
}

#[test]
fn combinators_move_the_phases_of_what_is_inside() {
    let inner = || LinearRamp::new(0.1, 0.0, 40).warmup(10);
    let phases = [
        ("warm-up", 0.0, 10.0),
        ("decay", 10.0, 50.0),
        ("held", 50.0, 60.0),
    ];
    assert_eq!(named(inner().scale(0.5), 60), expected(&phases));

    let phases = [("warm-up", 0.0, 40.0), ("decay", 40.0, 200.0)];
    assert_eq!(named(inner().per_epoch(4), 200), expected(&phases));

    let phases = [("warm-up", 0.0, 5.0), ("decay", 5.0, 45.0)];
    assert_eq!(named(inner().skip(5), 45), expected(&phases));

    let then = Constant::new(0.1).take(30).then(Step::new(0.1, 10, 0.5));
    assert_eq!(
        named(then, 60),
        expected(&[("stable", 0.0, 30.0), ("step", 30.0, 60.0)])
    );
}

#[test]
fn what_has_one_phase_or_too_many_has_none() {
    assert_eq!(named(Constant::new(0.1), 100), []);
    assert_eq!(named(Cosine::new(0.1, 0.0, 100), 100), []);
    assert_eq!(named(LinearRamp::new(0.1, 0.0, 2).repeat(2), 100), []);
}

fn span_of(schedule: impl Schedule) -> Option<u64> {
    schedule.span()
}

#[test]
fn endless_schedules_show_a_few_of_what_they_repeat() {
    assert_eq!(span_of(LinearRamp::new(0.1, 0.0, 10).repeat(10)), Some(30));
    assert_eq!(span_of(MultiStep::new(0.1, [30, 60], 0.1)), Some(90));
    assert_eq!(span_of(Step::new(0.1, 30, 0.1).per_epoch(5)), Some(600));
    assert_eq!(span_of(Constant::new(0.1).warmup(10)), Some(20));
    assert_eq!(
        span_of(Constant::new(0.1).take(30).then(Constant::new(0.2))),
        Some(60)
    );
    assert_eq!(span_of(Constant::new(0.1)), None);
    assert_eq!(span_of(Step::new(0.1, u64::MAX, 0.1)), None);
}
