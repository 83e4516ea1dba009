// Takes the one-time secret out of the address before anything else, and sends it as a body.
import { call } from "./api.js";

const login = document.getElementById("login");
const secret = location.hash.slice(1);
const { next, user } = login.dataset;
if (secret) history.replaceState(null, "", location.pathname + location.search);

function show(state) {
  for (const part of login.querySelectorAll("[data-state]")) part.hidden = part.dataset.state !== state;
}

async function go() {
  show("busy");
  try {
    location.replace((await call("POST", "/login", { secret, next })).next);
  } catch (problem) {
    login.querySelector("[data-why]").textContent = problem.message;
    show("failed");
  }
}

login.querySelector("[data-go]").addEventListener("click", go);
if (secret && user) show("ask");
else if (secret) go();
else if (user) location.replace(next);
// A link that is opened in the tab of this very page changes the fragment only.
addEventListener("hashchange", () => location.reload());
