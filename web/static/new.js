// Asks before it creates: a link only fills the form in.
import { call, say } from "./api.js";

const KEY = "dormer-source";
let source = location.hash.slice(1);
try { source = /%[0-9a-f]{2}/i.test(source) && !source.includes("://") ? decodeURIComponent(source) : source; } catch { /* as it is */ }

if (document.getElementById("new").dataset.signedIn !== "true") {
  // Signing in may happen in another tab: what was asked for waits there, for a while.
  if (source) localStorage.setItem(KEY, JSON.stringify({ source, at: Date.now() }));
} else {
  const form = document.getElementById("create");
  const error = form.querySelector(".error");
  if (!source) {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? "null");
      if (kept && Date.now() - kept.at < 3600e3) source = String(kept.source);
    } catch { /* nothing kept */ }
  }
  localStorage.removeItem(KEY);
  if (source) {
    form.elements.source.value = source;
    document.getElementById("asked").hidden = false;
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const data = new FormData(form);
    const button = form.querySelector("button");
    button.disabled = true;
    button.textContent = "Looking at the repository…";
    try {
      say(error, null);
      const made = await call("POST", "/api/v1/workspaces", {
        name: data.get("name") || undefined,
        source: { url: data.get("source").trim(), ref: data.get("ref") || undefined },
      });
      location.assign(made.url);
    } catch (problem) {
      say(error, problem);
      button.disabled = false;
      button.textContent = "Create and start";
    }
  });
}
addEventListener("hashchange", () => location.reload());
