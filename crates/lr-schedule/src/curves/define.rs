//! The definition of a curve: its fields as a table, and all that follows from them.

use alloc::format;
use alloc::vec::Vec;

use super::CycleScaling;
use crate::error::ScheduleError;
use crate::phase::Phase;
use crate::schedule::{DynSchedule, Schedule};
use crate::shape::Shape;

/// The arithmetic of a curve, and what is drawn and measured of it.
pub(crate) trait Curve: Schedule + Sized {
    /// The rate of `step`, counted from 0.
    fn rate(&self, step: u64) -> f64;

    /// The phases of the first `span` steps; see [`Schedule::phases`].
    fn parts(&self, _span: f64) -> Vec<Phase> {
        Vec::new()
    }

    /// How many steps show its form; see [`Schedule::span`].
    fn shown(&self) -> Option<u64> {
        self.length()
    }

    /// One that is typical of it over `steps` steps: for its picture and for benches.
    fn example(steps: u64) -> Self;
}

/// The allowed values of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bound {
    /// Any of its type; a shape's numbers have bounds of their own.
    Any,
    /// A finite number.
    Finite,
    /// A finite number that is at least 0.
    AtLeast0,
    /// A finite number above 0.
    Above0,
    /// A whole number that is at least 1.
    AtLeast1,
}

/// The type of a field in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // each is named after what it is
pub enum FieldType {
    Number,
    Count,
    Length,
    Flag,
    Shape,
    Numbers,
    Lengths,
    /// One of these names.
    Name(&'static [&'static str]),
}

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

/// A value that may be outside of a [`Bound`].
pub(crate) trait Check {
    fn check(&self, bound: Bound, owner: &str, field: &str) -> Result<(), ScheduleError>;
}

impl Check for f64 {
    fn check(&self, bound: Bound, owner: &str, field: &str) -> Result<(), ScheduleError> {
        match bound {
            Bound::Finite => ScheduleError::check_finite(owner, field, *self),
            Bound::AtLeast0 => ScheduleError::check_not_negative(owner, field, *self),
            Bound::Above0 => ScheduleError::check_positive(owner, field, *self),
            Bound::Any | Bound::AtLeast1 => Ok(()),
        }
    }
}

impl Check for u64 {
    fn check(&self, bound: Bound, owner: &str, field: &str) -> Result<(), ScheduleError> {
        match bound {
            Bound::AtLeast1 => ScheduleError::check_steps(owner, field, *self),
            _ => Ok(()),
        }
    }
}

impl Check for Shape {
    fn check(&self, _bound: Bound, owner: &str, field: &str) -> Result<(), ScheduleError> {
        (*self).check(&format!("{owner}.{field}"))
    }
}

impl<T: Check> Check for Vec<T> {
    fn check(&self, bound: Bound, owner: &str, field: &str) -> Result<(), ScheduleError> {
        let mut values = self.iter().enumerate();
        values.try_for_each(|(i, value)| value.check(bound, owner, &format!("{field}[{i}]")))
    }
}

impl<T: Check> Check for Option<T> {
    fn check(&self, bound: Bound, owner: &str, field: &str) -> Result<(), ScheduleError> {
        self.as_ref()
            .map_or(Ok(()), |value| value.check(bound, owner, field))
    }
}

impl Check for CycleScaling {
    fn check(&self, _bound: Bound, _owner: &str, _field: &str) -> Result<(), ScheduleError> {
        Ok(())
    }
}

impl Check for bool {
    fn check(&self, _bound: Bound, _owner: &str, _field: &str) -> Result<(), ScheduleError> {
        Ok(())
    }
}

/// The second type if there is one, or else the first.
macro_rules! type_or {
    ($First:ty) => {
        $First
    };
    ($First:ty, $Second:ty) => {
        $Second
    };
}

