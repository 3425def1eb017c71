//! The state of an optimizer.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lr_torch::{OptimizerState, TorchError, Value};
use serde_json::{Map, Value as Json, json};

use super::super::report::LISTED;
use super::describe::{counted, described, label, listed};
use super::files::{Found, in_words};

pub fn write(
    text: &mut String,
    found: &Found<'_>,
    state: &Result<OptimizerState<'_>, TorchError>,
) -> Json {
    let at = &found.part.at;
    let optimizer = match state {
        Ok(optimizer) => optimizer,
        Err(error) => {
            let problem = in_words(error);
            let _ = writeln!(text, "{}: can't be read: {problem}", label("optimizer", at));
            return json!({"at": at, "problem": problem});
        }
    };
    let classes = optimizer.classes();
    let class = match classes.as_slice() {
        [] => "of no class of PyTorch's".to_string(),
        classes => classes.join(" or "),
    };
    let groups = optimizer.groups.iter();
    let parameters = groups.map(|group| group.params.len()).sum();
    let _ = writeln!(
        text,
        "{}: {class}, {}, {} with a state",
        label("optimizer", at),
        counted(parameters, "parameter"),
        optimizer.state.len()
    );
    let fields = |fields: &BTreeMap<&str, Value<'_>>| -> Map<String, Json> {
        let fields = fields.iter();
        fields
            .map(|(name, value)| (name.to_string(), described(value)))
            .collect()
    };
    let mut groups = Vec::new();
    for (index, group) in optimizer.groups.iter().enumerate() {
        let options = fields(&group.options);
        let count = counted(group.params.len(), "parameter");
        let _ = writeln!(text, "  group {index}: {count}; {}", listed(&options));
        let mut params = Vec::new();
        for index in &group.params {
            let state = optimizer.state.get(index);
            let state = state.map(|state| fields(&state.fields)).unwrap_or_default();
            if !state.is_empty() && params.len() < LISTED {
                let _ = writeln!(text, "    {index}: {}", listed(&state));
            }
            params.push(json!({"index": index, "state": state}));
        }
        if params.len() > LISTED {
            let _ = writeln!(text, "    and {} more", params.len() - LISTED);
        }
        groups.push(json!({"options": options, "names": group.names, "parameters": params}));
    }
    let class = (!classes.is_empty()).then_some(class);
    json!({"at": at, "class": class, "groups": groups})
}
