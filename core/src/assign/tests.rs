use super::*;
use crate::plan::devfile::plan;
use crate::workspace::fixture;

const DEVFILE: &str = r#"
schemaVersion: 2.3.0
attributes:
  workspaceEnv: [{name: EVERYWHERE, value: "1"}]
components:
  - name: injector
    container: {image: busybox, command: [cp]}
  - name: tools
    attributes: {gl/inject-editor: true}
    container: {image: debian, mountSources: false, env: [{name: HERE, value: $(PROJECT_SOURCE)/x}]}
  - name: db
    container: {image: postgres, env: [{name: PGDATA, value: $(PROJECTS_ROOT)/pg}], mountSources: true}
commands:
  - id: inject
    apply: {component: injector}
  - id: seed
    exec: {component: db, commandLine: seed}
    attributes: {dormer.dev/once: true}
  - id: all
    composite: {commands: [inject, SEED]}
events:
  preStart: [inject]
  postStart: [Seed]
projects:
  - name: app
    git: {remotes: {origin: "https://example.org/app.git"}}
"#;

fn layout() -> Layout {
    Layout {
        door: "unix:/run/door".parse().unwrap(),
        home: "/home/ann".into(),
        projects_root: "/data/projects".into(),
        logs: "/logs".into(),
        run: "/run".into(),
        editor: None,
        env: vec![EnvVar { name: "PATH".into(), value: "/bin".into() }],
        busy_counts: true,
        keys: None,
        tools: None,
        siblings: Vec::new(),
        whole_network: false,
    }
}

#[test]
fn an_agent_gets_what_it_can_run() {
    let mut workspace = fixture("w", "ann");
    workspace.spec.devfile = Some(DEVFILE.to_string());
    let mut plan = plan(&workspace).unwrap();
    let main = assign(&workspace, "i", &plan, "tools", layout());
    let env: Vec<(&str, &str)> = main.env.iter().map(|v| (v.name.as_str(), v.value.as_str())).collect();
    let expected = [
        ("PATH", "/bin"),
        ("HOME", "/home/ann"),
        ("DORMER_WORKSPACE", "w"),
        ("HERE", "/data/projects/app/x"),
        ("PROJECTS_ROOT", "/data/projects"),
        ("PROJECT_SOURCE", "/data/projects/app"),
        ("EVERYWHERE", "1"),
    ];
    assert_eq!(env, expected);
    // An init container is for those who run containers: here nothing waits for a command that is not there.
    assert_eq!((main.events.pre_start.len(), main.events.post_start.as_slice()), (0, &["seed".to_string()][..]));
    let seed = main.commands.iter().find(|command| command.id == "seed").unwrap();
    assert!(seed.once);
    let Run::Exec { env, .. } = &seed.run else { panic!() };
    assert_eq!((env[0].name.as_str(), env[0].value.as_str()), ("PGDATA", "/data/projects/pg"));
    let all = main.commands.iter().find(|command| command.id == "all").unwrap();
    assert_eq!(all.run, Run::Composite { commands: vec!["seed".into()], parallel: false });
    assert_eq!(main.projects.len(), 1);

    let editor = || {
        let program = vec!["node".to_string()];
        let (extensions, install, settings) = (None, Vec::new(), serde_json::Map::new());
        Some(Editor::VscodeServer { program, data: "/editor".into(), extensions, install, settings })
    };
    let ids = ["rust-lang.rust-analyzer", "a.b@1.2.3", "-a.c", "--x", "nodot", "a. b", "a.b@", ".b", "a.b.c"];
    plan.settings.extensions = ids.map(String::from).into();
    plan.settings.editor_settings.insert("editor.tabSize".into(), 2.into());
    let edited = assign(&workspace, "i", &plan, "tools", Layout { editor: editor(), ..layout() });
    let Some(Editor::VscodeServer { install, settings, .. }) = edited.editor else { panic!() };
    assert_eq!(install, ["rust-lang.rust-analyzer", "a.b@1.2.3", "a.b.c"]);
    assert_eq!(settings["editor.tabSize"], 2);
    assert!(assign(&workspace, "i", &plan, "db", Layout { editor: editor(), ..layout() }).editor.is_none());

    let other = assign(&workspace, "i", &plan, "db", layout());
    assert_eq!(other.commands.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["seed", "all"]);
    assert!(other.projects.is_empty() && other.events == Events::default());
    plan.skip_clone = true;
    assert!(assign(&workspace, "i", &plan, "tools", layout()).projects.is_empty());
}
