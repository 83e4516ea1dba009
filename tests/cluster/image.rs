//! Any image will do.

use crate::space::{Space, Workspace};

fn devfile(image: &str) -> String {
    format!("schemaVersion: 2.3.0\nmetadata: {{name: x}}\ncomponents:\n  - name: dev\n    container: {{image: '{image}', mountSources: true}}\n")
}

/// What is to be had in every image.
fn works(workspace: &Workspace<'_>) {
    let output = workspace.login().run("echo out; echo err >&2; exit 3");
    assert_eq!((output.status.code(), &*output.stdout, &*output.stderr), (Some(3), &b"out\n"[..], &b"err\n"[..]), "{output:?}");
    assert!(workspace.run("git --version").starts_with("git version"), "git is brought along");
    assert_eq!(workspace.run("echo x > \"$HOME/x\" && cat \"$HOME/x\""), "x");
    let page = workspace.site().visit("/");
    assert_eq!(page.status, 200, "the editor answers");
    assert!(page.text().contains("workbench"), "and it is VS Code");
}

#[test]
fn an_image_of_busybox_alone_has_an_editor_a_shell_and_git() {
    let space = Space::new("busybox");
    works(&space.workspace("busybox").with_editor().devfile(&devfile("dormer.test/busybox:dev")).create());
}

#[test]
fn an_image_without_a_shell_or_anything_else_has_them_too() {
    let space = Space::new("nothing");
    works(&space.workspace("nothing").with_editor().devfile(&devfile("dormer.test/nothing:dev")).create());
}

#[test]
fn an_image_whose_user_is_a_number_of_a_cluster_runs_as_somebody_who_may_write_there() {
    let space = Space::new("number");
    works(&space.workspace("number").with_editor().devfile(&devfile("dormer.test/number:dev")).create());
}
