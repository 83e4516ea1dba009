//! Laying files and the environment over the defaults. What the defaults do not know is an error that names the
//! nearest thing they do.

use std::path::Path;

use anyhow::{Result, anyhow, bail};
use toml::{Table, Value};

/// Variables beginning with `DORMER_` that are not part of the configuration.
const OTHERS: &[&str] = &["DORMER_SERVER", "DORMER_PROJECT", "DORMER_CONFIG", "DORMER_TOKEN", "DORMER_EDITOR"];
const PREFIX: &str = "DORMER_";

/// Lays a file's text over `base`.
pub fn file(base: &mut Table, path: &Path, text: &str) -> Result<()> {
    let at = |offset: usize| {
        let line = text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1;
        format!("{}:{line}", path.display())
    };
    let parsed = toml::de::DeTable::parse(text)
        .map_err(|error| anyhow!("{}: {}", at(error.span().map_or(0, |span| span.start)), error.message()))?;
    let known = keys(base);
    for (key, value) in parsed.get_ref() {
        let place = at(key.span().start);
        match base.get_mut(key.get_ref().as_ref()) {
            Some(Value::Table(section)) => {
                let Some(given) = value.get_ref().as_table() else {
                    bail!("{place}: '{}' is a section: write [{}]", key.get_ref(), key.get_ref());
                };
                for (inner, value) in given {
                    let name = format!("{}.{}", key.get_ref(), inner.get_ref());
                    let place = at(inner.span().start);
                    let Some(slot) = section.get_mut(inner.get_ref().as_ref()) else {
                        bail!("{place}: unknown key '{name}'{}", nearest(&name, &known));
                    };
                    if let Value::Table(_) = slot {
                        *slot = providers(value.get_ref(), &name, &at)?;
                        continue;
                    }
                    *slot = like(slot, value.get_ref(), &name).map_err(|error| anyhow!("{place}: {error}"))?;
                }
            }
            Some(slot) => {
                *slot = like(slot, value.get_ref(), key.get_ref()).map_err(|error| anyhow!("{place}: {error}"))?;
            }
            None => bail!("{place}: unknown key '{}'{}", key.get_ref(), nearest(key.get_ref(), &known)),
        }
    }
    Ok(())
}

/// A table of things that have names of their own, each of the same kind: `[auth.providers.NAME]`.
fn providers(given: &toml::de::DeValue<'_>, section: &str, at: &dyn Fn(usize) -> String) -> Result<Value> {
    let known = Table::try_from(dormer_auth::provider::config::Config::default())?;
    let known: Vec<String> = known.keys().cloned().collect();
    let Some(given) = given.as_table() else { bail!("{section}: write [{section}.NAME] for each") };
    let mut all = Table::new();
    for (name, one) in given {
        let (place, name) = (at(name.span().start), name.get_ref());
        let Some(one) = one.get_ref().as_table() else { bail!("{place}: write [{section}.{name}]") };
        let mut table = Table::new();
        for (key, value) in one {
            let (place, key) = (at(key.span().start), key.get_ref().to_string());
            if !known.contains(&key) {
                bail!("{place}: unknown key '{section}.{name}.{key}'{}", nearest(&key, &known));
            }
            table.insert(
                key,
                plain(value.get_ref()).ok_or_else(|| anyhow!("{place}: text, a list of texts, or true or false"))?,
            );
        }
        all.insert(name.to_string(), Value::Table(table));
    }
    // Told here, with the name, rather than by whoever reads the whole.
    for (name, one) in &all {
        let read: Result<dormer_auth::provider::config::Config, _> = one.clone().try_into();
        read.map_err(|error| anyhow!("{section}.{name}: {}", error.message()))?;
    }
    Ok(Value::Table(all))
}

fn plain(value: &toml::de::DeValue<'_>) -> Option<Value> {
    use toml::de::DeValue;
    match value {
        DeValue::String(text) => Some(Value::String(text.to_string())),
        DeValue::Boolean(value) => Some(Value::Boolean(*value)),
        DeValue::Array(items) => {
            items.iter().map(|item| plain(item.get_ref())).collect::<Option<_>>().map(Value::Array)
        }
        _ => None,
    }
}

/// Lays `DORMER_SECTION_KEY` variables over `base`.
pub fn environment(base: &mut Table, names: &[String], env: &dyn Fn(&str) -> Option<String>) -> Result<()> {
    let known: Vec<(String, String)> =
        keys(base).into_iter().map(|key| (format!("{PREFIX}{}", key.replace('.', "_").to_uppercase()), key)).collect();
    for name in names.iter().filter(|name| name.starts_with(PREFIX) && !OTHERS.contains(&name.as_str())) {
        let Some((_, key)) = known.iter().find(|(variable, _)| variable == name) else {
            let variables: Vec<String> = known.iter().map(|(variable, _)| variable.clone()).collect();
            bail!("unknown variable '{name}'{}", nearest(name, &variables));
        };
        let Some(text) = env(name) else { continue };
        let slot = match key.split_once('.') {
            Some((section, key)) => base.get_mut(section).and_then(|section| section.get_mut(key)),
            None => base.get_mut(key),
        };
        if let Some(slot) = slot {
            *slot = match slot {
                Value::Boolean(_) => Value::Boolean(text.parse().map_err(|_| anyhow!("{name}: 'true' or 'false'"))?),
                Value::Integer(_) => Value::Integer(text.parse().map_err(|_| anyhow!("{name}: a whole number"))?),
                _ => Value::String(text),
            };
        }
    }
    Ok(())
}

fn like(default: &Value, given: &toml::de::DeValue<'_>, name: &str) -> Result<Value, String> {
    use toml::de::DeValue;
    match (default, given) {
        (Value::String(_), DeValue::String(text)) => Ok(Value::String(text.to_string())),
        (Value::Boolean(_), DeValue::Boolean(value)) => Ok(Value::Boolean(*value)),
        (Value::Integer(_), DeValue::Integer(number)) => i64::from_str_radix(number.as_str(), number.radix())
            .map(Value::Integer)
            .map_err(|_| format!("{name}: a whole number is too large")),
        (default, _) => Err(format!("{name}: expected a {}", default.type_str())),
    }
}

fn keys(base: &Table) -> Vec<String> {
    base.iter()
        .flat_map(|(key, value)| match value {
            Value::Table(section) => section.keys().map(|inner| format!("{key}.{inner}")).collect(),
            _ => vec![key.clone()],
        })
        .collect()
}

fn nearest(name: &str, known: &[String]) -> String {
    known
        .iter()
        .map(|key| (strsim::damerau_levenshtein(name, key), key))
        .min()
        .filter(|(distance, key)| *distance <= key.len() / 2)
        .map(|(_, key)| format!(", did you mean '{key}'?"))
        .unwrap_or_else(|| format!("; known are {}", known.join(", ")))
}
