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
            #[allow(dead_code)] // of a curve, which describes itself
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

/// Defines a schedule whose constructors check its fields, by a table of them:
///
/// `field: Type [ArgumentType] => Bound`
///
/// with the type that the constructors take where it is another one. `until` names the field after
/// whose steps the rate stays; `with` are values that are computed once from the fields; `check` is a
/// method that checks rules between fields; `parts` are the phases, and `shown` is how many steps show
/// its form, where it has such. Its method `rate` gives its rates. The doc comment gets the picture of
/// that name at its end.
macro_rules! schedule {
    (
        $(#[$attribute:meta])*
        pub struct $Struct:ident: $name:literal $(, until $end:ident)? {
            $($field:ident: $Type:ty $([$Argument:ty])? => $bound:ident),* $(,)?
        }
        $(with { $($value:ident: $Value:ty = $computed:expr),* $(,)? })?
        $(check $check:ident)?
        $(#[$new_doc:meta])+
        $visibility:vis fn $new:ident, $try_new:ident
        $(parts |$in_parts:ident, $span:ident| $parts:expr;)?
        $(shown |$in_shown:ident| $shown:expr;)?
    ) => {
        $(#[$attribute])*
        #[cfg_attr(all(doc, not(doctest)), doc = concat!("\n", include_str!(
            concat!(env!("CARGO_MANIFEST_DIR"), "/pictures/", $name, ".svg")
        )))]
        pub struct $Struct {
            $($field: $Type,)*
            $($($value: $Value,)*)?
        }

        impl $Struct {
            $(#[$new_doc])+
            ///
            /// # Panics
            ///
            #[doc = concat!("If [`", stringify!($try_new), "`](Self::", stringify!($try_new), ") fails.")]
            #[track_caller]
            #[allow(dead_code)]
            $visibility fn $new($($field: type_or!($Type $(, $Argument)?)),*) -> Self {
                $crate::error::or_panic(Self::$try_new($($field),*))
            }

            $(#[$new_doc])+
            ///
            /// # Errors
            ///
            /// A field outside of its bounds:
            ///
            $(#[doc = concat!("- `", stringify!($field), "`: ", "[`", stringify!($bound), "`](crate::curves::Bound::", stringify!($bound), ")")])*
            #[allow(unused_mut)]
            $visibility fn $try_new(
                $($field: type_or!($Type $(, $Argument)?)),*
            ) -> Result<Self, $crate::error::ScheduleError> {
                use $crate::field::{Bound, Field};
                $(
                    let $field: $Type = $field.into();
                    Field::check(&$field, Bound::$bound, $name, stringify!($field))?;
                )*
                $($(let $value = $computed;)*)?
                let mut checked = Self { $($field,)* $($($value,)*)? };
                $(checked.$check()?;)?
                Ok(checked)
            }
        }

        impl $crate::schedule::Schedule for $Struct {
            #[inline]
            fn at(&self, step: u64) -> f64 {
                self.rate(step)
            }

            fn length(&self) -> Option<u64> {
                None$(.or(Some(self.$end)))?
            }

            $(fn phases(&self, $span: f64) -> alloc::vec::Vec<$crate::phase::Phase> {
                let $in_parts = self;
                $parts
            })?

            $(fn span(&self) -> Option<u64> {
                let $in_shown = self;
                $shown
            })?

            fn description(&self) -> Option<$crate::data::Data> {
                use $crate::field::Field;
                Some($crate::data::table($name, [
                    $((stringify!($field), Field::to_data(&self.$field))),*
                ]))
            }
        }

        $(impl $crate::schedule::Bounded for $Struct {
            fn steps(&self) -> u64 {
                self.$end
            }
        })?
    };
}
