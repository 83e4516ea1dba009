//! Objects beside what they were: `tests/snapshots/*.yaml`. `DORMER_UPDATE_SNAPSHOTS=1` writes them anew.

use std::path::Path;

use serde_json::{Value, json};

use crate::render::Rendered;

/// As text. What is secret, or another at each change of anything, is left out.
fn text(rendered: &Rendered) -> String {
    let mut secret = serde_json::to_value(&rendered.secret).unwrap();
    let keys: Vec<String> = rendered.secret.data.iter().flatten().map(|(key, _)| key.clone()).collect();
    secret["data"] = json!(keys);
    let mut pods: Vec<Value> = std::iter::once(&rendered.pod)
        .chain(&rendered.dedicated)
        .map(|pod| serde_json::to_value(pod).unwrap())
        .collect();
    for pod in &mut pods {
        pod["metadata"]["annotations"].as_object_mut().unwrap().remove(crate::render::annotation::RENDERED);
    }
    let manifests: Vec<&Value> = rendered.manifests.iter().map(|manifest| &manifest.object).collect();
    let all = json!({
        "claim": rendered.claim,
        "secret": secret,
        "networkPolicy": rendered.network,
        "service": rendered.service,
        "pods": pods,
        "manifests": manifests,
        "notes": rendered.notes,
    });
    serde_saphyr::to_string(&all).unwrap()
}

pub fn compare(name: &str, rendered: &Rendered) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(format!("{name}.yaml"));
    let now = text(rendered);
    if std::env::var_os("DORMER_UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &now).unwrap();
    }
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    if let Some((line, (was, is))) = before.lines().zip(now.lines()).enumerate().find(|(_, (was, is))| was != is) {
        panic!("{name}, line {}: was '{was}', is '{is}'\n{now}", line + 1);
    }
    assert_eq!(before, now, "{name}");
}
