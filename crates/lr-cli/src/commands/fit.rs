use lr_compat::log::{Log, fit};
use serde_json::json;

use super::convert;
use crate::cli;
use crate::failure::Failure;
use crate::output;

pub fn run(options: &cli::Fit) -> Result<bool, Failure> {
    let log = Log::open(&options.log.path, options.log.column.as_deref())?;
    let fit = fit(&log)?;
    let origin = options.log.path.display().to_string();
    if options.log.json {
        let spec = fit.spec.as_ref().map(|spec| spec.to_data());
        output::json(&json!({"log": origin, "spec": spec, "note": fit.words}))?;
    } else if let Some(spec) = &fit.spec {
        output::print(&convert::text(spec, options.to, &origin)?)?;
        if !fit.words.is_empty() {
            output::note(&format!("{origin}: {}", fit.words));
        }
    } else {
        output::print(&format!("{}\n", fit.words))?;
    }
    Ok(fit.spec.is_some())
}
