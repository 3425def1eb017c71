use lr_plot::PlotError;

use crate::picture::Picture;
use crate::{combinators, curves, feedback, recipes};

/// Every picture that there is; the two that every introduction has are the first.
pub fn all() -> Result<Vec<Picture>, PlotError> {
    let mut pictures = Vec::new();
    curves::draw(&mut pictures)?;
    combinators::draw(&mut pictures)?;
    recipes::draw(&mut pictures)?;
    feedback::draw(&mut pictures)?;
    curves::draw_others(&mut pictures)?;
    Ok(pictures)
}
