//! The definition of a curve: its fields as a table, and all that follows from them.

use crate::field::{Bound, FieldType};
use crate::schedule::DynSchedule;

/// A field of a [`CurveKind`].
#[derive(Debug, Clone, Copy)]
pub struct FieldKind {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub of: FieldType,
    /// The bound of its value.
    pub bound: Bound,
}

/// A kind of curve, for programs that go through all of them.
#[derive(Debug, Clone, Copy)]
pub struct CurveKind {
    /// Its name in texts: `cosine`.
    pub name: &'static str,
    /// The name of its Rust type: `Cosine`.
    pub type_name: &'static str,
    /// Its fields, in order.
    pub fields: &'static [FieldKind],
    /// Makes one that is typical of it over so many steps.
    pub example: fn(u64) -> DynSchedule,
}

/// Defines a curve by a table of its fields:
///
/// `field: Type as TextType [ArgumentType] = default => Bound`
///
/// with its type in a text (a [`Length`](crate::spec::Length) for steps), the type that the constructors take and its
/// default in a text, each only where it is needed. The constructors take all fields but those that are `options`;
/// these have a method of a config each, which is named before them. `until` names the field after whose steps the rate
/// stays; `with` are values that are computed once from the fields; `check` is a method that checks rules between
/// fields; `example` is a curve that is typical over so many steps, for its picture and for benches; `ends` is how many
/// steps it has where that isn't a field, or may be none; `advance` names a method that makes each rate from the one
/// before, where that is cheaper; `parts` are the phases, and `shown` is how many steps show its form, where it has such.
/// Its method `rate` gives its rates. The doc comment gets the picture of that name at its end.
///
/// It writes the schedule, and its fields as plain data in a second struct, whose name stands after
/// that of the curve in texts.
macro_rules! curve {
    // All fields alike.
    (fields
        $(#[$attribute:meta])*
        pub struct $Curve:ident: $name:literal, $Spec:ident $(, until $end:ident)? {
            $($field:ident: $Type:ty $(as $Text:ty)? $(= $default:expr)? => $bound:ident,)*
        }
        $(with { $($value:ident: $Value:ty = $computed:expr),* $(,)? })?
        $(check $check:ident)?
        example |$steps:ident| $example:expr;
        $(ends |$in_ends:ident| $ends:expr;)?
        $(advance $advance:ident;)?
        $(parts |$in_parts:ident, $span:ident| $parts:expr;)?
        $(shown |$in_shown:ident| $shown:expr;)?
    ) => {
        $(#[$attribute])*
        #[cfg_attr(all(doc, not(doctest)), doc = concat!("\n", include_str!(
            concat!(env!("CARGO_MANIFEST_DIR"), "/pictures/", $name, ".svg")
        )))]
        pub struct $Curve {
            $($field: $Type,)*
            $($($value: $Value,)*)?
        }

        impl $Curve {
            #[allow(clippy::too_many_arguments)] // there are as many fields
            pub(crate) fn checked($($field: $Type),*) -> Result<Self, $crate::error::ScheduleError> {
                use $crate::field::{Bound, Field};
                $(Field::check(&$field, Bound::$bound, $name, stringify!($field))?;)*
                $($(let $value = $computed;)*)?
                #[allow(unused_mut)]
                let mut checked = Self { $($field,)* $($($value,)*)? };
                $(checked.$check()?;)?
                Ok(checked)
            }
        }

        impl $crate::schedule::Schedule for $Curve {
            #[inline]
            fn at(&self, step: u64) -> f64 {
                self.rate(step)
            }

            $(#[inline]
            fn advance(&self, step: u64, previous: f64) -> f64 {
                self.$advance(step, previous)
            })?

            fn length(&self) -> Option<u64> {
                $(let $in_ends = self;)?
                None$(.or(Some(self.$end)))?$(.or($ends))?
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

        $(impl $crate::schedule::Bounded for $Curve {
            fn steps(&self) -> u64 {
                self.$end
            }
        })?

        impl $Spec {
            pub(super) const KIND: $crate::curves::define::CurveKind = $crate::curves::define::CurveKind {
                name: $name,
                type_name: stringify!($Curve),
                fields: &[$($crate::curves::define::FieldKind {
                    name: stringify!($field),
                    of: <type_or!($Type $(, $Text)?) as $crate::field::Field>::TYPE,
                    bound: $crate::field::Bound::$bound,
                }),*],
                example: |$steps| $crate::schedule::Schedule::into_dyn($example),
            };

            /// Builds the curve.
            ///
            /// # Errors
            ///
            /// A field that is not allowed, by itself or beside the others, or a length that is not in steps.
            pub fn build(&self) -> Result<$Curve, $crate::error::ScheduleError> {
                use $crate::field::Field;
                $Curve::checked(
                    $($crate::field::of(Field::build(&self.$field), $name, stringify!($field))?),*
                )
            }

            pub(super) fn resolve_at(
                &self,
                place: &$crate::place::Place<'_>,
            ) -> Result<Self, $crate::error::ScheduleError> {
                use $crate::field::Field;
                let taken = [$($crate::field::of(Field::taken(&self.$field, place), $name, stringify!($field))?),*];
                let at = $crate::place::Place { beside: $crate::place::sum(taken), ..*place };
                Ok(Self {
                    $($field: $crate::field::of(Field::resolve(&self.$field, &at, place), $name, stringify!($field))?,)*
                })
            }

            pub(super) fn data(&self) -> $crate::data::Data {
                $crate::data::table($name, [
                    $((stringify!($field), $crate::field::Field::to_data(&self.$field))),*
                ])
            }

            pub(super) fn from_data(
                data: $crate::data::Data,
            ) -> Result<Self, $crate::error::ScheduleError> {
                let mut fields = data.into_fields($name, "field", &[$(stringify!($field)),*])?;
                Ok(Self {
                    $($field: $crate::field::read(
                        fields.take(stringify!($field)),
                        None$(.or(Some($default)))?,
                        $name,
                        stringify!($field),
                    )?,)*
                })
            }
        }
    };
    (
        $(#[$attribute:meta])*
        pub struct $Curve:ident: $name:literal, $Spec:ident $(, until $end:ident)? {
            $(
                $field:ident: $Type:ty
                $(as $Text:ty)? $([$Argument:ty])? $(= $default:expr)? => $bound:ident
            ),* $(,)?
        }
        $(options {
            $(#[$config_doc:meta])+
            config;
            $(
                $($(#[$with_doc:meta])+ $with:ident,)?
                $option:ident: $Option:ty $(as $OptionText:ty)? = $unless:expr => $allowed:ident;
            )*
        })?
        $(with { $($value:ident: $Value:ty = $computed:expr),* $(,)? })?
        $(check $check:ident)?
        $(#[$new_doc:meta])+
        new;
        $($rest:tt)*
    ) => {
        curve! { fields
            $(#[$attribute])*
            pub struct $Curve: $name, $Spec $(, until $end)? {
                $($field: $Type $(as $Text)? $(= $default)? => $bound,)*
                $($($option: $Option $(as $OptionText)? = $unless => $allowed,)*)?
            }
            $(with { $($value: $Value = $computed),* })?
            $(check $check)?
            $($rest)*
        }

        impl $Curve {
            $(#[$new_doc])+
            ///
            /// # Panics
            ///
            /// If [`try_new`](Self::try_new) fails.
            #[track_caller]
            pub fn new($($field: type_or!($Type $(, $Argument)?)),*) -> Self {
                $crate::error::or_panic(Self::try_new($($field),*))
            }

            $(#[$new_doc])+
            ///
            /// # Errors
            ///
            /// A field outside of its bounds:
            ///
            $(#[doc = concat!("- `", stringify!($field), "`: ", "[`", stringify!($bound), "`](crate::curves::Bound::", stringify!($bound), ")")])*
            pub fn try_new(
                $($field: type_or!($Type $(, $Argument)?)),*
            ) -> Result<Self, $crate::error::ScheduleError> {
                Self::checked($($field.into(),)* $($($unless,)*)?)
            }
        }

        $($(#[$config_doc])+ #[doc = ""] #[derive(Copy)] #[must_use])?
        #[doc = concat!("The fields of a [`", stringify!($Curve), "`] as plain data: `", $name, "` in a text.")]
        #[derive(Debug, Clone, PartialEq)]
        #[allow(missing_docs)] // the fields are those of the curve
        pub struct $Spec {
            $(pub $field: type_or!($Type $(, $Text)?),)*
            $($(pub $option: type_or!($Option $(, $OptionText)?),)*)?
        }

        impl $Spec {
            $(#[$new_doc])+
            #[allow(clippy::too_many_arguments)] // there are as many fields
            pub fn new($($field: type_or!($Type $(, impl Into<$Text>)?)),*) -> Self {
                Self { $($field: $field.into(),)* $($($option: $unless,)*)? }
            }

            $($($(
                $(#[$with_doc])+
                ///
                #[doc = concat!(
                    "Default: `", stringify!($unless), "`. Allowed: [`", stringify!($allowed),
                    "`](crate::curves::Bound::", stringify!($allowed), ").",
                )]
                pub fn $with(mut self, $option: $Option) -> Self {
                    self.$option = $option;
                    self
                }
            )?)*)?
        }
    };
}

/// Writes [`CurveSpec`](super::CurveSpec) from the list of curves.
macro_rules! curves {
    ($($module:ident: $Curve:ident($Spec:ident),)*) => {
        $(
            mod $module;
            pub use $module::*;
        )*

        /// Any curve as plain data.
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub enum CurveSpec {
            $(
                #[doc = concat!("A [`", stringify!($Curve), "`].")]
                $Curve($Spec),
            )*
        }

        $(
            impl From<$Spec> for CurveSpec {
                fn from(fields: $Spec) -> Self {
                    Self::$Curve(fields)
                }
            }
        )*

        /// Every kind of curve that has a text.
        pub const CURVES: &[CurveKind] = &[$($Spec::KIND),*];

        impl CurveSpec {
            pub(crate) const NAMES: &[&str] = &[$($Spec::KIND.name),*];

            pub(crate) fn name(&self) -> &'static str {
                match self {
                    $(Self::$Curve(_) => $Spec::KIND.name,)*
                }
            }

            pub(crate) fn build(&self) -> Result<DynSchedule, ScheduleError> {
                match self {
                    $(Self::$Curve(fields) => fields.build().map(Schedule::into_dyn),)*
                }
            }

            pub(crate) fn resolve_at(&self, place: &Place<'_>) -> Result<Self, ScheduleError> {
                match self {
                    $(Self::$Curve(fields) => fields.resolve_at(place).map(Self::$Curve),)*
                }
            }

            pub(crate) fn to_data(&self) -> Data {
                match self {
                    $(Self::$Curve(fields) => fields.data(),)*
                }
            }

            /// The curve called `name`, with fields as in `data`.
            pub(crate) fn from_data(name: &str, data: Data) -> Result<Self, ScheduleError> {
                match name {
                    $(name if name == $Spec::KIND.name => $Spec::from_data(data).map(Self::$Curve),)*
                    name => Err(ScheduleError::unknown("", "curve", name, Self::NAMES)),
                }
            }
        }
    };
}
