// Adds and removes keys and tokens.
import { call, say } from "./api.js";

const confirm = document.getElementById("confirm");
const made = document.getElementById("made");

function form(id, send) {
  const element = document.getElementById(id);
  const error = element.querySelector(".error");
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = element.querySelector("button");
    button.disabled = true;
    try {
      say(error, null);
      await send(new FormData(element), element);
    } catch (problem) {
      say(error, problem);
    } finally {
      button.disabled = false;
    }
  });
}

form("add-key", async (data) => {
  await call("POST", "/api/v1/keys", { key: data.get("key"), name: data.get("name") || undefined });
  location.reload();
});

form("add-token", async (data, element) => {
  const expiresIn = Number(data.get("days")) * 86400;
  const token = await call("POST", "/api/v1/tokens", { name: data.get("name"), scope: data.get("scope"), expiresIn });
  element.hidden = true;
  made.hidden = false;
  made.querySelector("[data-ssh]").textContent = token.token;
  made.querySelector("[data-copy]").focus();
});
made.querySelector("[data-done]").addEventListener("click", () => location.reload());

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-remove]");
  if (!button) return;
  confirm.querySelector("[data-name]").textContent = button.dataset.what;
  confirm.returnValue = "no";
  confirm.showModal();
  await new Promise((closed) => confirm.addEventListener("close", closed, { once: true }));
  if (confirm.returnValue !== "yes") return;
  try {
    await call("DELETE", button.dataset.remove);
    button.closest("tr").remove();
  } catch (problem) {
    button.textContent = problem.message;
  }
});

document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-link]");
  const everywhere = event.target.closest("[data-everywhere]");
  try {
    if (link) location.assign((await call("POST", link.dataset.link, {})).url);
    if (everywhere) {
      await call("DELETE", "/api/v1/sessions");
      location.reload();
    }
  } catch (problem) {
    say(document.querySelector("[data-link-error]") ?? document.querySelector("#add-key .error"), problem);
  }
});
