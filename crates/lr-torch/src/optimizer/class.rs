//! The class of an optimizer, by the options of its groups and the fields of its state.

use super::{OptimizerState, ParamGroup};
use crate::table::{has, rows, words};

/// Options that any optimizer may have, its schedulers' among them.
const SHARED: &str = "lr name initial_lr max_lr min_lr base_momentum max_momentum swa_lr lr_scale \
    foreach maximize capturable differentiable fused";

/// Each class: the options that its groups had from the start, those that came later, and the fields of a
/// parameter's state.
const CLASSES: &str = "\
ASGD | lambd alpha t0 weight_decay | | step eta mu ax
Adadelta | rho eps weight_decay | | step square_avg acc_delta
Adafactor | beta2_decay eps d weight_decay | | step row_var col_var variance
Adagrad | lr_decay weight_decay initial_accumulator_value | eps | step sum
Adam | betas eps weight_decay amsgrad | decoupled_weight_decay | step exp_avg exp_avg_sq max_exp_avg_sq
AdamW | betas eps weight_decay amsgrad | decoupled_weight_decay | step exp_avg exp_avg_sq max_exp_avg_sq
Adamax | betas eps weight_decay | | step exp_avg exp_inf
LBFGS | max_iter max_eval tolerance_grad tolerance_change history_size line_search_fn | | \
    func_evals n_iter d t old_dirs old_stps ro H_diag prev_flat_grad prev_loss al
Muon | weight_decay momentum nesterov ns_coefficients eps ns_steps adjust_lr_fn | | momentum_buffer
NAdam | betas eps weight_decay momentum_decay | decoupled_weight_decay | step mu_product exp_avg exp_avg_sq
RAdam | betas eps weight_decay | decoupled_weight_decay | step exp_avg exp_avg_sq
RMSprop | momentum alpha eps centered weight_decay | | step square_avg momentum_buffer grad_avg
Rprop | etas step_sizes | | step prev step_size
SGD | momentum dampening weight_decay nesterov | | momentum_buffer
SparseAdam | betas eps | | step exp_avg exp_avg_sq";

impl OptimizerState<'_> {
    /// The classes of `torch.optim` that it can be the state of: one where that is certain, and none where it
    /// has options or fields that PyTorch's optimizers have not.
    ///
    /// Adam and AdamW are told apart by `decoupled_weight_decay`, which PyTorch writes since 2.7.
    pub fn classes(&self) -> Vec<&'static str> {
        let fits = rows(CLASSES).filter(|class| self.fits(class));
        fits.map(|[name, ..]| name).collect()
    }

    fn fits(&self, &[name, options, later, fields]: &[&str; 4]) -> bool {
        let known = |option: &&str| [options, later, SHARED].iter().any(|of| has(of, option));
        let groups = self.groups.iter().all(|group| {
            words(options).all(|option| group.options.contains_key(option))
                && group.options.keys().all(known)
                && is_decoupled(group).is_none_or(|decoupled| match name {
                    "Adam" => !decoupled,
                    "AdamW" => decoupled,
                    _ => true,
                })
        });
        let fitting = |name: &&str| has(fields, name);
        let mut states = self.state.values();
        !self.groups.is_empty() && groups && states.all(|state| state.fields.keys().all(fitting))
    }
}

fn is_decoupled(group: &ParamGroup<'_>) -> Option<bool> {
    group.options.get("decoupled_weight_decay")?.bool().ok()
}
