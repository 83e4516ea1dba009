//! The names of users and groups, for lists that people read. From the files alone, since the C library's look-up would
//! load name service modules, which a static program must not.

use std::borrow::Cow;
use std::collections::HashMap;

/// The names of users and groups.
#[derive(Debug, Default)]
pub struct Names {
    users: HashMap<u32, String>,
    groups: HashMap<u32, String>,
}

impl Names {
    /// Those of this machine.
    pub fn read() -> Self {
        let text = |path| std::fs::read(path).map(|octets| String::from_utf8_lossy(&octets).into_owned());
        Names {
            users: parse(&text("/etc/passwd").unwrap_or_default()),
            groups: parse(&text("/etc/group").unwrap_or_default()),
        }
    }

    /// A user's; none where it has none.
    pub fn user(&self, id: u32) -> Option<&str> {
        self.users.get(&id).map(String::as_str)
    }

    /// A group's.
    pub fn group(&self, id: u32) -> Option<&str> {
        self.groups.get(&id).map(String::as_str)
    }
}

/// A name, or the number in its place.
pub fn or_number(name: Option<&str>, id: u32) -> Cow<'_, str> {
    name.map_or_else(|| id.to_string().into(), Cow::from)
}

/// `name:x:number:…`; the first with a number counts.
fn parse(text: &str) -> HashMap<u32, String> {
    let mut names = HashMap::new();
    for line in text.lines() {
        let mut fields = line.split(':');
        let (name, number) = (fields.next().unwrap_or_default(), fields.nth(1));
        if let Some(number) = number.and_then(|number| number.parse().ok())
            && !name.is_empty()
        {
            names.entry(number).or_insert_with(|| name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_nonsense() {
        let names = parse("root:x:0:0:root:/root:/bin/sh\n\n::::\nbroken\ntoor:x:0:0::/:\nann:x:1000:\n:x:7:\n");
        assert_eq!((names.len(), names[&0].as_str(), names[&1000].as_str()), (2, "root", "ann"));
        assert_eq!(or_number(None, 7), "7");
    }
}
