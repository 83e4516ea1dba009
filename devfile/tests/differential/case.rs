//! The devfiles that are compared.

use super::random::Random;
use super::seed::{self, Seed};
use super::{change, import, written};
use dormer_devfile::limits::Limits;
use dormer_devfile::stage::Raw;
use serde_json::{Value, json};

/// One devfile with what it brings in.
pub struct Case {
    pub name: String,
    /// How it came about.
    pub what: String,
    pub files: Vec<(String, String)>,
}

/// Every seed as it is, and so many variants.
pub fn all(variants: usize, seed: u64) -> Vec<Case> {
    let seeds = seed::all();
    let one = |index: usize, seed: &Seed| Case {
        name: format!("a-{index:05}"),
        what: seed.name.clone(),
        files: vec![("devfile.yaml".to_owned(), seed.text.clone())],
    };
    let mut cases: Vec<Case> = seeds.iter().enumerate().map(|(index, seed)| one(index, seed)).collect();
    let trees: Vec<(&Seed, Value)> = seeds.iter().filter_map(|seed| Some((seed, tree(seed)?))).collect();
    let mut random = Random::new(seed);
    cases.extend((0..variants).map(|index| variant(index, &trees, &mut random)));
    cases
}

fn tree(seed: &Seed) -> Option<Value> {
    let parsed = Raw::new("devfile.yaml", seed.text.as_bytes()).parse(&Limits::default()).ok()?;
    Some(serde_json::to_value(parsed.tree()).unwrap())
}

fn variant(index: usize, trees: &[(&Seed, Value)], random: &mut Random) -> Case {
    // The samples have the rarer fields: every second variant is of one.
    let pick = |random: &mut Random| {
        let sample = trees.iter().filter(|(seed, _)| !seed.name.contains("stacks") && !seed.name.contains("tests--"));
        let samples: Vec<_> = sample.collect();
        let chosen = if random.one_in(2) { *random.pick(&samples) } else { random.pick(trees) };
        (chosen.0, chosen.1.clone())
    };
    let (seed, tree) = pick(random);
    let (_, donor) = pick(random);
    let name = format!("b-{index:05}");
    let (files, what) = match random.below(10) {
        0..=2 => {
            let (files, what) = import::imports(&tree, &donor, random);
            let files = files.into_iter().map(|(name, tree)| (name, written::yaml(&tree))).collect();
            (files, format!("{}: {what}", seed.name))
        }
        3 => {
            let (text, what) = lines(&seed.text, random);
            (vec![("devfile.yaml".to_owned(), text)], format!("{}: {what}", seed.name))
        }
        _ => {
            let mut tree = tree;
            let mut what = format!("{}: {}", seed.name, change::change(&mut tree, &donor, random));
            if random.one_in(6) {
                what = format!("{what}; {}", change::change(&mut tree, &donor, random));
            }
            let mut files = vec![("devfile.yaml".to_owned(), written::yaml(&tree))];
            if random.one_in(12) {
                files.push((
                    "variables.json".to_owned(),
                    json!({"tag": "outer", "group": "g", "x": "{{tag}}"}).to_string(),
                ));
            }
            if random.one_in(12) {
                files.push(("inline".to_owned(), String::new()));
            }
            (files, what)
        }
    };
    Case { name, what, files }
}

/// One change of the text itself.
fn lines(text: &str, random: &mut Random) -> (String, String) {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = random.below(lines.len());
    let what = match random.below(9) {
        0 => {
            lines.remove(at);
            format!("without line {}", at + 1)
        }
        1 => {
            lines.insert(at, lines[at].clone());
            format!("line {} twice", at + 1)
        }
        2 => {
            lines[at].insert(0, ' ');
            format!("line {} further in", at + 1)
        }
        3 => {
            lines[at] = lines[at].replacen("  ", "\t", 1);
            format!("a tab in line {}", at + 1)
        }
        4 => {
            lines[at].push_str(random.pick::<&str>(&[
                " # remark",
                "# remark",
                ":",
                " :",
                ",",
                "\"",
                "'",
                " |",
                " &a",
                " ~",
            ]));
            format!("more at the end of line {}", at + 1)
        }
        5 => {
            lines[at] = lines[at].replacen(
                ": ",
                random.pick::<&str>(&[":", ":  ", ": !!str ", ": >-\n    ", ": &x ", ": |\n        "]),
                1,
            );
            format!("another colon in line {}", at + 1)
        }
        6 => {
            lines.insert(0, (*random.pick(&["---", "%YAML 1.2\n---", "# remark", "", "...", "--- # x"])).to_owned());
            "another beginning".to_owned()
        }
        7 => {
            lines.push((*random.pick(&["---", "---\na: b", "...", "\t", "#", "...\n---\nx"])).to_owned());
            "another end".to_owned()
        }
        _ => {
            let to = random.below(lines.len());
            lines.swap(at, to);
            format!("lines {} and {} swapped", at + 1, to + 1)
        }
    };
    (lines.join("\n") + "\n", what)
}
