// Takes the ticket out of the address before anything else, and trades it for this host's session.
const hash = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
const dot = hash.indexOf(".");
const ticket = dot < 0 ? hash : hash.slice(0, dot);
const next = dot < 0 ? "/" : decodeURIComponent(hash.slice(dot + 1).replaceAll("+", " "));

async function trade() {
  const answer = await fetch("/.dormer/ticket", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ticket, next }),
  });
  if (!answer.ok) throw new Error(String(answer.status));
  location.replace((await answer.json()).next);
}

trade().catch(() => {
  document.getElementById("ticket").textContent = "Not signed in";
  document.getElementById("failed").hidden = false;
});
