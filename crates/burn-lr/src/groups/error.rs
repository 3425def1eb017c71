use lr_schedule::ScheduleError;

/// Groups that don't fit a model.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// No parameter of the model is in it.
    #[error("the group `{name}` is of no parameter; there are {}", .paths.join(", "))]
    Empty {
        /// The name of the group.
        name: String,
        /// The paths of the model's parameters.
        paths: Vec<String>,
    },
    /// All its parameters are in later groups too, which they belong to.
    #[error("all parameters of the group `{name}` belong to groups that come after it")]
    Shadowed {
        /// The name of the group.
        name: String,
    },
    /// Two groups have the same name.
    #[error("there are two groups called `{name}`")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// A number that can't be, after the name of its group or `layer_wise`.
    #[error(transparent)]
    Number(#[from] ScheduleError),
}
