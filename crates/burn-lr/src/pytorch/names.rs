use std::collections::{BTreeMap, BTreeSet};

use burn::store::{KeyRemapper, map_indices_contiguous};
use lr_torch::{Key, OptimizerState, TorchError, Value};

use super::error::TorchLoadError;
use super::parameters::{Parameters, Role, described};

/// The names by which parameters of a Burn module are found in a PyTorch model.
///
/// Weights go by their names. PyTorch's are taken as burn-store takes them: the `weight` and `bias`
/// of a norm are Burn's `gamma` and `beta`, the variants of an enum are no part of a name, and the
/// indices of a `Sequential`, some of whose modules have no parameters, are counted without gaps
/// (`0`, `2` are Burn's `0`, `1`). What is called otherwise in Burn is renamed
/// [by a pattern](Self::with_key_remapping) or [one by one](Self::with_name).
///
/// The state of an optimizer goes by indices: PyTorch numbers its parameters in the order in which
/// it was given them, group by group. Which names they have is, in this order,
///
/// 1. what [`with_order`](Self::with_order) or [`with_order_of`](Self::with_order_of) says;
/// 2. what the file says (`param_names`), where the optimizer was made of `named_parameters()`;
/// 3. where there is one group only: the order in which the module declares its parameters.
///
/// In each case shapes are compared, but parameters of the same shape can only be told apart by
/// their order. For several groups without names the order must be given; Python prints it so:
///
/// ```python
/// names = {id(p): name for name, p in model.named_parameters()}
/// print([names[id(p)] for group in optimizer.param_groups for p in group["params"]])
/// ```
///
/// ```
/// use burn_lr::pytorch::TorchNames;
///
/// // a Sequential of PyTorch's, which is the field `layers` here
/// let names = TorchNames::new().with_key_remapping(r"^(\d+)\.", "layers.$1.")?;
///
/// // one by one, in the order of the optimizer
/// let pairs = [("fc2.weight", "output.weight"), ("fc1.weight", "hidden.weight")];
/// let names = TorchNames::of_pairs(pairs);
/// # Ok::<(), burn_lr::pytorch::TorchLoadError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct TorchNames {
    order: Option<Order>,
    pairs: BTreeMap<String, String>,
    remapper: KeyRemapper,
    keeps_indices: bool,
    ignored: BTreeSet<String>,
}

/// The names of an optimizer's parameters, in its order.
#[derive(Debug, Clone)]
enum Order {
    /// All of them.
    Names(Vec<String>),
    /// All of them, and buffers.
    StateDict(Vec<String>),
}

impl TorchNames {
    /// The names that PyTorch's model has.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names of PyTorch's with the paths that they are in Burn, in the order of the optimizer.
    pub fn of_pairs(
        pairs: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        let mut names = Self::new();
        let order = pairs.into_iter().map(|(torch, burn)| {
            let torch: String = torch.into();
            names.pairs.insert(torch.clone(), burn.into());
            torch
        });
        let order: Vec<String> = order.collect();
        names.with_order(order)
    }

    /// The names of the optimizer's parameters in PyTorch, in the order in which it was given them.
    pub fn with_order(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let names = names.into_iter().map(Into::into).collect();
        self.order = Some(Order::Names(names));
        self
    }

    /// The optimizer was given `model.parameters()`, and this is `model.state_dict()`, which has
    /// them in the same order, buffers among them.
    ///
    /// # Errors
    ///
    /// A value that is no dict with names for keys.
    pub fn with_order_of(mut self, state_dict: &Value<'_>) -> Result<Self, TorchLoadError> {
        let names = entries(state_dict)?.into_iter();
        let names = names.map(|(name, _)| name.to_string()).collect();
        self.order = Some(Order::StateDict(names));
        Ok(self)
    }

    /// Renames what matches a regular expression, as burn-store's `with_key_remapping` does:
    /// patterns apply one after the other, before indices are counted without gaps.
    ///
    /// # Errors
    ///
    /// A pattern that is no regular expression.
    pub fn with_key_remapping(
        mut self,
        from_pattern: &str,
        to_pattern: &str,
    ) -> Result<Self, TorchLoadError> {
        let remapper = std::mem::take(&mut self.remapper);
        let remapper = remapper.add_pattern(from_pattern, to_pattern);
        self.remapper = remapper.map_err(|error| TorchLoadError::Pattern {
            pattern: from_pattern.to_string(),
            reason: error.to_string(),
        })?;
        Ok(self)
    }

    /// The parameter that PyTorch calls `torch` is at the path `burn`.
    pub fn with_name(mut self, torch: &str, burn: &str) -> Self {
        self.pairs.insert(torch.to_string(), burn.to_string());
        self
    }

    /// Takes indices as they are, gaps included.
    pub fn keep_indices(mut self) -> Self {
        self.keeps_indices = true;
        self
    }

    /// Leaves out what a state dict has under that name: a buffer, such as a mask, that the module
    /// has not. (Those called `num_batches_tracked` are left out anyway.)
    pub fn without(mut self, torch: &str) -> Self {
        self.ignored.insert(torch.to_string());
        self
    }

    /// Whether a name of a state dict is one that is left out.
    pub(super) fn ignores(&self, name: &str) -> bool {
        self.ignored.contains(name) || name.rsplit('.').next() == Some("num_batches_tracked")
    }

