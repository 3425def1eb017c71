//! The forms of ramps.

use lr_schedule::Shape;

/// One of every kind.
fn shapes() -> impl Iterator<Item = Shape> {
    (0..Shape::KINDS.len()).map(|kind| {
        let numbers = match Shape::KINDS[kind].0 {
            "exponential" | "reflected" => [0.1, 0.0],
            "tanh" => [-7.0, 3.0],
            _ => [2.5, 0.0],
        };
        Shape::from_parts(kind, numbers).unwrap()
    })
}

#[test]
fn every_shape_runs_from_0_to_1_and_rises_as_it_decays_backwards() {
    for shape in shapes() {
        let tolerance = match shape {
            Shape::Tanh { .. } => 0.003,
            _ => 0.0,
        };
        for of in [1.0, 2.0, 100.0] {
            assert!(shape.decay(0.0, of) <= tolerance, "{shape:?}");
            assert!(shape.rise(of, of) >= 1.0 - tolerance, "{shape:?}");
            assert!(shape.decay(of, of) >= 1.0 - tolerance, "{shape:?}");
            assert!(shape.rise(0.0, of) <= tolerance, "{shape:?}");
        }
        let mut last = 0.0;
        for n in 0..=100 {
            let (rise, n) = (shape.rise(f64::from(n), 100.0), f64::from(n));
            let mirrored = 1.0 - shape.decay(100.0 - n, 100.0);
            assert!((rise - mirrored).abs() < 1e-15, "{shape:?} at {n}");
            assert!((last..=1.0).contains(&rise), "{shape:?} at {n}: {rise}");
            last = rise;
        }
    }
}

#[test]
fn parts_make_the_shape_that_they_are_of() {
    for (kind, shape) in shapes().enumerate() {
        let (found, numbers) = shape.to_parts();
        assert_eq!(found, kind);
        assert_eq!(Shape::from_parts(kind, numbers), Some(shape));
        shape.check("here").unwrap();
    }
    assert_eq!(Shape::from_parts(Shape::KINDS.len(), [0.0; 2]), None);
}

#[test]
fn numbers_that_make_no_shape_are_named() {
    let message = |shape: Shape| shape.check("anneal.shape").unwrap_err().to_string();
    assert_eq!(
        message(Shape::Polynomial { power: 0.0 }),
        "anneal.shape.polynomial.power: must be finite and above 0, got 0"
    );
    assert_eq!(
        message(Shape::Exponential { ratio: 1.0 }),
        "anneal.shape.exponential.ratio: must be above 0 and below 1, got 1"
    );
    assert_eq!(
        message(Shape::Reflected { beta: 1.0 }),
        "anneal.shape.reflected.beta: must be above 0 and below 1, got 1"
    );
    assert_eq!(
        message(Shape::Tanh {
            lower: 3.0,
            upper: -7.0
        }),
        "anneal.shape.tanh.upper: must be above `lower`, got -7"
    );
}
