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
/// as in `schedule!` (`options.rs`), with its type in a text (a [`Length`](crate::spec::Length) for steps) and its
/// default in a text, each only where it is needed; `example` is a curve that is typical over so many
/// steps, for its picture and for benches.
///
/// It writes the schedule, and its fields as plain data in a second struct, whose name stands after
/// that of the curve in texts.
macro_rules! curve {
    (
        $(#[$attribute:meta])*
        pub struct $Curve:ident: $name:literal, $Spec:ident $(, until $end:ident)? {
            $(
                $field:ident: $Type:ty
                $(as $Text:ty)? $([$Argument:ty])? $(= $default:expr)? => $bound:ident
            ),* $(,)?
        }
        $(with { $($value:ident: $Value:ty = $computed:expr),* $(,)? })?
        $(check $check:ident)?
        $(#[$new_doc:meta])+
        $visibility:vis fn $new:ident, $try_new:ident
        example |$steps:ident| $example:expr;
        $(parts |$in_parts:ident, $span:ident| $parts:expr;)?
        $(shown |$in_shown:ident| $shown:expr;)?
    ) => {
        schedule! {
            $(#[$attribute])*
            pub struct $Curve: $name $(, until $end)? {
                $($field: $Type $([$Argument])? => $bound),*
            }
            $(with { $($value: $Value = $computed),* })?
            $(check $check)?
            $(#[$new_doc])+
            $visibility fn $new, $try_new
            $(parts |$in_parts, $span| $parts;)?
            $(shown |$in_shown| $shown;)?
        }

        #[doc = concat!("The fields of a [`", stringify!($Curve), "`] as plain data: `", $name, "` in a text.")]
        #[derive(Debug, Clone, PartialEq)]
        #[allow(missing_docs)] // the fields are those of the curve
        pub struct $Spec {
            $(pub $field: type_or!($Type $(, $Text)?),)*
        }

        impl $Spec {
            /// The fields, in the order of the curve's constructor.
            #[allow(clippy::too_many_arguments)] // there are as many fields
            pub fn new($($field: impl Into<type_or!($Type $(, $Text)?)>),*) -> Self {
                Self { $($field: $field.into()),* }
            }

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

            pub(super) fn build(
                &self,
            ) -> Result<$crate::schedule::DynSchedule, $crate::error::ScheduleError> {
                use $crate::field::Field;
                $(let $field = $crate::field::of(Field::build(&self.$field), $name, stringify!($field))?;)*
                $Curve::$try_new($($field),*).map($crate::schedule::Schedule::into_dyn)
            }

            pub(super) fn resolve_at(
                &self,
                place: &$crate::place::Place<'_>,
            ) -> Result<Self, $crate::error::ScheduleError> {
                use $crate::field::Field;
                let taken = [$($crate::field::of(Field::taken(&self.$field, place), $name, stringify!($field))?),*];
                let at = $crate::place::Position {
                    place,
                    beside: $crate::place::sum(taken),
                    inner: *place,
                };
                Ok(Self {
                    $($field: $crate::field::of(Field::resolve(&self.$field, &at), $name, stringify!($field))?,)*
                })
            }

            pub(super) fn to_data(&self) -> $crate::data::Data {
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
                    $(Self::$Curve(fields) => fields.build(),)*
                }
            }

            pub(crate) fn resolve_at(&self, place: &Place<'_>) -> Result<Self, ScheduleError> {
                match self {
                    $(Self::$Curve(fields) => fields.resolve_at(place).map(Self::$Curve),)*
                }
            }

            pub(crate) fn to_data(&self) -> Data {
                match self {
                    $(Self::$Curve(fields) => fields.to_data(),)*
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
