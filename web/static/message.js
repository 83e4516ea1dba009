// Tries again when there is a reason to: the port is listened on now, or some time has passed.
const port = Number(document.getElementById("message").dataset.port);
if (port) {
  const events = new EventSource("/.dormer/events");
  events.addEventListener("workspace", (event) => {
    const workspace = JSON.parse(event.data);
    const up = workspace.ports.some((other) => other.port === port && other.listening);
    if (up || workspace.phase !== "Running") location.reload();
  });
} else {
  // Further apart each time, up to half a minute.
  const tries = Number(sessionStorage.getItem("dormer-message-tries") ?? 0);
  sessionStorage.setItem("dormer-message-tries", String(tries + 1));
  setTimeout(() => location.reload(), Math.min(1500 * 1.5 ** tries, 30000));
  addEventListener("pagehide", () => { if (tries > 30) sessionStorage.removeItem("dormer-message-tries"); });
}
