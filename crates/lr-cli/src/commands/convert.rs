use lr_schedule::Spec;

use crate::cli::{Convert, Format};
use crate::failure::Failure;
use crate::input::Source;
use crate::output;

pub fn run(options: &Convert, sources: &[Source]) -> Result<bool, Failure> {
    let [source] = sources else {
        let count = sources.len();
        return Err(Failure::usage(format!(
            "convert takes one SPEC, got {count}"
        )));
    };
    let input = source.load()?;
    output::print(&text(input.spec()?, options.to, &input.origin)?)?;
    Ok(true)
}

/// A spec as text.
pub fn text(spec: &Spec, format: Format, origin: &str) -> Result<String, Failure> {
    let text = match format {
        Format::Json => serde_json::to_string_pretty(spec)
            .map(|text| text + "\n")
            .map_err(|error| error.to_string()),
        Format::Toml => toml::to_string(spec).map_err(|error| error.to_string()),
    };
    text.map_err(|error| Failure::input(origin, error))
}
