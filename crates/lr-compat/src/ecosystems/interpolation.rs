//! OmegaConf's interpolations: `${a.b}` stands for the value at that place, `${.b}` for the one beside it, and
//! each dot more is one table further out.
//!
//! Numbers, texts, flags and lists of numbers are put in, also into a longer text. Others, and resolvers such as
//! `${oc.env:LR}`, are left as they stand, and the field that has one is an error.

use lr_schedule::spec::Data;

/// The most that is put in: bytes of texts and numbers, and 64 for each interpolation.
const MOST: usize = 1 << 20;

/// Data with the values that its texts stand for; of `???`, a value that is to be given, nothing. Past [`MOST`], texts
/// are left as they stand.
pub(super) fn resolved(data: Data) -> Data {
    let root = data.clone();
    let mut resolver = Resolver {
        root: &root,
        path: vec![],
        left: MOST,
    };
    resolver.resolved(data)
}

struct Resolver<'d> {
    root: &'d Data,
    /// The names of the place of what is read.
    path: Vec<String>,
    /// The number of bytes that may still be put in.
    left: usize,
}

impl<'d> Resolver<'d> {
    fn resolved(&mut self, data: Data) -> Data {
        match data {
            Data::Text(text) => match self.of_text(&text).unwrap_or(Data::Text(text)) {
                Data::Text(text) if text == "???" => Data::Nothing,
                data => data,
            },
            Data::List(items) => {
                let items = items.into_iter().enumerate();
                let items = items.map(|(i, item)| self.inside(i.to_string(), item));
                Data::List(items.collect())
            }
            Data::Table(entries) => {
                let entries = entries.into_iter();
                let entries = entries.map(|(name, data)| (name.clone(), self.inside(name, data)));
                Data::Table(entries.collect())
            }
            other => other,
        }
    }

    fn inside(&mut self, name: String, data: Data) -> Data {
        self.path.push(name);
        let data = self.resolved(data);
        self.path.pop();
        data
    }

    /// The value of a text that is an interpolation, or has some in it.
    fn of_text(&mut self, text: &str) -> Option<Data> {
        if let Some(name) = whole(text) {
            return self.found(name).cloned();
        }
        let (mut put, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}')?;
            let value = match self.found(name)? {
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

    /// The value at a place that is named from here; one that stands for another is followed.
    fn found(&mut self, name: &str) -> Option<&'d Data> {
        const LONGEST: usize = 16; // A circle ends here.
        let mut place = place(name, &self.path)?;
        for _ in 0..LONGEST {
            self.left = self.left.checked_sub(64)?;
            let value = self.root.at(&place.join("."))?;
            let size = match value {
                Data::Text(text) => match whole(text) {
                    Some(name) => {
                        place = self::place(name, &place)?;
                        continue;
                    }
                    None if text.contains("${") => return None,
                    None => text.len(),
                },
                Data::Table(_) => return None,
                Data::List(items) if !items.iter().all(is_number) => return None,
                Data::List(items) => size_of_val(items.as_slice()),
                _ => 0,
            };
            self.left = self.left.checked_sub(size)?;
            return Some(value);
        }
        None
    }
}

/// The name in a text that is nothing but an interpolation.
fn whole(text: &str) -> Option<&str> {
    let name = text.trim().strip_prefix("${")?.strip_suffix('}')?;
    (!name.contains(['$', '{', '}'])).then_some(name)
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
        let (long, short) = (
            Data::Text("a".repeat(MOST / 8)),
            Data::Text("${a}".to_string()),
        );
        let many = [("a", long), ("b", Data::List(vec![short.clone(); 1_000]))];
        let many = resolved(Data::Table(many.map(|(k, v)| (k.to_string(), v)).into()));
        let Some(Data::List(many)) = many.at("b") else {
            panic!("is no list");
        };
        assert_eq!(many.iter().filter(|item| **item != short).count(), 7);
        let open = resolved(Format::Yaml.read("a: '???'\nb: '${a}'").unwrap());
        assert_eq!([open.at("a"), open.at("b")], [None, None]);
    }
}
