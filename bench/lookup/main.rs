//! What a request pays to be known and admitted: a look-up of its session, and `may`, among ten thousand people. Does
//! that as often as it is told, and prints how long one took. To be counted under valgrind, too.

use std::sync::Arc;
use std::time::Instant;

use dormer_auth::authenticator::Authenticator;
use dormer_auth::digest::digest;
use dormer_core::account::{Project, ProjectMember, Session};
use dormer_core::fixture::people::{People, user};
use dormer_core::may::{Action, Verdict, may};
use dormer_core::workspace::{Member, Role, fixture};
use jiff::Timestamp;

const PEOPLE: usize = 10_000;
const PROJECTS: usize = 50;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let times: usize = std::env::args().nth(1).and_then(|times| times.parse().ok()).unwrap_or(1_000_000);
    let people = Arc::new(People::default());
    let name = |index: usize| format!("user-{index}");
    people.change(|all| {
        for index in 0..PEOPLE {
            let mut one = user(&name(index));
            one.groups = (0..20).map(|group| format!("gitea/group-{}", (index + group) % 500)).collect();
            all.users.push(one);
            all.sessions.push(Session {
                id: format!("s{index}"),
                user: name(index).parse().expect("a name"),
                digest: digest(&format!("cookie {index:030}")),
                host: "hello.dev.example.org".into(),
                parent: None,
                created_at: Timestamp::now(),
                expires_at: Timestamp::MAX,
                last_used_at: None,
                label: None,
            });
        }
        for index in 0..PROJECTS {
            let members = (0..20).map(|member| ProjectMember {
                user: Some(name(index * 20 + member).parse().expect("a name")),
                group: None,
                role: Role::User,
            });
            all.projects.push(Project {
                name: format!("project-{index}").parse().expect("a name"),
                display_name: None,
                members: members.collect(),
                created_at: Timestamp::now(),
            });
        }
    });
    let authenticator = Authenticator::open(people, Arc::new(Timestamp::now)).await.expect("records in memory");
    authenticator.end_idle_sessions(Some(std::time::Duration::from_secs(7 * 24 * 3600)));
    authenticator.refresh().await.expect("records in memory");
    let mut workspace = fixture("hello", "somebody-else");
    workspace.spec.members = (0..20)
        .map(|index| Member {
            user: None,
            group: Some(format!("gitea/group-{}", index * 7)),
            role: if index % 2 == 0 { Role::User } else { Role::Viewer },
        })
        .collect();
    let cookies: Vec<String> = (0..PEOPLE).step_by(7).map(|index| format!("cookie {index:030}")).collect();
    let mut allowed = 0usize;
    let began = Instant::now();
    for cookie in cookies.iter().cycle().take(times) {
        let known = authenticator.session(cookie, "hello.dev.example.org").expect("it is there");
        allowed += usize::from(may(Some(&known.principal), Action::Enter, &workspace) == Verdict::Allow);
    }
    let took = began.elapsed();
    assert!(times < cookies.len() || (allowed > 0 && allowed < times), "some may, some may not: {allowed}");
    println!("{}", took.as_nanos() as f64 / times.max(1) as f64);
}
