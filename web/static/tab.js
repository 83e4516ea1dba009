// In the editor's page: says so when the workspace fell asleep, since the editor itself would only try to reconnect.
// It never wakes anything by itself. No markup is parsed here: the editor's page forbids that (trusted types).
(() => {
  if (window.top !== window || window.dormerTab) return;
  window.dormerTab = true;
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("dormer-tab") : null;
  let overlay = null;

  const style = (element, rules) => Object.assign(element.style, rules);
  function show(title, text, wake) {
    hide();
    overlay = document.createElement("div");
    overlay.setAttribute("role", "alertdialog");
    overlay.setAttribute("aria-modal", "true");
    overlay.setAttribute("aria-label", title);
    style(overlay, { position: "fixed", inset: "0", zIndex: "2147483647", display: "flex", alignItems: "center", justifyContent: "center", background: "rgb(15 20 30 / 72%)", font: "16px/1.5 system-ui, sans-serif" });
    const card = document.createElement("div");
    style(card, { background: "#1b2430", color: "#e6e4de", border: "1px solid #2c3847", borderRadius: "14px", padding: "2rem 2.5rem", textAlign: "center", maxWidth: "26rem" });
    const head = document.createElement("h1");
    style(head, { font: "650 1.35rem/1.3 system-ui, sans-serif", margin: "0 0 .5rem" });
    head.textContent = title;
    const body = document.createElement("p");
    style(body, { margin: "0 0 1.25rem", color: "#98a5b5" });
    body.textContent = text;
    card.append(head, body);
    overlay.append(card);
    document.body.append(overlay);
    if (wake) {
      const button = document.createElement("button");
      button.type = "button";
      style(button, { font: "550 1rem system-ui, sans-serif", padding: ".6rem 1.2rem", border: "0", borderRadius: "9px", background: "#f2b84b", color: "#22303f", cursor: "pointer" });
      button.textContent = "Wake it up";
      // A reload is a navigation: a person wants it.
      button.addEventListener("click", () => location.reload());
      card.append(button);
      button.focus();
    }
  }
  function hide() {
    overlay?.remove();
    overlay = null;
  }

  let name = "";
  function take(state) {
    if (state.gone) return show("This workspace is gone", "It was deleted, or is no longer shared with you.", false);
    name = state.name;
    if (state.phase === "Running") return hide();
    if (state.phase === "Starting") return overlay ? show(`${name} is waking up`, "Reload to see how far it is.", true) : undefined;
    if (state.phase === "Failed") return show(`${name} stopped`, state.message || "It ended by itself.", true);
    show(`${name} is asleep`, "It was not used for a while, or was stopped. Your files are safe.", state.phase !== "Archived" && state.phase !== "Deleting");
  }
  channel?.addEventListener("message", (event) => take(event.data));

  // A browser opens six connections to a host: one of a host's tabs listens, and tells the others.
  function listen() {
    return new Promise((ended) => {
      const events = new EventSource("/.dormer/events");
      const tell = (state) => { take(state); channel?.postMessage(state); };
      events.addEventListener("workspace", (event) => {
        const { name, phase, message } = JSON.parse(event.data);
        tell({ name, phase, message });
      });
      events.addEventListener("gone", () => { tell({ gone: true }); events.close(); });
      events.addEventListener("error", () => { if (events.readyState === EventSource.CLOSED) ended(); });
    });
  }
  if (channel && navigator.locks) navigator.locks.request("dormer-tab", listen);
  else listen();
})();
