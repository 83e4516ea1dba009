// Keeps the list as the gateway tells it, and does what the buttons say.
import { call, say } from "./api.js";

const list = document.getElementById("workspaces");
const empty = document.getElementById("empty");
const error = document.getElementById("error");
const line = document.getElementById("line");
const confirm = document.getElementById("confirm");

const find = (name) => [...list.children].find((row) => row.dataset.name === name);

function source(workspace) {
  if (!workspace.source) return "";
  const url = workspace.source.url.replace(/^[^:]*:\/\//, "").replace(/\/$/, "").replace(/\.git$/, "");
  const { mergeRequest, ended, ref } = workspace.source;
  const what = mergeRequest ? `request ${mergeRequest}${ended ? `, ${ended}` : ""}` : ref;
  return what ? `${url} · ${what}` : url;
}

function show(workspace) {
  let row = find(workspace.name);
  if (!row) {
    row = line.content.firstElementChild.cloneNode(true);
    row.dataset.name = workspace.name;
    const after = [...list.children].find((other) => other.dataset.name > workspace.name);
    list.insertBefore(row, after ?? null);
  }
  row.dataset.phase = workspace.phase;
  const put = (selector, text) => { const e = row.querySelector(selector); if (e.textContent !== text) e.textContent = text; };
  put("h2 a", workspace.displayName ?? workspace.name);
  put("[data-source]", source(workspace));
  const page = workspace.source?.page ?? workspace.source?.url ?? "";
  const link = row.querySelector("[data-source]");
  // Only what is on the web can be linked to.
  if (/^https?:\/\//.test(page)) link.href = page; else link.removeAttribute("href");
  const running = workspace.progress.find((step) => step.state === "running");
  const step = running && workspace.phase === "Starting" ? [running.step, running.detail].filter(Boolean).join(": ") : "";
  put("[data-message]", step || (workspace.message ?? ""));
  put("[data-phase-text]", workspace.phase);
  put("[data-ssh]", workspace.ssh);
  for (const open of row.querySelectorAll("[data-open]")) open.href = workspace.url;
  empty.hidden = true;
}

function gone(name) {
  find(name)?.remove();
  empty.hidden = list.children.length > 0;
}

const events = new EventSource("/api/v1/events");
// After a break everything is told again; what is not told by then was deleted meanwhile.
let told = null;
events.addEventListener("open", () => {
  told = new Set();
  setTimeout(() => {
    for (const row of [...list.children]) if (told && !told.has(row.dataset.name)) gone(row.dataset.name);
    told = null;
  }, 2000);
});
events.addEventListener("workspace", (event) => {
  const workspace = JSON.parse(event.data);
  told?.add(workspace.name);
  show(workspace);
});
events.addEventListener("gone", (event) => gone(JSON.parse(event.data).name));
// A refusal is not tried again by the browser: signed out meanwhile.
events.addEventListener("error", () => { if (events.readyState === EventSource.CLOSED) location.reload(); });

async function sure(name) {
  confirm.querySelector("[data-name]").textContent = name;
  confirm.returnValue = "no";
  confirm.showModal();
  await new Promise((closed) => confirm.addEventListener("close", closed, { once: true }));
  return confirm.returnValue === "yes";
}

list.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-act]");
  if (!button) return;
  const name = button.closest(".workspace").dataset.name;
  const path = `/api/v1/workspaces/${encodeURIComponent(name)}`;
  try {
    if (button.dataset.act === "delete") {
      if (!(await sure(name))) return;
      button.disabled = true;
      await call("DELETE", path);
    } else {
      button.disabled = true;
      await call("PATCH", path, { running: button.dataset.act === "start" });
    }
    say(error, null);
  } catch (problem) {
    say(error, problem);
  } finally {
    button.disabled = false;
  }
});
