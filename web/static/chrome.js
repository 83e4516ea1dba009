// What every page has: signing out, copying, and times as people say them.
document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const text = copy.parentElement.querySelector("[data-ssh]");
    try {
      await navigator.clipboard.writeText(text.textContent);
      copy.textContent = "Copied";
      setTimeout(() => { copy.textContent = "Copy"; }, 1500);
    } catch {
      // No clipboard on a page without TLS: select it, so that one key copies it.
      getSelection().selectAllChildren(text);
    }
  }
  if (event.target.closest("[data-logout]")) {
    await fetch("/logout", { method: "POST" });
    location.assign("/login");
  }
});

const steps = [[60, "second"], [60, "minute"], [24, "hour"], [30, "day"], [12, "month"], [Infinity, "year"]];
for (const time of document.querySelectorAll("time[datetime]")) {
  let left = (new Date(time.dateTime) - Date.now()) / 1000;
  for (const [size, unit] of steps) {
    if (Math.abs(left) < size) {
      time.textContent = new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(Math.round(left), unit);
      break;
    }
    left /= size;
  }
  time.title = new Date(time.dateTime).toLocaleString();
}
