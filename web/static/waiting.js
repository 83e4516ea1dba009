// Shows how far the workspace is, and opens it when it is there.
const page = document.getElementById("waiting");
const part = (selector) => page.querySelector(selector);
const names = { prepare: "Preparing", start: "Starting", agent: "Starting", clone: "Fetching the repository", commands: "Running the devfile's commands", editor: "Starting the editor" };
const name = location.hostname.split(".")[0].split("--").pop();
let asked = page.dataset.state === "waiting";
let reloading = false;

// Further apart each time, should this page come back although the workspace is up.
function again(wait) {
  if (reloading) return;
  reloading = true;
  let tries = { count: 0, at: 0 };
  try { tries = JSON.parse(sessionStorage.getItem("dormer-tries")) ?? tries; } catch { /* begins anew */ }
  const count = Date.now() - tries.at < 15000 ? tries.count : 0;
  sessionStorage.setItem("dormer-tries", JSON.stringify({ count: count + 1, at: Date.now() }));
  const to = () => (location.pathname.startsWith("/.dormer/") ? location.replace("/") : location.reload());
  setTimeout(to, Math.min(wait + 50 * 2 ** count, 8000));
}

function label(step) { return names[step] ?? step; }
for (const step of page.querySelectorAll("[data-label]")) step.textContent = label(step.textContent);

function show(state, title, message) {
  page.dataset.state = state;
  part("[data-title]").textContent = title;
  part("[data-message]").textContent = message;
  part("[data-message]").hidden = !message;
  part("[data-hint]").textContent = state === "waiting" ? "The editor opens here by itself." : "";
  const button = part("[data-wake]");
  button.hidden = state === "waiting" || page.dataset.mayRun !== "true";
  button.firstElementChild.textContent = state === "failed" ? "Try again" : "Wake it up";
  document.title = `${title} · Dormer`;
}

function steps(progress) {
  const list = part(".steps");
  list.replaceChildren(...progress.map((step) => {
    const line = document.createElement("li");
    line.dataset.state = step.state;
    const [what, detail] = [document.createElement("span"), document.createElement("span")];
    what.textContent = label(step.step);
    detail.textContent = step.detail ?? "";
    detail.className = "detail";
    line.append(what, " ", detail);
    return line;
  }));
}

function log(text) {
  part("[data-log]").textContent = text;
  part("[data-log]").hidden = !text;
}

function take(workspace) {
  const { phase, running } = workspace;
  // Up, and this page was shown all the same: what answers is a moment behind.
  if (phase === "Running" && running) return again(150);
  if (running) asked = false;
  if (phase === "Failed" && !running) {
    show("failed", `${workspace.name} did not start`, workspace.message ?? "It could not be started.");
    steps(workspace.progress);
    log(workspace.logTail ?? "");
  } else if (phase === "Archived" || phase === "Deleting") {
    page.dataset.mayRun = "false";
    show("asleep", phase === "Archived" ? `${workspace.name} is archived` : `${workspace.name} is being deleted`, "");
  } else if (!running && !asked) {
    show("asleep", `${workspace.name} is asleep`, "Its files are where you left them.");
    steps([]);
    log("");
  } else {
    show("waiting", `Waking ${workspace.name}`, phase === "Failed" ? workspace.message ?? "" : "");
    steps(phase === "Starting" ? workspace.progress : []);
    log("");
  }
}

const events = new EventSource("/.dormer/events");
events.addEventListener("workspace", (event) => take(JSON.parse(event.data)));
events.addEventListener("gone", () => again(0));
events.addEventListener("error", () => { if (events.readyState === EventSource.CLOSED) again(3000); });

part("[data-wake] button").addEventListener("click", async () => {
  const error = part(".error");
  error.hidden = true;
  asked = true;
  const answer = await fetch("/.dormer/wake", { method: "POST", headers: { "dormer-csrf": "1" } }).catch(() => null);
  if (answer?.ok) return;
  const problem = await answer?.json().catch(() => null);
  error.textContent = problem?.detail ?? "The gateway does not answer. Is it running?";
  error.hidden = false;
});

if (page.dataset.state === "asleep") show("asleep", `${name} is asleep`, "Its files are where you left them.");
if (page.dataset.state === "failed") part("[data-wake]").hidden = page.dataset.mayRun !== "true";
if (page.dataset.state === "failed") part("[data-wake] button").textContent = "Try again";
