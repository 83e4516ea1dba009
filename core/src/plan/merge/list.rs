//! Lists with a merge key.

use serde_json::Value;

/// Merges `theirs` into `mine`. Items are the same when they have the same `key`; where it is empty, when they are
/// equal. The order is Kubernetes': that of the patch for what the patch names, with what it does not name where it
/// stood before.
pub fn merge(
    mine: &mut Vec<Value>,
    theirs: &[Value],
    order: Option<&Vec<Value>>,
    key: &str,
    mut each: impl FnMut(&mut Value, &Value),
) {
    let directive = |item: &Value| item.get("$patch").and_then(Value::as_str).map(str::to_owned);
    if theirs.iter().any(|item| directive(item).as_deref() == Some("replace")) {
        *mine = theirs.iter().filter(|item| directive(item).is_none()).cloned().collect();
        return;
    }
    for gone in theirs.iter().filter(|item| directive(item).as_deref() == Some("delete")) {
        mine.retain(|item| !same(item, gone, key));
    }
    let before: Vec<Value> = mine.clone();
    let news: Vec<&Value> = theirs.iter().filter(|item| directive(item).as_deref() != Some("delete")).collect();
    for item in &news {
        match mine.iter_mut().find(|known| same(known, item, key)) {
            Some(_) if key.is_empty() => {}
            Some(known) => each(known, item),
            None => {
                let mut added = Value::Object(serde_json::Map::new());
                if key.is_empty() {
                    added = (*item).clone();
                } else {
                    each(&mut added, item);
                }
                mine.push(added);
            }
        }
    }
    let wanted: Vec<&Value> = match order {
        Some(order) => order.iter().collect(),
        None => news,
    };
    arrange(mine, &before, &wanted, key);
}

/// Takes plain values out of a list.
pub fn without(list: Option<&mut Value>, gone: &Value) {
    if let (Some(Value::Array(list)), Some(gone)) = (list, gone.as_array()) {
        list.retain(|item| !gone.contains(item));
    }
}

fn same(one: &Value, other: &Value, key: &str) -> bool {
    if key.is_empty() {
        return one == other;
    }
    // In an order list, plain values may stand for items.
    match (one.get(key), other.get(key)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// Two orders made one: what the patch names in its order, the rest as before; where both orders know two items, the
/// earlier one in the old list is first.
fn arrange(items: &mut Vec<Value>, before: &[Value], wanted: &[&Value], key: &str) {
    let place = |list: &[&Value], item: &Value| list.iter().position(|other| same(item, other, key));
    let old: Vec<&Value> = before.iter().collect();
    let (mut named, mut rest): (Vec<Value>, Vec<Value>) =
        std::mem::take(items).into_iter().partition(|item| place(wanted, item).is_some());
    named.sort_by_key(|item| place(wanted, item));
    rest.sort_by_key(|item| place(&old, item));
    let (mut named, mut rest) = (named.into_iter().peekable(), rest.into_iter().peekable());
    loop {
        let rest_first = match (rest.peek(), named.peek()) {
            (None, None) => return,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(left), Some(right)) => match (place(&old, left), place(&old, right)) {
                (Some(left), Some(right)) => left < right,
                _ => false,
            },
        };
        items.extend(if rest_first { rest.next() } else { named.next() });
    }
}
