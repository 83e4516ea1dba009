// Drives one Chromium. Reads a command a line from stdin, `{"do": name, ...}`, and answers each with one line on
// stdout: `{"value": ...}` or `{"error": text}`. Ends with its input, and the browser with it.
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [profile, executablePath, trust] = process.argv.slice(2);
const flags = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
];
const context = await chromium.launchPersistentContext(profile, {
  executablePath, headless: true, args: flags, viewport: { width: 1280, height: 800 },
  ignoreHTTPSErrors: trust === "--any-certificate",
});
context.setDefaultTimeout(60_000);

const log = [];
const sockets = { opened: 0, open: 0 };
const foreign = [];
function watch(page) {
  page.on("console", (message) => log.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => log.push(`page error: ${error.message}`));
  page.on("requestfailed", (request) => log.push(`failed: ${request.method()} ${request.url()} ${request.failure()?.errorText}`));
  page.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    const own = hostname === "localhost" || hostname.endsWith(".localhost") || hostname === "127.0.0.1";
    if (protocol.startsWith("http") && !own) foreign.push(request.url());
  });
  page.on("websocket", (socket) => {
    sockets.opened += 1;
    sockets.open += 1;
    log.push(`websocket: ${socket.url()}`);
    socket.on("close", () => { sockets.open -= 1; });
  });
}
context.on("page", watch);
let page = context.pages()[0] ?? await context.newPage();
watch(page);

const commands = {
  goto: async ({ url }) => (await page.goto(url, { waitUntil: "domcontentloaded" }))?.status() ?? null,
  reload: async () => { await page.reload({ waitUntil: "domcontentloaded" }); },
  url: async () => page.url(),
  title: async () => page.title(),
  wait: async ({ selector, seconds }) => { await page.locator(selector).first().waitFor({ timeout: (seconds ?? 60) * 1000 }); },
  gone: async ({ selector }) => { await page.locator(selector).first().waitFor({ state: "detached" }); },
  text: async ({ selector }) => page.locator(selector).first().innerText(),
  count: async ({ selector }) => page.locator(selector).count(),
  click: async ({ selector }) => { await page.locator(selector).first().click(); },
  fill: async ({ selector, text }) => { await page.locator(selector).first().fill(text); },
  type: async ({ text }) => { await page.keyboard.type(text, { delay: 10 }); },
  press: async ({ key }) => { await page.keyboard.press(key); },
  eval: async ({ code }) => page.evaluate(code),
  cookies: async () => context.cookies(),
  sockets: async () => sockets,
  foreign: async () => foreign,
  log: async () => log,
  screenshot: async ({ path }) => { await page.screenshot({ path }); },
  another: async () => { page = await context.newPage(); },
};

const input = createInterface({ input: process.stdin });
for await (const line of input) {
  let answer;
  try {
    const { do: name, ...rest } = JSON.parse(line);
    if (!Object.hasOwn(commands, name)) throw new Error(`no such command: ${name}`);
    answer = { value: (await commands[name](rest)) ?? null };
  } catch (error) {
    answer = { error: String(error?.message ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await context.close();
