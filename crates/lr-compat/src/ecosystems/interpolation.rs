//! OmegaConf's interpolations: `${a.b}` stands for the value at that place, `${.b}` for the one beside it, and
//! each dot more is one table further out.
//!
//! Numbers, texts, flags and lists of numbers are put in, also into a longer text. Others, and resolvers such as
//! `${oc.env:LR}`, are left as they stand, and the field that has one is an error.

use lr_schedule::spec::Data;

/// Data with the values that its texts stand for; of `???`, a value that is to be given, nothing.
pub(super) fn resolved(data: Data) -> Data {
    let root = data.clone();
    within(data, &root, &mut Vec::new())
}

fn within(data: Data, root: &Data, path: &mut Vec<String>) -> Data {
    match data {
        Data::Text(text) => match of_text(&text, root, path).unwrap_or(Data::Text(text)) {
            Data::Text(text) if text == "???" => Data::Nothing,
            data => data,
        },
        Data::List(items) => {
            let items = items.into_iter().enumerate();
            let items = items.map(|(i, item)| {
                path.push(i.to_string());
                let item = within(item, root, path);
                path.pop();
                item
            });
            Data::List(items.collect())
        }
        Data::Table(entries) => {
            let entries = entries.into_iter().map(|(name, data)| {
                path.push(name.clone());
                let data = within(data, root, path);
                path.pop();
                (name, data)
            });
            Data::Table(entries.collect())
        }
        other => other,
    }
}

/// The value of a text that is an interpolation, or has some in it.
fn of_text(text: &str, root: &Data, path: &[String]) -> Option<Data> {
    if let Some(name) = whole(text) {
        return found(name, root, path).cloned();
    }
    let (mut put, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}')?;
        let value = match found(name, root, path)? {
            Data::Text(value) => value.clone(),
            Data::List(_) => return None,
            value => value.to_string(),
        };
        put += before;
        put += &value;
        rest = after;
    }
    (rest.len() < text.len()).then(|| Data::Text(put + rest))
}

/// The name in a text that is nothing but an interpolation.
fn whole(text: &str) -> Option<&str> {
    let name = text.trim().strip_prefix("${")?.strip_suffix('}')?;
    (!name.contains(['$', '{', '}'])).then_some(name)
}

/// The value at a place that is named from `path`; one that stands for another is followed.
fn found<'d>(name: &str, root: &'d Data, path: &[String]) -> Option<&'d Data> {
    const MOST: usize = 16; // A circle ends here.
    let mut place = place(name, path)?;
    for _ in 0..MOST {
        match root.at(&place.join("."))? {
            Data::Text(text) => match whole(text) {
                Some(name) => place = self::place(name, &place)?,
                None => return (!text.contains("${")).then_some(root.at(&place.join("."))?),
            },
            Data::Table(_) => return None,
            Data::List(items) if !items.iter().all(is_number) => return None,
            value => return Some(value),
        }
    }
    None
}

fn is_number(data: &Data) -> bool {
    matches!(data, Data::Number(_) | Data::Integer(_))
}

/// The names of a place, from the outermost table on.
fn place(name: &str, path: &[String]) -> Option<Vec<String>> {
    let inner = name.trim_start_matches('.');
    let kept = match name.len() - inner.len() {
        0 => 0,
        dots => path.len().checked_sub(dots)?,
    };
    let names = inner.split('.').map(|name| name.trim().to_string());
    Some(path[..kept].iter().cloned().chain(names).collect())
}

#[cfg(test)]
mod tests {
    use lr_schedule::spec::Format;

    use super::*;

    #[test]
    fn places_are_absolute_or_from_the_table_that_they_stand_in() {
        let text = "a: 1e-3\nb: {c: '${a}', d: '${.c}', e: {f: '${..d}'}}\ng: '${b.e.f}'\nh: ['${a}', '${..a}']\n\
                    i: '${k}ep'\nj: ['${l}']\nk: 3\nl: [1, 2]\n";
        let data = resolved(Format::Yaml.read(text).unwrap());
        for place in ["b.c", "b.d", "b.e.f", "g"] {
            assert_eq!(data.at(place), Some(&Data::Number(1e-3)), "{place}");
        }
        let both = vec![Data::Number(1e-3); 2];
        assert_eq!(data.at("h"), Some(&Data::List(both)));
        assert_eq!(data.at("i"), Some(&Data::Text("3ep".to_string())));
        let list = vec![Data::Integer(1), Data::Integer(2)];
        assert_eq!(data.at("j"), Some(&Data::List(vec![Data::List(list)])));
    }

    #[test]
    fn others_are_left_as_they_stand() {
        let text = "a: '${b}'\nb: '${a}'\nc: '${c}'\nd: '${oc.env:LR}'\ne: '${.....a}'\nf: '${'\ng: 'x${a}'\n\
                    h: '${i}'\ni: {j: 1}\nk: '${nowhere}'\n";
        let data = Format::Yaml.read(text).unwrap();
        assert_eq!(resolved(data.clone()), data);
        let open = resolved(Format::Yaml.read("a: '???'\nb: '${a}'").unwrap());
        assert_eq!([open.at("a"), open.at("b")], [None, None]);
    }
}
