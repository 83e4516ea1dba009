// Asks before it creates: a link only says what to look at. Whatever is shown here is other people's text, and is only
// ever put on the page as text.
import { call, say } from "./api.js";

const KEY = "dormer-source";

// `/new#<SOURCE>`, where a link may carry more behind it: `&name=…&class=…&devfile=…` after the source's own text.
function asked() {
  let text = location.hash.slice(1);
  try { text = /%[0-9a-f]{2}/i.test(text) && !text.includes("://") ? decodeURIComponent(text) : text; } catch { /* as it is */ }
  const more = {};
  for (let found; (found = /^(.*)&(name|class|devfile)=([^&]*)$/s.exec(text));) {
    text = found[1];
    try { more[found[2]] ??= decodeURIComponent(found[3]); } catch { /* left out */ }
  }
  return { source: text, ...more };
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// Only a page on the web is linked to, and it learns nothing from us.
function link(text, url) {
  const web = typeof url === "string" && /^https?:\/\//.test(url);
  return web ? element("a", text, { href: url, rel: "noreferrer noopener", target: "_blank" }) : element("span", text);
}

if (document.getElementById("new").dataset.signedIn !== "true") {
  // Signing in may happen in another tab: what was asked for waits there, for a while.
  const wish = asked();
  if (wish.source) localStorage.setItem(KEY, JSON.stringify({ wish, at: Date.now() }));
  document.getElementById("kept").hidden = !wish.source;
} else {
  start();
}

function start() {
  const look = document.getElementById("look");
  const create = document.getElementById("create");
  let wish = asked();
  if (!wish.source) {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? "null");
      if (kept && Date.now() - kept.at < 3600e3) wish = kept.wish;
    } catch { /* nothing kept */ }
  }
  localStorage.removeItem(KEY);
  let resolved = null;

  async function resolve(devfilePath) {
    const button = look.querySelector("button");
    button.disabled = true;
    button.textContent = "Looking at the repository…";
    const error = look.querySelector(".error");
    try {
      say(error, null);
      resolved = await call("POST", "/api/v1/resolve", {
        source: { url: look.elements.source.value.trim(), ref: look.elements.ref.value.trim() || undefined },
        devfilePath: devfilePath || undefined,
      });
      show();
    } catch (problem) {
      say(error, problem);
    }
    button.disabled = false;
    button.textContent = "Look at it";
  }

  function show() {
    const { source, commit, request } = resolved;
    document.getElementById("what").textContent = request?.title || resolved.repository;
    const warning = document.getElementById("untrusted");
    const fork = source.fork ? " It comes from a fork: somebody else's repository." : "";
    warning.textContent = `This source is not among those that are trusted here. Its commands run as soon as the workspace starts, as you: they can do what you can. Go on only if you trust whoever wrote it.${fork}`;
    warning.hidden = resolved.trusted;
    const facts = document.getElementById("facts");
    facts.replaceChildren();
    const fact = (name, ...parts) => {
      const value = element("dd", "");
      value.append(...parts);
      facts.append(element("dt", name), value);
    };
    fact("Repository", element("span", source.url));
    if (request) {
      fact("Request", link(`!${request.number}, ${request.state}`, source.page), request.author ? ` by ${request.author}` : "");
    } else if (source.mergeRequest) {
      fact("Request", `!${source.mergeRequest}`);
    }
    if (source.ref) fact("Ref", source.ref);
    if (source.branch) fact("Branch", source.fork ? `${source.branch} of ${source.fork}` : source.branch);
    if (source.commit) {
      const when = commit?.at ? `, ${new Date(commit.at).toLocaleString()}` : "";
      fact("Commit", element("code", source.commit.slice(0, 12)), commit ? ` ${commit.subject}` : "");
      if (commit) fact("Author", `${commit.author} <${commit.email}>${when}`);
    } else {
      fact("Commit", "none: the repository is empty");
    }
    fact("Devfile", link(resolved.devfilePath ?? "none: the class's default", resolved.devfilePage));
    if (resolved.images.length) fact("Images", resolved.images.join(", "));
    if (resolved.ports.length) fact("Ports", resolved.ports.join(", "));
    if (resolved.alsoClones.length) fact("Also clones", resolved.alsoClones.join(", "));
    for (const note of resolved.notes) fact("Note", note);

    const existing = document.getElementById("existing");
    existing.hidden = resolved.existing.length === 0;
    existing.querySelector("ul").replaceChildren(...resolved.existing.map((one) => {
      const item = element("li", "");
      item.append(element("a", `Open ${one.name}`, { href: one.url, class: "button" }), ` ${one.phase}`);
      return item;
    }));

    const runs = document.getElementById("runs");
    const words = { start: "at the start", ready: "once it is up", stop: "when it stops" };
    runs.hidden = resolved.runs.length === 0;
    runs.querySelector("ul").replaceChildren(...resolved.runs.map((one) => {
      const item = element("li", "");
      item.append(element("code", one.line), ` (${one.id}, ${words[one.when] ?? one.when})`);
      return item;
    }));

    const problem = document.getElementById("problem");
    problem.hidden = !resolved.devfileProblem;
    problem.replaceChildren();
    if (resolved.devfileProblem) {
      problem.append(`Its devfile cannot be used:\n${resolved.devfileProblem}\n`);
      if (resolved.devfileProblemPage) problem.append(link("Look at that line", resolved.devfileProblemPage));
    }
    create.querySelector("button.primary").disabled = Boolean(resolved.devfileProblem);

    const choice = document.getElementById("choice");
    choice.hidden = resolved.otherDevfiles.length === 0;
    const paths = [resolved.devfilePath, ...resolved.otherDevfiles].filter(Boolean);
    create.elements.devfilePath.replaceChildren(...paths.map((path) => element("option", path, { value: path })));

    create.elements.name.placeholder = resolved.name ?? "";
    look.hidden = true;
    create.hidden = false;
    // Not the button: a key that was pressed for something else must not make anything.
    document.getElementById("what").focus();
  }

  look.addEventListener("submit", (event) => {
    event.preventDefault();
    resolve(wish.devfile);
  });
  create.elements.devfilePath.addEventListener("change", () => resolve(create.elements.devfilePath.value));
  document.getElementById("back").addEventListener("click", () => {
    create.hidden = true;
    look.hidden = false;
  });
  create.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = create.querySelector("button.primary");
    const error = create.querySelector(".acts").previousElementSibling;
    button.disabled = true;
    button.textContent = "Creating…";
    const { url, ref, mergeRequest, commit } = resolved.source;
    try {
      say(error, null);
      const made = await call("POST", "/api/v1/workspaces", {
        name: create.elements.name.value.trim() || undefined,
        class: create.elements.class.value.trim() || undefined,
        // What was shown, and not what it may be by now.
        source: { url, ref: ref ?? undefined, mergeRequest: mergeRequest ?? undefined, commit: commit ?? undefined },
        devfilePath: resolved.devfilePath ?? undefined,
      });
      location.assign(made.url);
    } catch (problem) {
      say(error, problem);
      button.disabled = false;
      button.textContent = "Create and start";
    }
  });

  if (wish.source) {
    look.elements.source.value = wish.source;
    create.elements.name.value = wish.name ?? "";
    create.elements.class.value = wish.class ?? "";
    document.getElementById("asked").hidden = false;
    // Looking makes nothing.
    resolve(wish.devfile);
  }
}
addEventListener("hashchange", () => location.reload());
