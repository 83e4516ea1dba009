// Run with `node --test editor-extension/test.js`.
"use strict";

const test = require("node:test");
const assert = require("node:assert");
const { Reporter } = require("./extension.js");

/** A window whose time, state and answers the test decides. */
function window() {
  const it = { time: 1_000_000, active: true, sent: 0, answer: async () => {} };
  it.reporter = new Reporter(() => it.active, () => it.answer(), () => it.sent++, () => it.time);
  it.pass = async (seconds) => {
    for (let second = 0; second < seconds; second += 5) {
      it.time += 5_000;
      await it.reporter.look();
    }
  };
  return it;
}

test("somebody at work is reported every five seconds, not more", async () => {
  const it = window();
  await it.reporter.look();
  await it.reporter.look();
  assert.equal(it.sent, 1);
  await it.pass(60);
  assert.equal(it.sent, 13);
});

test("an abandoned tab reports nothing", async () => {
  const it = window();
  it.active = false;
  it.reporter.sign();
  await it.pass(3 * 3600);
  assert.equal(it.sent, 0);
});

test("a window that has gone reports nothing, and nothing late", async () => {
  const it = window();
  let answer;
  it.answer = () => new Promise((resolve) => (answer = resolve));
  const looking = it.reporter.look();
  await it.pass(3600);
  answer();
  await looking;
  assert.equal(it.sent, 0);
});

test("a task that keeps the window active is not taken for a person for ever", async () => {
  const it = window();
  await it.pass(3 * 3600);
  assert.ok(it.sent <= 180, `${it.sent} reports`);
  const before = it.sent;
  it.reporter.sign();
  await it.reporter.look();
  assert.equal(it.sent, before + 1);
});