/// Defines a curve by a table of its fields:
///
/// `field: Type as TextType [ArgumentType] = default => Bound`
///
/// with its type in a text (a [`Length`](crate::spec::Length) for steps), the type that the
/// constructors take, and its default in a text, each only where it is needed. `until` names the
/// field after whose steps the rate stays; `with` are values that are computed once from the
/// fields; `check` is a method that checks rules between fields.
///
/// It writes the struct, its constructors, [`Schedule`], and the fields as plain data in a second
/// struct, whose name stands after that of the curve in texts.
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
    ) => {
        $(#[$attribute])*
        pub struct $Curve {
            $($field: $Type,)*
            $($($value: $Value,)*)?
        }

        impl $Curve {
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
                $(
                    let $field: $Type = $field.into();
                    let bound = $crate::curves::define::Bound::$bound;
                    $crate::curves::define::Check::check(&$field, bound, $name, stringify!($field))?;
                )*
                $($(let $value = $computed;)*)?
                let mut curve = Self { $($field,)* $($($value,)*)? };
                $(curve.$check()?;)?
                Ok(curve)
            }
        }

        impl $crate::schedule::Schedule for $Curve {
            #[inline]
            fn at(&self, step: u64) -> f64 {
                $crate::curves::define::Curve::rate(self, step)
            }

            fn length(&self) -> Option<u64> {
                None$(.or(Some(self.$end)))?
            }

            fn phases(&self, span: f64) -> alloc::vec::Vec<$crate::phase::Phase> {
                $crate::curves::define::Curve::parts(self, span)
            }

            fn span(&self) -> Option<u64> {
                $crate::curves::define::Curve::shown(self)
            }

            fn to_spec(&self) -> Option<$crate::spec::Spec> {
                let fields = $Spec {
                    $($field: $crate::spec::CurveField::of_built(&self.$field),)*
                };
                Some(fields.into())
            }
        }

        $(impl $crate::schedule::Bounded for $Curve {
            fn steps(&self) -> u64 {
                self.$end
            }
        })?

        #[doc = concat!("The fields of a [`", stringify!($Curve), "`] as plain data: `", $name, "` in a text.")]
        #[derive(Debug, Clone, PartialEq)]
        #[allow(missing_docs)] // the fields are those of the curve
        pub struct $Spec {
            $(pub $field: type_or!($Type $(, $Text)?),)*
        }

        impl $Spec {
            pub(super) const KIND: $crate::curves::define::CurveKind = $crate::curves::define::CurveKind {
                name: $name,
                type_name: stringify!($Curve),
                fields: &[$($crate::curves::define::FieldKind {
                    name: stringify!($field),
                    of: <type_or!($Type $(, $Text)?) as $crate::spec::CurveField>::TYPE,
                    bound: $crate::curves::define::Bound::$bound,
                }),*],
                example: |steps| {
                    let curve = <$Curve as $crate::curves::define::Curve>::example(steps);
                    $crate::schedule::Schedule::into_dyn(curve)
                },
            };

            pub(super) fn build(
                &self,
            ) -> Result<$crate::schedule::DynSchedule, $crate::error::ScheduleError> {
                $(let $field = $crate::spec::built(&self.$field, $name, stringify!($field))?;)*
                $Curve::$try_new($($field),*).map($crate::schedule::Schedule::into_dyn)
            }

            pub(super) fn resolve_at(
                &self,
                place: &$crate::spec::Place<'_>,
            ) -> Result<Self, $crate::error::ScheduleError> {
                let taken = [$($crate::spec::taken(&self.$field, place, $name, stringify!($field))?),*];
                let taken = taken.iter().fold(0u64, |sum, steps| sum.saturating_add(*steps));
                Ok(Self {
                    $($field: $crate::spec::resolved(&self.$field, place, taken, $name, stringify!($field))?,)*
                })
            }

            pub(super) fn to_data(&self) -> $crate::spec::Data {
                $crate::spec::table($name, alloc::vec![
                    $((stringify!($field), $crate::spec::Text::to_data(&self.$field))),*
                ])
            }

            pub(super) fn from_data(
                data: $crate::spec::Data,
            ) -> Result<Self, $crate::error::ScheduleError> {
                let mut fields = data.into_fields($name, "field", &[$(stringify!($field)),*])?;
                Ok(Self {
                    $($field: $crate::spec::field(
                        fields.take(stringify!($field)),
                        None$(.or(Some($default)))?,
                        concat!($name, ".", stringify!($field)),
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
            impl From<$Spec> for $crate::spec::Spec {
                fn from(fields: $Spec) -> Self {
                    Self::Curve(CurveSpec::$Curve(fields))
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

            /// No curve goes through the steps before.
            pub(crate) fn recurs(&self) -> bool {
                false
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
