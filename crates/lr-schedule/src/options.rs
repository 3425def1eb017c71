/// The second type if there is one, or else the first.
macro_rules! type_or {
    ($First:ty) => {
        $First
    };
    ($First:ty, $Second:ty) => {
        $Second
    };
}

/// Defines the options of something as a config of the builder kind, by a table of them:
///
/// `method, field: Type [ArgumentType] = default => Bound;`
///
/// with the type that the method takes where it is another one, after the fields that `new` takes, which have no default. A config that `builds` something has a
/// method `build`, which checks the fields and calls its `of`.
macro_rules! options {
    (
        $(#[$attribute:meta])*
        pub struct $Config:ident: $name:literal $(builds $Built:ident)? {
            $($required:ident: $Required:ty => $required_bound:ident,)*
        }
        $(#[$new_doc:meta])+
        new;
        $(
            $(#[$doc:meta])+
            $with:ident, $field:ident: $Type:ty $([$Argument:ty])? = $default:expr => $bound:ident;
        )*
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        #[must_use]
        pub struct $Config {
            $(pub(crate) $required: $Required,)*
            $(pub(crate) $field: $Type,)*
        }

        impl $Config {
            /// The defaults, and the least value where there is none.
            pub(crate) const DEFAULT: Self = Self {
                $($required: <$Required>::MIN,)*
                $($field: $default,)*
            };

            $(#[$new_doc])+
            pub fn new($($required: $Required),*) -> Self {
                Self { $($required,)* ..Self::DEFAULT }
            }

            $(
                $(#[$doc])+
                ///
                #[doc = concat!(
                    "Default: `", stringify!($default), "`. Allowed: [`", stringify!($bound),
                    "`](crate::curves::Bound::", stringify!($bound), ").",
                )]
                pub fn $with(mut self, $field: type_or!($Type $(, $Argument)?)) -> Self {
                    self.$field = $field.into();
                    self
                }
            )*

            $(
                /// Builds what these are the options of.
                ///
                /// # Errors
                ///
                /// A field that is not allowed, by itself or beside the others.
                pub fn build(self) -> Result<$Built, $crate::error::ScheduleError> {
                    self.check_fields()?;
                    $Built::of(self)
                }
            )?

            /// Checks that each field is within its bound.
            pub(crate) fn check_fields(&self) -> Result<(), $crate::error::ScheduleError> {
                use $crate::field::{Bound, Field};
                $(Field::check(&self.$required, Bound::$required_bound, $name, stringify!($required))?;)*
                $(Field::check(&self.$field, Bound::$bound, $name, stringify!($field))?;)*
                Ok(())
            }

            /// The fields as data, in their order.
            pub(crate) fn fields(&self) -> alloc::vec::Vec<(&'static str, Option<$crate::data::Data>)> {
                use $crate::field::Field;
                alloc::vec![
                    $((stringify!($required), Field::to_data(&self.$required)),)*
                    $((stringify!($field), Field::to_data(&self.$field)),)*
                ]
            }
        }
    };
}
