use super::*;
use serde_json::json;

/// Made by Kubernetes' own implementation; `scripts/merge-cases` says how.
const CASES: &str = include_str!("cases.json");

#[test]
fn as_kubernetes_merges() {
    let cases: Vec<Value> = serde_json::from_str(CASES).unwrap();
    assert!(cases.len() >= 300);
    for case in &cases {
        let kind = if case["kind"] == "container" { Kind::Container } else { Kind::PodTemplate };
        let mut merged = case["original"].clone();
        merge(&mut merged, &case["patch"], kind);
        // An item that is new keeps its nulls there; a null is an absent field of a typed object.
        let mut expected = case["merged"].clone();
        drop_nulls(&mut expected);
        drop_nulls(&mut merged);
        assert_eq!(merged, expected, "{case:#}");
    }
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

#[test]
fn what_a_patch_may_not_touch_stays() {
    let mut rendered = json!({"name": "a", "image": "x", "tty": true, "env": [{"name": "A", "value": "1"}]});
    let patch = json!({"name": "b", "image": null, "tty": null, "resources": {"limits": {"nvidia.com/gpu": "1"}}});
    container(&mut rendered, &patch);
    let expected = json!({
        "name": "a", "image": "x", "env": [{"name": "A", "value": "1"}],
        "resources": {"limits": {"nvidia.com/gpu": "1"}},
    });
    assert_eq!(rendered, expected);

    let mut rendered = json!({"spec": {"containers": [{"name": "a"}], "volumes": []}});
    let patch = json!({
        "metadata": {"annotations": {"x": "y"}},
        "spec": {"containers": [{"name": "evil"}], "volumes": null, "initContainers": [{"name": "evil"}], "runtimeClassName": "kata"},
    });
    pod_template(&mut rendered, &patch);
    let expected = json!({
        "metadata": {"annotations": {"x": "y"}},
        "spec": {"containers": [{"name": "a"}], "volumes": [], "runtimeClassName": "kata"},
    });
    assert_eq!(rendered, expected);

    pod_template(&mut rendered, &json!({"spec": null}));
    assert_eq!(rendered["spec"], json!({"containers": [{"name": "a"}], "volumes": []}));
}

#[test]
fn a_patch_of_any_depth_ends() {
    let deep = (0..100_000).fold(String::new(), |text, _| text + "a");
    let nested = (0..120).fold(json!(1), |inner, _| json!({"spec": inner}));
    let mut rendered = nested.clone();
    merge(&mut rendered, &nested, Kind::PodTemplate);
    merge(&mut rendered, &json!({ deep: null }), Kind::Other);
}
