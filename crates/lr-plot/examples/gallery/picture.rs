use lr_plot::{Plot, PlotError};
use lr_schedule::Schedule;

/// A picture's file, without its ending, and what is in it.
pub type Picture = (&'static str, String);

/// How many steps most pictures show.
pub const STEPS: u64 = 1_000;

/// A picture as documentation has it.
pub fn plot<'a>(title: &str) -> Plot<'a> {
    Plot::new().title(title).size(640, 280)
}

/// A picture of one schedule, over the first `steps` steps.
pub fn one(
    name: &'static str,
    title: &str,
    schedule: impl Schedule,
    steps: u64,
) -> Result<Picture, PlotError> {
    Ok((
        name,
        plot(title)
            .schedule(title, schedule)
            .steps(0..steps)
            .to_svg()?,
    ))
}

/// A picture of several schedules over each other.
pub fn several(
    name: &'static str,
    title: &str,
    schedules: &[(&str, &dyn Schedule)],
    steps: u64,
) -> Result<Picture, PlotError> {
    let mut plot = plot(title).steps(0..steps);
    for (label, schedule) in schedules {
        plot = plot.schedule(*label, schedule);
    }
    Ok((name, plot.to_svg()?))
}
