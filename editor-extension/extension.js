// Tells the workspace's agent when a person works in this window.
//
// What counts is `window.state.active`: the workbench sets it on a key, a click or a touch in the page, and clears it
// when none came for 30 to 60 seconds. A tab that was left sends no such events, whatever else goes on in it (terminal
// output, files that change, its own reconnecting), so it becomes inactive and stays so.
//
// Two things could make `active` lie, and both are met here:
// * The window is gone while it was active: its last word stays true, for as long as the server keeps this process for
//   it (3 hours). So each report is preceded by a question that only the window itself can answer.
// * The workbench holds `active` while a long task of the machine shows its progress (a notebook's cell, a dialogue).
//   So `active` alone is believed for a while only; then it takes something that a person does: a change of focus, of
//   the selection by key or mouse, of the visible text, a command in a terminal.
"use strict";

const net = require("node:net");

/** At most one report in this time, and a look at the window as often. */
const EVERY = 5_000;
/** How long the window may take to answer. */
const ANSWER = 4_000;
/** How long `active` is believed without any other sign of a person. */
const BELIEVED = 15 * 60_000;

class Reporter {
  /**
   * @param {() => boolean} isActive whether somebody works in the window
   * @param {() => PromiseLike<unknown>} ask resolves when the window answers
   * @param {() => void} send tells the agent
   * @param {() => number} now milliseconds
   */
  constructor(isActive, ask, send, now) {
    Object.assign(this, { isActive, ask, send, now });
    this.lastSign = now();
    this.lastReport = -Infinity;
    this.asking = false;
  }

  /** Something happened that only a person does, provided that one is there. */
  sign() {
    if (this.isActive()) {
      this.lastSign = this.now();
    }
  }

  /** Reports if somebody works in the window. */
  async look() {
    // A timer is never exact: a little early is in time.
    const due = this.now() - this.lastReport >= EVERY - 500;
    const believed = () => this.isActive() && this.now() - this.lastSign < BELIEVED;
    if (!due || this.asking || !believed()) {
      return;
    }
    this.asking = true;
    try {
      const asked = this.now();
      await this.ask();
      // An answer that comes late comes from a window that was away: it is not about now.
      if (this.now() - asked < ANSWER && believed()) {
        this.lastReport = this.now();
        this.send();
      }
    } catch {
      // A window that cannot answer has nobody in it.
    } finally {
      this.asking = false;
    }
  }
}

function sendTo(path) {
  const socket = net.createConnection(path);
  // The agent may be about to stop: not the person's trouble.
  socket.on("error", () => {});
  socket.end(JSON.stringify({ activity: "editor" }) + "\n");
}

function activate(context) {
  const path = process.env.DORMER_AGENT_SOCK;
  if (!path) {
    return;
  }
  const vscode = require("vscode");
  const reporter = new Reporter(
    () => vscode.window.state.active,
    // Answered by the window; the value means nothing.
    () => vscode.commands.executeCommand("setContext", "dormer.asked", true),
    () => sendTo(path),
    () => Date.now(),
  );
  const sign = () => {
    reporter.sign();
    reporter.look();
  };
  const { TextEditorSelectionChangeKind: kind } = vscode;
  const person = new Set([kind.Keyboard, kind.Mouse]);
  let before = vscode.window.state;
  const subscriptions = [
    vscode.window.onDidChangeWindowState((state) => {
      // Becoming active, or getting the focus, is a person's doing; staying so is not.
      const began = (state.active && !before.active) || (state.focused && !before.focused);
      before = state;
      if (began) {
        sign();
      }
    }),
    vscode.window.onDidChangeTextEditorSelection((event) => person.has(event.kind) && sign()),
    // What a program prints scrolls by itself.
    vscode.window.onDidChangeTextEditorVisibleRanges(
      (event) => event.textEditor.document.uri.scheme !== "output" && sign(),
    ),
    vscode.window.onDidChangeActiveTerminal(sign),
    vscode.window.onDidOpenTerminal(sign),
    vscode.window.onDidStartTerminalShellExecution?.(sign),
  ];
  const timer = setInterval(() => reporter.look(), EVERY);
  context.subscriptions.push(...subscriptions.filter(Boolean), { dispose: () => clearInterval(timer) });
}

module.exports = { activate, Reporter };
