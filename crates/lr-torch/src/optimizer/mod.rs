mod class;

use std::collections::{BTreeMap, HashSet};

use crate::budget::Budget;
use crate::dict::Key;
use crate::error::TorchError;
use crate::value::Value;

/// The result of `optimizer.state_dict()`: the options of its parameter groups, and the state of each
/// parameter.
///
/// ```
/// use lr_torch::{OptimizerState, TorchFile};
///
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pytorch/files/one_cycle_lr-40.optimizer.pt");
/// let file = TorchFile::open(path)?;
/// let optimizer = OptimizerState::read(&file.root())?;
/// let group = &optimizer.groups[0];
/// assert_eq!(group.params, [0]);
/// assert_eq!(group.option("weight_decay")?.number()?, 0.0);
/// # Ok::<(), lr_torch::TorchError>(())
/// ```
#[derive(Debug, Clone)]
pub struct OptimizerState<'a> {
    /// The parameter groups, in their order.
    pub groups: Vec<ParamGroup<'a>>,
    /// The state of a parameter, by its index; none for one that hasn't been stepped.
    pub state: BTreeMap<u64, ParamState<'a>>,
}

/// One of `param_groups`.
#[derive(Debug, Clone)]
pub struct ParamGroup<'a> {
    place: String,
    /// The indices of its parameters, which count through all groups in the order in which the
    /// optimizer was given them.
    pub params: Vec<u64>,
    /// The names of its parameters, where the optimizer was given `named_parameters()`.
    pub names: Option<Vec<&'a str>>,
    /// Everything else: `lr`, `betas`, `weight_decay`, and what a scheduler put there
    /// (`initial_lr`, `max_lr`).
    pub options: BTreeMap<&'a str, Value<'a>>,
}

/// The state of one parameter, by the names it has there: `step`, `exp_avg`,
/// `momentum_buffer`.
#[derive(Debug, Clone)]
pub struct ParamState<'a> {
    place: String,
    /// A number, a tensor or `None` each.
    pub fields: BTreeMap<&'a str, Value<'a>>,
}

impl<'a> OptimizerState<'a> {
    /// The state dict that `value` is.
    ///
    /// # Errors
    ///
    /// Anything but the state dict of an optimizer: a dict with `param_groups` and `state`, whose groups
    /// have each parameter once, and whose states are those of parameters in the groups.
    pub fn read(value: &Value<'a>) -> Result<Self, TorchError> {
        // Each takes at least two bytes of a pickle that doesn't have the same one in several places.
        let limit = MAX_FIELDS.min(value.file.pickle.size() / 2);
        let budget = Budget::new(limit, "the number of an optimizer's fields");
        let mut groups = Vec::new();
        let mut known = HashSet::new();
        for value in budget.items(&value.field("param_groups")?)? {
            let group = ParamGroup::read(&value, &budget)?;
            for index in &group.params {
                if !known.insert(*index) {
                    let allowed = "indices of parameters that are in no other place";
                    let twice = format!("{index} once more");
                    return value.field("params")?.must_be(allowed, twice);
                }
            }
            groups.push(group);
        }
        let mut state = BTreeMap::new();
        for (key, value) in budget.entries(&value.field("state")?)? {
            match key {
                Key::Int(index) if index >= 0 && known.contains(&(index as u64)) => {
                    let place = value.place().to_string();
                    let fields = fields(&value, &budget)?;
                    state.insert(index as u64, ParamState { place, fields });
                }
                key => return value.must_be("that of a parameter of one of param_groups", key),
            }
        }
        Ok(Self { groups, state })
    }
}

impl<'a> ParamGroup<'a> {
    fn read(value: &Value<'a>, budget: &Budget) -> Result<Self, TorchError> {
        let mut options = fields(value, budget)?;
        options.remove("params");
        let params = budget.items(&value.field("params")?)?;
        let params = params.iter().map(Value::count);
        let params = params.collect::<Result<Vec<_>, _>>()?;
        let names = match options.remove("param_names") {
            Some(names) => {
                let items = budget.items(&names)?;
                if items.len() != params.len() {
                    return names.wrong("as many names as params");
                }
                let names = items.iter().map(Value::text);
                Some(names.collect::<Result<Vec<_>, _>>()?)
            }
            None => None,
        };
        Ok(Self {
            place: value.place().to_string(),
            params,
            names,
            options,
        })
    }

    /// Its place in the file: `param_groups[0]`.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The option called `name`.
    ///
    /// # Errors
    ///
    /// No such name.
    pub fn option(&self, name: &str) -> Result<&Value<'a>, TorchError> {
        find(&self.place, &self.options, name)
    }

    /// Its `momentum`, or the first of its `betas`; `None` for an optimizer without either.
    ///
    /// # Errors
    ///
    /// One that is no finite number.
    pub fn momentum(&self) -> Result<Option<f64>, TorchError> {
        match (self.options.get("momentum"), self.options.get("betas")) {
            (Some(momentum), _) => momentum.finite().map(Some),
            (None, Some(betas)) => betas.item(0)?.finite().map(Some),
            (None, None) => Ok(None),
        }
    }
}

impl<'a> ParamState<'a> {
    /// Its place in the file: `state[0]`.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The field called `name`.
    ///
    /// # Errors
    ///
    /// No such name.
    pub fn field(&self, name: &str) -> Result<&Value<'a>, TorchError> {
        find(&self.place, &self.fields, name)
    }

    /// The number of steps that the parameter has had, which is a number or a tensor of one.
    ///
    /// # Errors
    ///
    /// No `step`, and one that is no whole number.
    pub fn step(&self) -> Result<u64, TorchError> {
        self.field("step")?.count()
    }
}

/// The most fields and items that an optimizer has.
const MAX_FIELDS: u64 = 1 << 20;

fn fields<'a>(
    value: &Value<'a>,
    budget: &Budget,
) -> Result<BTreeMap<&'a str, Value<'a>>, TorchError> {
    let entries = budget.entries(value)?.into_iter();
    let fields = entries.map(|(key, value)| match key {
        Key::Text(name) => Ok((name, value)),
        key => value.must_be("called by a name", key),
    });
    fields.collect()
}

fn find<'m, 'a>(
    place: &str,
    values: &'m BTreeMap<&'a str, Value<'a>>,
    name: &str,
) -> Result<&'m Value<'a>, TorchError> {
    values.get(name).ok_or_else(|| TorchError::Missing {
        place: place.to_string(),
        key: name.to_string(),
        known: values.keys().map(|name| name.to_string()).collect(),
    })
}
