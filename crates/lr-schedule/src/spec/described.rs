//! Enums of everything of one kind that has a text.

/// Writes an enum of everything of one kind, and what is the same for all of it: names, building,
/// resolving of lengths, reading and writing.
///
/// `Variant name { field: Type = default, .. } => how it is built` stands for one of them; `lists` are
/// those whose only field is a list of their own kind; `wraps` is an enum with more of them.
macro_rules! described {
    (
        $(#[$enum_doc:meta])*
        enum $Enum:ident: $what:literal => $Built:ty;
        wraps { $($(#[$wrapped_doc:meta])* $Wrapped:ident($Inner:ty);)? }
        each {$(
            $(#[$doc:meta])*
            $Variant:ident $name:ident {
                $($field:ident: $Type:ty $(= $default:expr)?),* $(,)?
            } => $build:expr;
        )*}
        lists {$(
            $(#[$list_doc:meta])*
            $List:ident $list_name:ident => $list_build:expr;
        )*}
    ) => {
        $(#[$enum_doc])*
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub enum $Enum {
            $($(#[$wrapped_doc])* $Wrapped($Inner),)?
            $(
                $(#[$doc])*
                #[allow(missing_docs)] // the fields are those of what it is named after
                $Variant { $($field: $Type),* },
            )*
            $(
                $(#[$list_doc])*
                $List(Vec<$Enum>),
            )*
        }

        impl $Enum {
            /// The name of every one there is, as texts give it.
            pub const NAMES: &[&'static str] = {
                // A list of one or none, since a macro can't say what to use without `wraps`.
                const WRAPPED: &[&[&str]] = &[$(<$Inner>::NAMES)?];
                const FIRST: &[&str] = if let [names] = WRAPPED { names } else { &[] };
                const OWN: &[&str] = &[$(stringify!($name),)* $(stringify!($list_name),)*];
                &$crate::spec::described::joined::<{ FIRST.len() + OWN.len() }>(FIRST, OWN)
            };

            /// Its name in a text: `cosine`.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$Wrapped(inner) => inner.name(),)?
                    $(Self::$Variant { .. } => stringify!($name),)*
                    $(Self::$List(_) => stringify!($list_name),)*
                }
            }

            /// Builds the described value.
            ///
            /// # Errors
            ///
            /// A field outside of its bounds, with its place: `sequence[1].cosine.steps: must be at least 1, got
            /// 0`. Lengths that aren't in steps have to be [resolved](Self::resolve) first.
            pub fn build(&self) -> Result<$Built, ScheduleError> {
                match self {
                    $(Self::$Wrapped(inner) => inner.build(),)?
                    $(Self::$Variant { $($field),* } => {
                        $(let $field = $crate::field::of(Field::build($field), stringify!($name), stringify!($field))?;)*
                        $build
                    })*
                    $(Self::$List(parts) => {
                        let parts = Field::build(parts);
                        $list_build(parts.map_err(|error| error.inside(stringify!($list_name)))?)
                    })*
                }
            }

            /// The same with every length in steps, for a run of the length `run`.
            ///
            /// # Errors
            ///
            /// A length that is negative or not finite, or a rest where nothing is left.
            pub fn resolve(&self, run: &TrainingLength) -> Result<Self, ScheduleError> {
                self.resolve_at(&Place { run, unit: 1, before: 0, beside: 0 })
            }

            /// Whether a [`Recurrence`](crate::Recurrence) is part of it, whose rate at a step takes going through all
            /// steps before it.
            pub fn recurs(&self) -> bool {
                self.to_data().has("recurrence")
            }

            fn resolve_at(&self, place: &Place<'_>) -> Result<Self, ScheduleError> {
                match self {
                    $(Self::$Wrapped(inner) => inner.resolve_at(place).map(Self::$Wrapped),)?
                    $(Self::$Variant { $($field),* } => {
                        let taken = $crate::place::sum([$($crate::field::of(
                            Field::taken($field, place), stringify!($name), stringify!($field),
                        )?),*]);
                        let at = Place { beside: self.beside(taken), ..*place };
                        let inner = self.inner(place, taken);
                        Ok(Self::$Variant {
                            $($field: $crate::field::of(
                                Field::resolve($field, &at, &inner), stringify!($name), stringify!($field),
                            )?),*
                        })
                    })*
                    $(Self::$List(parts) => {
                        let mut place = *place;
                        let parts = $crate::field::each(parts, |part| {
                            let part = part.resolve_at(&place)?;
                            place = self.after(&part, place)?;
                            Ok(part)
                        });
                        let parts = parts.map_err(|error| error.inside(stringify!($list_name)))?;
                        Ok(Self::$List(parts))
                    })*
                }
            }
        }

        impl Field for $Enum {
            const TYPE: $crate::field::FieldType = $crate::field::FieldType::Spec;
            type Built = $Built;

            fn to_data(&self) -> Option<Data> {
                Some($Enum::to_data(self))
            }

            fn from_data(data: Data) -> Result<Self, ScheduleError> {
                $Enum::from_data(data)
            }

            fn build(&self) -> Result<Self::Built, ScheduleError> {
                $Enum::build(self)
            }

            fn resolve(&self, _at: &Place<'_>, inner: &Place<'_>) -> Result<Self, ScheduleError> {
                self.resolve_at(inner)
            }
        }

        impl $Enum {
            /// The description as data, which any format can write.
            pub fn to_data(&self) -> Data {
                match self {
                    $(Self::$Wrapped(inner) => inner.to_data(),)?
                    $(Self::$Variant { $($field),* } => {
                        $crate::data::table(stringify!($name), [
                            $((stringify!($field), Field::to_data($field))),*
                        ])
                    })*
                    $(Self::$List(parts) => {
                        let parts = parts.iter().map($Enum::to_data).collect();
                        Data::entry(stringify!($list_name), Data::List(parts))
                    })*
                }
            }

            /// Reads `data`; whether it makes a valid one is found by [`build`](Self::build).
            ///
            /// # Errors
            ///
            /// Unknown names and fields, fields that are missing or of another type.
            pub fn from_data(data: Data) -> Result<Self, ScheduleError> {
                let (name, data) = data.into_entry($what)?;
                $(
                    if <$Inner>::NAMES.contains(&name.as_str()) {
                        return <$Inner>::from_data(&name, data).map(Self::$Wrapped);
                    }
                )?
                match name.as_str() {
                    $(stringify!($name) => {
                        let fields = [$(stringify!($field)),*];
                        #[allow(unused_mut)]
                        let mut fields = data.into_fields(stringify!($name), "field", &fields)?;
                        Ok(Self::$Variant {
                            $($field: $crate::field::read(
                                fields.take(stringify!($field)),
                                None$(.or(Some($default)))?,
                                stringify!($name),
                                stringify!($field),
                            )?),*
                        })
                    })*
                    $(stringify!($list_name) => match Field::from_data(data) {
                        Ok(parts) => Ok(Self::$List(parts)),
                        Err(error) => Err(error.inside(stringify!($list_name))),
                    },)*
                    name => Err(ScheduleError::unknown("", $what, name, Self::NAMES)),
                }
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $Enum {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.to_data().serialize(serializer)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $Enum {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let data = Data::deserialize(deserializer)?;
                Self::from_data(data).map_err(serde::de::Error::custom)
            }
        }
    };
}

/// The names of two lists in one.
pub(super) const fn joined<const N: usize>(
    first: &[&'static str],
    second: &[&'static str],
) -> [&'static str; N] {
    let mut names = [""; N];
    let mut i = 0;
    while i < N {
        names[i] = match i < first.len() {
            true => first[i],
            false => second[i - first.len()],
        };
        i += 1;
    }
    names
}
