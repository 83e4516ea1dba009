// Answers a command line that wants to be signed in.
import { call, say } from "./api.js";

const device = document.getElementById("device");
const error = device.querySelector(".error");
const { port, challenge, state, machine } = device.dataset;
let code = null;

function step(name) {
  for (const part of device.querySelectorAll("[data-step]")) part.hidden = part.dataset.step !== name;
}

async function send(body) {
  try {
    say(error, null);
    return await call("POST", "/login/answer", body);
  } catch (problem) {
    say(error, problem);
    return null;
  }
}

device.querySelector("form")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  code = new FormData(event.target).get("code");
  const told = await send({ code });
  if (!told) return;
  device.querySelector("[data-machine]").textContent = told.machine;
  step("ask");
});

async function answer(yes) {
  const own = { port: Number(port), challenge, state, machine, yes };
  const told = await send(code === null ? own : { code, yes });
  if (!told) return;
  if (told.to) {
    // In place of this page, so that its address is in no history.
    location.replace(told.to);
    return;
  }
  device.querySelector("[data-done]").textContent = yes ? "The command line is signed in. You may close this page." : "Nothing was signed in.";
  step("done");
}

device.querySelector("[data-yes]").addEventListener("click", () => answer(true));
device.querySelector("[data-no]").addEventListener("click", () => answer(false));
