// The click that lets a terminal in, or sends it away.
import { call, say } from "./api.js";

const page = document.getElementById("ssh");
const show = (state) => {
  for (const part of page.querySelectorAll("[data-state]")) part.hidden = part.dataset.state !== state;
};

async function answer(approve) {
  try {
    await call("POST", `/ssh/${page.dataset.code}`, { approve });
    show(approve ? "approved" : "denied");
  } catch (problem) {
    say(page.querySelector(".error"), problem);
  }
}

page.querySelector("[data-approve]")?.addEventListener("click", () => answer(true));
page.querySelector("[data-deny]")?.addEventListener("click", () => answer(false));
