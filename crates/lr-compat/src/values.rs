//! Values of configs as numbers, lists and tables.

use lr_schedule::ScheduleError;
use lr_schedule::spec::Data;

/// A table of these entries.
pub(crate) fn table<'a>(entries: impl IntoIterator<Item = (&'a str, Data)>) -> Data {
    let entries = entries.into_iter();
    let entries = entries.map(|(name, data)| (name.to_string(), data));
    Data::Table(entries.collect())
}

/// One item, or a list of them.
pub(crate) fn one_or_list<T>(
    data: Data,
    mut of: impl FnMut(Data) -> Result<T, ScheduleError>,
) -> Result<Vec<T>, ScheduleError> {
    match data {
        Data::List(_) => list(data, of),
        one => of(one).map(|item| vec![item]),
    }
}

/// The items of a list, each as `of` reads it.
pub(crate) fn list<T>(
    data: Data,
    mut of: impl FnMut(Data) -> Result<T, ScheduleError>,
) -> Result<Vec<T>, ScheduleError> {
    let Data::List(items) = data else {
        return Err(ScheduleError::invalid("", data, "a list"));
    };
    let items = items.into_iter().enumerate();
    let read = items.map(|(i, item)| of(item).map_err(|error| error.inside(&format!("[{i}]"))));
    read.collect()
}

pub(crate) fn number(data: Data) -> Result<f64, ScheduleError> {
    match data {
        Data::Number(number) if number.is_finite() => Ok(number),
        Data::Integer(number) => Ok(number as f64),
        other => Err(ScheduleError::invalid("", other, "a finite number")),
    }
}

/// A number, or a list of the same number for each parameter group.
pub(crate) fn number_of_group(data: Data) -> Result<f64, ScheduleError> {
    match data {
        Data::List(mut numbers) if !numbers.is_empty() => {
            match numbers.windows(2).all(|pair| pair[0] == pair[1]) {
                true => number(numbers.remove(0)),
                false => {
                    let allowed = "one number, or the same for each parameter group";
                    Err(ScheduleError::invalid("", Data::List(numbers), allowed))
                }
            }
        }
        data => number(data),
    }
}

/// An integer, which Python may write as `10.0`.
pub(crate) fn integer(data: Data) -> Result<i64, ScheduleError> {
    let integer = match &data {
        Data::Integer(integer) => i64::try_from(*integer).ok(),
        // Up to 2^53 every number is exact.
        Data::Number(number) if number.trunc() == *number && number.abs() <= 9e15 => {
            Some(*number as i64)
        }
        _ => None,
    };
    integer.ok_or_else(|| ScheduleError::invalid("", data, "a whole number"))
}

/// Data in which a text that is nothing but a number is that number: programs that know the types of their fields
/// convert it.
pub(crate) fn with_numbers(data: Data) -> Data {
    match data {
        Data::List(items) => Data::List(items.into_iter().map(with_numbers).collect()),
        Data::Table(entries) => {
            let entries = entries.into_iter();
            let entries = entries.map(|(name, data)| (name, with_numbers(data)));
            Data::Table(entries.collect())
        }
        data => in_text(data),
    }
}

/// The number of a text that is nothing else, or what is given.
fn in_text(data: Data) -> Data {
    let Data::Text(text) = &data else {
        return data;
    };
    let digits = text.trim().replace('_', "");
    match (digits.parse::<i64>(), digits.parse::<f64>()) {
        (Ok(integer), _) => Data::Integer(integer.into()),
        (_, Ok(number)) if number.is_finite() => Data::Number(number),
        _ => data,
    }
}

/// A list, which Python may have in a text: `[0.1, 0.2]`, `(0.1, 0.2)` or `0.1,0.2`.
pub(crate) fn list_of_text(data: Data) -> Data {
    let Data::Text(text) = &data else {
        return data;
    };
    let inner = text.trim();
    let bare = [['(', ')'], ['[', ']']]
        .iter()
        .find_map(|[open, close]| inner.strip_prefix(*open)?.strip_suffix(*close));
    if bare.is_none() && !inner.contains(',') {
        return data;
    }
    let items = bare.unwrap_or(inner).split(',').map(str::trim);
    let items = items.filter(|item| !item.is_empty());
    let items = items.map(|item| in_text(Data::Text(item.to_string())));
    Data::List(items.collect())
}

pub(crate) fn count(data: Data) -> Result<u64, ScheduleError> {
    let integer = integer(data)?;
    u64::try_from(integer).map_err(|_| ScheduleError::invalid("", integer, "at least 0"))
}