    /// The names in Burn of names of PyTorch's.
    pub(super) fn in_burn(&self, names: &[impl AsRef<str>]) -> Vec<String> {
        let names = names.iter().map(AsRef::as_ref);
        // The renaming is burn-store's, which renames tensors.
        let by_rule = names.clone().filter(|name| !self.pairs.contains_key(*name));
        let tensors = by_rule.map(|name| described(name, vec![0]));
        let (tensors, _) = self.remapper.remap(tensors.collect());
        let tensors = match self.keeps_indices {
            true => tensors,
            false => map_indices_contiguous(tensors).0,
        };
        let mut renamed = tensors.into_iter().map(|tensor| tensor.name);
        let in_burn = names.map(|name| match self.pairs.get(name) {
            Some(path) => path.clone(),
            None => renamed.next().unwrap_or_default(),
        });
        in_burn.collect()
    }

    /// The module's parameters that an optimizer's are, group by group, by their numbers.
    pub(super) fn assign(
        &self,
        optimizer: &OptimizerState<'_>,
        module: &Parameters,
    ) -> Result<Vec<Vec<usize>>, TorchLoadError> {
        let groups = &optimizer.groups;
        let count = groups.iter().map(|group| group.params.len()).sum();
        let named: Option<Vec<_>> = groups.iter().map(|group| group.names.clone()).collect();
        let indices = match (&self.order, named) {
            (Some(Order::Names(names)), _) => self.by_name(names, module)?,
            (Some(Order::StateDict(names)), _) => self.by_state_dict(names, module),
            (None, Some(names)) => self.by_name(&names.concat(), module)?,
            (None, None) if groups.len() == 1 => declared(count, module),
            (None, None) => {
                return Err(TorchLoadError::NoOrder {
                    groups: groups.len(),
                });
            }
        };
        if indices.len() != count {
            let paths = module.paths(indices);
            return Err(TorchLoadError::Count { count, paths });
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = indices.iter().find(|index| !seen.insert(**index)) {
            let path = module.all[*twice].path.clone();
            return Err(TorchLoadError::Twice { path });
        }
        let mut untrained = module.with_role(&[Role::Trained]);
        untrained.retain(|index| !seen.contains(index));
        if !untrained.is_empty() {
            let paths = module.paths(untrained);
            return Err(TorchLoadError::Untrained { paths });
        }
        let mut indices = indices.into_iter();
        let groups = groups.iter();
        Ok(groups
            .map(|group| indices.by_ref().take(group.params.len()).collect())
            .collect())
    }

    fn by_name(
        &self,
        names: &[impl AsRef<str>],
        module: &Parameters,
    ) -> Result<Vec<usize>, TorchLoadError> {
        let in_burn = self.in_burn(names);
        let found = names.iter().zip(in_burn).map(|(name, path)| {
            let found = module.find(&path);
            let found = found.filter(|index| module.all[*index].role != Role::Buffer);
            found.ok_or_else(|| TorchLoadError::Unknown {
                name: name.as_ref().to_string(),
                path,
                known: module.paths(module.with_role(&[Role::Trained, Role::Frozen])),
            })
        });
        found.collect()
    }

    fn by_state_dict(&self, names: &[String], module: &Parameters) -> Vec<usize> {
        let mut seen = BTreeSet::new();
        let in_burn = self.in_burn(names).into_iter();
        let found = in_burn.filter_map(|path| module.find(&path));
        let parameters = found.filter(|index| module.all[*index].role != Role::Buffer);
        // A parameter that is in several places is the optimizer's once.
        parameters.filter(|index| seen.insert(*index)).collect()
    }
}

/// The parameters in the order of declaration: all, or, where the optimizer has as many as that,
/// those that ask for gradients.
fn declared(count: usize, module: &Parameters) -> Vec<usize> {
    let trained = module.with_role(&[Role::Trained]);
    match trained.len() == count {
        true => trained,
        false => module.with_role(&[Role::Trained, Role::Frozen]),
    }
}

/// The entries of a state dict.
pub(super) fn entries<'a>(
    state_dict: &Value<'a>,
) -> Result<Vec<(&'a str, Value<'a>)>, TorchLoadError> {
    let entries = state_dict
        .entries()?
        .into_iter()
        .map(|(key, value)| match key {
            Key::Text(name) => Ok((name, value)),
            Key::Int(key) => {
                let key = format!("a dict with the key {key}");
                Err(TorchError::invalid(state_dict.place(), key, "a dict of names").into())
            }
        });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::TorchNames;

    #[test]
    fn names_are_renamed_as_in_burn_store() {
        let torch = ["net.0.weight", "net.2.weight", "fc.bias"];
        let in_burn = |names: TorchNames| names.in_burn(&torch).join(" ");
        let names = TorchNames::new();
        assert_eq!(in_burn(names.clone()), "net.0.weight net.1.weight fc.bias");
        assert_eq!(in_burn(names.clone().keep_indices()), torch.join(" "));
        let names = names.with_key_remapping("^net", "layers").unwrap();
        let names = names.with_name("fc.bias", "head.2.bias");
        assert_eq!(
            in_burn(names),
            "layers.0.weight layers.1.weight head.2.bias"
        );

        let error = TorchNames::new().with_key_remapping("(", "").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("`(` is no regular expression")
        );
        assert!(TorchNames::new().ignores("bn.num_batches_tracked"));
        assert!(TorchNames::new().without("mask").ignores("mask"));
    }
}
